/**
 * Stores some of whose methods are others, for tests of what happens when a store fails, waits or changes.
 *
 * @module
 */

import type { MemoryStorage } from "../../src/storage/storage.ts";

/** The store with some of its properties replaced. */
export function withMethods(storage: MemoryStorage, methods: Partial<MemoryStorage>): MemoryStorage {
  return new Proxy(storage, {
    get(target, name) {
      if (Object.hasOwn(methods, name)) return Reflect.get(methods, name);
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** The store with every call failing. */
export function failingStorage(storage: MemoryStorage, error: Error): MemoryStorage {
  return new Proxy(storage, {
    get(target, name) {
      const value = Reflect.get(target, name);
      return typeof value === "function" ? () => Promise.reject(error) : value;
    },
  });
}

/** The store with `before` called ahead of each call of its methods. */
export function watchedStorage(
  storage: MemoryStorage,
  before: (method: string, args: unknown[]) => Promise<void> | void,
): MemoryStorage {
  return new Proxy(storage, {
    get(target, name) {
      const value = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      return async (...args: unknown[]) => {
        await before(String(name), args);
        return await value.apply(target, args);
      };
    },
  });
}
