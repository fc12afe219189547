/**
 * Exact BM25 over what a store found. What is needed of the whole collection (how rare a term is, how long memories are)
 * is kept for a while and read again after writes.
 *
 * @module
 */

import { inverseDocumentFrequency, K1, saturation } from "../../memory/ranking.ts";
import { LATIN_STEMMED, type StemmedLanguage } from "../../memory/stemming.ts";
import { analyseText, type QueryTerm } from "../../memory/text.ts";
import { TimeSlice } from "../../yielding.ts";
import type { Content } from "./contents.ts";
import type { Survey, WeightAnswer, WeightQuestion } from "./source.ts";

/** Milliseconds for which a term's rarity and the average length are believed. */
const RARITY_MS = 60_000, LENGTH_MS = 300_000;
/** They are read again once this share of the memories was written. */
const WRITTEN_SHARE = 0.02;
const MAX_RARITIES = 20_000;

/** Share of the memories in a sample from which on a language counts as one of the store's. */
const LANGUAGE_SHARE = 0.01;

/** Words of a query that some memory has. */
export interface KnownWords {
  words: readonly QueryTerm[];
  /** What each adds to a BM25 where it is saturated. */
  factors: number[];
  /** Their sum. */
  ceiling: number;
  /** What the words that no memory has would add. */
  unseen: number;
}

/**
 * What memories are like, by a sample of their contents.
 *
 * @param memories Number of all memories.
 */
export async function surveyOf(sample: readonly string[], memories: number): Promise<Survey> {
  const counts = new Map<string | null, number>(), timeSlice = new TimeSlice();
  let total = 0;
  for (const content of sample) {
    await timeSlice.yieldIfDue();
    const { terms, language } = analyseText(content);
    total += terms.length;
    counts.set(language, (counts.get(language) ?? 0) + 1);
  }
  const least = Math.max(1, sample.length * LANGUAGE_SHARE);
  const languages = LATIN_STEMMED.filter((language) => (counts.get(language) ?? 0) >= least);
  return { memories, length: total / Math.max(1, sample.length), languages };
}

/** Weights of terms in one collection. */
export class Weights {
  readonly #maxRarities: number;
  #rarities = new Map<string, { rarity: number; at: number; writes: number }>();
  #survey: Survey & { at: number; writes: number } = {
    memories: 0,
    length: 1,
    languages: [],
    at: -Infinity,
    writes: 0,
  };
  /** Memories written by this process. */
  #writes = 0;

  /** @param maxRarities Terms that are kept. */
  constructor(maxRarities = MAX_RARITIES) {
    this.#maxRarities = maxRarities;
  }

  /** Takes note of `count` memories that were stored, changed or deleted. */
  written(count: number): void {
    this.#writes += count;
  }

  /** Languages besides English in which more than a few memories are, as far as was learnt. */
  get languages(): readonly StemmedLanguage[] {
    return this.#survey.languages;
  }

  /** What must be asked before words with these terms can be weighed. */
  unknown(terms: readonly string[]): WeightQuestion {
    const { at, writes } = this.#survey;
    return { terms: terms.filter((term) => !this.#isKnown(term)), survey: !this.#isFresh(at, writes, LENGTH_MS) };
  }

  /** Takes over the answer. A term that isn't stored yet may be stored any time, so that it isn't remembered as unknown. */
  learn({ rarities, survey }: WeightAnswer): void {
    const at = performance.now(), writes = this.#writes;
    for (const [term, rarity] of rarities) {
      if (this.#rarities.size >= this.#maxRarities) this.#rarities.delete(this.#rarities.keys().next().value!);
      this.#rarities.set(term, { rarity, at, writes });
    }
    if (survey !== undefined) this.#survey = { ...survey, length: survey.length || 1, at, writes };
  }

  /**
   * The words that some memory has, rarest first where there are more than `most`, with the weight of each: a word with
   * several terms is as rare as the most frequent of them.
   */
  known(words: readonly QueryTerm[], most: number): KnownWords {
    let known = words.flatMap(({ word, forms }) => {
      const rarities = forms.flatMap((form) => this.#rarities.get(form)?.rarity ?? []);
      return rarities.length === 0 ? [] : [{ word, forms, factor: Math.min(...rarities) * (K1 + 1) }];
    });
    const unknown = words.length - known.length;
    if (known.length > most) known = known.sort((a, b) => b.factor - a.factor).slice(0, most);
    return {
      words: known,
      factors: known.map(({ factor }) => factor),
      ceiling: known.reduce((sum, { factor }) => sum + factor, 0),
      unseen: unknown * inverseDocumentFrequency(this.#survey.memories, 0) * (K1 + 1),
    };
  }

  /** BM25 of each word: of the term for it that occurs most. */
  score(content: Content, { words, factors }: KnownWords): Float32Array {
    const scores = new Float32Array(words.length), base = saturation(content.length, this.#survey.length);
    words.forEach(({ forms }, i) => {
      const count = forms.reduce((most, form) => Math.max(most, content.count(form)), 0);
      if (count > 0) scores[i] = factors[i]! * count / (count + base);
    });
    return scores;
  }

  #isKnown(term: string): boolean {
    const kept = this.#rarities.get(term);
    if (kept === undefined) return false;
    if (this.#isFresh(kept.at, kept.writes, RARITY_MS)) return true;
    this.#rarities.delete(term);
    return false;
  }

  #isFresh(at: number, writes: number, ms: number): boolean {
    return performance.now() - at < ms && this.#writes - writes <= WRITTEN_SHARE * this.#survey.memories;
  }
}
