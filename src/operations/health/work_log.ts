/**
 * What background work reports of itself: how far it is, and since when it has been failing.
 *
 * @module
 */

import { MemoryError } from "../../errors.ts";

/** One kind of background work. */
export interface WorkState {
  name: string;
  /** Null while it doesn't run; `movedAt` is when `done` last changed. Unix milliseconds. */
  running: { since: number; done: number; total: number; movedAt: number } | null;
  /** Null after a success. Unix milliseconds of the first and the last failure since. */
  failing: { since: number; last: number; error: string; times: number } | null;
}

/** Reports by name of the work. */
export class WorkLog {
  readonly #now: () => number;
  readonly #states = new Map<string, WorkState>();

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  get states(): WorkState[] {
    return [...this.#states.values()];
  }

  /** A try that ended well; also what a look that found nothing to do reports. */
  succeeded(name: string): void {
    this.#states.set(name, { name, running: null, failing: null });
  }

  /** A try that failed. Only texts written for clients are kept. */
  failed(name: string, cause: unknown): void {
    const now = this.#now(), before = this.#states.get(name)?.failing;
    const error = cause instanceof MemoryError && cause.code !== "internal" ? cause.message : "the log says why";
    this.#states.set(name, {
      name,
      running: null,
      failing: { since: before?.since ?? now, last: now, error, times: (before?.times ?? 0) + 1 },
    });
  }

  /** Another process does the work now. */
  clear(): void {
    this.#states.clear();
  }

  /** How far a run is. */
  progressed(name: string, done: number, total: number): void {
    const now = this.#now(), { running, failing } = this.#states.get(name) ?? { running: null, failing: null };
    const movedAt = running !== null && running.done === done ? running.movedAt : now;
    this.#states.set(name, { name, running: { since: running?.since ?? now, done, total, movedAt }, failing });
  }
}
