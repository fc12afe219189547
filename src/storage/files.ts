/**
 * Work with the files of an embedded store: copies, replacement, and what is left of a damaged one.
 *
 * @module
 */

import type { Memory } from "../memory/memory.ts";
import type { Relation } from "./contract/relations.ts";
import type { TrashedMemory } from "./contract/trash.ts";

/** What a copy of the store's file holds. */
export interface SnapshotFacts {
  memories: number;
  trashed: number;
  relations: number;
  /** Version of the file's schema. */
  schema: number;
}

/** A memory that stood in a damaged part of a store. */
export interface UnreadableMemory {
  /** Null where that is unknown too. */
  content_hash: string | null;
  /** Number of its row. */
  row: number;
  trashed: boolean;
}

/** What can still be read of a damaged store, as it was at one moment. Disposing it removes the copy it reads from. */
export interface Salvage extends AsyncDisposable {
  readonly found: { memories: number; trashed: number; relations: number };
  /** Memories that are known to have been there and can't be read. */
  readonly unreadable: readonly UnreadableMemory[];
  /** content_hash of memories whose text is no longer what the hash was made of. */
  readonly altered: readonly string[];
  /** Whether more may be missing than is known. */
  readonly uncertain: boolean;
  /** @param after The `next` of an earlier step of `scan`; null for all. */
  memories(after: string | null): AsyncGenerator<Memory[]>;
  trashed(): AsyncGenerator<TrashedMemory[]>;
  relations(): AsyncGenerator<Relation[]>;
}

/** The file of a store that no process has open, nor can open before `release`. */
export interface StoreFile {
  /**
   * What it holds; null where there is no file yet.
   *
   * @throws {MemoryError} `invalid_input` when it can't be read as a store.
   */
  inspect(signal?: AbortSignal): Promise<SnapshotFacts | null>;
  /** Puts the file `by`, of the same folder, in its place in one step; `aside` is the name the old one keeps, null for none. */
  replace(by: string, aside: string | null): Promise<void>;
  release(): void;
}

/** Work with the files of a store, while it isn't open. */
export interface StoreFiles {
  /**
   * Reads every page of a copy; what it holds.
   *
   * @throws {MemoryError} `invalid_input` for a file that is no copy of a store, damaged or of a newer version.
   */
  verify(file: string, signal?: AbortSignal): Promise<SnapshotFacts>;
  /**
   * Takes the file of the store at `path`.
   *
   * @throws {MemoryError} `conflict` when a process has the store open.
   */
  take(path: string): Promise<StoreFile>;
  /**
   * Looks through a damaged file, which may not even open.
   *
   * @throws {MemoryError} `unavailable` when there is nothing to read.
   */
  salvage(path: string): Promise<Salvage>;
  /** Version of the schema that this build reads and writes. */
  schemaVersion(): Promise<number>;
}
