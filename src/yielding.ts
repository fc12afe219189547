/**
 * Yields to the event loop in the middle of long work, so that nothing holds the isolate for long.
 *
 * @module
 */

import { setImmediate } from "node:timers";

/** Milliseconds of work between two pauses, and of queued work in one turn of the event loop. */
const SLICE_MS = 2;
/**
 * Milliseconds of work after which sockets have their turn. While something is always due, tokio looks at them in every
 * 61st turn alone (`event_interval`): with turns of 2 ms each, a request that comes meanwhile waits for some 350 ms.
 */
const SOCKETS_MS = 10;

/** Milliseconds from one pause to the next within which the work counts as one, whatever pieces it consists of. */
const CONTINUED_MS = 30;

/** `performance.now()` when sockets last had their turn by a pause made here, and when the last pause was. */
let socketsAt = -Infinity, pausedAt = -Infinity;
/** When the work began that goes on now. */
let busySince = 0;

/**
 * A pause in work that has gone on since `began`, on `performance.now()`, or for longer where other work went before:
 * other work that is due runs, and after a while sockets are looked at too, which only waiting for a timer brings about,
 * and takes about a millisecond.
 */
function pause(began: number, resume: () => void, socketsMs = SOCKETS_MS): void {
  const now = performance.now();
  if (now - pausedAt > CONTINUED_MS) busySince = began;
  pausedAt = now;
  if (now - Math.max(busySince, socketsAt) < socketsMs) setImmediate(resume);
  else {
    setTimeout(() => {
      socketsAt = performance.now();
      resume();
    }, 0);
  }
}

/** Gives the isolate back whenever a slice of time is used up. */
export class TimeSlice {
  readonly #began = performance.now();
  readonly #socketsMs: number | undefined;
  #since = this.#began;

  /** @param socketsMs Milliseconds of work after which sockets have their turn; some by default. */
  constructor(socketsMs?: number) {
    this.#socketsMs = socketsMs;
  }

  /** Whether a slice is used up. */
  get isDue(): boolean {
    return performance.now() - this.#since > SLICE_MS;
  }

  /** Returns at once within a slice, otherwise after other work had its turn. */
  async yieldIfDue(): Promise<void> {
    if (!this.isDue) return;
    await new Promise<void>((resolve) => pause(this.#began, resolve));
    this.#since = performance.now();
  }
}

/** Gives other requests their turn. */
export function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/**
 * Runs pieces of work in the order they come, a few milliseconds of them per turn of the event loop. Each may take
 * milliseconds without a pause; many that become due at once would hold up everything else for their sum.
 */
export class TimeSlicedQueue {
  #waiting: (() => void)[] = [];
  #spent = 0;
  #scheduled = false;
  /** When it last began to be busy. */
  #began = 0;

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
    while (this.#waiting.length > 0 && this.#spent < SLICE_MS) {
      const start = performance.now();
      this.#waiting.shift()!();
      this.#spent += performance.now() - start;
    }
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#began = performance.now();
    // An immediate of this turn still belongs to it; one made there belongs to the next.
    setImmediate(() => this.#next());
  }

  #next(): void {
    pause(this.#began, () => {
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
