/**
 * Notices that the wall clock was set back, by comparing it with a clock that only runs forwards.
 *
 * @module
 */

/** Milliseconds by which the clock must have been set back to count; less is what synchronising does all the time. */
const NOTICEABLE_MS = 1000;

/** What has been noticed. */
export interface ClockReading {
  /** Milliseconds until the wall clock reaches again what it may have shown before it was set back; 0 when it has. */
  behind: number;
  /** Milliseconds by which it moved more than time passed since the start: it was set ahead, or the machine slept. */
  ahead: number;
}

/** Watches one process's clock. */
export class ClockWatch {
  readonly #wall: () => number;
  readonly #steady: () => number;
  readonly #first: number;
  /** Difference of the two clocks at the last reading. */
  #offset: number;
  /** The latest time that the wall clock may have shown before it was set back. */
  #highest = 0;

  /**
   * @param wall Unix milliseconds.
   * @param steady Milliseconds from any beginning, never set.
   */
  constructor(wall: () => number, steady: () => number) {
    this.#wall = wall;
    this.#steady = steady;
    this.#first = this.#offset = wall() - steady();
  }

  read(): ClockReading {
    const wall = this.#wall(), offset = wall - this.#steady(), setBack = this.#offset - offset;
    if (setBack > NOTICEABLE_MS) this.#highest = Math.max(this.#highest, wall + setBack);
    this.#offset = offset;
    return { behind: Math.max(0, this.#highest - wall), ahead: Math.max(0, offset - this.#first) };
  }
}
