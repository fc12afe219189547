/**
 * The runtime that a caller's operations get.
 *
 * @module
 */

import { type Caller, UNSURE } from "../access/caller.ts";
import { MemoryError } from "../errors.ts";
import { intercept } from "../storage/intercept.ts";
import { may, needOfEvent } from "../access/rights.ts";
import { choose } from "../access/space.ts";
import type { SpaceScope } from "../storage/contract/scope.ts";
import type { MemoryStore } from "../storage/contract/spaces.ts";
import type { MemoryStorage } from "../storage/contract/storage.ts";
import type { Audience } from "./events.ts";
import { StoreQuota } from "./keys/quota.ts";
import type { Runtime, ServiceRuntime } from "./runtime.ts";

/** Views of a store that are kept for the next request; the one that was made first goes when there are more. */
const MAX_VIEWS = 1000;

const views = new WeakMap<object, Map<string, MemoryStorage>>();

/** What operations for this caller work with: the parts of the process, and the store as the caller sees it. */
export function callerRuntime(runtime: ServiceRuntime, caller: Caller): Runtime {
  const { scope, name, limits } = caller, { storage } = runtime;
  const view = caller.id === UNSURE ? closedTo(viewOf(storage, scope)) : viewOf(storage, scope);
  return {
    ...runtime,
    caller,
    storage: limits === undefined ? view : quotaOf(storage, scope).over(view, limits),
    inSpaces: (names) => {
      const chosen = choose(caller, names);
      return chosen && callerRuntime(runtime, chosen);
    },
    ...may(caller, "admin everywhere") ? { spaces: storage.spaces } : {},
    events: runtime.events.within(audienceOf(caller)),
    activity: runtime.activity.within({ scope, caller: name, texts: may(caller, "admin everywhere") }),
  };
}

/**
 * The caller in the space that it writes to alone: what changes memories looks for them there, so that those it only reads
 * are neither counted nor taken for others of the same text.
 */
export function whereItWrites(caller: Caller): Caller {
  const { scope: { write, read } } = caller;
  return read !== "all" && read.length === 1 ? caller : { ...caller, scope: { write, read: [write] } };
}

/** Whom events concern: of searches those who made them, so that no one learns what others look for. */
function audienceOf(caller: Caller): Audience {
  const { id, kind, scope, address, ended } = caller;
  return {
    scope,
    // All who send no key have one name; they are kept apart as far as possible.
    owner: kind === "anonymous" && address !== undefined ? `${id} ${address}` : id,
    may: (type) => may(caller, needOfEvent(type)),
    seesConnections: may(caller, "admin everywhere"),
    ended,
  };
}

function viewOf(store: MemoryStore, scope: SpaceScope): MemoryStorage {
  let known = views.get(store);
  if (known === undefined) views.set(store, known = new Map());
  const key = keyOf(scope), view = known.get(key) ?? store.spaces.within(scope);
  known.set(key, view);
  if (known.size > MAX_VIEWS) known.delete(known.keys().next().value!);
  return view;
}

const quotas = new WeakMap<object, Map<string, StoreQuota>>();

/** What the writing space holds, counted once for all callers with a limit. */
function quotaOf(store: MemoryStore, { write }: SpaceScope): StoreQuota {
  let known = quotas.get(store);
  if (known === undefined) quotas.set(store, known = new Map());
  const quota = known.get(write) ?? new StoreQuota(viewOf(store, { write, read: [write] }));
  known.set(write, quota);
  if (known.size > MAX_VIEWS) known.delete(known.keys().next().value!);
  return quota;
}

/** A store of which nothing can be had or changed. */
function closedTo(view: MemoryStorage): MemoryStorage {
  const refuse = () =>
    Promise.reject(
      new MemoryError("unavailable", "Cannot tell whether a key is needed: the store is away", {
        retryAfterSeconds: 2,
      }),
    );
  return intercept(view, (_, member) => typeof member === "function" ? refuse : member);
}

/** Names of spaces hold neither blanks nor commas. */
function keyOf({ write, read }: SpaceScope): string {
  return `${write} ${read === "all" ? "*" : read.join(",")}`;
}
