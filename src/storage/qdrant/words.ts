/**
 * Exact BM25 over what the server found. The server finds the best by words with its own BM25; the scores that rank are
 * computed here, term by term, from the content, with the weight of each term that the server knows. What is needed of
 * the whole collection (how rare a term is, how long memories are) is kept for a while and read again after writes.
 *
 * @module
 */

import type { Schemas } from "@qdrant/js-client-rest";
import { inverseDocumentFrequency, K1, saturation } from "../../memory/ranking.ts";
import { labelledRole, metadataRole, type Role } from "../../memory/role.ts";
import { LATIN_STEMMED, type StemmedLanguage } from "../../memory/stemming.ts";
import { analyse, analyseText, type QueryTerm } from "../../memory/text.ts";
import { type TurnFeatures, turnFeatures } from "../../memory/turn.ts";
import { Pacer } from "../../pacer.ts";
import { unescapeText } from "../escape.ts";
import { storedWeight, WORDS, wordsDocument } from "./layout.ts";

/** Milliseconds for which a term's rarity and the average length are believed, and a content is kept. */
const RARITY_MS = 60_000, LENGTH_MS = 300_000, CONTENT_MS = 300_000;
/** They are read again once this share of the memories was written. */
const WRITTEN_SHARE = 0.02;
/** Memories whose length is averaged; their mean is within some percent of the true one. */
export const SAMPLE = 256;
const MAX_RARITIES = 20_000;
/** Share of sampled memories from which on a language counts as one of the collection's. */
const LANGUAGE_SHARE = 0.01;
/** Characters of contents that are kept, as terms about as many again. */
const MAX_CONTENT_CHARS = 4_000_000;

/** A memory's content, analysed as far as a search needs it. */
export class Content {
  readonly #text: string;
  /** The terms, each between blanks. */
  #terms: string | undefined;
  #length = 0;
  #features: TurnFeatures | undefined;

  /**
   * @param conversation Its name; null for what is no turn.
   * @param role The role that its metadata name.
   * @param created Unix seconds.
   * @param at Milliseconds at which it was read.
   */
  constructor(
    text: string,
    readonly conversation: string | null,
    role: Role | null,
    readonly created: number,
    readonly at: number,
  ) {
    this.#text = text;
    this.role = role ?? labelledRole(text);
  }

  /** Whose words it holds. */
  readonly role: Role | null;

  get size(): number {
    return this.#text.length;
  }

  get terms(): string {
    if (this.#terms === undefined) {
      const terms = analyse(this.#text);
      this.#terms = ` ${terms.join(" ")} `;
      this.#length = terms.length;
    }
    return this.#terms;
  }

  /** Number of terms. */
  get length(): number {
    return this.terms === "" ? 0 : this.#length;
  }

  get features(): TurnFeatures {
    return this.#features ??= turnFeatures(this.#text, this.length);
  }
}

type Query = Schemas["QueryRequest"];
type Points = Schemas["ScoredPoint"][];

/** Words of one collection. */
export class Words {
  #rarities = new Map<string, { rarity: number; at: number; writes: number }>();
  #average = { length: 1, memories: 0, languages: [] as StemmedLanguage[], at: -Infinity, writes: 0 };
  /** Contents in two generations: when the newer one is full, the older one goes. */
  #newer = new Map<string, Content>();
  #older = new Map<string, Content>();
  #newerChars = 0;
  /** Memories written by this process. */
  #writes = 0;

  /** Takes note of memories that were stored, changed or deleted. */
  changed(ids: readonly string[]): void {
    this.#writes += ids.length;
    for (const id of ids) this.#forget(id);
  }

  /** Languages besides English in which more than a few memories are, as far as was learnt. */
  get languages(): readonly StemmedLanguage[] {
    return this.#average.languages;
  }

  /** Queries whose answers `learn` needs: one for each term whose rarity isn't known, and one for the average length. */
  unknown(terms: readonly string[]): { terms: string[]; lengths: boolean; queries: Query[] } {
    const asked = terms.filter((term) => this.#rarity(term) === null);
    const queries = asked.map((term): Query => ({
      query: wordsDocument([term]),
      using: WORDS,
      limit: 1,
      with_payload: ["content"],
    }));
    const { at, writes } = this.#average, lengths = !this.#isFresh(at, writes, LENGTH_MS);
    if (lengths) {
      queries.push({ query: { sample: "random" }, limit: SAMPLE, with_payload: ["content", "content_hash"] });
    }
    return { terms: asked, lengths, queries };
  }

  /** Takes over the answers to the queries of `unknown`. */
  async learn(
    asked: { terms: string[]; lengths: boolean },
    answers: readonly Points[],
    memories: number,
  ): Promise<void> {
    const at = performance.now(), writes = this.#writes, pacer = new Pacer();
    for (const [i, term] of asked.terms.entries()) {
      const best = answers[i]?.[0], content = best?.payload?.content;
      // A term nobody stored yet may be stored by another replica any time, so that it isn't remembered as unknown.
      if (best === undefined || typeof content !== "string") continue;
      await pacer.pause();
      const terms = analyse(unescapeText(content)), count = terms.filter((other) => other === term).length;
      if (count === 0) continue;
      if (this.#rarities.size >= MAX_RARITIES) this.#rarities.delete(this.#rarities.keys().next().value!);
      this.#rarities.set(term, { rarity: best.score / storedWeight(count, terms.length), at, writes });
    }
    if (!asked.lengths) return;
    const sample = (answers.at(-1) ?? []).filter(({ payload }) => typeof payload?.content_hash === "string");
    const counts = new Map<string | null, number>();
    let total = 0;
    for (const { payload } of sample) {
      await pacer.pause();
      const { terms, language } = analyseText(unescapeText(String(payload!.content)));
      total += terms.length;
      counts.set(language, (counts.get(language) ?? 0) + 1);
    }
    const least = Math.max(1, sample.length * LANGUAGE_SHARE);
    const languages = LATIN_STEMMED.filter((language) => (counts.get(language) ?? 0) >= least);
    const length = sample.length > 0 ? total / sample.length || 1 : 1;
    this.#average = { length, memories, languages, at, writes };
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
      unseen: unknown * inverseDocumentFrequency(this.#average.memories, 0) * (K1 + 1),
    };
  }

  /** What is kept of a memory's content; undefined when it must be read. */
  content(id: string): Content | undefined {
    const kept = this.#newer.get(id) ?? this.#older.get(id);
    return kept !== undefined && performance.now() - kept.at < CONTENT_MS ? kept : undefined;
  }

  /** Keeps a memory's content for a while. */
  keep(id: string, text: string, conversation: string | null, role: unknown, created: number): Content {
    const kept = new Content(text, conversation, metadataRole({ role }), created, performance.now());
    this.#newer.set(id, kept);
    this.#newerChars += kept.size;
    if (this.#newerChars > MAX_CONTENT_CHARS / 2) {
      this.#older = this.#newer;
      this.#newer = new Map();
      this.#newerChars = 0;
    }
    return kept;
  }

  /** BM25 of each word: of the term for it that occurs most. */
  score({ terms: stored, length }: Content, words: readonly QueryTerm[], factors: readonly number[]): Float32Array {
    const scores = new Float32Array(words.length), base = saturation(length, this.#average.length);
    words.forEach(({ forms }, i) => {
      const count = forms.reduce((most, form) => Math.max(most, occurrences(stored, form)), 0);
      if (count > 0) scores[i] = factors[i]! * count / (count + base);
    });
    return scores;
  }

  #rarity(term: string): number | null {
    const kept = this.#rarities.get(term);
    if (kept === undefined) return null;
    if (this.#isFresh(kept.at, kept.writes, RARITY_MS)) return kept.rarity;
    this.#rarities.delete(term);
    return null;
  }

  #isFresh(at: number, writes: number, ms: number): boolean {
    return performance.now() - at < ms && this.#writes - writes <= WRITTEN_SHARE * this.#average.memories;
  }

  #forget(id: string): void {
    this.#newer.delete(id);
    this.#older.delete(id);
  }
}

/** Words of a query that some memory has. */
export interface KnownWords {
  words: readonly QueryTerm[];
  /** What each adds to a BM25 where it is saturated. */
  factors: number[];
  ceiling: number;
  /** What the others would add. */
  unseen: number;
}

/** How often a term stands among terms between blanks. */
function occurrences(terms: string, term: string): number {
  const needle = ` ${term} `;
  let count = 0;
  // Two neighbouring terms share the blank between them.
  for (let at = terms.indexOf(needle); at >= 0; at = terms.indexOf(needle, at + needle.length - 1)) count++;
  return count;
}
