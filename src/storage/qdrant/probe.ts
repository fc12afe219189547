/**
 * Asks a server that is away whether it answers again.
 *
 * @module
 */

import { sleep } from "../../sleep.ts";

/** Milliseconds, unless a test says otherwise. */
const PAUSE_MS = 1000;

/** Probes of one server; none while it isn't started. */
export class Probe {
  readonly #ask: (signal: AbortSignal) => Promise<boolean>;
  readonly #answered: () => void;
  readonly #pauseMs: number;
  #running: AbortController | null = null;

  /**
   * @param ask Whether the server answers; false without an answer before the signal.
   * @param answered Called once it does; the probes end then.
   * @param pauseMs Milliseconds between two probes, and the longest one may take.
   */
  constructor(ask: (signal: AbortSignal) => Promise<boolean>, answered: () => void, pauseMs = PAUSE_MS) {
    this.#ask = ask;
    this.#answered = answered;
    this.#pauseMs = pauseMs;
  }

  /** Begins to ask, unless it does already. */
  start(): void {
    if (this.#running !== null) return;
    this.#running = new AbortController();
    void this.#run(this.#running.signal);
  }

  /** Ends it. Idempotent. */
  stop(): void {
    this.#running?.abort();
    this.#running = null;
  }

  async #run(stopped: AbortSignal): Promise<void> {
    while (true) {
      await sleep(this.#pauseMs, stopped);
      const answered = !stopped.aborted &&
        await this.#ask(AbortSignal.any([stopped, AbortSignal.timeout(this.#pauseMs)]));
      if (stopped.aborted) return;
      if (!answered) continue;
      this.#running = null;
      return this.#answered();
    }
  }
}
