/**
 * Memories as rows.
 *
 * @module
 */

import type { Memory, Metadata, Supersession, Writer } from "../../memory/memory.ts";
import type { Value } from "./database.ts";
import { escapeText, unescapeText } from "../escape.ts";
import { DEFAULT_NUMBER } from "./reach.ts";

/** Columns of a memory, in the order `valuesOf` gives them. */
export const MEMORY_COLUMNS =
  "content, content_hash, tags, memory_type, metadata, conversation_id, created_at, updated_at, superseded, writer";

/** What is read of a memory, in the order `memoryOf` takes it: its columns, and the name of its space but for `default`. */
export const MEMORY_ROW = `${MEMORY_COLUMNS}, ${spaceName("space")}`;

/** SQL for the name of the space whose number is in a column; null for `default`. */
export function spaceName(column: string): string {
  return `iif(${column} = ${DEFAULT_NUMBER}, NULL, (SELECT name FROM spaces WHERE number = ${column}))`;
}

/** The memory in a row of `MEMORY_ROW`. */
export function memoryOf(row: readonly (Value | undefined)[]): Memory {
  return {
    content: unescapeText(String(row[0])),
    content_hash: String(row[1]),
    tags: tagsOf(row[2]),
    memory_type: textOf(row[3]),
    metadata: parsed(row[4]) as Metadata,
    conversation_id: textOf(row[5]),
    created_at: Number(row[6]),
    updated_at: Number(row[7]),
    ...(row[8] == null ? {} : { superseded: parsed(row[8]) as Supersession }),
    ...(row[10] == null ? {} : { space: String(row[10]) }),
    ...(row[9] == null ? {} : { writer: parsed(row[9]) as unknown as Writer }),
  };
}

/** The values of a memory's `MEMORY_COLUMNS`. */
export function valuesOf(memory: Memory): Value[] {
  return [
    escapeText(memory.content),
    memory.content_hash,
    JSON.stringify(memory.tags), // escapes NUL and lone surrogates by itself
    keptText(memory.memory_type),
    JSON.stringify(memory.metadata),
    keptText(memory.conversation_id),
    memory.created_at,
    memory.updated_at,
    memory.superseded === undefined ? null : JSON.stringify(memory.superseded),
    memory.writer === undefined ? null : JSON.stringify(memory.writer),
  ];
}

export function tagsOf(value: Value | undefined): string[] {
  return value === "[]" ? [] : parsed(value) as string[];
}

/** Throws like SQLite over a damaged page: what was written there was JSON. */
function parsed(value: Value | undefined): unknown {
  try {
    return JSON.parse(String(value));
  } catch (cause) {
    throw new Error("A row of the database is malformed", { cause });
  }
}

/** Text that may be null, as it was given. */
export function textOf(value: Value | undefined): string | null {
  return value == null ? null : unescapeText(String(value));
}

/** Text that may be null, as it is kept. */
function keptText(text: string | null): string | null {
  return text === null ? null : escapeText(text);
}
