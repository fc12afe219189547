/**
 * Slots by row id: a hash table in a typed array, 9 to 19 bytes a memory where a Map takes 60.
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
  /** Of each place the id and the slot, side by side. */
  #places = new Uint32Array(2 * AT_FIRST);
  #size = 0;
  #taken = 0;

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#places.byteLength;
  }

  get(id: number): number | undefined {
    const at = this.#find(id);
    return at === -1 ? undefined : this.#places[at + 1];
  }

  /** The id must not be there yet. */
  add(id: number, slot: number): void {
    if (this.#taken + 1 > this.#places.length / 2 * FULLEST) this.#rebuild();
    this.#insert(id, slot);
    this.#size++;
  }

  remove(id: number): void {
    const at = this.#find(id);
    if (at === -1) return;
    this.#places[at] = REMOVED;
    this.#size--;
  }

  /** All ids, in no particular order. */
  *ids(): IterableIterator<number> {
    const places = this.#places;
    for (let at = 0; at < places.length; at += 2) if (places[at] !== FREE && places[at] !== REMOVED) yield places[at]!;
  }

  /** Where an id stands in `#places`; −1 where it isn't there. */
  #find(id: number): number {
    const mask = this.#places.length - 1;
    for (let at = hash(id) * 2 & mask;; at = (at + 2) & mask) {
      const found = this.#places[at]!;
      if (found === id) return at;
      if (found === FREE) return -1;
    }
  }

  #insert(id: number, slot: number): void {
    const mask = this.#places.length - 1;
    let at = hash(id) * 2 & mask;
    while (this.#places[at] !== FREE) at = (at + 2) & mask;
    this.#places[at] = id;
    this.#places[at + 1] = slot;
    this.#taken++;
  }

  #rebuild(): void {
    const places = this.#places;
    const isFull = this.#size > places.length / 2 * FULLEST / 2;
    this.#places = new Uint32Array(isFull ? places.length * 2 : places.length);
    this.#taken = 0;
    for (let at = 0; at < places.length; at += 2) {
      const id = places[at]!;
      if (id !== FREE && id !== REMOVED) this.#insert(id, places[at + 1]!);
    }
  }
}

/** Spreads ids that follow each other (Knuth's multiplicative hash). */
function hash(id: number): number {
  return Math.imul(id, 0x9e37_79b1) >>> 7;
}
