/**
 * One combination of word and vector scores, for every store.
 *
 * A turn of a conversation seldom says all that a question asks for: the name, the topic or the date came in a turn
 * before it, or in the reply. So a query word counts for a turn, at a discount, when it was said nearby, and the turns
 * nearby add a part of their similarity. Memories without a conversation have no neighbours; for them this is a convex
 * combination of BM25 and cosine, each over the largest among the candidates.
 *
 * Where the constants come from: development halves of LoCoMo (turns of one sentence), REALTALK (chats of real people)
 * and BEAM (sessions with an assistant), as they are and with every second session as long notes; round numbers from a
 * plateau of one-step grids over all of these. Figures are in `bench/README.md`.
 *
 * @module
 */

import type { CosineScale } from "./relevance.ts";
import type { Role } from "./role.ts";

/** BM25's saturation and length normalisation. Anserini's defaults; on short texts better than 1.2 and 0.75. */
export const K1 = 0.9;
export const B = 0.4;
/**
 * Average lengths up to which a text's length counts against it. What answers stands in one passage of a long text, and
 * the rest of it says nothing against that: with all of their length, long notes between short turns were buried. From 1
 * to 2 it is a plateau (`bench/README.md`).
 */
export const LENGTH_CAP = 1.5;

/** What BM25 adds to a term's frequency in the denominator, for a text of `length` terms where `average` is usual. */
export function saturation(length: number, average: number): number {
  return K1 * (1 - B + B * Math.min(LENGTH_CAP, length / average));
}

/** Weights of the ranking. Lists run from the nearest neighbour outwards. */
export interface RankWeights {
  /** Share of the vector score in the sum; the rest is words. */
  readonly semantic: number;
  /**
   * The same for a query that asks for what an assistant said: its answers are long, stay on one topic and hold many of
   * the query's words by chance. On BEAM 0.7 to 0.8 find as much as vectors alone, less finds less.
   */
  readonly semanticOfAnswers: number;
  /** What a word said one, two turns before counts, as a share of the same word said in the turn itself. */
  readonly wordsBefore: readonly number[];
  readonly wordsAfter: readonly number[];
  /** The share of its similarity that a turn one, two before adds: a quarter of what words count. */
  readonly semanticBefore: readonly number[];
  readonly semanticAfter: readonly number[];
  /** Terms up to which a neighbour lends all of its share; one of twice as many lends half. */
  readonly lendingLength: number;
  /**
   * Factor for a turn of someone else, where the query names who speaks. Whom a question is about has mostly said it
   * (95 % on LoCoMo). What has no label stays as it is: a note is no turn.
   */
  readonly otherSpeaker: number;
  /** What such a name still counts as a word, now that it counts as a speaker. */
  readonly nameAsWord: number;
  /** Factor for a short turn that ends by asking: 23 % of LoCoMo's turns, 9 % of its evidence. */
  readonly asking: number;
  /**
   * Factor for what an assistant said, unless the query asks for that: three quarters of BEAM's evidence is in what the
   * user said.
   */
  readonly assistant: number;
  /**
   * Factor for turns, by their type, beside memories that were stored on purpose. A turn that asks the same question is
   * nearer to it than any answer, with a cosine of up to 1 where the answer has 0.5 to 0.7; at 0.5 the memory still comes
   * first. Among turns alone it changes nothing, and the development sets have none of that type.
   */
  readonly turn: number;
}

export const RANK_WEIGHTS: RankWeights = {
  semantic: 0.4,
  semanticOfAnswers: 0.75,
  wordsBefore: [0.8, 0.6],
  wordsAfter: [0.6, 0.4],
  semanticBefore: [0.2, 0.15],
  semanticAfter: [0.15, 0.1],
  lendingLength: 150,
  otherSpeaker: 2 / 3,
  nameAsWord: 0.25,
  asking: 0.85,
  assistant: 0.5,
  turn: 0.5,
};

/** How many turns away a neighbour can lend: what a store gives before and after a candidate. */
export const NEIGHBOUR_REACH = 2;

/** Scores of one text against the query, as a store's candidate search gives them. */
export interface Scored {
  /** Cosine, −1 to 1; null without a vector. */
  semantic: number | null;
  /** BM25 of each query term, in the query's order, ≥ 0; empty when no word matches. */
  words: ArrayLike<number>;
  /** Number of the text's terms. */
  length: number;
}

/** A candidate with the scores of the turns around it, nearest first, and what the ranking must know of the turn. */
export interface RankInput extends Scored {
  before: readonly Scored[];
  after: readonly Scored[];
  /** A turn of a conversation whose label names the speaker. */
  named: boolean;
  /** Positions of the query's terms that name the turn's speaker; empty unless it is named. */
  speaker: readonly number[];
  /** Whose words it holds; null where that isn't known. */
  role: Role | null;
  /** A short turn of a conversation that ends by asking. */
  asks: boolean;
  /** A turn by its type, as hooks capture and importers make them, and no memory that was stored on purpose. */
  turn: boolean;
}

/** The parts of a result's score. */
export interface RankScores {
  /** Cosine of the query and the best chunk; null when either has no vector. */
  semantic: number | null;
  /** Share of the query's word weight that the memory itself holds, 0 to 1. */
  words: number;
  /** Share of the score that came from the turns around it, 0 to 1. */
  neighbours: number;
  /** Factors on the score, each 1 where it doesn't apply: the query names who speaks, and it is someone else's turn. */
  speaker: number;
  /** It is what an assistant said. */
  role: number;
  /** It is a short turn that ends by asking. */
  asking: number;
  /** It is a turn by its type, and no memory that was stored on purpose. */
  turn: number;
  /** From 1 up where the question asks for what holds now or held before, by `preferByTime`; absent where it doesn't apply. */
  time?: number;
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

/** What the ranking takes of a query. */
export interface RankedQuery {
  /** Number of its terms, the length of every `words`. */
  termCount: number;
  /** The largest BM25 it can reach; 0 when no memory has any of its words. */
  wordsCeiling: number;
  /** Whether it asks for what an assistant said, by `asksAssistant`. */
  asksAssistant: boolean;
  /**
   * The line from the model's cosines to the bundled model's, for which the shares of words and meaning were chosen. For
   * some models unrelated texts have cosines of 0.8, beside which what is meant hardly stands out.
   */
  scale?: CosineScale | null;
}

/** Ranks candidates, best first; ties keep the order given. */
export function rank<T extends RankInput>(
  candidates: readonly T[],
  { termCount, wordsCeiling, asksAssistant, scale: cosines = null }: RankedQuery,
  weights: RankWeights = RANK_WEIGHTS,
): Ranked<T>[] {
  const meaning = meaningOn(cosines);
  const termWeights = new Float64Array(termCount).fill(1);
  let isSpeakerNamed = false;
  for (let i = 0; i < candidates.length; i++) {
    const { speaker } = candidates[i]!;
    for (const term of speaker) termWeights[term] = weights.nameAsWord;
    isSpeakerNamed ||= speaker.length > 0;
  }

  const own = candidates.map((candidate) => ownWords(candidate, termWeights)), most = new Float64Array(termCount);
  const words = candidates.map((candidate, i) =>
    isAlone(candidate) ? own[i]! : wordsInContext(candidate, termWeights, weights, most)
  );
  const meanings = candidates.map((candidate) => meaningInContext(candidate, meaning, weights));
  const semantic = asksAssistant ? weights.semanticOfAnswers : weights.semantic;
  const wordScale = share(1 - semantic, words), meaningScale = share(semantic, meanings);

  const ranked = candidates.map((item, i): Ranked<T> => {
    const inContext = words[i]! * wordScale + meanings[i]! * meaningScale;
    const alone = own[i]! * wordScale + meaning(item) * meaningScale;
    const speaker = isSpeakerNamed && item.named && item.speaker.length === 0 ? weights.otherSpeaker : 1;
    const role = item.role === "assistant" && !asksAssistant ? weights.assistant : 1;
    const asking = item.asks ? weights.asking : 1, turn = item.turn ? weights.turn : 1;
    const score = inContext * speaker * role * asking * turn;
    const neighbours = inContext > 0 ? Math.max(0, 1 - alone / inContext) : 0;
    return {
      item,
      score,
      scores: {
        semantic: item.semantic,
        words: shareOf(sum(item.words), wordsCeiling),
        neighbours,
        speaker,
        role,
        asking,
        turn,
      },
    };
  });
  const strongest = ranked.reduce((most, entry) => Math.max(most, entry.score), 0);
  const best = ranked.findIndex((entry) => entry.score === strongest);
  if (strongest > 0) {
    const scale = relevance(meaning(candidates[best]!), shareOf(words[best]!, wordsCeiling)) / strongest;
    for (const entry of ranked) entry.score = Math.min(1, entry.score * scale);
  }
  return ranked.sort((a, b) => b.score - a.score);
}

/**
 * How relevant a candidate is whatever else was found: the larger of its cosine and of the share of the query's word
 * weight found in and around it. Keeps an unrelated best result from looking like a sure one.
 */
function relevance(meaning: number, words: number): number {
  return Math.min(1, Math.max(meaning, words));
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

/** What of its own a neighbour may lend: a long text has something of everything. */
function lending({ length }: Scored, weights: RankWeights): number {
  return length > weights.lendingLength ? weights.lendingLength / length : 1;
}

/** Whether no turn is around a candidate, as with all memories but those of conversations. */
function isAlone({ before, after }: RankInput): boolean {
  return before.length === 0 && after.length === 0;
}

/**
 * BM25 with each term at the most it counts in the turn or, discounted, nearby.
 *
 * @param most Scratch space, a number for each term.
 */
function wordsInContext(
  { words, before, after }: RankInput,
  termWeights: Float64Array,
  weights: RankWeights,
  most: Float64Array,
): number {
  for (let term = 0; term < most.length; term++) most[term] = words[term] ?? 0;
  raise(most, before, weights.wordsBefore, weights);
  raise(most, after, weights.wordsAfter, weights);
  let sum = 0;
  for (let term = 0; term < most.length; term++) sum += most[term]! * termWeights[term]!;
  return sum;
}

/** Raises each term to what the turns nearby lend of it. */
function raise(most: Float64Array, turns: readonly Scored[], shares: readonly number[], weights: RankWeights): void {
  for (let hop = 0; hop < NEIGHBOUR_REACH && hop < turns.length; hop++) {
    const turn = turns[hop]!, { words } = turn, part = (shares[hop] ?? 0) * lending(turn, weights);
    for (let term = 0; term < most.length; term++) {
      const lent = (words[term] ?? 0) * part;
      if (lent > most[term]!) most[term] = lent;
    }
  }
}

/** A text's meaning: its cosine on the scale of the bundled model; what points away from the query counts as nothing. */
type Meaning = (text: Scored) => number;

/** What a cosine counts at least, so that those below the scale's zero keep their order. */
const LEAST_SLOPE = 0.01;

function meaningOn(scale: CosineScale | null): Meaning {
  const { slope, offset } = scale ?? { slope: 1, offset: 0 };
  return ({ semantic }) => semantic === null ? 0 : Math.max(0, LEAST_SLOPE * semantic, slope * semantic + offset);
}

/** Meaning of the turn, plus shares of its neighbours'. */
function meaningInContext(turn: RankInput, meaning: Meaning, weights: RankWeights): number {
  return meaning(turn) + meaningLent(turn.before, weights.semanticBefore, meaning, weights) +
    meaningLent(turn.after, weights.semanticAfter, meaning, weights);
}

function meaningLent(
  turns: readonly Scored[],
  shares: readonly number[],
  meaning: Meaning,
  weights: RankWeights,
): number {
  let sum = 0;
  for (let hop = 0; hop < NEIGHBOUR_REACH && hop < turns.length; hop++) {
    const turn = turns[hop]!;
    sum += meaning(turn) * (shares[hop] ?? 0) * lending(turn, weights);
  }
  return sum;
}

/** The factor that makes the largest of `scores` count `part`; 0 when there is none above 0. */
function share(part: number, scores: readonly number[]): number {
  const largest = scores.reduce((most, score) => Math.max(most, score), 0);
  return largest > 0 ? part / largest : 0;
}
