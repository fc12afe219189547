/**
 * The answer of every search.
 *
 * @module
 */

import type { z } from "zod";
import { type MemoryView, type ResultOrder, viewOf } from "../memory/schemas.ts";
import type { Memory } from "../memory/memory.ts";
import type { TemporalIntent } from "../memory/temporal.ts";
import { searchEvent } from "./event_types.ts";
import type { PageFacts } from "./filter.ts";
import type { Runtime } from "./runtime.ts";
import type { SearchHit } from "./search.ts";

/** What a search found. `notice` says when a part of the search could not run. */
export interface Found extends PageFacts {
  results: SearchHit[];
  /** What was searched for, in words. */
  query: string;
  /** The kind of search: a search mode, `tag`, `time` or `similar`. */
  mode: string;
  notice: string | null;
  /** How many of all results are relevant, the others being weak; absent where nothing was ranked. */
  relevant?: number;
  /** How many of the first results the reranker read; absent without one. */
  reranked?: number;
  /** What the question's words ask for, where that went into the order. */
  temporal_intent?: TemporalIntent;
}

/** A page's results in the order asked for: as they are, or oldest first. */
export function inOrder(results: SearchHit[], order: z.infer<typeof ResultOrder> | undefined): SearchHit[] {
  if (order !== "time") return results;
  return results.toSorted(({ memory: a }, { memory: b }) => (a.created_at ?? 0) - (b.created_at ?? 0));
}

/** A memory found without a score. */
export function unscored(memory: Memory, relevance_reason: string): SearchHit {
  return { memory: viewOf(memory) satisfies MemoryView, similarity_score: null, relevance_reason };
}

/**
 * Counts a search that ended and tells whoever listens, and returns what it found.
 *
 * @param started `performance.now()` at its beginning.
 */
export function counted<F extends Found>(runtime: Runtime, found: F, started: number, tags: readonly string[] = []): F {
  const processing_time_ms = performance.now() - started;
  runtime.activity.searched(found.mode, processing_time_ms, tags);
  runtime.activity.accessed(
    found.results.flatMap(({ memory, exchange }) =>
      [memory, ...exchange == null ? [] : [exchange.memory]].map(({ content_hash }) => content_hash)
    ),
  );
  if (runtime.events.listening) {
    const facts = { query: found.query, search_type: found.mode, results_count: found.results.length };
    runtime.events.publish(searchEvent({ ...facts, processing_time_ms }));
  }
  return found;
}
