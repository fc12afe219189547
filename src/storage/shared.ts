/**
 * The process's one storage. Whoever asks first opens it; everybody else, now and later, gets the same instance.
 * Nothing opens at import.
 *
 * @module
 */

import { MemoryError } from "../errors.ts";
import type { MemoryStorage } from "./storage.ts";

/** Opens a store; the first caller's is used. */
export type OpenStorage = () => Promise<MemoryStorage>;

let initialisation: Promise<MemoryStorage> | undefined;
let instance: MemoryStorage | undefined;
let closing: Promise<void> | undefined;

/**
 * The shared storage, opened by `open` when there is none yet. Concurrent callers wait for one initialisation; a failed
 * one is forgotten, so that the next call tries again; a call during `closeSharedStorage` opens anew once it is done.
 *
 * @throws {MemoryError} `configuration` when nothing is initialised and no `open` is given; whatever `open` throws.
 */
export function getSharedStorage(open?: OpenStorage): Promise<MemoryStorage> {
  if (initialisation !== undefined) return initialisation;
  if (open === undefined) {
    return Promise.reject(
      new MemoryError("configuration", "Cannot use the shared storage: nothing has initialised it yet"),
    );
  }
  const started = initialise(open, closing);
  initialisation = started;
  return started;

  async function initialise(open: OpenStorage, before: Promise<void> | undefined): Promise<MemoryStorage> {
    try {
      await before;
      const storage = await open();
      if (initialisation === started) instance = storage;
      return storage;
    } catch (error) {
      if (initialisation === started) initialisation = undefined;
      throw error;
    }
  }
}

/** Whether the shared storage is open now. False while it is being opened or after it was closed. */
export function isStorageInitialized(): boolean {
  return instance !== undefined;
}

/**
 * Closes the shared storage; waits for an initialisation that is running. Idempotent, and leaves the module ready to
 * initialise again. Resolves once the store is closed, whoever asked for it first.
 */
export function closeSharedStorage(): Promise<void> {
  const opened = initialisation;
  if (opened === undefined) return closing ?? Promise.resolve();
  initialisation = undefined;
  instance = undefined;
  const finished = close(opened).finally(() => {
    if (closing === finished) closing = undefined;
  });
  closing = finished;
  return finished;
}

async function close(opened: Promise<MemoryStorage>): Promise<void> {
  let storage: MemoryStorage;
  try {
    storage = await opened;
  } catch {
    return; // its callers were told; nothing is open
  }
  await storage.close();
}
