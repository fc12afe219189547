/**
 * Numbers of spaces by name, within a transaction.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { DEFAULT_SPACE } from "../../memory/space.ts";
import { prepareRows, rowsOf } from "./database.ts";
import { DEFAULT_NUMBER } from "./reach.ts";

/** No space has this number. */
export const NO_SPACE = 0;

/** Looks spaces up over one connection. */
export class SpaceNumbers {
  readonly #connection: DatabaseSync;
  readonly #find;

  constructor(connection: DatabaseSync) {
    this.#connection = connection;
    this.#find = prepareRows(connection, "SELECT number FROM spaces WHERE name = ?");
  }

  /** Number of a space; one that no memory has where there is none of that name. */
  find(name: string): number {
    if (name === DEFAULT_SPACE) return DEFAULT_NUMBER;
    return Number(rowsOf(this.#find, name)[0]?.[0] ?? NO_SPACE);
  }

  /** Whether there is a space of that name. */
  has(name: string): boolean {
    return this.find(name) !== NO_SPACE;
  }

  /**
   * Number of a space, which is made where there is none.
   *
   * @param created Unix seconds; null where that isn't known.
   */
  make(name: string, created: number | null): number {
    const number = this.find(name);
    if (number !== NO_SPACE) return number;
    const insert = this.#connection.prepare("INSERT INTO spaces (name, created_at) VALUES (?, ?)");
    return Number(insert.run(name, created).lastInsertRowid);
  }
}
