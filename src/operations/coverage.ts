/**
 * How many memories a search by meaning can't find, because their vectors are still to be made.
 *
 * @module
 */

import type { MemoryStorage } from "../storage/contract/storage.ts";

/**
 * Milliseconds for which an answer of a server counts, and the answer that none is missing: a server reads all its points
 * to count. A file is asked each time, which costs it nothing.
 */
const FRESH_MS = 2000, COMPLETE_MS = 30_000;
/** Share of all memories that is worth telling, and number that always is. */
const SHARE = 0.02, NUMBER = 100;

/** The coverage of one store, asked for by every search. */
export class CoverageWatch {
  #asked: Promise<string | null> | undefined;
  #askedAt = -Infinity;
  #freshMs = FRESH_MS;

  /** The notice of missing vectors for a search; null when few or none are missing, or the store doesn't count them. */
  notice(storage: MemoryStorage): Promise<string | null> {
    const now = performance.now();
    if (
      this.#asked === undefined || storage.capabilities.connections === undefined || now - this.#askedAt > this.#freshMs
    ) {
      this.#askedAt = now;
      this.#freshMs = FRESH_MS;
      this.#asked = this.#look(storage);
    }
    return this.#asked;
  }

  /** Makes the next search ask again: memories without vectors were stored. */
  changed(): void {
    this.#asked = undefined;
  }

  async #look(storage: MemoryStorage): Promise<string | null> {
    try {
      const { memories, embedded } = await storage.vectorCoverage(), missing = memories - embedded;
      if (missing <= 0) this.#freshMs = COMPLETE_MS;
      if (missing <= 0 || missing < NUMBER && missing < memories * SHARE) return null;
      return `Search by meaning finds ${embedded} of ${memories} memories; the others are found by words until their ` +
        "vectors are made";
    } catch {
      return null; // the search itself reports an outage
    }
  }
}
