/**
 * The places for calls that may run at once: a call that finds none free waits in line, until its own deadline at most.
 *
 * @module
 */

interface Waiting {
  admit: (admitted: boolean) => void;
  timer: ReturnType<typeof setTimeout>;
}

/** A bounded number of places, given first come, first served. */
export class Semaphore {
  readonly limit: number;
  /** In the order they came; those that gave up are gone from it. */
  readonly #line = new Set<Waiting>();
  #inUse = 0;

  /** @param limit places, ≥ 1. */
  constructor(limit: number) {
    this.limit = limit;
  }

  get inUse(): number {
    return this.#inUse;
  }

  get waiting(): number {
    return this.#line.size;
  }

  /** Takes a place, which must be given back by `leave`; false when none came free within `patienceMs`. */
  acquire(patienceMs: number): boolean | Promise<boolean> {
    if (this.#inUse < this.limit) {
      this.#inUse++;
      return true;
    }
    return new Promise((resolve) => {
      const waiting: Waiting = {
        admit: (admitted) => {
          clearTimeout(waiting.timer);
          this.#line.delete(waiting);
          resolve(admitted);
        },
        timer: setTimeout(() => waiting.admit(false), patienceMs),
      };
      this.#line.add(waiting);
    });
  }

  /** Gives a place back, to the first in line. */
  release(): void {
    const [first] = this.#line;
    if (first === undefined) this.#inUse--;
    else first.admit(true);
  }
}
