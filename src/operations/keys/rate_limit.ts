/**
 * A limit of requests: a token bucket, full at the beginning and refilled evenly.
 *
 * @module
 */

const MINUTE_MS = 60_000;

/** So many a minute; the same number at once after a minute of silence. */
export class RateLimit {
  readonly #perMinute: number;
  #left: number;
  #at: number | null = null;

  constructor(perMinute: number) {
    this.#perMinute = this.#left = perMinute;
  }

  /**
   * Takes one.
   *
   * @param now Milliseconds.
   * @returns 0, or the whole seconds after which there is one again.
   */
  take(now: number): number {
    const passed = Math.max(0, now - (this.#at ?? now)), each = MINUTE_MS / this.#perMinute;
    this.#at = now;
    this.#left = Math.min(this.#perMinute, this.#left + passed / each);
    if (this.#left >= 1) {
      this.#left--;
      return 0;
    }
    return Math.max(1, Math.ceil((1 - this.#left) * each / 1000));
  }
}
