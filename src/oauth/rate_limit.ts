/**
 * How often an address may do something that anybody may do.
 *
 * @module
 */

const MAX_ADDRESSES = 10_000;

/** Counts by address, in windows that begin with the first use. */
export class RateLimit {
  readonly #most: number;
  readonly #windowMs: number;
  readonly #clock: () => number;
  readonly #counts = new Map<string, { since: number; count: number }>();

  /** @param clock Milliseconds that only grow. */
  constructor(most: number, windowMs: number, clock: () => number) {
    this.#most = most;
    this.#windowMs = windowMs;
    this.#clock = clock;
  }

  /** Seconds that an address has to wait; 0 when it may go on, which is counted. */
  wait(address: string): number {
    const now = this.#clock();
    let entry = this.#counts.get(address);
    if (entry === undefined || now - entry.since >= this.#windowMs) {
      entry = { since: now, count: 0 };
      this.#counts.delete(address);
      this.#counts.set(address, entry);
      if (this.#counts.size > MAX_ADDRESSES) this.#counts.delete(this.#counts.keys().next().value!);
    }
    if (++entry.count <= this.#most) return 0;
    return Math.max(1, Math.ceil((entry.since + this.#windowMs - now) / 1000));
  }
}
