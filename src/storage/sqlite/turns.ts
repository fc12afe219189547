/**
 * Shares the event loop among searches. Each takes a few milliseconds without a pause, and many may become due at
 * once; run one after the other they would hold up everything else for their sum.
 *
 * @module
 */

import { setImmediate } from "node:timers";

/** Milliseconds of work in one turn of the event loop, after which the rest waits for the next turn. */
const SLICE = 2;

/** Runs pieces of work in the order they come, a few milliseconds of them per turn of the event loop. */
export class Turns {
  #waiting: (() => void)[] = [];
  #spent = 0;
  #scheduled = false;

  /** Runs `work` now, or in a later turn when this one has done enough. */
  run<T>(work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push(() => {
        try {
          resolve(work());
        } catch (error) {
          reject(error);
        }
      });
      this.#work();
    });
  }

  #work(): void {
    while (this.#waiting.length > 0 && this.#spent < SLICE) {
      const start = performance.now();
      this.#waiting.shift()!();
      this.#spent += performance.now() - start;
    }
    if (this.#scheduled) return;
    this.#scheduled = true;
    // An immediate of this turn still belongs to it; one made there belongs to the next.
    setImmediate(() => this.#next());
  }

  #next(): void {
    setImmediate(() => {
      this.#spent = 0;
      if (this.#waiting.length === 0) {
        this.#scheduled = false;
        return;
      }
      this.#work();
      this.#next();
    });
  }
}
