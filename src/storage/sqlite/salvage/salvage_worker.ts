/**
 * The worker that brings out what can be read of a damaged database. It works on a copy, which SQLite makes page by page
 * without looking into them, the write-ahead log included.
 *
 * @module
 */

/// <reference lib="deno.worker" />

import { backup, DatabaseSync } from "node:sqlite";
import { errorText } from "../../../errors.ts";
import { lowerThreadPriority } from "../../../tuning/thread_priority.ts";
import { contentHash } from "../../../memory/hash.ts";
import type { Relation } from "../../contract/relations.ts";
import type { TrashedMemory } from "../../contract/trash.ts";
import type { UnreadableMemory } from "../../files.ts";
import type { Memory } from "../../../memory/memory.ts";
import { unescapeText } from "../../escape.ts";
import type { Value } from "../database.ts";
import { DEFAULT_NUMBER } from "../reach.ts";
import { memoryOf } from "../rows.ts";
import { PageFile } from "./pages.ts";
import { applyLog, likelyPageSize, saidPageSize } from "./raw.ts";
import { findRows, type SalvagedRows } from "./rows.ts";

/** What is asked for: first to open, then steps of one part. */
export type SalvageTask =
  | { open: string; copy: string }
  | { part: "memories"; after: number }
  | { part: "trash" | "relations"; after: number };

/** What is there. */
export interface SalvageFacts {
  found: { memories: number; trashed: number; relations: number };
  unreadable: UnreadableMemory[];
  altered: string[];
  uncertain: boolean;
}

/** An answer; `next` is what to go on after, null at the end. */
export type SalvageAnswer =
  | { facts: SalvageFacts }
  | { items: (Memory | TrashedMemory | Relation)[]; next: number | null }
  | { failed: string };

/** Rows handed over at once. */
const AT_ONCE = 200;
/** Bytes of a page where the header can't be read; Unimem's files have no others by default. */
const USUAL_PAGE = 4096;
const PATIENCE_MS = 15_000;

let rows: SalvagedRows | undefined;

self.onmessage = async ({ data }: MessageEvent<SalvageTask>) => {
  let answer: SalvageAnswer;
  try {
    answer = "open" in data ? { facts: await open(data.open, data.copy) } : step(data);
  } catch (error) {
    answer = { failed: errorText(error) };
  }
  self.postMessage(answer);
};

async function open(path: string, copy: string): Promise<SalvageFacts> {
  lowerThreadPriority();
  const size = await copyPages(path, copy);
  using file = Deno.openSync(copy);
  rows = findRows(new PageFile(file, size));
  const { memories, trash, relations, unreadable, uncertain } = rows;
  const altered = memories.map(({ columns }) => memoryIn(columns, 1)).filter(isAltered).map(
    ({ content_hash }) => content_hash,
  );
  return {
    found: { memories: memories.length, trashed: trash.length, relations: relations.length },
    unreadable,
    altered,
    uncertain,
  };
}

/** Copies the database and what its log has; gives the size of its pages. */
async function copyPages(path: string, copy: string): Promise<number> {
  const { said, likely } = pageSizes(path);
  try {
    if (said === null || (likely !== null && likely !== said)) throw new Error("The header is wrong");
    const source = new DatabaseSync(path, { readOnly: true, timeout: PATIENCE_MS });
    try {
      await backup(source, copy, { rate: 2 ** 31 - 1 });
    } finally {
      source.close();
    }
    return said;
  } catch {
    // Without a header SQLite takes it for no database, or for another one.
    await Deno.copyFile(path, copy);
    return applyLog(`${path}-wal`, copy) ?? likely ?? said ?? USUAL_PAGE;
  }
}

function pageSizes(path: string): { said: number | null; likely: number | null } {
  using file = Deno.openSync(path);
  return { said: saidPageSize(file), likely: likelyPageSize(file) };
}

function step({ part, after }: Exclude<SalvageTask, { open: string }>): SalvageAnswer {
  const cells = rows![part];
  const from = part === "memories" ? cells.findIndex(({ rowid }) => rowid! > after) : after;
  const page = from < 0 ? [] : cells.slice(from, from + AT_ONCE), end = from + page.length;
  const items = page.map(({ columns }) =>
    part === "memories" ? memoryIn(columns, 1) : part === "trash" ? trashedIn(columns) : relationIn(columns)
  );
  const more = from >= 0 && end < cells.length;
  return { items, next: more ? part === "memories" ? page.at(-1)!.rowid! : end : null };
}

/** Columns of a row, which begin with the hash and the content, as `memoryOf` takes them. */
function memoryIn(columns: SalvagedRows["memories"][number]["columns"], start: number): Memory {
  const [hash, content, tags, type, metadata, conversation, created, updated] = columns.slice(start);
  // Schemas before there were spaces had neither a writer nor, at first, what replaced a memory; the space comes last.
  const [superseded, writer] = start === 1
    ? columns.slice(10, -1)
    : [columns.slice(10, -1)[0], columns.slice(12, -1)[0]];
  const space = spaceIn(columns) ?? null;
  return memoryOf([content, hash, tags, type, metadata, conversation, created, updated, superseded, writer, space]);
}

function trashedIn(columns: SalvagedRows["trash"][number]["columns"]): TrashedMemory {
  return {
    memory: memoryIn(columns, 0),
    deleted_at: Number(columns[8]),
    reason: unescapeText(String(columns[9])),
  };
}

/** Name of the space whose number comes last; undefined for `default`. A name that is lost is made of the number. */
function spaceIn(columns: readonly Value[]): string | undefined {
  const number = Number(columns.at(-1));
  return number === DEFAULT_NUMBER ? undefined : rows!.spaces.get(number) ?? `space-${number}`;
}

function relationIn(columns: SalvagedRows["relations"][number]["columns"]): Relation {
  const [source, type, target, created_at] = columns, space = spaceIn(columns);
  return {
    source: unescapeText(String(source)),
    type: unescapeText(String(type)),
    target: unescapeText(String(target)),
    created_at: Number(created_at),
    ...(space === undefined ? {} : { space }),
  };
}

/** Whether a memory doesn't match its hash, in either of the two forms a hash is made. */
function isAltered({ content, content_hash, metadata }: Memory): boolean {
  return contentHash(content) !== content_hash && contentHash(content, metadata) !== content_hash;
}
