/**
 * Counting running work, so that a stop can wait for it.
 *
 * @module
 */

/** Counts promises that haven't settled. */
export class InFlight {
  #running = 0;
  #onIdle: (() => void)[] = [];

  /** How many are running now. */
  get size(): number {
    return this.#running;
  }

  /** Counts `work` until it settles, and gives it back. */
  async track<T>(work: Promise<T>): Promise<T> {
    this.#running++;
    try {
      return await work;
    } finally {
      if (--this.#running === 0) this.#onIdle.splice(0).forEach((resolve) => resolve());
    }
  }

  /** Resolves once nothing runs and its answers are handed to the transports, or after `timeoutMs`. */
  async idle(timeoutMs: number): Promise<void> {
    if (this.#running > 0) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const idle = new Promise<void>((resolve) => this.#onIdle.push(resolve));
      const timeout = new Promise<void>((resolve) => timer = setTimeout(resolve, timeoutMs));
      await Promise.race([idle, timeout]);
      clearTimeout(timer);
    }
    // Transports send an answer in the microtasks after its work; a macrotask comes after all of them.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}
