/**
 * Chooses the driver. The only module that imports one.
 *
 * @module
 */

import type { MemoryStorage } from "./storage.ts";
import { openSqliteStorage } from "./sqlite/sqlite_storage.ts";

/** Which store to open. */
export type StorageSettings = SqliteSettings;

/** The embedded store: one file on this machine. */
export interface SqliteSettings {
  backend: "sqlite";
  /** Path of the database file; it and its folder are created when missing. */
  path: string;
  /** SQLite pragmas by name that replace the defaults, e.g. `{ cache_size: "-64000" }`. */
  pragmas?: Record<string, string>;
}

/**
 * Opens the store that the settings name.
 *
 * @throws {MemoryError} `configuration` when the store can't be used as configured; `unavailable` when it can't be reached.
 */
export async function openStorage(settings: StorageSettings): Promise<MemoryStorage> {
  return await openSqliteStorage({
    path: settings.path,
    ...(settings.pragmas === undefined ? {} : { pragmas: settings.pragmas }),
  });
}
