/**
 * The second look at the first results, by a cross-encoder where one is configured.
 *
 * @module
 */

import { MemoryError } from "../errors.ts";
import type { Ranked } from "../memory/ranking.ts";
import type { Candidate } from "../storage/storage.ts";
import type { Runtime } from "./runtime.ts";

/** How many of the first results are read again; later ones stay behind them. */
const RERANKED = 50;

/** Results in their new order, and why there was no second look when one was configured. */
export interface Reranked {
  ranked: Ranked<Candidate>[];
  missing: string | null;
}

/**
 * Orders the first results by the reranker's scores. Their `score` becomes the logistic of the reranker's, 0 to 1, and
 * what comes after them is held below it. Without a ready reranker the order stays.
 */
export async function rerank(runtime: Runtime, query: string, ranked: Ranked<Candidate>[]): Promise<Reranked> {
  const { reranker } = runtime.embeddings;
  if (!reranker) return { ranked, missing: null };
  if (reranker.status.state !== "ready") {
    return { ranked, missing: `Not reranked: the model is ${reranker.status.state}` };
  }
  const first = ranked.slice(0, RERANKED);
  const memories = await runtime.storage.read(first.map((entry) => entry.item.id));
  try {
    const scores = await reranker.score(query, memories.map((memory) => memory?.content ?? ""));
    const reordered = first.map((entry, i) => ({ ...entry, score: logistic(scores[i]!) }));
    reordered.sort((a, b) => b.score - a.score);
    const least = reordered.at(-1)?.score ?? 1;
    const rest = ranked.slice(RERANKED).map((entry) => ({ ...entry, score: Math.min(entry.score, least) }));
    return { ranked: [...reordered, ...rest], missing: null };
  } catch (error) {
    if (error instanceof MemoryError && error.code === "unavailable") {
      return { ranked, missing: "Not reranked: the model can't be used now" };
    }
    throw error;
  }
}

function logistic(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}
