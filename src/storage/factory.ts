/**
 * Chooses the driver. The only module that imports one.
 *
 * @module
 */

import type { MemoryStore } from "./contract/spaces.ts";
import type { StoreExamination } from "./examination.ts";
import type { StoreFiles } from "./files.ts";
import type { OutboxContents } from "./outbox/outbox.ts";
import type { OutboxSettings } from "./outbox/settings.ts";
import type { QdrantSettings } from "./qdrant/settings.ts";
import { openSqliteStorage } from "./sqlite/sqlite_storage.ts";

export type { OutboxSettings } from "./outbox/settings.ts";
export type { QdrantSettings } from "./qdrant/settings.ts";

/** Which store to open. */
export type StorageSettings = SqliteSettings | ({ backend: "qdrant" } & QdrantSettings);

/** The embedded store: one file on this machine. */
export interface SqliteSettings {
  backend: "sqlite";
  /** Path of the database file; it and its folder are created when missing. */
  path: string;
  /** SQLite pragmas by name that replace the defaults, e.g. `{ cache_size: "-64000" }`. */
  pragmas?: Record<string, string>;
  /** For reading what is there: a file that is missing isn't created. */
  readOnly?: boolean;
}

/**
 * Opens the store that the settings name. A Qdrant server that doesn't answer yet is no failure: the store opens, and its
 * calls throw `unavailable` until the server is there.
 *
 * @param outbox Where writes wait while the server is away; null without. The embedded store needs none.
 * @throws {MemoryError} `configuration` when the store can't be used as configured; `unavailable` when a file is locked.
 */
export async function openStorage(
  settings: StorageSettings,
  outbox: OutboxSettings | null = null,
): Promise<MemoryStore> {
  if (settings.backend === "qdrant") {
    // Loaded here, so that the embedded store doesn't pay for it.
    const { openQdrantStorage } = await import("./qdrant/qdrant_storage.ts");
    if (outbox === null) return await openQdrantStorage(settings);
    const { withOutbox } = await import("./outbox/outbox_storage.ts");
    return await withOutbox(outbox, () => openQdrantStorage(settings));
  }
  const { path, pragmas, readOnly } = settings;
  return await openSqliteStorage({
    path,
    ...(pragmas === undefined ? {} : { pragmas }),
    ...(readOnly === undefined ? {} : { mustExist: readOnly }),
  });
}

/**
 * Opens an outbox to look into it, while a server has it or not.
 *
 * @throws {MemoryError} `configuration` when there is none.
 */
export async function openOutboxContents(settings: OutboxSettings): Promise<OutboxContents> {
  const { OutboxFile } = await import("./outbox/file.ts");
  return OutboxFile.open(settings, false);
}

/** Work with the files of the embedded store. */
export const storeFiles: StoreFiles = {
  verify: async (file, signal) => (await import("./sqlite/snapshot.ts")).inspectDatabase(file, true, signal),
  take: async (path) => (await import("./sqlite/store_file.ts")).takeStoreFile(path),
  salvage: async (path) => (await import("./sqlite/salvage/salvage.ts")).openSalvage(path),
  schemaVersion: async () => (await import("./sqlite/migrations.ts")).SCHEMA_VERSION,
};

/**
 * Examines the store that the settings name from outside; nothing is opened for writing or created.
 *
 * @param beside Whether a service that uses the store runs: it tells of locks by itself.
 * @throws {MemoryError} what keeps the store from being used.
 */
export async function examineStorage(settings: StorageSettings, beside: boolean): Promise<StoreExamination> {
  if (settings.backend === "qdrant") {
    const { examineServer } = await import("./qdrant/examine.ts");
    return await examineServer(settings);
  }
  const { examineFile } = await import("./sqlite/examine.ts");
  return await examineFile(settings.path, { tryLock: !beside });
}
