/**
 * Who may have a database file open: any number of processes that use it, or one that puts another file in its place.
 * The lock lies on a file of its own beside the database and goes with the process that holds it.
 *
 * @module
 */

import { MemoryError } from "../../errors.ts";
import { makePrivateFile } from "../../private_files.ts";

/** Milliseconds between two tries. */
const WAIT_MS = 50;

/** A lock that is held. */
export interface StoreLock {
  /** Idempotent. */
  release(): void;
}

/**
 * Takes the lock that everyone who uses the store holds.
 *
 * @throws {MemoryError} `unavailable` when the store is still being replaced after `patienceMs`.
 */
export async function lockForUse(path: string, patienceMs: number): Promise<StoreLock> {
  const deadline = performance.now() + patienceMs;
  for (let lock = tryLock(path, false);; lock = tryLock(path, false)) {
    if (lock !== null) return lock;
    if (performance.now() > deadline) {
      throw new MemoryError("unavailable", `Cannot open database "${path}": a restore is replacing it`, {
        retryAfterSeconds: 5,
      });
    }
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
  }
}

/** Takes the exclusive lock; null when a process uses the store. */
export function lockForReplacing(path: string): StoreLock | null {
  return tryLock(path, true);
}

function tryLock(path: string, exclusive: boolean): StoreLock | null {
  // For its user alone: a process that may open it, if only to read, may lock it and keep the store from being opened.
  makePrivateFile(`${path}.lock`);
  const file = Deno.openSync(`${path}.lock`, { write: true });
  let held = false;
  try {
    held = file.tryLockSync(exclusive);
  } finally {
    if (!held) file.close();
  }
  if (!held) return null;
  let open = true;
  return {
    release: () => {
      if (open) file.close();
      open = false;
    },
  };
}
