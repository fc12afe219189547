/**
 * Short texts beside the memories, changed by compare-and-set.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { prepareRows, rowsOf } from "./database.ts";
import { escapeText, unescapeText } from "../escape.ts";
import type { Work } from "./write_queue.ts";

/** The note of that name; null where there is none. */
export function readNote(connection: DatabaseSync, name: string): string | null {
  const value = rowsOf(prepareRows(connection, "SELECT value FROM notes WHERE name = ?"), name)[0]?.[0];
  return value === undefined ? null : unescapeText(String(value));
}

/** Removes notes that are still as they were read. Waits for no other process: one that writes finds them. */
export function removeNotes(writer: DatabaseSync, notes: ReadonlyMap<string, string>): void {
  const remove = writer.prepare("DELETE FROM notes WHERE name = ? AND value = ?");
  for (const [name, text] of notes) remove.run(name, escapeText(text));
}

/** Puts `after` in the place of `before`; whether `before` stood there. */
export function changeNoteWork(
  writer: DatabaseSync,
  name: string,
  before: string | null,
  after: string | null,
): Work<boolean> {
  // deno-lint-ignore require-yield -- one row is done in one go
  return function* () {
    const result = readNote(writer, name) === before; // within the transaction, so that no other write comes in between
    if (result && after === null) writer.prepare("DELETE FROM notes WHERE name = ?").run(name);
    if (result && after !== null) {
      writer.prepare("INSERT OR REPLACE INTO notes (name, value) VALUES (?, ?)").run(name, escapeText(after));
    }
    return { result, changed: 0 };
  };
}
