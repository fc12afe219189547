/**
 * How long the event loop is kept from its timers, and how much of that the thread was computing.
 *
 * @module
 */

import { percentile } from "./stats.ts";

/** What was seen since the last reset, in milliseconds. */
export interface LoopDelays {
  samples: number;
  p50: number;
  p99: number;
  p999: number;
  max: number;
  /** Delays above 20 ms. */
  over20: number;
  /** The most the thread computed between two timers; null where the system doesn't tell. */
  maxComputing: number | null;
  /** Samples by delay: below 1, 2, 5, 10, 20, 50 ms, and above. */
  histogram: number[];
}

const EVERY_MS = 2;
const BOUNDS = [1, 2, 5, 10, 20, 50];

/** Watches the event loop of the isolate it is made in. */
export class LoopWatch {
  #delays: number[] = [];
  #maxComputing: number | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.#schedule(performance.now(), threadMs());
  }

  /** Forgets what was seen. */
  reset(): void {
    this.#delays = [];
    this.#maxComputing = null;
  }

  /** What was seen since the last reset. */
  get delays(): LoopDelays {
    const delays = this.#delays;
    const histogram = new Array<number>(BOUNDS.length + 1).fill(0);
    for (const delay of delays) {
      const at = BOUNDS.findIndex((bound) => delay < bound);
      histogram[at < 0 ? BOUNDS.length : at]!++;
    }
    return {
      samples: delays.length,
      p50: percentile(delays, 0.5),
      p99: percentile(delays, 0.99),
      p999: percentile(delays, 0.999),
      max: delays.reduce((max, delay) => Math.max(max, delay), 0),
      over20: delays.filter((delay) => delay > 20).length,
      maxComputing: this.#maxComputing,
      histogram,
    };
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #schedule(began: number, computed: number | null): void {
    this.#timer = setTimeout(() => {
      const now = performance.now(), computing = threadMs();
      this.#delays.push(Math.max(0, now - began - EVERY_MS));
      if (computing !== null && computed !== null) {
        this.#maxComputing = Math.max(this.#maxComputing ?? 0, computing - computed);
      }
      this.#schedule(now, computing);
    }, EVERY_MS);
  }
}

/** Milliseconds the main thread has computed, which waiting for a core on a busy machine doesn't add to. */
function threadMs(): number | null {
  try {
    return Number(Deno.readTextFileSync("/proc/self/schedstat").split(" ", 1)[0]) / 1e6;
  } catch {
    return null;
  }
}
