/**
 * Counts and sizes.
 *
 * @module
 */

import type { MemoryFilter } from "../../memory/memory.ts";

/** How often a tag is used. */
export interface TagCount {
  tag: string;
  count: number;
}

/**
 * What memories are counted by: `writer` and `client` are the names of who stored them and of the program, `channel` is the
 * way they came in.
 */
export type CountedField = "tags" | "memory_type" | "writer" | "client" | "channel";

/** How many memories have a value, and when the newest of them was created. */
export interface ValueCount {
  /** Null for memories without one, save for tags. */
  value: string | null;
  count: number;
  /** Unix seconds. */
  latest: number;
}

/** How much text there is. */
export interface ContentSizes {
  /** Bytes of all contents in UTF-8; an estimate from a sample where the server can't sum. */
  total_bytes: number;
  /** The memories with the longest content, longest first. */
  largest: { content_hash: string; bytes: number }[];
}

/** Figures about the store. */
export interface StorageStats {
  total_memories: number;
  unique_tags: number;
  /** Conversations, documents aside; absent where a server would have to list them all. */
  conversations?: number;
  /** Bytes on disk; null when the store can't tell. */
  size_bytes: number | null;
  /** Driver-specific facts for the health answer: path, schema version, collection, … */
  details: Record<string, string | number | boolean | null>;
}

/** What a store can count. */
export interface MemoryStatistics {
  /** All tags in use, most used first, then by name. */
  tags(): Promise<TagCount[]>;

  /**
   * The number of memories created in each span between two neighbouring edges, the lower one included. A driver
   * without histograms asks for one count a span.
   *
   * @param edges Unix seconds, ascending, at least two and at most 10,000.
   */
  histogram(edges: number[], filter: MemoryFilter): Promise<number[]>;

  /** Values of a field among the memories that pass, most used first, then by name with null last. */
  countByValue(field: CountedField, filter: MemoryFilter): Promise<ValueCount[]>;

  /** How much text the store holds, and the `limit` longest memories. */
  contentSizes(limit: number): Promise<ContentSizes>;

  stats(): Promise<StorageStats>;
}
