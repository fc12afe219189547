/**
 * Turns the filter fields of an operation's input into the storage filter.
 *
 * @module
 */

import type { z } from "zod";
import type { MemoryFilter } from "../memory/memory.ts";
import type { FilterFields } from "../memory/schemas.ts";

export { isNullWord, listIn } from "../memory/loose_values.ts";

type FilterInput = Partial<{ [K in keyof typeof FilterFields]: z.infer<(typeof FilterFields)[K]> }>;

/**
 * Drops absent fields; a missing `match_all` means any, and superseded memories are left out unless asked for; so
 * are expired ones, always.
 *
 * @param now Unix seconds.
 */
export function filterOf(input: FilterInput, now = Date.now() / 1000): MemoryFilter {
  const filter: MemoryFilter = {};
  if (input.tags && input.tags.length > 0) {
    filter.tags = { values: input.tags, match: input.match_all ? "all" : "any" };
  }
  if (input.memory_type != null) filter.memory_type = input.memory_type;
  if (input.conversation_id != null) filter.conversation_id = input.conversation_id;
  if (input.created_after != null) filter.created_from = input.created_after;
  if (input.created_before != null) filter.created_before = input.created_before;
  if (input.metadata && Object.keys(input.metadata).length > 0) filter.metadata = input.metadata;
  if (input.role != null) filter.role = input.role;
  if (input.writer != null) filter.writer = input.writer;
  if (input.channel != null) filter.channel = input.channel;
  if (input.as_of != null) filter.valid_at = input.as_of;
  else if (input.include_superseded !== true) filter.superseded = false;
  filter.unexpired_at = now;
  return filter;
}

/** The order of a listing that wasn't ranked. */
export function listOrder({ order }: { order?: "relevance" | "time" | undefined }): { order?: "oldest" } {
  return order === "time" ? { order: "oldest" } : {};
}

/** Paging facts that go with every page of results. */
export interface PageFacts {
  total: number;
  /** Given, and true, where there may be more than `total`: a search ranks so many at most. */
  total_is_minimum?: true;
  page: number;
  page_size: number;
  has_more: boolean;
  total_pages: number;
}

/**
 * Computes the paging facts of a page.
 *
 * @param isMinimum Whether there may be more than `total`.
 */
export function pageFacts(total: number, page: number, pageSize: number, isMinimum = false): PageFacts {
  return {
    total,
    ...isMinimum ? { total_is_minimum: true as const } : {},
    page,
    page_size: pageSize,
    has_more: page * pageSize < total,
    total_pages: Math.ceil(total / pageSize),
  };
}
