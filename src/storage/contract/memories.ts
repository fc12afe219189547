/**
 * Keeping memories: storing, reading, changing, deleting and listing them.
 *
 * @module
 */

import type { Memory, MemoryFilter, MemoryPatch } from "../../memory/memory.ts";
import type { VectorSet } from "./vectors.ts";

/** Opaque handle of a memory within one store: a row id in SQLite, a point id in Qdrant. */
export type MemoryId = number | string;

/** A memory to be stored. `vectors` is null while no model is ready; a background run adds them later. */
export interface NewMemory {
  memory: Memory;
  vectors: VectorSet | null;
}

/** The store is away: the write waits in the outbox, and is made when the store is back. */
export type Queued = "queued";

/** `duplicate`: a memory with this content_hash was there already and stays as it was. */
export type StoreOutcome = "stored" | "duplicate" | Queued;

/** Lets a write wait in the outbox, where there is one; without it a store that is away is `unavailable`. */
export interface MayQueue {
  mayQueue: true;
}

/** Page of a listing. */
export interface ListQuery {
  filter: MemoryFilter;
  /** Number of memories to skip, ≥ 0. */
  offset: number;
  /** Number of memories to return, ≥ 0. */
  limit: number;
  /** By `created_at`; newest first by default. */
  order?: "newest" | "oldest";
}

/** A page of memories and how many match in all. */
export interface MemoryPage {
  memories: Memory[];
  total: number;
}

/** A turn of a conversation, as the memory that it is. */
export interface Turn {
  content_hash: string;
  conversation_id: string;
  created_at: number;
  /** Name of the space it belongs to; absent in `default`. A view that reads one space looks there, whatever it says. */
  space?: string;
}

/** The turns around one, each list in order of time. */
export interface TurnsAround {
  before: Memory[];
  after: Memory[];
}

/** A step of a walk through all memories. */
export interface ScanPage {
  memories: Memory[];
  /** Where the next step begins; null after the last memory. */
  next: string | null;
}

/** Memories, each known by its content_hash. */
export interface MemoryRecords {
  /** Stores all items in one transaction; answers after its commit, one outcome per item in order. */
  store(items: NewMemory[], options?: MayQueue): Promise<StoreOutcome[]>;

  /** Memories by content_hash, in the order asked; null where there is none. */
  getByHash(hashes: string[]): Promise<(Memory | null)[]>;

  /**
   * Keys that begin with some digits, in ascending order. Takes no longer in a larger store than finding one memory.
   *
   * @param prefix 1 to 64 lower-case hexadecimal digits.
   * @param limit Most keys to give, ≥ 1.
   */
  keysFrom(prefix: string, limit: number, place: "memories" | "trash"): Promise<string[]>;

  /** Memories by handle from `candidates`, in the order asked; null where one has gone since. */
  getById(ids: MemoryId[]): Promise<(Memory | null)[]>;

  /** Changes a memory and its `updated_at`, to `now` in Unix seconds; the memory after the change, or null when there is none. */
  update(hash: string, patch: MemoryPatch, now: number): Promise<Memory | null>;
  update(hash: string, patch: MemoryPatch, now: number, options: MayQueue): Promise<Memory | Queued | null>;

  /**
   * Changes a memory that is still as it was read, for changes that are made from what was read. Of several callers who
   * read the same, one makes its change.
   *
   * @param before The memory as `getByHash` gave it.
   * @param current content_hash of another memory that must be there when the change is made, and be replaced by none.
   * Concurrent calls take effect one after the other in this too: no circle of replaced memories comes about.
   * @returns the memory after the change; `conflict`, with nothing changed, where either isn't so; null where the memory
   * is gone.
   */
  updateUnchanged(
    before: Memory,
    patch: MemoryPatch,
    now: number,
    options?: { current?: string },
  ): Promise<Memory | "conflict" | null>;

  /**
   * Deletes memories for good, in one transaction; for each, whether it was there. Doesn't touch the trash. Memories that
   * a deleted one had replaced are replaced by what had replaced it, and current where nothing had.
   */
  delete(hashes: string[]): Promise<boolean[]>;
  delete(hashes: string[], options: MayQueue): Promise<(boolean | Queued)[]>;

  list(query: ListQuery): Promise<MemoryPage>;

  /**
   * The turns around each of many in its conversation, in the order asked: the last ones created before it, and the first
   * ones created at the same time or later. One round trip for all of them.
   *
   * @param count Turns on each side at most, ≥ 0.
   */
  neighbours(turns: Turn[], count: number): Promise<TurnsAround[]>;

  /**
   * A step of a walk through all memories in an order of the store's own, which no change disturbs: what is there from
   * the first step to the last comes exactly once, and each step costs the same. For exports.
   *
   * @param after The `next` of an earlier step, of this process or another; null to begin.
   * @throws {MemoryError} `invalid_input` for a text that is no `next` of this store.
   */
  scan(after: string | null, limit: number): Promise<ScanPage>;
}
