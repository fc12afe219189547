/**
 * One combination of word and vector scores, for every store.
 *
 * Where the constants come from: grid search on conversation turns and questions (LoCoMo), kept where they paid in both
 * halves of a split by conversation; `bench/README.md` has the figures.
 *
 * @module
 */

/** Scores of one text against the query, as a store's candidate search gives them. */
interface Scored {
  /** Cosine, −1 to 1; null without a vector. */
  semantic: number | null;
  /** BM25, ≥ 0. */
  words: number;
}

/** A candidate with the scores of the turns around it, nearest first. */
interface RankInput extends Scored {
  before: Scored[];
  after: Scored[];
}

/** Share of the vector score in the sum; the rest is words. */
export const SEMANTIC_WEIGHT = 0.4;
/** What a turn gets of its neighbours' scores, nearest first. */
export const BEFORE_WEIGHTS: readonly number[] = [0.2];
export const AFTER_WEIGHTS: readonly number[] = [0.1];

/** The parts of a result's score. */
export interface RankScores {
  /** Cosine of the query and the best chunk; null when either has no vector. */
  semantic: number | null;
  /** BM25 over the most this query can reach, 0 to 1. */
  words: number;
  /** What neighbours in the conversation added, before scaling. */
  neighbours: number;
}

/** A ranked candidate. */
export interface Ranked<T> {
  item: T;
  /** Relevance, 0 to 1: the order of the results, on a scale set by the best result's own scores. */
  score: number;
  scores: RankScores;
}

/**
 * Ranks candidates by a convex combination of their vector and word scores, each over the largest among the candidates,
 * plus a share of their neighbours'. Best first; ties keep the order given.
 *
 * @param wordsCeiling The largest BM25 this query can reach, > 0 when any candidate has words.
 */
export function rank<T extends RankInput>(candidates: readonly T[], wordsCeiling: number): Ranked<T>[] {
  let maxSemantic = 0, maxWords = 0;
  for (const { semantic, words } of candidates) {
    if (semantic !== null && semantic > maxSemantic) maxSemantic = semantic;
    if (words > maxWords) maxWords = words;
  }
  const semanticScale = maxSemantic > 0 ? SEMANTIC_WEIGHT / maxSemantic : 0;
  const wordsScale = maxWords > 0 ? (1 - SEMANTIC_WEIGHT) / maxWords : 0;
  const own = (s: Scored) => Math.max(0, s.semantic ?? 0) * semanticScale + s.words * wordsScale;

  const ranked = candidates.map((item) => {
    const neighbours = weigh(item.before, BEFORE_WEIGHTS, own) + weigh(item.after, AFTER_WEIGHTS, own);
    return { item, score: own(item) + neighbours, scores: { semantic: item.semantic, words: item.words, neighbours } };
  });
  ranked.sort((a, b) => b.score - a.score);

  const best = ranked[0];
  if (best === undefined) return [];
  const scale = best.score > 0 ? absoluteRelevance(best.item, wordsCeiling) / best.score : 0;
  for (const entry of ranked) {
    entry.score = Math.min(1, entry.score * scale);
    entry.scores.words = wordsCeiling > 0 ? Math.min(1, entry.scores.words / wordsCeiling) : 0;
  }
  return ranked;
}

/**
 * How relevant a candidate is whatever else was found: the larger of its cosine and of the share of the query's word
 * weight that it holds. Keeps an unrelated best result from looking like a sure one.
 */
function absoluteRelevance(item: Scored, wordsCeiling: number): number {
  const share = wordsCeiling > 0 ? item.words / wordsCeiling : 0;
  return Math.min(1, Math.max(item.semantic ?? 0, share));
}

function weigh(neighbours: Scored[], weights: readonly number[], own: (s: Scored) => number): number {
  let sum = 0;
  for (let i = 0; i < weights.length && i < neighbours.length; i++) sum += weights[i]! * own(neighbours[i]!);
  return sum;
}
