/**
 * The process's one storage. The first caller opens it; all others, now and later, get the same instance.
 * Nothing opens at import.
 *
 * @module
 */

import { MemoryError } from "../errors.ts";
import type { MemoryStore } from "./contract/spaces.ts";

/** Opens a store; the first caller's is used. */
export type OpenStorage = () => Promise<MemoryStore>;

let initialisation: Promise<MemoryStore> | undefined;
let instance: MemoryStore | undefined;
let closing: Promise<void> | undefined;
/** Stores of this process that aren't closed yet. */
const open = new Set<MemoryStore>();

/**
 * The shared storage, opened by `opening` when there is none yet. Concurrent callers wait for one initialisation; a failed
 * one is forgotten, so that the next call tries again; a call during `closeSharedStorage` opens again once it is done.
 *
 * @throws {MemoryError} `configuration` when nothing is initialised and no `opening` is given; whatever `opening` throws.
 */
export function getSharedStorage(opening?: OpenStorage): Promise<MemoryStore> {
  if (initialisation !== undefined) return initialisation;
  if (opening === undefined) {
    return Promise.reject(
      new MemoryError("configuration", "Cannot use the shared storage: nothing has initialised it yet"),
    );
  }
  const started = initialise(opening, closing);
  initialisation = started;
  return started;

  async function initialise(opening: OpenStorage, before: Promise<void> | undefined): Promise<MemoryStore> {
    try {
      await before;
      const storage = await opening();
      open.add(storage);
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
 * Closes what the store has on this machine before it returns: for `unload` and other ends that wait for nothing. A
 * store that is being closed, and those named by `closeAtEnd`, are closed too. Never throws.
 */
export function closeSharedStorageNow(): void {
  initialisation = undefined;
  instance = undefined;
  for (const storage of open) storage.closeNow();
  open.clear();
}

/** Has a store that is not the shared one closed with it where the process ends at once. */
export function closeAtEnd(storage: MemoryStore): void {
  open.add(storage);
}

/**
 * Closes the shared storage; waits for an initialisation that is running. Idempotent, and leaves the module ready to
 * initialise again. Resolves once the store is closed, even when another call asked for it first.
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

async function close(opened: Promise<MemoryStore>): Promise<void> {
  let storage: MemoryStore;
  try {
    storage = await opened;
  } catch {
    return; // its callers got the error; nothing is open
  }
  await storage.close();
  open.delete(storage);
}
