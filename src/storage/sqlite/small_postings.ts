/**
 * Posting lists of a space with few memories, as one sorted array of numbers that hold term and posting: 8 bytes each,
 * where chains and their tables take 36.
 *
 * @module
 */

import { AT_FIRST, grown, grownLength } from "./growth.ts";

/** Bits of a posting: a slot below 2¹² and a frequency below 2⁸. With a term's 32 that is within the 53 of a number. */
const POSTING = 2 ** 20;
const SLOTS = 2 ** 12;
/** So many that putting new ones in their places takes some 50 µs. */
const MOST = 16_384;

/** Where the list that was asked for last stands. */
let lists: Uint32Array | undefined;

/** Few postings, by term number. */
export class SmallPostings {
  #keys = new Float64Array(AT_FIRST);
  #length = 0;
  /** Keys that are in order; those behind were added since they were last read. */
  #sorted = 0;

  get bytes(): number {
    return this.#keys.byteLength;
  }

  /** Whether one more for a slot can be kept here. */
  fits(slot: number): boolean {
    return slot < SLOTS && this.#length < MOST;
  }

  add(term: number, posting: number): void {
    if (this.#length === this.#keys.length) {
      this.#keys = grown(this.#keys, new Float64Array(grownLength(this.#length, this.#length + 1)));
    }
    this.#keys[this.#length++] = term * POSTING + posting;
  }

  /** Postings of a term. */
  count(term: number): number {
    this.#sort();
    return this.#from((term + 1) * POSTING) - this.#from(term * POSTING);
  }

  /** A term's postings: a view that holds until the next call of any of these. */
  list(term: number): Uint32Array {
    this.#sort();
    const keys = this.#keys, base = term * POSTING, from = this.#from(base), to = this.#from(base + POSTING);
    const list = lists ??= new Uint32Array(SLOTS);
    for (let i = from; i < to; i++) list[i - from] = keys[i]! - base;
    return list.subarray(0, to - from);
  }

  /** Calls `visit` with all postings, term by term. */
  each(visit: (term: number, posting: number) => void): void {
    this.#sort();
    for (const key of this.#keys.subarray(0, this.#length)) visit(Math.floor(key / POSTING), key % POSTING);
  }

  /** Drops the postings of slots that aren't marked in `alive`. */
  purge(alive: Uint8Array): void {
    this.#sort();
    const kept = this.#keys.subarray(0, this.#length).filter((key) => alive[key % POSTING >>> 8] === 1);
    this.#length = this.#sorted = kept.length;
    this.#keys.set(kept);
  }

  /** Place of the first key that is no smaller. */
  #from(key: number): number {
    let low = 0, high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#keys[middle]! < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Puts those that were added in their places. */
  #sort(): void {
    if (this.#sorted === this.#length) return;
    const keys = this.#keys, added = keys.slice(this.#sorted, this.#length).sort();
    let old = this.#sorted - 1;
    for (let i = added.length - 1, at = this.#length - 1; i >= 0; at--) {
      keys[at] = old >= 0 && keys[old]! > added[i]! ? keys[old--]! : added[i--]!;
    }
    this.#sorted = this.#length;
  }
}
