/**
 * The answer of every search.
 *
 * @module
 */

import { z } from "zod";
import { MemoryView, type ResultOrder, viewOf } from "../memory/schemas.ts";
import type { Memory } from "../memory/memory.ts";
import { Role } from "../memory/role.ts";
import type { TemporalIntent } from "../memory/temporal.ts";
import { searchEvent } from "./event_types.ts";
import type { PageFacts } from "./filter.ts";
import type { Runtime } from "./runtime.ts";

export const ResultScores = z.object({
  semantic: z.number().nullable().describe("Cosine of the query and the memory's best chunk; null without vectors."),
  words: z.number().describe("Share of the query's word weight the memory holds, 0 to 1."),
  neighbours: z.number().describe("Share of the score that came from the turns around it in its conversation, 0 to 1."),
  speaker: z.number().optional()
    .describe("Factor on the score: below 1 for a turn of someone else than the query names."),
  role: z.number().optional().describe("Factor on the score: below 1 for what an assistant said."),
  asking: z.number().optional().describe("Factor on the score: below 1 for a short turn that ends by asking."),
  turn: z.number().optional()
    .describe("Factor on the score: below 1 for a turn, by its type, beside memories that were stored on purpose."),
  time: z.number().optional()
    .describe(
      "Factor on the score: above 1 for the newer, or the older, where the question asks for what holds now or held before.",
    ),
}).describe("The scores that made this result.");

const ResultPassage = z.object({
  start: z.int().describe("Where it begins in the content, in UTF-16 units."),
  end: z.int(),
  text: z.string(),
}).nullish().describe("The passage that matched, of a long memory.");

export const SearchHit = z.object({
  memory: MemoryView,
  similarity_score: z.number().nullable().describe("0 to 1; the order of the results."),
  relevance_reason: z.string().nullable(),
  relevance: z.number().nullish()
    .describe("Chance, 0 to 1, that the search found what was asked for, times the score over the best result's."),
  scores: ResultScores.nullish(),
  passage: ResultPassage,
  exchange: z.object({
    part: z.enum(["question", "answer"]).describe("What this turn is for the result's memory."),
    role: Role.nullable().describe("Whose words it holds; null where that is not known."),
    memory: MemoryView,
    similarity_score: z.number(),
    relevance: z.number(),
    passage: ResultPassage,
  }).nullish().describe("The other turn of the exchange, found too: it is no result of its own."),
});
export type SearchHit = z.infer<typeof SearchHit>;

/** What a search found. `notice` says when a part of the search could not run. */
export interface SearchPage extends PageFacts {
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
 * Counts a search that ended and publishes it, and returns what it found.
 *
 * @param started `performance.now()` at its beginning.
 */
export function recordSearch<F extends SearchPage>(
  runtime: Runtime,
  found: F,
  started: number,
  tags: readonly string[] = [],
): F {
  const processing_time_ms = performance.now() - started;
  const { query, results, total, relevant } = found, fruitless = total === 0 || relevant === 0;
  runtime.activity.searched(found.mode, processing_time_ms, { tags, query, results: results.length, fruitless });
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
