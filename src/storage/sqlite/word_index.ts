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

  /** Weight of each term where it is saturated: the most it adds to a BM25; 0 when no memory has it. */
  weights(terms: readonly number[]): number[] {
    return terms.map((term) => {
      const found = this.count(term);
      return found === 0 ? 0 : inverseDocumentFrequency(this.#memories, found) * (K1 + 1);
    });
  }

  /** BM25 of every slot; slots of removed memories hold leftovers. The array is reused by the next call. */
  score(terms: readonly number[], weights: readonly number[]): Float32Array {
    const scores = this.#scores.fill(0), [base, perLength] = this.#saturation();
    terms.forEach((term, i) => this.#postings.score(term, scores, weights[i]!, base, perLength, this.#lengths));
    return scores;
  }

  /**
   * BM25 of each term apart, for some slots.
   *
   * @param rows Row of each slot, −1 where it isn't wanted; by slot.
   * @param rowCount Number of rows.
   * @returns One row after the other, each with a score per term.
   */
  scoreApart(terms: readonly number[], weights: readonly number[], rows: Int32Array, rowCount: number): Float32Array {
    const width = terms.length, matrix = new Float32Array(rowCount * width), [base, perLength] = this.#saturation();
    terms.forEach((term, column) => {
      const target = { rows, matrix, width, column };
      this.#postings.scoreRows(term, target, weights[column]!, base, perLength, this.#lengths);
    });
    return matrix;
  }

  /** Rows, as in `scoreApart`, of slots that have a term. */
  rowsWith(term: number, rows: Int32Array): number[] {
    return this.#postings.rowsWith(term, rows);
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
