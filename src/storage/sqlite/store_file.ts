/**
 * What can be done with the database's file while no process has it open.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import { dirname } from "node:path";
import { errorText, MemoryError } from "../../errors.ts";
import { makePrivateFolder } from "../../private_files.ts";
import type { SnapshotFacts, StoreFile } from "../files.ts";
import { pluck } from "./database.ts";
import { inspectDatabase } from "./snapshot.ts";
import { lockForReplacing, type StoreLock } from "./store_lock.ts";

/** SQLite's files beside a database. */
const COMPANIONS = ["-wal", "-shm", "-journal"];

/**
 * Takes the file of a store for itself until `release`.
 *
 * @throws {MemoryError} `conflict` when a process has the store open.
 */
export function takeStoreFile(path: string): StoreFile {
  makePrivateFolder(dirname(path));
  const lock = lockForReplacing(path);
  if (lock === null) throw inUse(path);
  try {
    // Other programs, and older versions, know nothing of the lock.
    settle(path);
  } catch (error) {
    lock.release();
    throw error;
  }
  return new LockedFile(path, lock);
}

class LockedFile implements StoreFile {
  readonly #path: string;
  readonly #lock: StoreLock;

  constructor(path: string, lock: StoreLock) {
    this.#path = path;
    this.#lock = lock;
  }

  async inspect(signal?: AbortSignal): Promise<SnapshotFacts | null> {
    return isThere(this.#path) ? await inspectDatabase(this.#path, false, signal) : null;
  }

  async replace(by: string, aside: string | null): Promise<void> {
    if (aside !== null) {
      keep(this.#path, aside);
      // Left only by a damaged database, whose log can't be written back.
      for (const companion of COMPANIONS.filter((name) => isThere(this.#path + name))) {
        Deno.renameSync(this.#path + companion, aside + companion);
      }
    }
    await Deno.rename(by, this.#path);
    syncFolder(dirname(this.#path));
  }

  release(): void {
    this.#lock.release();
  }
}

/**
 * Writes the log back into the file, so that the file is all there is.
 *
 * @throws {MemoryError} `conflict` when another program has it open.
 */
function settle(path: string): void {
  if (!isThere(path)) return;
  let connection: DatabaseSync | undefined;
  try {
    connection = new DatabaseSync(path, { timeout: 0 });
    pluck(connection, "PRAGMA schema_version");
    // Needs the file for itself, unlike a checkpoint.
    connection.exec("PRAGMA journal_mode = DELETE");
  } catch (error) {
    if (/locked/.test(errorText(error))) throw inUse(path, error);
    // A damaged file, or no database: it is kept as it is by the replacement.
  } finally {
    connection?.close();
  }
}

/** Gives the file a second name, so that there is no moment without a store; moves it where the disk knows no links. */
function keep(path: string, aside: string): void {
  try {
    Deno.linkSync(path, aside);
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) throw error;
    Deno.renameSync(path, aside);
  }
}

/** Makes a rename outlast a loss of power; where folders can't be opened, the file system sees to that. */
function syncFolder(folder: string): void {
  try {
    using handle = Deno.openSync(folder);
    handle.syncSync();
  } catch {
    // Windows
  }
}

function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function inUse(path: string, cause?: unknown): MemoryError {
  return new MemoryError(
    "conflict",
    `Cannot replace the store "${path}": a process has it open; stop the service and its clients first`,
    { value: path, cause },
  );
}
