/**
 * Which memories pass a filter: nearly all conditions by the index, those on metadata by the rows.
 *
 * @module
 */

import type { MemoryFilter } from "../../memory/memory.ts";
import type { Marked } from "./candidates.ts";
import type { IndexSync } from "./index_sync.ts";
import type { MemoryIndex } from "./memory_index.ts";
import type { Reach } from "./reach.ts";
import { TimeSlice } from "../../yielding.ts";
import type { TextScans } from "./text_scans.ts";

/** Applies filters to one store. */
export class Filtering {
  readonly #sync: IndexSync;
  readonly #scans: TextScans;

  constructor(sync: IndexSync, scans: TextScans) {
    this.#sync = sync;
    this.#scans = scans;
  }

  /** The indexes of the spaces that are read, in step with the database, and what passes. */
  async match(filter: MemoryFilter, reach: Reach): Promise<Marked[]> {
    const only = await this.unindexed(filter, reach);
    await this.#sync.current();
    return this.#sync.read(reach).map((index) => ({ index, marks: marksOf(index, filter, only) }));
  }

  /** Ids of the memories that pass the conditions which the index can't answer; null without such conditions. */
  async unindexed({ metadata }: MemoryFilter, reach: Reach): Promise<number[] | null> {
    if (metadata === undefined || Object.keys(metadata).length === 0) return null;
    return await this.#scans.withMetadata(metadata, reach, new TimeSlice());
  }
}

/** Slots that pass the filter, by mark; null for all. `only` are the ids that passed what isn't indexed. */
export function marksOf(index: MemoryIndex, filter: MemoryFilter, only: number[] | null): Uint8Array | null {
  // Nearly every search asks for current memories, and in most stores all are.
  const { superseded, unexpired_at, ...rest } = filter;
  const restricts = only !== null || Object.values(rest).some((condition) => condition !== undefined) ||
    superseded === true || (unexpired_at !== undefined && index.expiringCount > 0) ||
    (superseded === false && index.supersededCount > 0);
  return restricts ? index.match(filter, only) : null;
}
