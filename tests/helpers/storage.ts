/**
 * Stores whose calls fail or are watched, for tests of what happens when a store is away or changes. The views that a store
 * gives callers are treated as the store.
 *
 * @module
 */

import type { StoreSpaces } from "../../src/storage/contract/spaces.ts";
import type { MemoryStorage } from "../../src/storage/contract/storage.ts";
import { intercept, override } from "../../src/storage/intercept.ts";

/** The store with every call failing. */
export function failingStorage<T extends MemoryStorage>(storage: T, error: Error): T {
  return everywhere(
    storage,
    (view) => intercept(view, (_, member) => typeof member === "function" ? () => Promise.reject(error) : member),
  );
}

/** The store with `before` called ahead of each call. */
export function watchedStorage<T extends MemoryStorage>(
  storage: T,
  before: (method: keyof MemoryStorage, args: unknown[]) => Promise<void> | void,
): T {
  return everywhere(storage, (view) =>
    intercept(view, (name, member) => {
      if (typeof member !== "function") return member;
      return async (...args: unknown[]) => {
        await before(name as keyof MemoryStorage, args);
        return await member(...args);
      };
    }));
}

/** Members that take the place of a store's; a function makes them for the store itself and for each of its views. */
export type Overrides = Partial<MemoryStorage> | ((view: MemoryStorage) => Partial<MemoryStorage>);

/** The store with the members that `overrides` has, and its spaces with those that `spaces` has. */
export function overriddenStorage<T extends MemoryStorage>(
  storage: T,
  overrides: Overrides,
  spaces: Partial<StoreSpaces> = {},
): T {
  const made = (view: MemoryStorage) => typeof overrides === "function" ? overrides(view) : overrides;
  return everywhere(storage, (view) => override(view, made(view) as Partial<typeof view>), spaces);
}

function everywhere<T extends MemoryStorage>(
  storage: T,
  wrap: <V extends MemoryStorage>(view: V) => V,
  overrides: Partial<StoreSpaces> = {},
): T {
  const wrapped = wrap(storage), spaces = Reflect.get(storage, "spaces") as StoreSpaces | undefined;
  if (spaces === undefined) return wrapped;
  const within: StoreSpaces["within"] = (scope) => wrap(spaces.within(scope));
  return override(wrapped, { spaces: override(spaces, { ...overrides, within }) } as unknown as Partial<T>);
}
