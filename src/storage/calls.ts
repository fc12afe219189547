/**
 * The calls of a store: each runs the driver's way, none begins once the store is closed, and closing waits for those
 * that run.
 *
 * @module
 */

import { MemoryError } from "../errors.ts";

/** How a driver runs a call; it throws a `MemoryError` for whatever goes wrong. */
export type RunCall = <T>(action: string, work: () => Promise<T>) => Promise<T>;

/** Calls of one store. */
export class Calls {
  readonly #run: RunCall;
  readonly #running = new Set<Promise<unknown>>();
  #closed = false;

  constructor(run: RunCall) {
    this.#run = run;
  }

  /**
   * Runs a call.
   *
   * @param action As in `Cannot <action>`: `store memories`.
   * @throws {MemoryError} `unavailable` after `close`; whatever the driver's way throws.
   */
  run<T>(action: string, work: () => Promise<T>): Promise<T> {
    if (this.#closed) {
      return Promise.reject(new MemoryError("unavailable", `Cannot ${action}: the store is closed`));
    }
    const running = this.#run(action, work);
    this.#running.add(running);
    const done = () => void this.#running.delete(running);
    running.then(done, done);
    return running;
  }

  /** Refuses calls from now on. */
  close(): void {
    this.#closed = true;
  }

  /** Resolves once the calls that run have ended, whichever way. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running);
  }
}
