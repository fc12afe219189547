/**
 * Gathers what several callers ask for at the same time into shared requests.
 *
 * @module
 */

import { MemoryError } from "../../errors.ts";

/** How many items a request takes, and how many requests may be under way at once. */
export interface BatchLimits {
  size: number;
  atOnce: number;
}

interface Waiting<I, O> {
  item: I;
  done: (outcome: O) => void;
  failed: (error: unknown) => void;
}

/** An item goes at once while few requests are under way. Those that come later share the next one. */
export class Batcher<I, O> {
  readonly #run: (items: I[]) => Promise<O[]>;
  readonly #limits: BatchLimits;
  #waiting: Waiting<I, O>[] = [];
  #running = 0;

  /** @param run Makes one request; gives an outcome for each item, in order. */
  constructor(run: (items: I[]) => Promise<O[]>, limits: BatchLimits) {
    this.#run = run;
    this.#limits = limits;
  }

  /** Outcomes of items, in order, once each has one; the first error when any failed. */
  async all(items: readonly I[]): Promise<O[]> {
    const outcomes = items.map((item) =>
      new Promise<O>((done, failed) => void this.#waiting.push({ item, done, failed }))
    );
    this.#next();
    const settled = await Promise.allSettled(outcomes); // all, so that nothing is still under way after an error
    return settled.map((result) => {
      if (result.status === "rejected") throw result.reason;
      return result.value;
    });
  }

  #next(): void {
    const { size, atOnce } = this.#limits;
    while (this.#waiting.length > 0 && this.#running < atOnce) this.#request(this.#waiting.splice(0, size));
  }

  async #request(batch: Waiting<I, O>[]): Promise<void> {
    this.#running++;
    try {
      const outcomes = await this.#run(batch.map(({ item }) => item));
      batch.forEach(({ done }, i) => done(outcomes[i]!));
    } catch (error) {
      // Who waited for a server that doesn't answer has waited long enough.
      if (error instanceof MemoryError && error.code === "unavailable") batch.push(...this.#waiting.splice(0));
      batch.forEach(({ failed }) => failed(error));
    } finally {
      this.#running--;
    }
    this.#next();
  }
}
