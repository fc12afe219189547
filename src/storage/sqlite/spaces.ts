/**
 * The spaces of one database: their list, their names, and moving memories between them.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { MemoryError } from "../../errors.ts";
import { DEFAULT_SPACE } from "../../memory/space.ts";
import type { SpaceFacts } from "../contract/spaces.ts";
import { prepareRows, rowsOf } from "./database.ts";
import type { IndexSync } from "./index_sync.ts";
import { SpaceNumbers } from "./space_numbers.ts";
import type { Work } from "./write_queue.ts";

/** All spaces, `default` first. The index is in step with the database. */
export function spacesOf(reader: DatabaseSync, sync: IndexSync): SpaceFacts[] {
  const rows = rowsOf(prepareRows(
    reader,
    "SELECT s.number, s.name, s.created_at, (SELECT count(*) FROM trash t WHERE t.space = s.number) FROM spaces s " +
      `ORDER BY s.name <> '${DEFAULT_SPACE}', s.name`,
  ));
  return rows.map(([number, name, created, trashed]) => ({
    name: String(name),
    memories: sync.sizeOf(Number(number)),
    trashed: Number(trashed),
    created_at: created == null ? null : Number(created),
  }));
}

/** Makes a space; false where it was there. */
export function createSpaceWork(writer: DatabaseSync, name: string, now: number): Work<boolean> {
  // deno-lint-ignore require-yield -- one row is done in one go
  return function* () {
    const spaces = new SpaceNumbers(writer), isNew = !spaces.has(name);
    if (isNew) spaces.make(name, now);
    return { result: isNew, changed: 0 };
  };
}

/** Gives a space another name; false where there is none of the old one. */
export function renameSpaceWork(writer: DatabaseSync, from: string, to: string): Work<boolean> {
  // deno-lint-ignore require-yield -- one row is done in one go
  return function* () {
    const spaces = new SpaceNumbers(writer);
    if (!spaces.has(from)) return { result: false, changed: 0 };
    if (from === to) return { result: true, changed: 0 };
    if (spaces.has(to)) throw conflict(`rename space "${from}" to "${to}": there is a space of that name`, to);
    writer.prepare("UPDATE spaces SET name = ? WHERE number = ?").run(to, spaces.find(from));
    return { result: true, changed: 0 };
  };
}

/** Drops an empty space; its number, or null where there is none of that name. */
export function removeSpaceWork(writer: DatabaseSync, name: string): Work<number | null> {
  // deno-lint-ignore require-yield -- one row is done in one go
  return function* () {
    const spaces = new SpaceNumbers(writer), number = spaces.find(name);
    if (!spaces.has(name)) return { result: null, changed: 0 };
    for (const table of ["memories", "trash"]) {
      if (writer.prepare(`SELECT 1 FROM ${table} WHERE space = ? LIMIT 1`).get(number) === undefined) continue;
      throw conflict(`remove space "${name}": ${table === "trash" ? "its trash" : "it"} holds memories`, name);
    }
    writer.prepare("DELETE FROM relations WHERE space = ?").run(number);
    writer.prepare("DELETE FROM spaces WHERE number = ?").run(number);
    return { result: number, changed: 0 };
  };
}

/** @throws {MemoryError} `invalid_input` for `default`. */
export function refuseDefault(action: string, name: string): void {
  if (name !== DEFAULT_SPACE) return;
  throw new MemoryError("invalid_input", `Cannot ${action} space "${name}": it exists always`, { value: name });
}

function conflict(action: string, value: string): MemoryError {
  return new MemoryError("conflict", `Cannot ${action}`, { value });
}
