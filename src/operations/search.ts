/**
 * Searching by meaning and by words.
 *
 * @module
 */

import { z } from "zod";
import { MemoryError } from "../errors.ts";
import { type Paired, pairExchanges } from "../memory/exchange.ts";
import { exactPassageQuery, PASSAGE, passageOf, type PassageQuery, passageQuery } from "../memory/passage.ts";
import { asksAssistant, roleOf } from "../memory/role.ts";
import { rank, type Ranked, type RankScores } from "../memory/ranking.ts";
import { cosineScale } from "../memory/relevance.ts";
import {
  Exchanges,
  FilterFields,
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
import { preferByTime, TEMPORAL_INTENTS, temporalIntent } from "../memory/temporal.ts";
import type { Candidate, CandidateSet, QueryVector } from "../storage/contract/search.ts";
import { TimeSlice } from "../yielding.ts";
import type { MemoryId } from "../storage/contract/memories.ts";
import { memoriesOf } from "./candidate_memories.ts";
import { filterOf, pageFacts } from "./filter.ts";
import { inOrder, recordSearch, type SearchHit, type SearchPage } from "./search_page.ts";
import { judgeRelevance } from "./judge_relevance.ts";
import { rerank } from "./rerank.ts";
import type { Runtime } from "./runtime.ts";
import { embedForSearch, noticeOf, SWITCHED } from "./vectors.ts";

export { relevanceText } from "../memory/relevance.ts";
export { excerpt, snippetOf } from "../memory/sizing.ts";

/**
 * How many of the best by words, and of the best by vector, are ranked, whatever the page: so that all pages count and
 * order the same. More than 50 change nothing about the first ten (`bench/README.md`).
 */
export const POOL = 100;

export const SearchInput = z.object({
  query: Query,
  mode: SearchMode.default("hybrid"),
  page: Page,
  page_size: PageSize,
  similarity_threshold: Threshold.nullish(),
  min_relevance: MinRelevance.nullish(),
  order: ResultOrder.optional(),
  effort: SearchEffort.optional(),
  exchanges: Exchanges.optional(),
  ...FilterFields,
});
export type SearchInput = z.infer<typeof SearchInput>;

/** What the words of a question ask for. */
export const TemporalIntent = z.enum(TEMPORAL_INTENTS).describe(
  "What the question's words ask for, which went into the order: what holds now, what held before, or what came first.",
);

/** What a search found, under the mode that was used. */
export interface SearchOutput extends SearchPage {
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
  return recordSearch(runtime, found, started, input.tags);
}

/** A result, and its relevance where its score was changed since. */
type Judged = Ranked<Candidate> & { relevance?: number };

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
    page,
  );
  const { relevanceOf, relevantFrom } = judgeRelevance(runtime, found, ranked[0]?.score ?? 0);
  const temporal_intent = input.order === undefined ? temporalIntent(query) : null;
  const ordered: Judged[] = temporal_intent === null ? ranked : preferByTime(
    ranked.map((entry) => ({ ...entry, relevance: relevanceOf(entry.score) })),
    temporal_intent,
    (entry, time) => ({ ...entry, scores: { ...entry.scores, time } }),
  );
  const relevance = (entry: Judged) => entry.relevance ?? relevanceOf(entry.score);
  const threshold = input.similarity_threshold ?? 0;
  const least = input.min_relevance === "auto" ? relevantFrom : input.min_relevance ?? 0;
  const kept = threshold === 0 && least === 0
    ? ordered
    : ordered.filter((entry) => entry.score >= threshold && relevance(entry) >= least);
  const paired = input.exchanges === true ? pairExchanges(kept, ({ item }) => item) : null;
  const total = (paired ?? kept).length, first = end - page_size;
  const shown: Paired<Judged>[] = paired?.slice(first, end) ??
    kept.slice(first, end).map((entry) => ({ entry, other: null }));
  const relevant = (paired?.map(({ entry }) => entry) ?? kept)
    .reduce((count, entry) => count + Number(relevance(entry) >= relevantFrom), 0);
  const entries = shown.flatMap(({ entry, other }) => other === null ? [entry] : [entry, other.entry]);
  const read = await memoriesOf(runtime.storage, entries.map(({ item }) => item));
  const memories = new Map(entries.map(({ item }, i) => [item.id, read[i]]));
  const passages = new Map<MemoryId, Pick<SearchHit, "passage">>(), timeSlice = new TimeSlice();
  let wanted: PassageQuery | undefined;
  for (const [id, memory] of memories) {
    if (!memory || memory.content.length <= PASSAGE) continue;
    // A passage of a long content takes a while to find.
    await timeSlice.yieldIfDue();
    passages.set(id, passageIn(memory.content, wanted ??= weighed(query, found)));
  }
  const facts = (entry: Judged) => {
    const { id } = entry.item, memory = memories.get(id);
    // Deleted between ranking and reading.
    if (!memory) return null;
    return {
      memory: viewOf(memory),
      similarity_score: entry.score,
      relevance: relevance(entry),
      ...passages.get(id),
    };
  };
  const ranks = shown.flatMap(({ entry, other }): SearchHit[] => {
    const hit = facts(entry), turn = other === null ? null : facts(other.entry);
    const explained = ({ scores }: Judged) => ({ relevance_reason: reason(scores), scores });
    if (hit === null) return turn === null ? [] : [{ ...turn, ...explained(other!.entry) }];
    return [{
      ...hit,
      ...explained(entry),
      ...turn === null ? {} : { exchange: { part: other!.part, role: roleOf(turn.memory), ...turn } },
    }];
  });
  const results = inOrder(ranks, input.order);
  const notice = noticeOf(missing, vector_ignored ? SWITCHED : null, await lacking, notReranked);
  return {
    results,
    query,
    mode,
    notice,
    relevant,
    ...reranked === null ? {} : { reranked },
    ...temporal_intent === null ? {} : { temporal_intent },
    ...pageFacts(total, page, page_size, isFull(found, vector_ignored ? null : await vector)),
  };
}

/** Whether a pool left out memories that a larger one would have ranked. With a vector, each memory can be ranked. */
export function isFull({ candidates, memories }: CandidateSet, vector: QueryVector | null): boolean {
  return vector === null ? candidates.length >= POOL : candidates.length >= POOL && candidates.length < memories;
}

/** A query's words by what they weigh in this store; where words weren't searched, each weighs the same. */
function weighed(query: string, { terms, weights }: Pick<CandidateSet, "terms" | "weights">): PassageQuery {
  const weightOf = new Map(terms.map((term, i) => [term, weights[i]!]));
  return terms.length === 0 ? passageQuery(query) : passageQuery(query, (word) => weightOf.get(word) ?? 0);
}

/** The passage that matched, in a content longer than one. */
function passageIn(content: string, wanted: PassageQuery): Pick<SearchHit, "passage"> {
  const { start, end } = passageOf(content, wanted);
  return end - start === content.length ? {} : { passage: { start, end, text: content.slice(start, end) } };
}

async function searchExact(runtime: Runtime, input: SearchInput): Promise<SearchOutput> {
  const { query, mode, page, page_size } = input;
  const { memories, total } = await runtime.storage.findText(query.trim(), {
    filter: filterOf(input),
    offset: (page - 1) * page_size,
    limit: page_size,
  });
  const wanted = exactPassageQuery(query), results: SearchHit[] = [], timeSlice = new TimeSlice();
  for (const memory of memories) {
    await timeSlice.yieldIfDue();
    results.push({
      memory: viewOf(memory),
      ...passageIn(memory.content, wanted),
      similarity_score: 1,
      relevance_reason: "Contains the words as written",
      relevance: 1,
      scores: { semantic: null, words: 1, neighbours: 0 },
    });
  }
  return {
    results: inOrder(results, input.order),
    query,
    mode,
    notice: null,
    relevant: total,
    ...pageFacts(total, page, page_size),
  };
}

function reason(scores: RankScores): string {
  const parts: string[] = [];
  if (scores.semantic !== null) parts.push(`Semantic similarity: ${scores.semantic.toFixed(3)}`);
  if (scores.words > 0) parts.push(`words: ${scores.words.toFixed(3)}`);
  if (scores.neighbours > 0) parts.push(`neighbours: ${scores.neighbours.toFixed(3)}`);
  if (scores.speaker < 1) parts.push(`someone else speaks: × ${scores.speaker.toFixed(2)}`);
  if (scores.role < 1) parts.push(`an assistant speaks: × ${scores.role.toFixed(2)}`);
  if (scores.asking < 1) parts.push(`asks: × ${scores.asking.toFixed(2)}`);
  if (scores.turn < 1) parts.push(`a turn: × ${scores.turn.toFixed(2)}`);
  if ((scores.time ?? 1) > 1) parts.push(`time asked for: × ${scores.time!.toFixed(2)}`);
  return parts.join(", ");
}
