/**
 * Stores whose calls fail or are watched, for tests of what happens when a store is away or changes.
 *
 * @module
 */

import type { MemoryStorage } from "../../src/storage/contract/storage.ts";
import { intercept } from "../../src/storage/intercept.ts";

/** The store with every call failing. */
export function failingStorage(storage: MemoryStorage, error: Error): MemoryStorage {
  return intercept(storage, (_, member) => typeof member === "function" ? () => Promise.reject(error) : member);
}

/** The store with `before` called ahead of each call. */
export function watchedStorage(
  storage: MemoryStorage,
  before: (method: keyof MemoryStorage, args: unknown[]) => Promise<void> | void,
): MemoryStorage {
  return intercept(storage, (name, member) => {
    if (typeof member !== "function") return member;
    return async (...args: unknown[]) => {
      await before(name as keyof MemoryStorage, args);
      return await member(...args);
    };
  });
}
