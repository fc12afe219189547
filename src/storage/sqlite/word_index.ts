/**
 * BM25 over all memories, in memory: every query scores every memory that has one of its words, exactly.
 *
 * @module
 */

import { B, inverseDocumentFrequency, K1, LENGTH_CAP } from "../../memory/ranking.ts";
import { grown, grownLength } from "./growth.ts";
import { Postings, type Saturation } from "./postings.ts";
import { Scratch } from "./scratch.ts";

const SCORES = new Scratch((length) => new Float32Array(length));
/** What the word that is being scored has added to each slot; zeros in between. */
const HELD = new Scratch((length) => new Float32Array(length));

/** Inverted index by slot. The content of a slot never changes: a memory is added once and removed once. */
export class WordIndex {
  #postings = new Postings();
  #lengths = new Float32Array(0);
  #alive = new Uint8Array(0);
  #totalLength = 0;
  #memories = 0;
  /** Slots of removed memories whose postings are still there. */
  #dead: number[] = [];

  get memories(): number {
    return this.#memories;
  }

  /** Terms of all memories, repeats included. */
  get totalLength(): number {
    return this.#totalLength;
  }

  /** Terms of a slot's memory, repeats included. */
  length(slot: number): number {
    return this.#lengths[slot]!;
  }

  /** Slots that were removed and can't be used again before `purge`. */
  get dead(): number {
    return this.#dead.length;
  }

  get bytes(): number {
    return this.#postings.bytes + this.#lengths.length * 5;
  }

  /**
   * @param terms Pairs of term number and frequency.
   * @param from Where the first pair stands.
   */
  add(slot: number, terms: ArrayLike<number>, from = 0): void {
    if (slot >= this.#lengths.length) this.#grow(slot);
    let length = 0;
    for (let i = from; i < terms.length; i += 2) {
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
   * BM25 of every slot; slots of removed memories hold leftovers. The array is reused by the next call, of any index.
   *
   * @param words Of each word the terms that stand for it, of which one counts.
   */
  score(words: readonly (readonly number[])[], weights: readonly number[], saturation: Saturation): Float32Array {
    const { length } = this.#lengths, scores = SCORES.of(length).fill(0, 0, length);
    words.forEach((terms, i) => {
      if (terms.length === 1) this.#postings.score(terms[0]!, scores, weights[i]!, saturation, this.#lengths);
      else {
        this.#postings.scoreMost(terms, scores, HELD.of(length), weights[i]!, saturation, this.#lengths);
      }
    });
    return scores;
  }

  /**
   * BM25 of each word apart, for some slots.
   *
   * @param rows Row of each slot, −1 where it isn't wanted; by slot.
   * @param rowCount Number of rows.
   * @returns One row after the other, each with a score per word.
   */
  scoreApart(
    words: readonly (readonly number[])[],
    weights: readonly number[],
    saturation: Saturation,
    rows: Int32Array,
    rowCount: number,
  ): Float32Array {
    const width = words.length, matrix = new Float32Array(rowCount * width);
    words.forEach((terms, column) => {
      const target = { rows, matrix, width, column };
      for (const term of terms) this.#postings.scoreRows(term, target, weights[column]!, saturation, this.#lengths);
    });
    return matrix;
  }

  /** Rows, as in `scoreApart`, of slots that have a term. */
  rowsWith(term: number, rows: Int32Array): number[] {
    return this.#postings.rowsWith(term, rows);
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
    await this.#postings.purge(this.#alive, pause);
    this.#dead = this.#dead.slice(freed.length);
    return freed;
  }

  #grow(slot: number): void {
    const size = grownLength(this.#lengths.length, slot + 1);
    this.#lengths = grown(this.#lengths, new Float32Array(size));
    this.#alive = grown(this.#alive, new Uint8Array(size));
  }
}

/** What BM25 takes from all memories that are read, be they in one index or in several. */
export class WordStatistics {
  readonly #indexes: readonly WordIndex[];
  readonly #memories: number;
  /** `saturation` of memory/ranking.ts, as what doesn't depend on a memory's length and what does. */
  readonly saturation: Saturation;

  constructor(indexes: readonly WordIndex[]) {
    this.#indexes = indexes;
    this.#memories = indexes.reduce((sum, { memories }) => sum + memories, 0);
    const length = indexes.reduce((sum, { totalLength }) => sum + totalLength, 0);
    const averageLength = this.#memories > 0 ? length / this.#memories : 1;
    this.saturation = { base: K1 * (1 - B), perLength: K1 * B / (averageLength || 1), most: K1 * B * LENGTH_CAP };
  }

  /** Memories that have a term. */
  count(term: number): number {
    return this.#indexes.reduce((sum, index) => sum + index.count(term), 0);
  }

  /**
   * Weight of each word where it is saturated: the most it adds to a BM25; 0 when no memory has it. A word with several
   * terms is as rare as the most frequent of them.
   */
  weights(words: readonly (readonly number[])[]): number[] {
    return words.map((terms) => {
      const found = terms.reduce((most, term) => Math.max(most, this.count(term)), 0);
      return found === 0 ? 0 : inverseDocumentFrequency(this.#memories, found) * (K1 + 1);
    });
  }

  /** Weight of a term that no memory has. */
  get highestWeight(): number {
    return inverseDocumentFrequency(this.#memories, 0) * (K1 + 1);
  }
}
