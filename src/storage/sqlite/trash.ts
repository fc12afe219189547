/**
 * The trash: rows of deleted memories, their vectors beside them.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import type { Memory } from "../../memory/memory.ts";
import type { Replaced, TrashedMemory, Trashing, TrashPage } from "../contract/trash.ts";
import { prepareRows, rowsOf } from "./database.ts";
import { escapeText, unescapeText } from "../escape.ts";
import type { PreparedVectors } from "./quantise.ts";
import { type Reach, within } from "./reach.ts";
import { MEMORY_COLUMNS, MEMORY_ROW, memoryOf, valuesOf } from "./rows.ts";
import { SpaceNumbers } from "./space_numbers.ts";
import type { Work } from "./write_queue.ts";

/** Trashed memories deleted in one transaction. */
const ROWS_AT_ONCE = 200;

const FIND = `SELECT ${MEMORY_ROW} FROM trash WHERE content_hash = ? AND space = ?`;

function foundBy(statement: ReturnType<typeof prepareRows>, hash: string, space: number): Memory | null {
  const row = rowsOf(statement, escapeText(hash), space)[0];
  return row === undefined ? null : memoryOf(row);
}

/** Writes to the trash; everything here runs inside a transaction of the write queue. */
export class Trash {
  readonly #statements;

  constructor(writer: DatabaseSync) {
    this.#statements = {
      keep: writer.prepare(
        `INSERT OR REPLACE INTO trash (${MEMORY_COLUMNS}, space, deleted_at, reason, replaced) ` +
          `SELECT ${MEMORY_COLUMNS}, space, ?, ?, ? FROM memories WHERE id = ?`,
      ),
      keepVectors: writer.prepare(
        "INSERT INTO trash_vectors (content_hash, space, model, codes, remainders) " +
          "SELECT m.content_hash, m.space, v.model, v.codes, v.remainders " +
          "FROM memories m JOIN vectors v ON v.memory_id = m.id WHERE m.id = ?",
      ),
      drop: writer.prepare("DELETE FROM trash WHERE content_hash = ? AND space = ?"),
      find: prepareRows(writer, FIND),
      replaced: prepareRows(writer, "SELECT replaced FROM trash WHERE content_hash = ? AND space = ?"),
    };
  }

  /** Copies a memory that is about to be deleted, with what it had replaced. */
  keep(id: number, { at, reason }: Trashing, replaced: Replaced | null): void {
    this.#statements.keep.run(at, escapeText(reason), replaced && JSON.stringify(replaced), id);
    this.#statements.keepVectors.run(id);
  }

  /** Deletes a memory from the trash. */
  drop(hash: string, space: number): void {
    this.#statements.drop.run(escapeText(hash), space);
  }

  find(hash: string, space: number): Memory | null {
    return foundBy(this.#statements.find, hash, space);
  }

  /** What a memory in the trash had replaced. */
  replaced(hash: string, space: number): Replaced | null {
    const kept = rowsOf(this.#statements.replaced, escapeText(hash), space)[0]?.[0];
    return kept == null ? null : JSON.parse(String(kept));
  }
}

/**
 * Deletes for good some of what meets every condition: so much that one commit takes no time to speak of.
 *
 * @param name Space whose trash it is; null for that of all.
 */
export function emptyTrashWork(
  writer: DatabaseSync,
  name: string | null,
  { hashes, deleted_before = Number.MAX_VALUE }: { hashes?: string[]; deleted_before?: number },
): Work<{ deleted: number; more: boolean }> {
  const inSpace = name === null ? "" : " AND space = ?";
  const one = writer.prepare(`DELETE FROM trash WHERE content_hash = ? AND deleted_at < ?${inSpace}`);
  const some = writer.prepare(
    `DELETE FROM trash WHERE rowid IN (SELECT rowid FROM trash WHERE deleted_at < ?${inSpace} LIMIT ${ROWS_AT_ONCE})`,
  );
  return function* () {
    const space = name === null ? [] : [new SpaceNumbers(writer).find(name)];
    let deleted = 0;
    for (const hash of hashes ?? []) {
      deleted += Number(one.run(escapeText(hash), deleted_before, ...space).changes);
      yield;
    }
    if (hashes === undefined) deleted = Number(some.run(deleted_before, ...space).changes);
    return { result: { deleted, more: hashes === undefined && deleted === ROWS_AT_ONCE }, changed: 0 };
  };
}

/**
 * Puts memories from elsewhere into the trash; for each, whether it was put there.
 *
 * @param spaceOf Name of the space that a memory goes to.
 */
export function importTrashedWork(
  writer: DatabaseSync,
  items: readonly TrashedMemory[],
  spaceOf: (memory: Memory) => string,
): Work<boolean[]> {
  const places = [...MEMORY_COLUMNS.split(","), "space", "at", "reason", "replaced"].map(() => "?").join(", ");
  const insert = writer.prepare(
    `INSERT INTO trash (${MEMORY_COLUMNS}, space, deleted_at, reason, replaced) SELECT ${places} ` +
      "WHERE NOT EXISTS (SELECT 1 FROM memories WHERE content_hash = ? AND space = ?) ON CONFLICT DO NOTHING",
  );
  return function* () {
    const result: boolean[] = [], spaces = new SpaceNumbers(writer);
    for (const { memory, deleted_at, reason, replaced } of items) {
      const space = spaces.make(spaceOf(memory), null), had = replaced === undefined ? null : JSON.stringify(replaced);
      const values = [...valuesOf(memory), space, deleted_at, escapeText(reason), had];
      result.push(insert.run(...values, memory.content_hash, space).changes === 1);
      yield;
    }
    return { result, changed: 0 };
  };
}

/** Reads of the trash. */
export class TrashReader {
  readonly #reader: DatabaseSync;
  readonly #one;
  readonly #vectors;

  constructor(reader: DatabaseSync) {
    this.#reader = reader;
    this.#one = prepareRows(reader, FIND);
    this.#vectors = prepareRows(
      reader,
      "SELECT codes, remainders FROM trash_vectors WHERE content_hash = ? AND space = ? AND model = ?",
    );
  }

  page(offset: number, limit: number, reach: Reach): TrashPage {
    const { sql, parameters } = within("space", reach);
    const page = prepareRows(
      this.#reader,
      `SELECT ${MEMORY_ROW}, deleted_at, reason, replaced FROM trash WHERE ${sql} ` +
        "ORDER BY deleted_at DESC, rowid DESC LIMIT ? OFFSET ?",
    );
    const count = prepareRows(this.#reader, `SELECT count(*) FROM trash WHERE ${sql}`);
    const items = rowsOf(page, ...parameters, limit, offset).map((row) => ({
      memory: memoryOf(row),
      deleted_at: Number(row.at(-3)),
      reason: unescapeText(String(row.at(-2))),
      ...(row.at(-1) == null ? {} : { replaced: JSON.parse(String(row.at(-1))) as Replaced }),
    }));
    return { items, total: Number(rowsOf(count, ...parameters)[0]![0]) };
  }

  find(hash: string, space: number): Memory | null {
    return foundBy(this.#one, hash, space);
  }

  /** A trashed memory's vectors of a model, by the model's number. */
  vectors(hash: string, space: number, model: number): PreparedVectors | null {
    const row = rowsOf(this.#vectors, escapeText(hash), space, model)[0];
    return row === undefined ? null : { model, codes: row[0] as Uint8Array, remainders: row[1] as Uint8Array };
  }
}
