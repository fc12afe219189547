/**
 * Remembers what keeps writes to a database from succeeding, from the moment it began until a write succeeds again, and
 * damage that any call came upon.
 *
 * @module
 */

import { errorText, MemoryError } from "../../errors.ts";
import { type FAILURES, sqliteFailure } from "./database.ts";

/** A fault of the file or its disk. */
export interface WriteFailure {
  kind: Exclude<keyof typeof FAILURES, "locked">;
  /** Unix milliseconds of the first and of the last failed write. */
  since: number;
  last: number;
}

/** The faults of one database as its calls tell them. */
export class WriteFailures {
  /** Unix milliseconds since which another process has kept the lock that a write waits for; null while none does. */
  lockedSince: number | null = null;
  /**
   * Unix milliseconds at which a call first found the database damaged; null while none has. It doesn't heal: only
   * another file in its place does, which takes a restart.
   */
  damagedAt: number | null = null;
  #fault: WriteFailure | null = null;

  /** The fault of the last write; null when it succeeded. */
  get fault(): WriteFailure | null {
    return this.#fault;
  }

  /** Takes a lock and notes how long another process has held it. */
  watchLock(take: () => void): void {
    try {
      take();
      this.lockedSince = null;
    } catch (error) {
      this.lockedSince = sqliteFailure(errorText(error)) === "locked" ? this.lockedSince ?? Date.now() : null;
      throw error;
    }
  }

  /** A write failed. Failures that say nothing about the file don't count. */
  failed(error: unknown): void {
    if (error instanceof MemoryError) return; // may hold a client's words
    const kind = sqliteFailure(errorText(error));
    if (kind === null || kind === "locked") return;
    const now = Date.now();
    if (kind === "damaged") this.damagedAt ??= now;
    this.#fault = { kind, since: this.#fault?.kind === kind ? this.#fault.since : now, last: now };
  }

  /** A write was committed. */
  succeeded(): void {
    this.#fault = null;
  }
}
