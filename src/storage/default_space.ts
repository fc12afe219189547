/**
 * The spaces of a store whose driver keeps `default` alone.
 *
 * @module
 */

import { MemoryError } from "../errors.ts";
import { DEFAULT_SPACE } from "../memory/space.ts";
import type { SpaceScope, StoreSpaces } from "./contract/spaces.ts";
import type { MemoryStorage } from "./contract/storage.ts";
import { override } from "./intercept.ts";

/** Refuses everything beyond `default` as `configuration`. */
export function defaultSpaceOnly(store: MemoryStorage): StoreSpaces {
  const refuse = (action: string) =>
    Promise.reject(new MemoryError("configuration", `Cannot ${action}: this store keeps one space, "default"`));
  return {
    within: (scope) => {
      if (!isDefault(scope)) {
        throw new MemoryError("configuration", `Cannot use space "${scope.write}": this store keeps one, "default"`);
      }
      return override(store, { scope });
    },
    list: async () => {
      const [{ total_memories: memories }, { total: trashed }] = await Promise.all([
        store.stats(),
        store.listTrash({ offset: 0, limit: 0 }),
      ]);
      return [{ name: DEFAULT_SPACE, memories, trashed, created_at: null }];
    },
    create: (name) => name === DEFAULT_SPACE ? Promise.resolve(false) : refuse(`make space "${name}"`),
    rename: (from) => refuse(`rename space "${from}"`),
    move: (_, from) => refuse(`move memories of space "${from}"`),
    remove: (name) => refuse(`remove space "${name}"`),
  };
}

function isDefault({ write, read }: SpaceScope): boolean {
  return write === DEFAULT_SPACE && (read === "all" || read.every((name) => name === DEFAULT_SPACE));
}
