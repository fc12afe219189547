/**
 * The memory record and the filter over memories. Field names are those of the wire format (snake_case), so that the
 * same record travels from store to client without a second copy of every name.
 *
 * @module
 */

import type { Role } from "./role.ts";

/** Any JSON value. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** Free key-value data kept with a memory. */
export type Metadata = Record<string, Json>;

/** A stored memory. */
export interface Memory {
  /** The text, as the client sent it. Never empty or blank. */
  content: string;
  /** 64 lower-case hex digits, see `hash.ts`; the memory's key. */
  content_hash: string;
  /** Trimmed, non-empty, without repeats, in the order given. */
  tags: string[];
  /** Kind of memory, such as `note` or `decision`; null when the client gave none. */
  memory_type: string | null;
  metadata: Metadata;
  /** The conversation this memory is a turn of; neighbours in it lend each other score. */
  conversation_id: string | null;
  /** Unix seconds with fraction; strictly increasing within a process, so it also orders a conversation's turns. */
  created_at: number;
  /** Unix seconds with fraction; changes when tags, type or metadata do. */
  updated_at: number;
  /** The memory that took its place; absent while it is current. */
  superseded?: Supersession;
  /** Name of the space it belongs to; absent in `default`. Clients can't choose it by this. */
  space?: string;
  /** Who stored it; absent where that isn't known. Clients can't write it. */
  writer?: Writer;
}

/** A way by which memories come into a store. */
export type Channel = "rest" | "mcp" | "cli" | "document" | "import";

/** Who stored a memory. */
export interface Writer {
  /** Name of the caller: a key's, a grant's, `local`, or an import's file. */
  name: string;
  channel: Channel;
  /** The program, by the name that it gives itself. */
  client?: { name: string; version?: string };
}

/** That a newer fact replaced a memory. */
export interface Supersession {
  /** content_hash of the memory that took its place. */
  by: string;
  /** Unix seconds until which the replaced memory held. */
  at: number;
  /** In words; may be empty. */
  reason: string;
}

/** Conditions that a memory must meet, all of them. Absent fields don't restrict. */
export interface MemoryFilter {
  /** Compared folded, whatever their case and accents; the type too. */
  tags?: { values: string[]; match: "any" | "all" };
  memory_type?: string;
  conversation_id?: string;
  /** Unix seconds, inclusive lower bound on `created_at`. */
  created_from?: number;
  /** Unix seconds, exclusive upper bound on `created_at`. */
  created_before?: number;
  /** Equality on top-level metadata keys with scalar values. */
  metadata?: Record<string, string | number | boolean | null>;
  /** Only memories that hold the words of this role. */
  role?: Role;
  /** false: only current memories; true: only those that a newer one replaced. */
  superseded?: boolean;
  /** Only memories that counted at this time, in Unix seconds, as `countsAt` in `validity.ts` says. */
  valid_at?: number;
  /** Only memories whose `expires` is absent or later than this time, in Unix seconds. */
  unexpired_at?: number;
  /** Only memories whose `expires` is this time, in Unix seconds, or an earlier one. */
  expired_by?: number;
  /** Only memories that a caller of this name stored; compared exactly. */
  writer?: string;
  /** Only memories that came this way. */
  channel?: Channel;
}

/** Fields of a memory that can change after it was stored; absent ones stay. */
export interface MemoryPatch {
  tags?: string[];
  /**
   * Taken off and put at the end of the tags as they are when the change is made. What is
   * taken off is compared folded.
   */
  remove_tags?: string[];
  add_tags?: string[];
  memory_type?: string | null;
  /** Merged into the stored metadata, key by key; a key set to null is kept as null. */
  metadata?: Metadata;
  /** Unix seconds; only merging sets it, to the earliest of what it merges. */
  created_at?: number;
  /** Marks the memory as replaced; null makes it current again. */
  superseded?: Supersession | null;
}
