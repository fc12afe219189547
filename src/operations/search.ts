/**
 * Searching by meaning and by words.
 *
 * @module
 */

import { z } from "zod";
import { MemoryError } from "../errors.ts";
import { around, PASSAGE, passageOf, passageQuery } from "../memory/passage.ts";
import { asksAssistant } from "../memory/role.ts";
import { rank, type RankScores } from "../memory/ranking.ts";
import { cosineScale } from "../memory/relevance.ts";
import {
  FilterFields,
  MemoryView,
  MinRelevance,
  Page,
  PageSize,
  Query,
  ResultOrder,
  SearchEffort,
  SearchMode,
  Threshold,
  viewOf,
} from "../memory/schemas.ts";
import type { CandidateSet, QueryVector } from "../storage/contract/search.ts";
import { filterOf, pageFacts } from "./filter.ts";
import { counted, type Found } from "./found.ts";
import { judge } from "./judge.ts";
import { rerank } from "./rerank.ts";
import type { Runtime } from "./runtime.ts";
import { embedForSearch, noticeOf, SWITCHED } from "./vectors.ts";

export { relevanceText } from "../memory/relevance.ts";
export { snippetOf } from "../memory/sizing.ts";

/**
 * How many of the best by words, and of the best by vector, are ranked, whatever the page: so that all pages count and
 * order the same. More than 50 change nothing about the first ten (`bench/README.md`).
 */
export const POOL = 200;

export const SearchInput = z.object({
  query: Query,
  mode: SearchMode.default("hybrid"),
  page: Page,
  page_size: PageSize,
  similarity_threshold: Threshold.nullish(),
  min_relevance: MinRelevance.nullish(),
  order: ResultOrder.optional(),
  effort: SearchEffort.optional(),
  ...FilterFields,
});
export type SearchInput = z.infer<typeof SearchInput>;

export const ResultScores = z.object({
  semantic: z.number().nullable().describe("Cosine of the query and the memory's best chunk; null without vectors."),
  words: z.number().describe("Share of the query's word weight the memory holds, 0 to 1."),
  neighbours: z.number().describe("Share of the score that came from the turns around it in its conversation, 0 to 1."),
  speaker: z.number().optional()
    .describe("Factor on the score: below 1 for a turn of someone else than the query names."),
  role: z.number().optional().describe("Factor on the score: below 1 for what an assistant said."),
  asking: z.number().optional().describe("Factor on the score: below 1 for a short turn that ends by asking."),
}).describe("The scores that made this result.");

export const SearchHit = z.object({
  memory: MemoryView,
  similarity_score: z.number().nullable().describe("0 to 1; the order of the results."),
  relevance_reason: z.string().nullable(),
  relevance: z.number().nullish()
    .describe("Chance, 0 to 1, that the search found what was asked for, times the score over the best result's."),
  scores: ResultScores.nullish(),
  passage: z.object({
    start: z.int().describe("Where it begins in the content, in UTF-16 units."),
    end: z.int(),
    text: z.string(),
  }).nullish().describe("The passage that matched, of a long memory."),
});
export type SearchHit = z.infer<typeof SearchHit>;

/** What a search found, under the mode that was used. */
export interface SearchOutput extends Found {
  mode: z.infer<typeof SearchMode>;
}

/**
 * Searches memories. In hybrid mode a missing model narrows the search to words and says so in `notice`.
 *
 * @throws {MemoryError} `unavailable` in semantic mode without a model, unless it is only held back, or when the store can't be reached.
 */
export async function search(runtime: Runtime, input: SearchInput): Promise<SearchOutput> {
  const started = performance.now();
  const found = input.mode === "exact" ? await searchExact(runtime, input) : await searchRanked(runtime, input);
  return counted(runtime, found, started, input.tags);
}

async function searchRanked(runtime: Runtime, input: SearchInput): Promise<SearchOutput> {
  const { query, mode, page, page_size } = input;
  const embedding = embedForSearch(runtime, query);
  let byWords = mode !== "semantic";
  if (mode === "semantic") {
    const { vector, missing } = await embedding;
    byWords = vector === null && runtime.embeddings.configured.status.held === true;
    if (vector === null && !byWords) throw new MemoryError("unavailable", missing, { retryAfterSeconds: 1 });
  }

  const end = page * page_size, vector = embedding.then((made) => made.vector);
  vector.catch(() => {}); // a store that fails before it waits for the vector would leave its rejection unhandled
  const found = await runtime.storage.candidates({
    text: byWords ? query : null,
    vector,
    filter: filterOf(input),
    limit: POOL,
  });
  const { candidates, terms, words_ceiling, vector_ignored } = found;
  const { missing } = await embedding;
  const lacking = missing === undefined && !vector_ignored ? runtime.health.coverage.notice(runtime.storage) : null;
  const { ranked, missing: notReranked, reranked } = await rerank(
    runtime,
    query,
    rank(candidates, {
      termCount: terms.length,
      wordsCeiling: words_ceiling,
      asksAssistant: asksAssistant(query),
      scale: cosineScale(runtime.embeddings.serving?.identity ?? null, runtime.settings.cosineScales),
    }),
    input.effort,
  );
  const { relevanceOf, relevant } = judge(runtime, found, ranked);
  const threshold = input.similarity_threshold ?? 0, least = input.min_relevance ?? 0;
  const kept = (least === "auto" ? ranked.slice(0, relevant) : ranked)
    .filter((entry) => entry.score >= threshold && (least === "auto" || relevanceOf(entry) >= least));
  const shown = kept.slice(end - page_size, end);
  const memories = await runtime.storage.read(shown.map((entry) => entry.item.id));
  const passage = passageFinder(query, found);
  const ranks = shown.flatMap((entry, i): SearchHit[] => {
    const memory = memories[i];
    // Deleted between ranking and reading.
    if (!memory) return [];
    return [{
      memory: viewOf(memory),
      similarity_score: entry.score,
      relevance_reason: reason(entry.scores),
      relevance: relevanceOf(entry),
      scores: entry.scores,
      ...passage(memory.content),
    }];
  });
  const results = input.order === "time" ? ranks.toSorted(byTime) : ranks;
  const notice = noticeOf(missing, vector_ignored ? SWITCHED : null, await lacking, notReranked);
  return {
    results,
    query,
    mode,
    notice,
    relevant,
    ...reranked === null ? {} : { reranked },
    ...pageFacts(kept.length, page, page_size, isFull(found, vector_ignored ? null : await vector)),
  };
}

/** Whether a pool left out memories that a larger one would have ranked. With a vector, each memory can be ranked. */
export function isFull({ candidates, memories }: CandidateSet, vector: QueryVector | null): boolean {
  return vector === null ? candidates.length >= POOL : candidates.length >= POOL && candidates.length < memories;
}

function byTime({ memory: a }: SearchHit, { memory: b }: SearchHit): number {
  return (a.created_at ?? 0) - (b.created_at ?? 0);
}

/** Finds the passage that matched in contents longer than one. */
function passageFinder(query: string, { terms, weights }: Pick<CandidateSet, "terms" | "weights">) {
  const weightOf = new Map(terms.map((term, i) => [term, weights[i]!]));
  // Where words weren't searched, each counts the same.
  const wanted = terms.length === 0 ? passageQuery(query) : passageQuery(query, (word) => weightOf.get(word) ?? 0);
  return (content: string): Pick<SearchHit, "passage"> => {
    const { start, end } = passageOf(content, wanted);
    return end - start === content.length ? {} : { passage: { start, end, text: content.slice(start, end) } };
  };
}

async function searchExact(runtime: Runtime, input: SearchInput): Promise<SearchOutput> {
  const { query, mode, page, page_size } = input;
  const { memories, total } = await runtime.storage.containing(query.trim(), {
    filter: filterOf(input),
    offset: (page - 1) * page_size,
    limit: page_size,
  });
  const results = memories.map((memory): SearchHit => ({
    memory: viewOf(memory),
    similarity_score: 1,
    relevance_reason: "Contains the words as written",
    relevance: 1,
    scores: { semantic: null, words: 1, neighbours: 0 },
    ...passageWith(memory.content, query.trim()),
  }));
  return { results, query, mode, notice: null, relevant: total, ...pageFacts(total, page, page_size) };
}

/** Where a long content holds a text as written. */
function passageWith(content: string, text: string): Pick<SearchHit, "passage"> {
  if (content.length <= PASSAGE) return {};
  // Where lower case has another length, its offsets are those of another text.
  const lower = content.toLowerCase(), isSame = lower.length === content.length;
  const at = isSame ? lower.indexOf(text.toLowerCase()) : content.indexOf(text);
  if (at === -1) return {};
  const { start, end } = around(content, { start: at, end: Math.min(at + text.length, at + PASSAGE) }, PASSAGE);
  return { passage: { start, end, text: content.slice(start, end) } };
}

function reason(scores: RankScores): string {
  const parts: string[] = [];
  if (scores.semantic !== null) parts.push(`Semantic similarity: ${scores.semantic.toFixed(3)}`);
  if (scores.words > 0) parts.push(`words: ${scores.words.toFixed(3)}`);
  if (scores.neighbours > 0) parts.push(`neighbours: ${scores.neighbours.toFixed(3)}`);
  if (scores.speaker < 1) parts.push(`someone else speaks: × ${scores.speaker.toFixed(2)}`);
  if (scores.role < 1) parts.push(`an assistant speaks: × ${scores.role.toFixed(2)}`);
  if (scores.asking < 1) parts.push(`asks: × ${scores.asking.toFixed(2)}`);
  return parts.join(", ");
}
