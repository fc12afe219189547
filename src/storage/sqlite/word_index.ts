/**
 * BM25 over all memories, in memory: every query scores every memory that has one of its words, exactly.
 *
 * @module
 */

import { B, inverseDocumentFrequency, K1 } from "../../memory/ranking.ts";
import { Postings } from "./postings.ts";

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

  /** Memories that have a term. */
  count(term: number): number {
    return this.#dead.length > 0 ? this.#postings.countAlive(term, this.#alive) : this.#postings.count(term);
  }

  /**
   * BM25 of every slot; slots of removed memories hold leftovers. The array is reused by the next call.
   *
   * @returns The scores, and the largest score a memory could reach: every term there and saturated.
   */
  score(terms: readonly number[]): { scores: Float32Array; ceiling: number } {
    const scores = this.#scores.fill(0);
    let ceiling = 0;
    for (const term of terms) {
      const factor = this.#factor(term);
      if (factor === 0) continue;
      ceiling += factor;
      this.#postings.score(term, scores, factor, ...this.#saturation(), this.#lengths);
    }
    return { scores, ceiling };
  }

  /**
   * BM25 of each term apart, for some slots.
   *
   * @param rows Row of each slot, −1 where it isn't wanted; by slot.
   * @param rowCount Number of rows.
   * @returns One row after the other, each with a score per term.
   */
  scoreApart(terms: readonly number[], rows: Int32Array, rowCount: number): Float32Array {
    const matrix = new Float32Array(rowCount * terms.length);
    const [base, perLength] = this.#saturation(), lengths = this.#lengths, width = terms.length;
    terms.forEach((term, column) => {
      const factor = this.#factor(term);
      if (factor === 0) return;
      this.#postings.each(term, (slot, frequency) => {
        const row = rows[slot]!;
        if (row < 0) return;
        matrix[row * width + column] = factor * frequency / (frequency + base + perLength * lengths[slot]!);
      });
    });
    return matrix;
  }

  /** Calls `found` with the rows (as in `scoreApart`) of slots that have a term. */
  eachRowWith(term: number, rows: Int32Array, found: (row: number) => void): void {
    this.#postings.each(term, (slot) => {
      const row = rows[slot]!;
      if (row >= 0) found(row);
    });
  }

  /** Weight of a term where it is saturated; 0 when no memory has it. */
  #factor(term: number): number {
    const found = this.count(term);
    return found === 0 ? 0 : inverseDocumentFrequency(this.#memories, found) * (K1 + 1);
  }

  /** What BM25 adds to a frequency in the denominator: a constant, and a part per term of the memory. */
  #saturation(): [base: number, perLength: number] {
    const averageLength = this.#memories > 0 ? this.#totalLength / this.#memories : 1;
    return [K1 * (1 - B), K1 * B / (averageLength || 1)];
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
    const size = Math.max(slot + 1, this.#lengths.length + (this.#lengths.length >> 2));
    const lengths = new Float32Array(size), alive = new Uint8Array(size);
    lengths.set(this.#lengths);
    alive.set(this.#alive);
    this.#lengths = lengths;
    this.#alive = alive;
    this.#scores = new Float32Array(size);
  }
}
