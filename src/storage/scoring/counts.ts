/**
 * How many memories pass a filter, believed for a while: the number goes into how relevant results are by its logarithm.
 *
 * @module
 */

import type { MemoryFilter } from "../../memory/memory.ts";

/** Milliseconds for which a number is believed, and the share of it that may be written meanwhile. */
const KEPT_MS = 60_000, WRITTEN_SHARE = 0.02;
/** Filters whose numbers are kept. */
const MAX_FILTERS = 200;

interface Kept {
  count: number;
  at: number;
  writes: number;
}

/** Numbers of one store, or of a part of it. */
export class Counts {
  readonly #kept = new Map<string, Kept>();
  /** Memories written by this process. */
  #writes = 0;

  /** Takes note of `count` memories that were stored, changed or deleted. */
  written(count: number): void {
    this.#writes += count;
  }

  /** How many pass; undefined when it must be counted. */
  get(filter: MemoryFilter): number | undefined {
    const kept = this.#kept.get(keyOf(filter));
    if (kept === undefined) return undefined;
    const { count, at, writes } = kept;
    return performance.now() - at < KEPT_MS && this.#writes - writes <= WRITTEN_SHARE * count ? count : undefined;
  }

  /** Keeps a number; gives it with its distance from the one that was kept before. */
  keep(filter: MemoryFilter, count: number): { count: number; changed: number } {
    const key = keyOf(filter), before = this.#kept.get(key)?.count ?? count;
    this.#kept.delete(key);
    this.#kept.set(key, { count, at: performance.now(), writes: this.#writes });
    if (this.#kept.size > MAX_FILTERS) this.#kept.delete(this.#kept.keys().next().value!);
    return { count, changed: Math.abs(count - before) };
  }
}

/** Searches made one after the other differ in the time at which they look for what has expired. */
function keyOf({ unexpired_at: _, ...filter }: MemoryFilter): string {
  return JSON.stringify(filter);
}
