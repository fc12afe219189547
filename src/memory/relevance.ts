/**
 * How likely it is that a search found what was asked for, whatever else the store holds.
 *
 * The scores that rank say which of the results is best, not whether any is good: the best of a thousand unrelated
 * memories is the best all the same. This looks at the best there is: the largest cosine, and the most of the question's
 * words that one memory holds, each word by its rarity and those that no memory has by the highest. Both grow with the
 * number of memories that are searched, for the question too that belongs elsewhere, so that what such a question
 * reaches is subtracted.
 *
 * Where the constants come from: questions of five sets asked of their own store and of the others, of stores of 35 to
 * 100,000 memories; round numbers near those of a logistic regression in which each pair of question set and store has
 * the same weight. Of what comes out between 0.6 and 0.7, 59 % was asked of its own store; the curve is in
 * `bench/README.md`.
 *
 * @module
 */

/** What a search found, as far as relevance needs it. */
export interface BestFound {
  /** The largest cosine, on the scale of the bundled model; null without vectors. */
  cosine: number | null;
  /** The largest share of the question's word weight that one memory holds, by `countedShare`; null without words. */
  words: number | null;
  /** Number of memories that were searched. */
  memories: number;
}

/** Weights of the log-odds: of the cosine, of the words, and of what an unrelated question reaches. */
interface Weights {
  cosine: number;
  words: number;
  unrelated: number;
  constant: number;
}

const BOTH: Weights = { cosine: 30, words: 6, unrelated: 1, constant: 0 };
const COSINE_ALONE: Weights = { cosine: 34, words: 0, unrelated: 1, constant: 0.5 };
const WORDS_ALONE: Weights = { cosine: 0, words: 12, unrelated: 0.35, constant: 1.1 };

/**
 * What a question that belongs elsewhere reaches in stores of so many memories, as 30 × cosine + 6 × words: the 92nd
 * percentile of such questions, or close to it. Between these it grows with the logarithm of the number.
 */
const UNRELATED: readonly [memories: number, reached: number][] = [[1, 6], [240, 12.7], [3000, 18], [100_000, 18.5]];

/** Terms up to which a text's words count in full, as the ranking has it for what neighbours lend. */
const LONG_TEXT = 150;

/** Least relevance of the best result for `auto` to show any: it is more likely than not that something was found. */
export const AUTO_BEST = 0.5;
/** Least share of the best result's relevance for `auto`: what is below holds next to no evidence in the first ten. */
const AUTO_SHARE = 0.3;

/** Chance, 0 to 1, that the store holds what was asked for. */
export function chanceFound({ cosine, words, memories }: BestFound): number {
  const { cosine: ofCosine, words: ofWords, unrelated, constant } = cosine === null
    ? WORDS_ALONE
    : words === null
    ? COSINE_ALONE
    : BOTH;
  const sum = ofCosine * (cosine ?? 0) + ofWords * (words ?? 0) - unrelated * unrelatedReach(memories) + constant;
  return 1 / (1 + Math.exp(-sum));
}

/** `UNRELATED` between its points. */
function unrelatedReach(memories: number): number {
  const next = UNRELATED.findIndex(([size]) => size > memories);
  if (next < 0) return UNRELATED.at(-1)![1];
  if (next === 0) return UNRELATED[0]![1];
  const [[size, reached], [nextSize, nextReached]] = [UNRELATED[next - 1]!, UNRELATED[next]!];
  return reached + (nextReached - reached) * Math.log(memories / size) / Math.log(nextSize / size);
}

/** The share of a question's words that a text of `length` terms counts with: a long one holds many words by chance. */
export function countedShare(share: number, length: number): number {
  return length > LONG_TEXT ? share * Math.sqrt(LONG_TEXT / length) : share;
}

/** The relevance from which on results are relevant by `auto`, where the best one's is `best`; above all others for none. */
export function leastRelevance(best: number): number {
  return best < AUTO_BEST ? Infinity : best * AUTO_SHARE;
}

/** Where relevance ends, in words. */
export function relevanceText(relevant: number, total: number): string {
  if (relevant === 0) return "none is likely what was asked for";
  return relevant >= total ? "all relevant" : `${relevant} relevant, the others are weak`;
}

/** A line from a model's cosines to the bundled model's: how alike its texts are for it is each model's own affair. */
export interface CosineScale {
  slope: number;
  offset: number;
}

/**
 * Scales by the last part of a model's name, for every export of its weights. That of multilingual-e5-small makes the best
 * cosines of questions asked of their own store (0.87 and 0.89 in two stores, the bundled model's 0.56 and 0.73) and of
 * another one (0.81 and 0.79; 0.27 and 0.21) alike; `bench/README.md` says what it changes.
 */
const KNOWN_SCALES: Readonly<Record<string, CosineScale>> = {
  "all-minilm-l6-v2": { slope: 1, offset: 0 },
  "multilingual-e5-small": { slope: 4, offset: -2.95 },
};

/**
 * The scale of a model; null where none is known, and without a model.
 *
 * @param fitted Scales by the id of a model, as `deno task calibrate` fits them.
 */
export function cosineScale(
  model: { id: string; name: string } | null,
  fitted: Readonly<Record<string, CosineScale>> = {},
): CosineScale | null {
  if (model === null) return null;
  if (Object.hasOwn(fitted, model.id)) return fitted[model.id]!;
  const name = model.name.toLowerCase().split(/[/\\]/).at(-1) ?? "";
  return Object.hasOwn(KNOWN_SCALES, name) ? KNOWN_SCALES[name]! : null;
}
