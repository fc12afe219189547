/**
 * SQLite settings: what Unimem sets, and what a deployment may set instead.
 *
 * @module
 */

import { MemoryError } from "../../errors.ts";

/**
 * Set on every connection. With `synchronous = NORMAL` in WAL mode an answered write survives a crash of the process;
 * surviving a loss of power takes FULL, at the price of an fsync per commit. Checkpoints come after 1 MB of log instead
 * of 4, in a worker (checkpoints.ts). Each of the two connections keeps at most 1 MB of pages; the system's own
 * cache holds the rest. `secure_delete` overwrites what is deleted with zeros.
 */
const DEFAULTS: Record<string, string> = {
  journal_mode: "WAL",
  synchronous: "NORMAL",
  foreign_keys: "ON",
  temp_store: "MEMORY",
  cache_size: "-1000",
  journal_size_limit: "67108864",
  wal_autocheckpoint: "250",
  secure_delete: "ON",
};

/** What may be set from outside: nothing that changes what a query means or shuts other processes out. */
const ALLOWED = [
  ...["auto_vacuum", "busy_timeout", "cache_size", "cache_spill", "journal_mode", "journal_size_limit", "mmap_size"],
  ...["page_size", "secure_delete", "synchronous", "temp_store", "threads", "wal_autocheckpoint"],
];
const VALUE = /^-?[A-Za-z0-9_.]{1,20}$/;

/** Milliseconds to wait for another process's write unless `busy_timeout` says otherwise. */
const BUSY_TIMEOUT = 15_000;

/** Settings of a database's connections. */
export interface Pragmas {
  /** `PRAGMA` statements to run on each connection. */
  statements: string[];
  /** Milliseconds to wait for another process's write. */
  busyTimeout: number;
}

/**
 * The defaults with `overrides` in their place.
 *
 * @throws {MemoryError} `configuration` for a name that may not be set or a value that is none.
 */
export function pragmasOf(overrides: Readonly<Record<string, string>> = {}): Pragmas {
  const settings = new Map(Object.entries(DEFAULTS));
  for (const [given, value] of Object.entries(overrides)) {
    const name = given.trim().toLowerCase();
    if (!ALLOWED.includes(name)) {
      throw new MemoryError("configuration", `Cannot set SQLite pragma "${given}": allowed are ${ALLOWED.join(", ")}`, {
        field: given,
        value,
      });
    }
    if (!VALUE.test(value.trim())) {
      throw new MemoryError(
        "configuration",
        `Cannot set SQLite pragma ${name} to "${value}": it takes a word or number`,
        {
          field: given,
          value,
        },
      );
    }
    settings.set(name, value.trim());
  }
  const timeout = Number(settings.get("busy_timeout") ?? BUSY_TIMEOUT);
  settings.delete("busy_timeout"); // waiting is done without blocking, see write_queue.ts
  // page_size and auto_vacuum only take effect before the journal mode is set.
  const first = ["page_size", "auto_vacuum"];
  const names = [...settings.keys()].sort((a, b) => Number(first.includes(b)) - Number(first.includes(a)));
  return {
    statements: names.map((name) => `PRAGMA ${name} = ${settings.get(name)}`),
    busyTimeout: Number.isFinite(timeout) && timeout >= 0 ? timeout : BUSY_TIMEOUT,
  };
}
