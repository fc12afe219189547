/**
 * The trash: rows of deleted memories, their vectors beside them.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import type { Memory } from "../../memory/memory.ts";
import type { TrashedMemory, Trashing, TrashPage } from "../contract/trash.ts";
import type { Replaced } from "../succession.ts";
import { prepareRows, rowsOf } from "./database.ts";
import { escapeText, unescapeText } from "../escape.ts";
import type { PreparedVectors } from "./quantise.ts";
import { MEMORY_COLUMNS, memoryOf, valuesOf } from "./rows.ts";
import type { Work } from "./write_queue.ts";

/** Trashed memories deleted in one transaction. */
const ROWS_AT_ONCE = 200;

const FIND = `SELECT ${MEMORY_COLUMNS} FROM trash WHERE content_hash = ?`;

function foundBy(statement: ReturnType<typeof prepareRows>, hash: string): Memory | null {
  const row = rowsOf(statement, escapeText(hash))[0];
  return row === undefined ? null : memoryOf(row);
}

/** Writes to the trash; everything here runs inside a transaction of the write queue. */
export class Trash {
  readonly #statements;

  constructor(writer: DatabaseSync) {
    this.#statements = {
      keep: writer.prepare(
        `INSERT OR REPLACE INTO trash (${MEMORY_COLUMNS}, deleted_at, reason, replaced) ` +
          `SELECT ${MEMORY_COLUMNS}, ?, ?, ? FROM memories WHERE id = ?`,
      ),
      keepVectors: writer.prepare(
        "INSERT INTO trash_vectors (content_hash, model, codes, remainders) " +
          "SELECT m.content_hash, v.model, v.codes, v.remainders FROM memories m JOIN vectors v ON v.memory_id = m.id " +
          "WHERE m.id = ?",
      ),
      drop: writer.prepare("DELETE FROM trash WHERE content_hash = ?"),
      find: prepareRows(writer, FIND),
      replaced: prepareRows(writer, "SELECT replaced FROM trash WHERE content_hash = ?"),
    };
  }

  /** Copies a memory that is about to be deleted, with what it had replaced. */
  keep(id: number, { at, reason }: Trashing, replaced: Replaced | null): void {
    this.#statements.keep.run(at, escapeText(reason), replaced && JSON.stringify(replaced), id);
    this.#statements.keepVectors.run(id);
  }

  /** Deletes a memory from the trash. */
  drop(hash: string): void {
    this.#statements.drop.run(escapeText(hash));
  }

  find(hash: string): Memory | null {
    return foundBy(this.#statements.find, hash);
  }

  /** What a memory in the trash had replaced. */
  replaced(hash: string): Replaced | null {
    const kept = rowsOf(this.#statements.replaced, escapeText(hash))[0]?.[0];
    return kept == null ? null : JSON.parse(String(kept));
  }
}

/** Deletes for good some of what meets every condition: so much that one commit takes no time to speak of. */
export function emptyTrashWork(
  writer: DatabaseSync,
  { hashes, deleted_before = Number.MAX_VALUE }: { hashes?: string[]; deleted_before?: number },
): Work<{ deleted: number; more: boolean }> {
  const one = writer.prepare("DELETE FROM trash WHERE content_hash = ? AND deleted_at < ?");
  const some = writer.prepare(
    `DELETE FROM trash WHERE rowid IN (SELECT rowid FROM trash WHERE deleted_at < ? LIMIT ${ROWS_AT_ONCE})`,
  );
  return function* () {
    let deleted = 0;
    for (const hash of hashes ?? []) {
      deleted += Number(one.run(escapeText(hash), deleted_before).changes);
      yield;
    }
    if (hashes === undefined) deleted = Number(some.run(deleted_before).changes);
    return { result: { deleted, more: hashes === undefined && deleted === ROWS_AT_ONCE }, changed: 0 };
  };
}

/** Puts memories from elsewhere into the trash; for each, whether it was put there. */
export function importTrashedWork(writer: DatabaseSync, items: readonly TrashedMemory[]): Work<boolean[]> {
  const places = [...MEMORY_COLUMNS.split(","), "at", "reason"].map(() => "?").join(", ");
  const insert = writer.prepare(
    `INSERT INTO trash (${MEMORY_COLUMNS}, deleted_at, reason) SELECT ${places} ` +
      "WHERE NOT EXISTS (SELECT 1 FROM memories WHERE content_hash = ?) ON CONFLICT DO NOTHING",
  );
  return function* () {
    const result: boolean[] = [];
    for (const { memory, deleted_at, reason } of items) {
      const values = [...valuesOf(memory), deleted_at, escapeText(reason), memory.content_hash];
      result.push(insert.run(...values).changes === 1);
      yield;
    }
    return { result, changed: 0 };
  };
}

/** Reads of the trash. */
export class TrashReader {
  readonly #page;
  readonly #count;
  readonly #one;
  readonly #vectors;

  constructor(reader: DatabaseSync) {
    this.#page = prepareRows(
      reader,
      `SELECT ${MEMORY_COLUMNS}, deleted_at, reason FROM trash ORDER BY deleted_at DESC, rowid DESC LIMIT ? OFFSET ?`,
    );
    this.#count = prepareRows(reader, "SELECT count(*) FROM trash");
    this.#one = prepareRows(reader, FIND);
    this.#vectors = prepareRows(
      reader,
      "SELECT codes, remainders FROM trash_vectors WHERE content_hash = ? AND model = ?",
    );
  }

  page(offset: number, limit: number): TrashPage {
    const items = rowsOf(this.#page, limit, offset).map((row) => ({
      memory: memoryOf(row),
      deleted_at: Number(row.at(-2)),
      reason: unescapeText(String(row.at(-1))),
    }));
    return { items, total: Number(rowsOf(this.#count)[0]![0]) };
  }

  find(hash: string): Memory | null {
    return foundBy(this.#one, hash);
  }

  /** A trashed memory's vectors of a model, by the model's number. */
  vectors(hash: string, model: number): PreparedVectors | null {
    const row = rowsOf(this.#vectors, escapeText(hash), model)[0];
    return row === undefined ? null : { model, codes: row[0] as Uint8Array, remainders: row[1] as Uint8Array };
  }
}
