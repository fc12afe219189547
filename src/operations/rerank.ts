/**
 * The second look at the first results, by a cross-encoder where one is configured.
 *
 * @module
 */

import { LRUCache } from "lru-cache";
import type { Reranker } from "../embedding/embedder.ts";
import { MemoryError } from "../errors.ts";
import { contentHash } from "../memory/hash.ts";
import { passageOf, passageQuery } from "../memory/passage.ts";
import type { Ranked } from "../memory/ranking.ts";
import type { SearchEffort } from "../memory/schemas.ts";
import type { Candidate } from "../storage/contract/search.ts";
import { memoriesOf } from "./candidate_memories.ts";
import type { Runtime } from "./runtime.ts";

/** How many of the first results are read again at most; later ones stay behind them. */
const RERANKED = 50;
/** Characters of the passage that is read of each: as much as a cross-encoder's window holds beside a question. */
const READ = 1000;
const DEFAULT_BUDGET_MS = 500;

/**
 * Width of the logistic that makes a share of a logit: those of cross-encoders for MS MARCO go from −11 to 11. With half
 * of it the second look costs more where it is wrong (`bench/README.md`).
 */
const LOGIT_SCALE = 4;
/** Milliseconds that a search which asks for the second look waits for a loading model where no setting is given. */
const DEFAULT_WAIT_MS = 3000;

/** Results in their new order, and why there was no second look where one was wanted. */
export interface Reranked {
  ranked: Ranked<Candidate>[];
  missing: string | null;
  /** How many of the first results were read again; null where no second look was wanted. */
  reranked: number | null;
}

/**
 * Orders the first results again, best first and as many as the time budget allows: half by the score they had and half by
 * the reranker's, since that reads a passage alone and not what was said around it. The scale stays that of the best
 * result's own match. What comes after them, and what the budget left out, is held below in the order it had. Without a
 * ready reranker the order stays.
 *
 * @param effort What this search asks for; without it, what the settings say.
 * @param page The page that is asked for, from 1. How many results there is time for differs from call to call; later
 * pages go by the scores of the first, so that no result comes twice or never.
 */
export async function rerank(
  runtime: Runtime,
  query: string,
  ranked: Ranked<Candidate>[],
  effort: SearchEffort | undefined,
  page: number,
): Promise<Reranked> {
  const { reranker } = runtime.embeddings;
  if ((effort ?? runtime.settings.searchEffort ?? (reranker ? "high" : "normal")) === "normal") {
    return { ranked, missing: null, reranked: null };
  }
  if (!reranker) {
    return { ranked, missing: "Not reranked: no reranker is set up, see MCP_RERANK_MODEL", reranked: 0 };
  }
  await loaded(runtime, reranker, effort === "high");
  if (reranker.status.state !== "ready") {
    return { ranked, missing: `Not reranked: the model is ${reranker.status.state}`, reranked: 0 };
  }
  const first = ranked.slice(0, RERANKED);
  const memories = await memoriesOf(runtime.storage, first.map(({ item }) => item));
  try {
    const wanted = passageQuery(query);
    const passages = memories.map((memory) => {
      const content = memory?.content ?? "", { start, end } = passageOf(content, wanted, READ);
      return content.slice(start, end);
    });
    const scores = await scoresOf(reranker, { query, passages, page }, runtime.settings.rerankBudgetMs);
    const best = ranked[0]?.score ?? 0;
    const reordered = first.slice(0, scores.length)
      .map((entry, i) => ({ ...entry, score: (entry.score + best * logistic(scores[i]! / LOGIT_SCALE)) / 2 }));
    reordered.sort((a, b) => b.score - a.score);
    const least = reordered.at(-1)?.score ?? 1;
    const rest = ranked.slice(scores.length).map((entry) => ({ ...entry, score: Math.min(entry.score, least) }));
    return { ranked: [...reordered, ...rest], missing: null, reranked: scores.length };
  } catch (error) {
    if (error instanceof MemoryError && error.code === "unavailable") {
      return { ranked, missing: "Not reranked: the model can't be used now", reranked: 0 };
    }
    throw error;
  }
}

/** Scores of searches, by reranker. */
const remembered = new WeakMap<Reranker, LRUCache<string, Promise<number[]>>>();
/** Searches whose scores are kept, and milliseconds for which they are: as long as someone may turn pages. */
const REMEMBERED = 200, REMEMBERED_MS = 600_000;

/** Scores of the passages from the first on; of later pages those that the same search got for its first. */
async function scoresOf(
  reranker: Reranker,
  { query, passages, page }: { query: string; passages: string[]; page: number },
  budgetMs = DEFAULT_BUDGET_MS,
): Promise<number[]> {
  let searches = remembered.get(reranker);
  if (searches === undefined) {
    searches = new LRUCache({ max: REMEMBERED, ttl: REMEMBERED_MS });
    remembered.set(reranker, searches);
  }
  const key = contentHash(JSON.stringify([query, passages]));
  const before = page > 1 ? await searches.get(key)?.catch(() => undefined) : undefined;
  if (before !== undefined) return before;
  const scoring = reranker.score(query, passages, budgetMs);
  searches.set(key, scoring);
  scoring.catch(() => searches.delete(key));
  return await scoring;
}

/** Begins to load the reranker; who asked for it by name waits, no longer than is set. */
async function loaded({ settings }: Runtime, reranker: Reranker, wait: boolean): Promise<void> {
  if (reranker.status.state === "ready") return;
  const loading = reranker.load().catch(() => {}); // its state says what went wrong
  if (!wait) return;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, settings.modelWaitMs ?? DEFAULT_WAIT_MS);
  });
  await Promise.race([loading, late]);
  clearTimeout(timer);
}

function logistic(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}
