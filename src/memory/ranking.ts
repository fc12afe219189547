/**
 * One combination of word and vector scores, for every store.
 *
 * A turn of a conversation seldom says all that a question asks for: the name, the topic or the date came in a turn
 * before it, or in the reply. So a query word counts for a turn, at a discount, when it was said nearby, and the turns
 * nearby add a part of their similarity. Memories without a conversation have no neighbours; for them this is a convex
 * combination of BM25 and cosine, each over the largest among the candidates.
 *
 * Where the constants come from: LoCoMo's development half (2,760 turns, 760 questions), round numbers on a plateau.
 * Almost all of them can move by a third with R@10 moving by no more than a point; figures are in `bench/README.md`.
 *
 * @module
 */

/** BM25's saturation and length normalisation. Anserini's defaults; on short texts better than 1.2 and 0.75. */
export const K1 = 0.9;
export const B = 0.4;

/** Weights of the ranking. Lists run from the nearest neighbour outwards. */
export interface RankWeights {
  /** Share of the vector score in the sum; the rest is words. */
  readonly semantic: number;
  /** What a word said one, two turns before counts, as a share of the same word said in the turn itself. */
  readonly wordsBefore: readonly number[];
  readonly wordsAfter: readonly number[];
  /** The share of its similarity that a turn one, two before adds: half of what words count. */
  readonly semanticBefore: readonly number[];
  readonly semanticAfter: readonly number[];
  /** Factor for a turn whose speaker the query names. Whom a question is about has mostly said it (95% on LoCoMo). */
  readonly namedSpeaker: number;
  /** What such a name still counts as a word, now that it counts as a speaker. */
  readonly nameAsWord: number;
  /** Factor for a turn that ends by asking: 23% of turns, 9% of evidence. */
  readonly asking: number;
}

export const RANK_WEIGHTS: RankWeights = {
  semantic: 0.4,
  wordsBefore: [0.8, 0.6],
  wordsAfter: [0.6, 0.4],
  semanticBefore: [0.4, 0.3],
  semanticAfter: [0.3, 0.2],
  namedSpeaker: 1.5,
  nameAsWord: 0.25,
  asking: 0.85,
};

/** How many turns away a neighbour can lend: what a store gives before and after a candidate. */
export const NEIGHBOUR_REACH = 2;

/** Scores of one text against the query, as a store's candidate search gives them. */
export interface Scored {
  /** Cosine, −1 to 1; null without a vector. */
  semantic: number | null;
  /** BM25 of each query term, in the query's order, ≥ 0; empty when no word matches. */
  words: ArrayLike<number>;
}

/** A candidate with the scores of the turns around it, nearest first, and what the ranking must know of the turn. */
export interface RankInput extends Scored {
  before: readonly Scored[];
  after: readonly Scored[];
  /** Positions of the query's terms that name the turn's speaker; empty outside a conversation. */
  speaker: readonly number[];
  /** A turn of a conversation that ends by asking. */
  asks: boolean;
}

/** The parts of a result's score. */
export interface RankScores {
  /** Cosine of the query and the best chunk; null when either has no vector. */
  semantic: number | null;
  /** Share of the query's word weight that the memory itself holds, 0 to 1. */
  words: number;
  /** Share of the score that came from the turns around it, 0 to 1. */
  neighbours: number;
}

/** A ranked candidate. */
export interface Ranked<T> {
  item: T;
  /** Relevance, 0 to 1: the order of the results, on a scale that the best result's own match sets. */
  score: number;
  scores: RankScores;
}

/** Robertson's inverse document frequency in Lucene's form, which is never negative. */
export function inverseDocumentFrequency(memories: number, containing: number): number {
  return Math.log(1 + (memories - containing + 0.5) / (containing + 0.5));
}

/**
 * Ranks candidates, best first; ties keep the order given.
 *
 * @param termCount Number of query terms, the length of every `words`.
 * @param wordsCeiling The largest BM25 this query can reach; 0 when no memory has any of its words.
 */
export function rank<T extends RankInput>(
  candidates: readonly T[],
  termCount: number,
  wordsCeiling: number,
  weights: RankWeights = RANK_WEIGHTS,
): Ranked<T>[] {
  const termWeights = new Float64Array(termCount).fill(1);
  for (const { speaker } of candidates) for (const term of speaker) termWeights[term] = weights.nameAsWord;

  const words = candidates.map((candidate) => wordsInContext(candidate, termWeights, weights));
  const meanings = candidates.map((candidate) => meaningInContext(candidate, weights));
  const wordScale = share(1 - weights.semantic, words);
  const meaningScale = share(weights.semantic, meanings);

  const ranked = candidates.map((item, i): Ranked<T> => {
    const inContext = words[i]! * wordScale + meanings[i]! * meaningScale;
    const own = ownWords(item, termWeights) * wordScale + Math.max(0, item.semantic ?? 0) * meaningScale;
    let score = inContext;
    if (item.speaker.length > 0) score *= weights.namedSpeaker;
    if (item.asks) score *= weights.asking;
    const neighbours = inContext > 0 ? Math.max(0, 1 - own / inContext) : 0;
    return {
      item,
      score,
      scores: { semantic: item.semantic, words: shareOf(sum(item.words), wordsCeiling), neighbours },
    };
  });
  const strongest = ranked.reduce((most, entry) => Math.max(most, entry.score), 0);
  const best = ranked.findIndex((entry) => entry.score === strongest);
  if (strongest > 0) {
    const scale = relevance(candidates[best]!.semantic, shareOf(words[best]!, wordsCeiling)) / strongest;
    for (const entry of ranked) entry.score = Math.min(1, entry.score * scale);
  }
  return ranked.sort((a, b) => b.score - a.score);
}

/**
 * How relevant a candidate is whatever else was found: the larger of its cosine and of the share of the query's word
 * weight found in and around it. Keeps an unrelated best result from looking like a sure one.
 */
function relevance(semantic: number | null, words: number): number {
  return Math.min(1, Math.max(0, semantic ?? 0, words));
}

function shareOf(words: number, ceiling: number): number {
  return ceiling > 0 ? Math.min(1, words / ceiling) : 0;
}

function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total;
}

function ownWords(candidate: RankInput, termWeights: Float64Array): number {
  let total = 0;
  for (let term = 0; term < termWeights.length; term++) total += (candidate.words[term] ?? 0) * termWeights[term]!;
  return total;
}

/** BM25 with each term at the most it counts in the turn or, discounted, nearby. */
function wordsInContext(candidate: RankInput, termWeights: Float64Array, weights: RankWeights): number {
  let sum = 0;
  for (let term = 0; term < termWeights.length; term++) {
    let most = candidate.words[term] ?? 0;
    for (let hop = 0; hop < NEIGHBOUR_REACH; hop++) {
      const before = (candidate.before[hop]?.words[term] ?? 0) * (weights.wordsBefore[hop] ?? 0);
      const after = (candidate.after[hop]?.words[term] ?? 0) * (weights.wordsAfter[hop] ?? 0);
      most = Math.max(most, before, after);
    }
    sum += most * termWeights[term]!;
  }
  return sum;
}

/** Cosine of the turn, plus shares of its neighbours' cosines; what points away from the query counts as nothing. */
function meaningInContext(candidate: RankInput, weights: RankWeights): number {
  let sum = Math.max(0, candidate.semantic ?? 0);
  for (let hop = 0; hop < NEIGHBOUR_REACH; hop++) {
    sum += Math.max(0, candidate.before[hop]?.semantic ?? 0) * (weights.semanticBefore[hop] ?? 0);
    sum += Math.max(0, candidate.after[hop]?.semantic ?? 0) * (weights.semanticAfter[hop] ?? 0);
  }
  return sum;
}

/** The factor that makes the largest of `scores` count `part`; 0 when there is none above 0. */
function share(part: number, scores: readonly number[]): number {
  const largest = scores.reduce((most, score) => Math.max(most, score), 0);
  return largest > 0 ? part / largest : 0;
}
