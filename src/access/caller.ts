/**
 * Who a request comes from and what it may do.
 *
 * @module
 */

import type { Writer } from "../memory/memory.ts";
import { DEFAULT_SPACE } from "../memory/space.ts";
import type { SpaceScope } from "../storage/contract/scope.ts";

/** What a caller may do; each includes the ones before. */
export const RIGHTS = ["read", "write", "admin"] as const;
export type Right = (typeof RIGHTS)[number];

/** Names of spaces; `all` for every space, those that are made later too. */
export type Spaces = readonly string[] | "all";

/** Most a caller may store. */
export interface StoreLimits {
  /** Memories that its writing space may hold for it to store another. */
  memories?: number;
  /** Bytes of their contents, likewise. */
  bytes?: number;
}

/** Who a request comes from and what it may do. */
export interface Caller {
  /** Unique to the caller, also among those that had the same name one after the other: `key:3f9c…`, `local`. */
  readonly id: string;
  /** Name of the key or grant; `local` for the machine's user, `anonymous` without a key, `MCP_API_KEY` for that one. */
  readonly name: string;
  readonly kind: "local" | "key" | "grant" | "anonymous" | "admin-key";
  readonly rights: Right;
  /** The spaces of this request, chosen among `spaces`. */
  readonly scope: SpaceScope;
  /** Spaces it may choose to read. */
  readonly spaces: Spaces;
  /** Spaces it may choose to write to; in others of `spaces` it reads only. */
  readonly writes: Spaces;
  /** What it may store; absent without a limit. */
  readonly limits?: StoreLimits;
  /** Aborted when it may call no more: its key was revoked or has expired. Absent where that can't happen. */
  readonly ended?: AbortSignal;
  /** Address the request came from; absent where it came over no socket. */
  readonly address?: string;
  /** How it came. */
  readonly channel: Writer["channel"];
  /** The program that calls, as it says itself. */
  readonly client?: NonNullable<Writer["client"]>;
}

/** The spaces of those who may use all and chose none. */
export const DEFAULT_SCOPE: SpaceScope = { write: DEFAULT_SPACE, read: [DEFAULT_SPACE] };

/** What those who need no key, and the key of the settings, may do: everything. */
const EVERYTHING = { rights: "admin", scope: DEFAULT_SCOPE, spaces: "all", writes: "all" } as const;

/** The user of this machine: commands, and clients over standard input and output. */
export function localCaller(channel: Caller["channel"], scope: SpaceScope = DEFAULT_SCOPE): Caller {
  return { ...EVERYTHING, id: "local", name: "local", kind: "local", channel, scope };
}

/** The scope of chosen spaces: the first one to write to, all to read; that of `default` for null. */
export function scopeOf(names: readonly string[] | null): SpaceScope {
  return names === null || names.length === 0 ? DEFAULT_SCOPE : { write: names[0]!, read: [...new Set(names)] };
}

/** A request without a key to a service that needs none. */
export function anonymousCaller(channel: Caller["channel"]): Caller {
  return { ...EVERYTHING, id: "anonymous", name: "anonymous", kind: "anonymous", channel };
}

/** A request without a key to a service that has keys, and is open for everybody all the same. */
export function guestCaller(channel: Caller["channel"]): Caller {
  const spaces = [DEFAULT_SPACE];
  return { ...anonymousCaller(channel), id: "guest", rights: "write", spaces, writes: spaces };
}

/** Id of a caller of whom it isn't known whether it needs a key, since what would tell can't be reached. */
export const UNSURE = "unsure";

/** A request without a key while it is unknown whether one is needed: it learns how the service is, and no more. */
export function unsureCaller(channel: Caller["channel"]): Caller {
  return { ...anonymousCaller(channel), id: UNSURE, rights: "write", writes: [DEFAULT_SPACE] };
}

/** A request with the key of the settings. */
export function adminKeyCaller(channel: Caller["channel"]): Caller {
  return { ...EVERYTHING, id: "admin-key", name: "MCP_API_KEY", kind: "admin-key", channel };
}

/** Whether a right includes another. */
export function includes(has: Right, needed: Right): boolean {
  return RIGHTS.indexOf(has) >= RIGHTS.indexOf(needed);
}
