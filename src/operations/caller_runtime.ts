/**
 * The runtime that a caller's operations get.
 *
 * @module
 */

import type { Caller } from "../access/caller.ts";
import type { SpaceScope } from "../storage/contract/scope.ts";
import type { MemoryStore } from "../storage/contract/spaces.ts";
import type { MemoryStorage } from "../storage/contract/storage.ts";
import type { Runtime, ServiceRuntime } from "./runtime.ts";

/** Views of a store that are kept for the next request; the one that was made first goes when there are more. */
const MAX_VIEWS = 1000;

const views = new WeakMap<object, Map<string, MemoryStorage>>();

/** What operations for this caller work with: the parts of the process, and the store as the caller sees it. */
export function callerRuntime(runtime: ServiceRuntime, caller: Caller): Runtime {
  return { ...runtime, caller, storage: viewOf(runtime.storage, caller.scope) };
}

function viewOf(store: MemoryStore, scope: SpaceScope): MemoryStorage {
  let known = views.get(store);
  if (known === undefined) views.set(store, known = new Map());
  const key = keyOf(scope), view = known.get(key) ?? store.spaces.within(scope);
  known.set(key, view);
  if (known.size > MAX_VIEWS) known.delete(known.keys().next().value!);
  return view;
}

/** Names of spaces hold neither blanks nor commas. */
function keyOf({ write, read }: SpaceScope): string {
  return `${write} ${read === "all" ? "*" : read.join(",")}`;
}
