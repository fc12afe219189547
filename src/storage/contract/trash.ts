/**
 * The trash, from which deleted memories can be taken back.
 *
 * @module
 */

import type { Memory } from "../../memory/memory.ts";
import type { MayQueue, Queued } from "./memories.ts";

/** When and why memories went to the trash. */
export interface Trashing {
  /** Unix seconds. */
  at: number;
  /** In words, for people who look through the trash: `deleted`, `merged into <content_hash>`, … */
  reason: string;
}

/** The memories that a trashed one had replaced. */
export interface Replaced {
  /** content_hash of what replaces them since; null where they became current. */
  by: string | null;
  memories: { hash: string; at: number; reason: string }[];
}

/** A memory in the trash. */
export interface TrashedMemory {
  memory: Memory;
  deleted_at: number;
  reason: string;
  /** What it replaces again when it is restored; absent where it had replaced nothing. */
  replaced?: Replaced;
}

/** A page of the trash and how many memories it holds in all. */
export interface TrashPage {
  items: TrashedMemory[];
  total: number;
}

/** Memories on their way into the trash, in it, and out of it. */
export interface MemoryTrash {
  /**
   * Moves memories to the trash, in one transaction; for each, whether it was there. Nothing but the four calls for the
   * trash finds a trashed memory: no search, listing, count or statistic. Storing its content again stores a new memory
   * and drops the trashed one. What it had replaced is as after `delete`.
   */
  trash(hashes: string[], trashing: Trashing): Promise<boolean[]>;
  trash(hashes: string[], trashing: Trashing, options: MayQueue): Promise<(boolean | Queued)[]>;

  /**
   * Moves memories to the trash that are still as they were read.
   *
   * @param before The memories as `getByHash` gave them.
   * @param successor content_hash of a memory that replaces from then on what they had replaced.
   * @returns for each, whether it was moved; not where it was changed since, or is gone.
   */
  trashUnchanged(before: Memory[], trashing: Trashing, options?: { successor?: string }): Promise<boolean[]>;

  /** Memories in the trash, last deleted first. */
  listTrash(query: { offset: number; limit: number }): Promise<TrashPage>;

  /**
   * Takes memories back from the trash with all they had, vectors of the active model among it; for each, whether it
   * was in the trash. What they had replaced is replaced again, unless that was changed meanwhile, and one is current
   * that was replaced by what has gone since.
   */
  restore(hashes: string[]): Promise<boolean[]>;

  /**
   * Deletes for good what is in the trash and meets every condition given, all of it without one; the number deleted.
   * Several processes may ask at once: each memory is deleted and counted once.
   */
  emptyTrash(which: { hashes?: string[]; deleted_before?: number }): Promise<number>;

  /**
   * Puts memories into the trash that come from elsewhere, without their being stored at any moment; for each, whether it
   * was put there. One that is stored, or in the trash already, is left alone.
   */
  importTrashed(items: TrashedMemory[]): Promise<boolean[]>;
}
