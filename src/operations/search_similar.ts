/**
 * Memories like a given one.
 *
 * @module
 */

import { z } from "zod";
import { MemoryKey, Page, PageSize, ResultOrder, Threshold, viewOf } from "../memory/schemas.ts";
import type { MemoryId } from "../storage/contract/memories.ts";
import type { VectorSet } from "../storage/contract/vectors.ts";
import type { MemoryFilter } from "../memory/memory.ts";
import { pageFacts } from "./filter.ts";
import { inOrder, recordSearch, type SearchHit, type SearchPage } from "./search_page.ts";
import { notFound } from "./get.ts";
import { type Known, memoriesOf } from "./candidate_memories.ts";
import { fullKey } from "./keys.ts";
import type { Runtime } from "./runtime.ts";
import { embedForStore, noticeOf, notReady, SWITCHED } from "./vectors.ts";

/** A long memory has many chunks; the first ones say what it is about. */
const CHUNKS_USED = 8;
/** Characters that hold those chunks, however few a token has. */
const CHARACTERS_USED = 16_000;
/** Nearest memories that are looked at, whatever the page. */
const CANDIDATES = 200;
/** Of the nearest, the memory itself is among these: others may be as near, where they hold the same chunk. */
const FIRST = 10;
/** Memories that no newer one replaced. */
const CURRENT: MemoryFilter = { superseded: false };

export const SimilarInput = z.object({
  content_hash: MemoryKey,
  n_results: PageSize.describe("Results on a page, 1 to 100; 10 by default."),
  page: Page,
  threshold: Threshold.default(0).describe("Least cosine of a result, 0 to 1."),
  order: ResultOrder.optional().describe("relevance: nearest first; time: the same results of a page, oldest first."),
});
export type SimilarInput = z.infer<typeof SimilarInput>;

/**
 * The memories nearest to one by its stored vectors, nearest first, without itself. A memory that has none yet is
 * embedded for the call; where no model can do that it has no similar ones, and `notice` explains it.
 *
 * @param filter What results must meet; the memory itself need not.
 * @throws {MemoryError} `not_found`.
 */
export async function searchSimilar(
  runtime: Runtime,
  input: SimilarInput,
  filter: MemoryFilter = CURRENT,
): Promise<SearchPage> {
  const started = performance.now();
  const { n_results, page, threshold } = input, content_hash = await fullKey(runtime, input.content_hash);
  const [memory] = await runtime.storage.getByHash([content_hash]);
  if (!memory) throw notFound("find similar to", content_hash);
  const end = page * n_results;
  let vectors: VectorSet | null = null, near: Near = { found: [], ignored: false, full: false };
  // Another process may switch the model between the two calls.
  for (let tries = 0; tries < 2; tries++) {
    vectors = (await runtime.storage.vectors([content_hash]))[0] ??
      await embedForStore(runtime, memory.content.slice(0, CHARACTERS_USED));
    if (vectors === null) break;
    near = await nearest(runtime, vectors, CANDIDATES, filter);
    if (!near.ignored) break;
  }
  const kept = near.found.filter(({ score }) => score >= threshold);
  const first = kept.slice(0, Math.max(end + 1, FIRST)), read = await memoriesOf(runtime.storage, first);
  const others = first
    .map((entry, i) => ({ score: entry.score, memory: read[i] ?? null }))
    .filter((entry) => entry.memory !== null && entry.memory.content_hash !== content_hash);
  const results = others.slice(end - n_results, end).map(({ score, memory }): SearchHit => ({
    memory: viewOf(memory!),
    similarity_score: Math.max(0, score),
    relevance_reason: `Cosine similarity: ${score.toFixed(3)}`,
    scores: { semantic: score, words: 0, neighbours: 0 },
  }));
  // The memory itself is no result; it isn't found at all where it doesn't meet the filter, or has no stored vectors.
  const isFound = read.some((other) => other?.content_hash === content_hash);
  const total = Math.max(others.length, kept.length - Number(isFound));
  const found = {
    results: inOrder(results, input.order),
    query: `Similar to ${content_hash}`,
    mode: "similar",
    notice: vectors === null
      ? `The memory has no vectors yet. ${notReady(runtime)}`
      : noticeOf(near.ignored ? SWITCHED : await runtime.health.coverage.notice(runtime.storage)),
    ...pageFacts(total, page, n_results, near.full),
  };
  return recordSearch(runtime, found, started);
}

/** What is near to a memory; `ignored` when the store serves another model than the vectors are of. */
export interface Near {
  found: (Known & { score: number })[];
  ignored: boolean;
  /** Whether there were more than were looked for. */
  full: boolean;
}

/** Memories near to any of the vectors, current ones by default, each with its best cosine, nearest first. */
export async function nearest(
  runtime: Runtime,
  { model, chunks }: VectorSet,
  limit: number,
  filter: MemoryFilter = CURRENT,
): Promise<Near> {
  const best = new Map<MemoryId, Near["found"][number]>();
  let ignored = false, full = false;
  for (const values of chunks.slice(0, CHUNKS_USED)) {
    const { candidates, vector_ignored, memories } = await runtime.storage.candidates({
      text: null,
      vector: { model, values },
      filter,
      limit,
    });
    ignored ||= vector_ignored;
    full ||= candidates.length >= limit && candidates.length < memories;
    for (const { id, semantic, memory } of candidates) {
      if (semantic === null || semantic <= (best.get(id)?.score ?? -2)) continue;
      best.set(id, { id, score: semantic, ...(memory === undefined ? {} : { memory }) });
    }
  }
  const found = [...best.values()].sort((a, b) => b.score - a.score);
  return { found, ignored, full };
}
