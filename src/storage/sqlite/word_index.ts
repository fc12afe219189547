/**
 * BM25 over all memories, in memory: every query scores every memory that has one of its words, exactly.
 *
 * @module
 */

import { Postings } from "./postings.ts";

/**
 * How soon repeats of a word stop counting, and how much long memories are held back. The usual values (Robertson and
 * Zaragoza 2009; also the defaults of Lucene and FTS5).
 */
export const K1 = 1.2;
export const B = 0.75;

/** A query term by number, and its share in the score. */
export interface WeightedTerm {
  term: number;
  weight: number;
}

/** Inverted index by slot. The content of a slot never changes: a memory is added once and removed once. */
export class WordIndex {
  #postings = new Postings();
  #lengths = new Float32Array(1024);
  #alive = new Uint8Array(1024);
  #scores = new Float32Array(1024);
  #totalLength = 0;
  #memories = 0;
  /** Slots of removed memories whose postings are still there. */
  #dead: number[] = [];

  get memories(): number {
    return this.#memories;
  }

  /** Slots that were removed and can't be used again before `purge`. */
  get dead(): number {
    return this.#dead.length;
  }

  get bytes(): number {
    return this.#postings.bytes + this.#lengths.length * 9;
  }

  /** @param terms Pairs of term number and frequency. */
  add(slot: number, terms: ArrayLike<number>): void {
    if (slot >= this.#lengths.length) this.#grow(slot);
    let length = 0;
    for (let i = 0; i < terms.length; i += 2) {
      const frequency = terms[i + 1]!;
      this.#postings.add(terms[i]!, slot, frequency);
      length += frequency;
    }
    this.#lengths[slot] = length;
    this.#alive[slot] = 1;
    this.#totalLength += length;
    this.#memories++;
  }

  remove(slot: number): void {
    if (this.#alive[slot] !== 1) return;
    this.#alive[slot] = 0;
    this.#totalLength -= this.#lengths[slot]!;
    this.#memories--;
    this.#dead.push(slot);
  }

  /**
   * BM25 of every slot; slots of removed memories hold leftovers. The array is reused by the next call.
   *
   * @returns The scores, and the largest score a memory could reach: every term there and saturated.
   */
  score(terms: readonly WeightedTerm[]): { scores: Float32Array; ceiling: number } {
    const scores = this.#scores.fill(0);
    const averageLength = this.#memories > 0 ? this.#totalLength / this.#memories : 1;
    const base = K1 * (1 - B), perLength = K1 * B / (averageLength || 1);
    let ceiling = 0;
    for (const { term, weight } of terms) {
      const found = this.#dead.length > 0 ? this.#postings.countAlive(term, this.#alive) : this.#postings.count(term);
      if (found === 0) continue;
      const factor = weight * Math.log(1 + (this.#memories - found + 0.5) / (found + 0.5)) * (K1 + 1);
      ceiling += factor;
      this.#postings.score(term, scores, factor, base, perLength, this.#lengths);
    }
    return { scores, ceiling };
  }

  /**
   * Drops the postings of removed memories, term by term; each step leaves the index usable.
   *
   * @param pause Awaited between steps, so that searches go on.
   * @returns Slots that can be used again.
   */
  async purge(pause: () => Promise<void>): Promise<number[]> {
    const freed = this.#dead.slice();
    if (freed.length === 0) return freed;
    for (let term = 0; term < this.#postings.terms; term++) {
      this.#postings.purge(term, this.#alive);
      if (term % 256 === 255) await pause();
    }
    this.#dead = this.#dead.slice(freed.length);
    return freed;
  }

  #grow(slot: number): void {
    const size = Math.max(slot + 1, this.#lengths.length + (this.#lengths.length >> 1));
    const lengths = new Float32Array(size), alive = new Uint8Array(size);
    lengths.set(this.#lengths);
    alive.set(this.#alive);
    this.#lengths = lengths;
    this.#alive = alive;
    this.#scores = new Float32Array(size);
  }
}
