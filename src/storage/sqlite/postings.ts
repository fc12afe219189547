/**
 * Posting lists of all terms, and what BM25 takes from them. Few postings are kept sorted in one array, many in chains.
 *
 * @module
 */

import { PostingChains } from "./posting_chains.ts";
import { SmallPostings } from "./small_postings.ts";

/** A posting is a slot in 24 bits and a term frequency in 8. Higher ones count as this; BM25 has long saturated there. */
const MAX_FREQUENCY = 255;

/** The posting of a slot. */
function postingOf(slot: number, frequency: number): number {
  return ((slot << 8) | Math.min(frequency, MAX_FREQUENCY)) >>> 0;
}

/** What BM25 adds to a frequency in the denominator: a constant, and a part per term of the memory up to a most. */
export interface Saturation {
  base: number;
  perLength: number;
  most: number;
}

/** Lists of (slot, term frequency), by term number. */
export class Postings {
  /** All, while there are few. */
  #few: SmallPostings | null = new SmallPostings();
  /** All, once there were many. */
  #many: PostingChains | null = null;

  /** Bytes of the typed arrays. */
  get bytes(): number {
    return (this.#few ?? this.#many)!.bytes;
  }

  /** Postings of a term, those of removed memories included. */
  count(term: number): number {
    return (this.#few ?? this.#many)!.count(term);
  }

  add(term: number, slot: number, frequency: number): void {
    const posting = postingOf(slot, frequency);
    if (this.#few?.fits(slot) === false) {
      const many = this.#many = new PostingChains();
      this.#few.each((term, posting) => many.add(term, posting));
      this.#few = null;
    }
    (this.#few ?? this.#many)!.add(term, posting);
  }

  /** How many of a term's postings belong to slots marked in `alive`. */
  countAlive(term: number, alive: Uint8Array): number {
    let total = 0;
    this.#eachRun(term, (block, from, to) => {
      for (let i = from; i < to; i++) total += alive[block[i]! >>> 8]!;
    });
    return total;
  }

  /** Adds `factor · tf / (tf + saturation)` to each posting's slot of `scores`. */
  score(
    term: number,
    scores: Float32Array,
    factor: number,
    { base, perLength, most }: Saturation,
    lengths: Float32Array,
  ): void {
    this.#eachRun(term, (block, from, to) => {
      for (let i = from; i < to; i++) {
        const posting = block[i]!, slot = posting >>> 8, frequency = posting & 255;
        const ofLength = perLength * lengths[slot]!;
        scores[slot]! += factor * frequency / (frequency + base + (ofLength < most ? ofLength : most));
      }
    });
  }

  /**
   * As `score`, for several terms of which the one that counts most counts alone.
   *
   * @param held Zeros by slot; zeros again afterwards.
   */
  scoreMost(
    terms: readonly number[],
    scores: Float32Array,
    held: Float32Array,
    factor: number,
    { base, perLength, most }: Saturation,
    lengths: Float32Array,
  ): void {
    for (const term of terms) {
      this.#eachRun(term, (block, from, to) => {
        for (let i = from; i < to; i++) {
          const posting = block[i]!, slot = posting >>> 8, frequency = posting & 255;
          const ofLength = perLength * lengths[slot]!;
          const score = factor * frequency / (frequency + base + (ofLength < most ? ofLength : most));
          if (score <= held[slot]!) continue;
          scores[slot]! += score - held[slot]!;
          held[slot] = score;
        }
      });
    }
    for (const term of terms) {
      this.#eachRun(term, (block, from, to) => {
        for (let i = from; i < to; i++) held[block[i]! >>> 8] = 0;
      });
    }
  }

  /**
   * As `score`, for slots with a row: raises one column of `matrix`, which holds one row of `width` numbers after the
   * other, to what it comes to. `rows` gives each slot's row, −1 where there is none.
   */
  scoreRows(
    term: number,
    { rows, matrix, width, column }: { rows: Int32Array; matrix: Float32Array; width: number; column: number },
    factor: number,
    { base, perLength, most }: Saturation,
    lengths: Float32Array,
  ): void {
    this.#eachRun(term, (block, from, to) => {
      for (let i = from; i < to; i++) {
        const posting = block[i]!, slot = posting >>> 8, row = rows[slot]!, frequency = posting & 255;
        if (row < 0) continue;
        const ofLength = perLength * lengths[slot]!;
        const score = factor * frequency / (frequency + base + (ofLength < most ? ofLength : most));
        const cell = row * width + column;
        if (score > matrix[cell]!) matrix[cell] = score;
      }
    });
  }

  /** Rows, as in `scoreRows`, of the slots that have a term. */
  rowsWith(term: number, rows: Int32Array): number[] {
    const found: number[] = [];
    this.#eachRun(term, (block, from, to) => {
      for (let i = from; i < to; i++) {
        const row = rows[block[i]! >>> 8]!;
        if (row >= 0) found.push(row);
      }
    });
    return found;
  }

  /**
   * Drops the postings of slots that aren't marked in `alive`, term by term.
   *
   * @param pause Awaited between steps, each of which leaves the lists whole.
   */
  async purge(alive: Uint8Array, pause: () => Promise<void>): Promise<void> {
    if (this.#few !== null) return this.#few.purge(alive);
    let looked = 0;
    for (const term of this.#many!.terms()) {
      this.#many!.purge(term, alive);
      if (++looked % 256 === 0) await pause();
    }
  }

  #eachRun(term: number, visit: (block: Uint32Array, from: number, to: number) => void): void {
    if (this.#many !== null) return this.#many.eachRun(term, visit);
    const list = this.#few!.list(term);
    if (list.length > 0) visit(list, 0, list.length);
  }
}
