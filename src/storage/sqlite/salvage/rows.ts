/**
 * Memories, trash and relations in the pages of a damaged database: by way of their tables as far as those can be
 * followed, and where a table has lost pages above its rows, by what a row looks like.
 *
 * @module
 */

import type { UnreadableMemory } from "../../files.ts";
import type { Value } from "../database.ts";
import type { Cell, PageFile, Walk } from "./pages.ts";

/** What was found. */
export interface SalvagedRows {
  memories: Cell[];
  trash: Cell[];
  relations: Cell[];
  /** Names of spaces by number. */
  spaces: Map<number, string>;
  unreadable: UnreadableMemory[];
  /** Whether more may be missing than `unreadable` names. */
  uncertain: boolean;
}

type Shape = (columns: readonly Value[]) => boolean;

const isText = (value: Value | undefined) => typeof value === "string";
const isTextOrNull = (value: Value | undefined) => value === null || isText(value);
const isNumber = (value: Value | undefined) => typeof value === "number";

/** Whether columns hold a content_hash, content, tags, type, metadata, conversation and times, in this order. */
const isMemoryFrom = (columns: readonly Value[], start: number) => {
  const [hash, content, tags, type, metadata, conversation, created, updated] = columns.slice(start);
  return isText(hash) && isText(content) && isTextOrNull(type) && isTextOrNull(conversation) && isNumber(created) &&
    isNumber(updated) && isJson(tags, Array.isArray) && isJson(metadata, (value) => !Array.isArray(value));
};
// The row id of a table that declares it stands as null. Later schemas put columns at the end.
const isMemory: Shape = (columns) => columns.length >= 10 && columns[0] === null && isMemoryFrom(columns, 1);
const isSpace: Shape = (columns) => columns.length === 3 && columns[0] === null && isText(columns[1]);
const isTrashed: Shape = (columns) =>
  columns.length >= 10 && isMemoryFrom(columns, 0) && isNumber(columns[8]) && isText(columns[9]);
const isRelation: Shape = (columns) => columns.length >= 4 && columns.slice(0, 3).every(isText) && isNumber(columns[3]);

/**
 * Columns in the order of the schemas before there were spaces, with the number of the space at the end: 1, `default`,
 * where there is none. In an index of hashes it stands behind the hash, and behind the key of a relation.
 */
function withSpaceLast(name: string, columns: Value[]): Value[] {
  const at = { memories: 1, trash: 0, relations: 3 }[name] ?? -1;
  const hasSpace = isNumber(columns[at]) && (name !== "relations" || columns.length === 5);
  return hasSpace ? [...columns.toSpliced(at, 1), columns[at]!] : [...columns, 1];
}

/** Looks through the file. */
export function findRows(file: PageFile): SalvagedRows {
  const roots = rootsOf(file), walks = new Map<string, Walk>();
  const walk = (name: string): Walk | null => {
    const root = roots.get(name);
    if (root === undefined) return null;
    if (!walks.has(name)) walks.set(name, file.walk(root));
    return walks.get(name)!;
  };
  const free = file.free();
  const find = (name: string, shape: Shape, isTable: boolean) => {
    const ordered = (cell: Cell) => ({ ...cell, columns: withSpaceLast(name, cell.columns) });
    const tree = walk(name), found = (tree?.cells ?? []).map(ordered).filter(({ columns }) => shape(columns));
    if (tree !== null && tree.faults === 0 && found.length === tree.cells.length) return { found, whole: true };
    for (let number = 1; number <= file.count; number++) {
      if (tree?.pages.has(number) || free.has(number)) continue;
      if (isTable ? !file.isTableLeaf(number) : !file.isIndex(number)) continue;
      for (const cell of file.read(number).cells.map(ordered)) if (shape(cell.columns)) found.push(cell);
    }
    return { found, whole: false };
  };

  const memories = find("memories", isMemory, true), trash = find("trash", isTrashed, true);
  const relations = find("relations", isRelation, false);
  const spaces = (walk("spaces")?.cells ?? []).filter(({ columns }) => isSpace(columns));
  const named = {
    memories: expected(walk("sqlite_autoindex_memories_1")),
    trash: expected(walk("sqlite_autoindex_trash_1")),
  };
  // Another index has rows, though not their hashes.
  for (const { columns: [, id] } of walk("memories_by_revision")?.cells ?? []) {
    if (isNumber(id) && !named.memories.rows.has(Number(id))) named.memories.rows.set(Number(id), null);
  }
  const there = { memories: byRow(memories.found, named.memories, 9), trash: byRow(trash.found, named.trash, 8) };
  const unreadable: UnreadableMemory[] = [];
  for (const part of ["memories", "trash"] as const) {
    for (const [row, content_hash] of named[part].rows) {
      if (!there[part].has(row)) unreadable.push({ content_hash, row, trashed: part === "trash" });
    }
  }
  const inOrder = (rows: Map<number, Cell>) => [...rows.values()].sort((a, b) => a.rowid! - b.rowid!);
  return {
    memories: inOrder(there.memories),
    trash: inOrder(there.trash),
    relations: relations.found,
    spaces: new Map(spaces.map(({ rowid, columns }) => [rowid!, String(columns[1])])),
    unreadable: unreadable.sort((a, b) => a.row - b.row),
    uncertain: (!memories.whole && !named.memories.whole) || (!trash.whole && !named.trash.whole) || !relations.whole,
  };
}

/** Tables and indexes, as far as the list of them can be read. */
function rootsOf(file: PageFile): Map<string, number> {
  const roots = new Map<string, number>();
  for (const { columns: [, name, , root] } of file.walk(1).cells) {
    if (isText(name) && isNumber(root)) roots.set(String(name), Number(root));
  }
  return roots;
}

/** Rows in the index of hashes, and whether it has all. */
function expected(index: Walk | null): { rows: Map<number, string | null>; whole: boolean } {
  const rows = new Map<number, string | null>();
  for (const { columns } of index?.cells ?? []) {
    const hash = columns[0], row = columns.at(-1); // a space may stand between them
    if (isText(hash) && isNumber(row)) rows.set(Number(row), String(hash));
  }
  return { rows, whole: index !== null && index.faults === 0 };
}

/**
 * One cell for each row: the first is that of the table itself, of others the latest counts. An index that is whole has
 * which rows exist; pages outside of the table may hold others from earlier.
 *
 * @param age Column that only grows.
 */
function byRow(cells: Cell[], { rows, whole }: ReturnType<typeof expected>, age: number): Map<number, Cell> {
  const found = new Map<number, Cell>();
  for (const cell of cells) {
    const row = cell.rowid!, before = found.get(row);
    if (whole && !rows.has(row)) continue;
    if (before === undefined || Number(cell.columns[age]) > Number(before.columns[age])) found.set(row, cell);
  }
  return found;
}

function isJson(value: Value | undefined, holds: (parsed: unknown) => boolean): boolean {
  if (!isText(value)) return false;
  try {
    const parsed: unknown = JSON.parse(String(value));
    return typeof parsed === "object" && parsed !== null && holds(parsed);
  } catch {
    return false;
  }
}
