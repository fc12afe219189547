/**
 * Lets other work run in the middle of long work, so that nothing holds the isolate for long.
 *
 * @module
 */

import { setImmediate } from "node:timers";

/** Milliseconds of work between two pauses. */
const SLICE = 2;

/** Gives the isolate back whenever a slice of time is used up. */
export class Pacer {
  #since = performance.now();

  /** Whether a slice is used up. */
  get due(): boolean {
    return performance.now() - this.#since > SLICE;
  }

  /** Returns at once within a slice, otherwise after other work had its turn. */
  async pause(): Promise<void> {
    if (!this.due) return;
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#since = performance.now();
  }
}
