/**
 * The best few of many scored slots.
 *
 * @module
 */

/** Keeps the `limit` highest-scored slots; among equal scores the one offered first stays. */
export class TopK {
  readonly #limit: number;
  /** A binary heap, worst on top. */
  #scores: number[] = [];
  #slots: number[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** A score must be above this to enter. */
  get threshold(): number {
    if (this.#limit === 0) return Infinity;
    return this.#scores.length < this.#limit ? -Infinity : this.#scores[0]!;
  }

  offer(slot: number, score: number): void {
    if (!(score > this.threshold)) return;
    const scores = this.#scores, slots = this.#slots;
    let at = 0;
    if (scores.length < this.#limit) {
      for (at = scores.length; at > 0;) {
        const parent = (at - 1) >> 1;
        if (scores[parent]! <= score) break;
        scores[at] = scores[parent]!;
        slots[at] = slots[parent]!;
        at = parent;
      }
    } else {
      for (;;) {
        let child = 2 * at + 1;
        if (child >= scores.length) break;
        if (child + 1 < scores.length && scores[child + 1]! < scores[child]!) child++;
        if (scores[child]! >= score) break;
        scores[at] = scores[child]!;
        slots[at] = slots[child]!;
        at = child;
      }
    }
    scores[at] = score;
    slots[at] = slot;
  }

  /** The slots kept, in no particular order. */
  slots(): number[] {
    return this.#slots;
  }

  /** The slots kept with their scores, best first. */
  sorted(): { slot: number; score: number }[] {
    return this.#slots.map((slot, i) => ({ slot, score: this.#scores[i]! })).sort((a, b) => b.score - a.score);
  }
}
