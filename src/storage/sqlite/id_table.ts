/**
 * Slots by row id: a hash table in two typed arrays, 9 to 19 bytes a memory where a Map takes 60.
 *
 * @module
 */

import { AT_FIRST } from "./growth.ts";

const FREE = 0;
/** Left behind by a removed id, so that searches go on past it. */
const REMOVED = 0xffff_ffff;
/** Share of places in use, removed ones included, above which the table is rebuilt. */
const FULLEST = 0.85;

/** Maps row ids, or other numbers from 1 to 2³² − 2, to slots. */
export class IdTable {
  #ids = new Uint32Array(AT_FIRST);
  #slots = new Uint32Array(AT_FIRST);
  #size = 0;
  #taken = 0;

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#ids.length * 8;
  }

  get(id: number): number | undefined {
    const at = this.#find(id);
    return at === -1 ? undefined : this.#slots[at];
  }

  /** The id must not be there yet. */
  add(id: number, slot: number): void {
    if (this.#taken + 1 > this.#ids.length * FULLEST) this.#rebuild();
    this.#insert(id, slot);
    this.#size++;
  }

  remove(id: number): void {
    const at = this.#find(id);
    if (at === -1) return;
    this.#ids[at] = REMOVED;
    this.#size--;
  }

  /** All ids, in no particular order. */
  *ids(): IterableIterator<number> {
    for (const id of this.#ids) if (id !== FREE && id !== REMOVED) yield id;
  }

  #find(id: number): number {
    const mask = this.#ids.length - 1;
    for (let at = hash(id) & mask;; at = (at + 1) & mask) {
      const found = this.#ids[at]!;
      if (found === id) return at;
      if (found === FREE) return -1;
    }
  }

  #insert(id: number, slot: number): void {
    const mask = this.#ids.length - 1;
    let at = hash(id) & mask;
    while (this.#ids[at] !== FREE) at = (at + 1) & mask;
    this.#ids[at] = id;
    this.#slots[at] = slot;
    this.#taken++;
  }

  #rebuild(): void {
    const ids = this.#ids, slots = this.#slots;
    const length = this.#size > ids.length * FULLEST / 2 ? ids.length * 2 : ids.length;
    this.#ids = new Uint32Array(length);
    this.#slots = new Uint32Array(length);
    this.#taken = 0;
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]!;
      if (id !== FREE && id !== REMOVED) this.#insert(id, slots[i]!);
    }
  }
}

/** Spreads ids that follow each other (Knuth's multiplicative hash). */
function hash(id: number): number {
  return Math.imul(id, 0x9e37_79b1) >>> 7;
}
