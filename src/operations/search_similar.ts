/**
 * Memories like a given one.
 *
 * @module
 */

import { z } from "zod";
import { ContentHash, Page, PageSize, Threshold, viewOf } from "../memory/schemas.ts";
import type { MemoryId, VectorSet } from "../storage/storage.ts";
import { pageFacts } from "./filter.ts";
import { counted, type Found } from "./found.ts";
import { notFound } from "./get.ts";
import type { Runtime } from "./runtime.ts";
import type { SearchHit } from "./search.ts";

/** A long memory has many chunks; the first ones say what it is about. */
const CHUNKS_USED = 8;
const CANDIDATES = 100;

export const SimilarInput = z.object({
  content_hash: ContentHash,
  n_results: PageSize.describe("Results on a page, 1 to 100; 10 by default."),
  page: Page,
  threshold: Threshold.default(0).describe("Least cosine of a result, 0 to 1."),
});
export type SimilarInput = z.infer<typeof SimilarInput>;

/**
 * The memories nearest to one by its stored vectors, nearest first, without itself. A memory that has no vectors yet
 * has no similar ones, and `notice` says so.
 *
 * @throws {MemoryError} `not_found`.
 */
export async function searchSimilar(runtime: Runtime, input: SimilarInput): Promise<Found> {
  const started = performance.now();
  const { content_hash, n_results, page, threshold } = input;
  const [[memory], [vectors]] = await Promise.all([
    runtime.storage.get([content_hash]),
    runtime.storage.vectors([content_hash]),
  ]);
  if (!memory) throw notFound("find similar to", content_hash);
  const end = page * n_results;
  const near = vectors ? await nearest(runtime, vectors, Math.max(CANDIDATES, end + 1)) : [];
  const kept = near.filter(({ score }) => score >= threshold);
  const read = await runtime.storage.read(kept.slice(0, end + 1).map(({ id }) => id));
  const others = kept.slice(0, end + 1)
    .map((entry, i) => ({ score: entry.score, memory: read[i] ?? null }))
    .filter((entry) => entry.memory !== null && entry.memory.content_hash !== content_hash);
  const results = others.slice(end - n_results, end).map(({ score, memory }): SearchHit => ({
    memory: viewOf(memory!),
    similarity_score: Math.max(0, score),
    relevance_reason: `Cosine similarity: ${score.toFixed(3)}`,
    scores: { semantic: score, words: 0, neighbours: 0 },
  }));
  // The memory itself is among the nearest, unless it was deleted meanwhile.
  const total = Math.max(others.length, kept.length - (memory.superseded === undefined ? 1 : 0), 0);
  const found = {
    results,
    query: `Similar to ${content_hash}`,
    mode: "similar",
    notice: vectors ? null : "Search by meaning is not ready: the memory has no vectors yet",
    ...pageFacts(total, page, n_results),
  };
  return counted(runtime, found, started);
}

/** Current memories near to any of the vectors, each with its best cosine, nearest first. */
export async function nearest(
  runtime: Runtime,
  { model, chunks }: VectorSet,
  limit: number,
): Promise<{ id: MemoryId; score: number }[]> {
  const best = new Map<MemoryId, number>();
  for (const values of chunks.slice(0, CHUNKS_USED)) {
    const { candidates } = await runtime.storage.candidates({
      text: null,
      vector: { model, values },
      filter: { superseded: false },
      limit,
    });
    for (const { id, semantic } of candidates) {
      if (semantic !== null && semantic > (best.get(id) ?? -2)) best.set(id, semantic);
    }
  }
  return Array.from(best, ([id, score]) => ({ id, score })).sort((a, b) => b.score - a.score);
}
