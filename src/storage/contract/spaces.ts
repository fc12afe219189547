/**
 * Spaces: each memory belongs to one, and is known within it by its content_hash. A view of a store is bound to some
 * spaces, and has no way to the others.
 *
 * @module
 */

import type { SpaceScope } from "./scope.ts";
import type { MemoryStorage } from "./storage.ts";

export type { SpaceScope } from "./scope.ts";

/** A space and what it holds. */
export interface SpaceFacts {
  name: string;
  memories: number;
  /** Memories of the space that are in the trash. */
  trashed: number;
  /** Unix seconds; null for `default`, and where it isn't known. */
  created_at: number | null;
}

/** `duplicate`: it was in the other space already, and the one that was to be moved is in the trash of its own now. */
export type MoveOutcome = "moved" | "duplicate" | "missing";

/** What only the whole store can do; callers never get it. */
export interface StoreSpaces {
  /**
   * The store as callers within this scope see it. Cheap enough to be made for each request. Shares everything with the
   * store; closing it is the store's.
   *
   * @throws {MemoryError} `invalid_input` for a scope that doesn't read where it writes, or with a name that no space can
   * have.
   */
  within(scope: SpaceScope): MemoryStorage;

  /** All spaces: `default` first, the others by name. */
  list(): Promise<SpaceFacts[]>;

  /**
   * Makes a space, which may stay empty; false where it was there. Storing into a space that isn't there makes it too.
   *
   * @param now Unix seconds.
   */
  create(name: string, now: number): Promise<boolean>;

  /**
   * Gives a space another name; false where there is none of the old one.
   *
   * @throws {MemoryError} `conflict` where there is a space of the new name, `invalid_input` for `default`.
   */
  rename(from: string, to: string): Promise<boolean>;

  /**
   * Moves memories to another space, with their vectors, the relations among them, and what they replaced among them;
   * links to memories that stay are dropped. Each step is whole, so that a call that failed can be made again: what was
   * moved by then is `missing`.
   *
   * @returns for each, what came of it.
   */
  move(hashes: string[], from: string, to: string): Promise<MoveOutcome[]>;

  /**
   * Drops an empty space; false where there is none of that name.
   *
   * @throws {MemoryError} `conflict` where it holds memories, the trash included; `invalid_input` for `default`.
   */
  remove(name: string): Promise<boolean>;
}

/**
 * What a driver opens. Is itself the view of the whole store, for background work, copies, exports and backups: it reads
 * all spaces and changes `default`, save that what it stores, puts into the trash from elsewhere and relates goes to the
 * space that the memory or the relation names, that it empties the trash of every space when asked by time, and that it
 * finds memories without vectors and adds vectors in all of them.
 */
export interface MemoryStore extends MemoryStorage {
  readonly spaces: StoreSpaces;
}
