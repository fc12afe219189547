/**
 * Candidates for a query: the best by words and the best by vector among the memories that pass the filter, and the
 * turns around those, each scored exactly by both.
 *
 * @module
 */

import { NEIGHBOUR_REACH } from "../../memory/ranking.ts";
import { LATIN_STEMMED, type StemmedLanguage } from "../../memory/stemming.ts";
import { type QueryTerm, queryTerms, readQuery } from "../../memory/text.ts";
import type { Candidate, CandidateSet, Scores } from "../contract/search.ts";
import type { MemoryIndex } from "./memory_index.ts";
import { languageTerm, speakerTerm, type TermNumbers } from "./terms.ts";
import { TopK } from "./top_k.ts";
import type { Near } from "./vector_index.ts";

/** So many of the nearest are put in order without rounding: those that a page shows. The rest only fills up. */
const EXACT = 16;
/** How many more than wanted are looked at for the last places. */
const SPARE = 8;
/** Words of a query that count; a question has a dozen, and a pasted page must not hold up everyone else. */
const MAX_WORDS = 64;
/** Share of the memories from which on a language counts as one of the store's: short texts are mistaken now and then. */
const LANGUAGE_SHARE = 0.01;

/** What a query's words find by themselves, which doesn't have to wait for its vector. */
export interface WordMatches {
  /** The query's words that some memory has; of a very long query the rarest. */
  terms: QueryTerm[];
  /** Numbers of each word's terms, and what it adds to a BM25 where it is saturated. */
  numbers: number[][];
  weights: number[];
  /** What words that no memory has would add. */
  unseen: number;
  /** Row ids of the best, which stay right while the index changes. */
  best: number[];
}

/** What else is looked for, with the filter already applied. */
export interface MarkedQuery {
  /** Query vector of the model that the index serves; null to skip vectors. */
  vector: Float32Array | null;
  /** Slots that pass the filter, by mark; null for all. */
  marks: Uint8Array | null;
  limit: number;
}

/** Cosines without rounding, by row id; without those of memories that have gone. */
export type ExactCosines = (ids: readonly number[], model: number, query: Float32Array) => Map<number, number>;

/** What a query without words finds by them. */
export const NO_WORDS: WordMatches = { terms: [], numbers: [], weights: [], unseen: 0, best: [] };

/** Finds the best by words. */
export function matchWords(
  index: MemoryIndex,
  numbers: TermNumbers,
  text: string,
  { marks, limit }: Pick<MarkedQuery, "marks" | "limit">,
): WordMatches {
  const words = weighWords(index, numbers, text);
  const best = bestByWords(index, scoreWords(index, words), marks, limit);
  return { ...words, best: best.map((slot) => index.ids[slot]!) };
}

/** BM25 of every slot. The array is reused by the next call. */
export function scoreWords(index: MemoryIndex, { numbers, weights }: Omit<WordMatches, "best">): Float32Array {
  return index.words.score(numbers, weights);
}

/** A query's words that some memory has. */
export function weighWords(index: MemoryIndex, known: TermNumbers, text: string): Omit<WordMatches, "best"> {
  const read = readQuery(text), asked = queryTerms(read, read.language === null ? languagesOf(index, known) : []);
  const found = asked.map((term) => ({ term, numbers: term.forms.map((form) => known.find(form)).filter(Boolean) }));
  let words = found.filter(({ numbers }) => numbers.length > 0);
  const unknown = asked.length - words.length;
  if (words.length > MAX_WORDS) {
    const weights = index.words.weights(words.map(({ numbers }) => numbers));
    const order = words.map((word, i) => ({ word, weight: weights[i]! })).sort((a, b) => b.weight - a.weight);
    words = order.slice(0, MAX_WORDS).map(({ word }) => word);
  }
  const numbers = words.map((word) => word.numbers), weights = index.words.weights(numbers);
  // A term may have a number and no memory any more.
  const unseen = (unknown + weights.filter((weight) => weight === 0).length) * index.words.highestWeight;
  return { terms: words.map(({ term }) => term), numbers, weights, unseen };
}

/** Languages besides English in which more than a few memories are. */
function languagesOf(index: MemoryIndex, known: TermNumbers): StemmedLanguage[] {
  const least = Math.max(1, index.size * LANGUAGE_SHARE);
  return LATIN_STEMMED.filter((language) => {
    const number = known.find(languageTerm(language));
    return number !== 0 && index.words.count(number) >= least;
  });
}

/** Completes what was found by words; runs without a pause, for the scratch arrays are shared by all queries. */
export function findCandidates(
  index: MemoryIndex,
  numbers: TermNumbers,
  words: WordMatches,
  { vector, marks, limit }: MarkedQuery,
  exactly: ExactCosines,
): Omit<CandidateSet, "vector_ignored"> {
  const { near, exact } = vector === null ? NOT_NEAR : nearest(index, vector, marks, limit, exactly);
  const passes = (slot: number) => marks === null || marks[slot] === 1;

  // Everything whose scores are needed gets a row: first the candidates, then what lends to them.
  const rows = index.rows(), slots: number[] = [];
  const take = (slot: number) => {
    if (rows[slot] === -1) rows[slot] = slots.push(slot) - 1;
  };
  for (const id of words.best) {
    const slot = index.slotOf(id); // another than before, or none, if it changed while the vector was made
    if (slot !== undefined && passes(slot)) take(slot);
  }
  for (const { slot } of near) take(slot);
  const around = slots.map((slot) => index.neighbours(slot, NEIGHBOUR_REACH));
  for (const { before, after } of around) {
    for (const slot of before) if (passes(slot)) take(slot);
    for (const slot of after) if (passes(slot)) take(slot);
  }
  const count = slots.length;
  for (let row = around.length; row < count; row++) around.push(index.neighbours(slots[row]!, NEIGHBOUR_REACH));
  for (const { before, after } of around) {
    before.forEach(take);
    after.forEach(take);
  }

  const width = words.numbers.length, matrix = index.words.scoreApart(words.numbers, words.weights, rows, slots.length);
  const cosines = vector === null ? undefined : index.vectors?.index.scores(slots);
  const zeros = new Array<number>(width).fill(0);
  const semanticOf = (row: number) => exact.get(slots[row]!) ?? cosines?.[row] ?? null;
  const speakers = speakersOf(index, numbers, words.terms, rows, slots.length);
  const candidates = around.map((neighbours, row): TurnCandidate => {
    const slot = slots[row]!, named = index.isNamed(slot, neighbours);
    return {
      id: index.ids[slot]!,
      semantic: semanticOf(row),
      words: rowOf(matrix, row, zeros),
      length: index.words.length(slot),
      before: NO_TURNS,
      after: NO_TURNS,
      previous: idOf(index, neighbours.before[0]),
      next: idOf(index, neighbours.after[0]),
      created_at: index.created[slot]!,
      label: index.label(slot),
      named,
      speaker: named ? speakers[row] ?? NO_SPEAKER : NO_SPEAKER,
      role: index.role(slot),
      asks: index.asks(slot),
    };
  });
  // A candidate's own scores are those that it lends.
  const lent: Scores[] = candidates.slice();
  for (let row = lent.length; row < slots.length; row++) {
    lent.push({
      semantic: semanticOf(row),
      words: rowOf(matrix, row, zeros),
      length: index.words.length(slots[row]!),
    });
  }
  const lentBy = (slot: number) => lent[rows[slot]!]!;
  for (let row = 0; row < candidates.length; row++) {
    const { before, after } = around[row]!, candidate = candidates[row]!;
    if (before.length > 0) candidate.before = before.map(lentBy);
    if (after.length > 0) candidate.after = after.map(lentBy);
  }
  for (const slot of slots) rows[slot] = -1;
  return {
    candidates,
    terms: words.terms.map(({ word }) => word),
    words_ceiling: words.weights.reduce((sum, weight) => sum + weight, 0),
    weights: words.weights,
    unseen_weight: words.unseen,
    memories: marks === null ? index.size : marked(marks),
  };
}

const NO_TURNS: readonly Scores[] = [], NO_SPEAKER: readonly number[] = [];

/** A candidate whose neighbours are still to come. */
type TurnCandidate = Omit<Candidate, "before" | "after"> & { before: readonly Scores[]; after: readonly Scores[] };

/**
 * One row of a matrix. A view of it would take several times as long to make as a short array.
 *
 * @param zeros A row of zeros, which stands for all of them.
 */
function rowOf(matrix: Float32Array, row: number, zeros: readonly number[]): readonly number[] {
  const width = zeros.length, start = row * width;
  let column = 0;
  while (column < width && matrix[start + column] === 0) column++;
  if (column === width) return zeros;
  const values = new Array<number>(width);
  for (column = 0; column < width; column++) values[column] = matrix[start + column]!;
  return values;
}

function idOf(index: MemoryIndex, slot: number | undefined): number | null {
  return slot === undefined ? null : index.ids[slot]!;
}

/** Slots that are marked. */
function marked(marks: Uint8Array): number {
  let total = 0;
  for (let slot = 0; slot < marks.length; slot++) total += marks[slot]!;
  return total;
}

const NOT_NEAR: { near: Near[]; exact: Map<number, number> } = { near: [], exact: new Map() };

/** The best by vector; leaves the index aimed at it. */
function nearest(
  index: MemoryIndex,
  vector: Float32Array,
  marks: Uint8Array | null,
  limit: number,
  exactly: ExactCosines,
): { near: Near[]; exact: Map<number, number> } {
  if (index.vectors === null) return NOT_NEAR;
  const { model, index: vectors } = index.vectors, exact = new Map<number, number>();
  vectors.setQuery(vector);
  const near = vectors.nearest(limit + SPARE, marks), first = near.slice(0, EXACT);
  const cosines = exactly(first.map(({ slot }) => index.ids[slot]!), model, vector);
  for (const entry of first) {
    const cosine = cosines.get(index.ids[entry.slot]!);
    if (cosine === undefined) continue;
    exact.set(entry.slot, cosine);
    entry.score = cosine;
  }
  near.sort((a, b) => b.score - a.score);
  return { near: near.slice(0, limit), exact };
}

function bestByWords(index: MemoryIndex, scores: Float32Array, marks: Uint8Array | null, limit: number): number[] {
  const top = new TopK(limit);
  offerScored(top, index, scores, marks);
  return top.slots();
}

/**
 * Offers every slot that has a score and may be shown. A function of its own: V8 optimises a loop while it runs, and what
 * followed it in the same function would throw that code away at the end of every call.
 */
function offerScored(top: TopK, index: MemoryIndex, scores: Float32Array, marks: Uint8Array | null): void {
  const { end } = index;
  let threshold = Math.max(0, top.threshold);
  for (let slot = 0; slot < end; slot++) {
    const score = scores[slot]!;
    if (score <= threshold || !index.isAlive(slot) || (marks !== null && marks[slot] !== 1)) continue;
    top.offer(slot, score);
    threshold = Math.max(0, top.threshold);
  }
}

/** Positions of the query's words that name the speaker of each row. */
function speakersOf(
  index: MemoryIndex,
  numbers: TermNumbers,
  terms: readonly QueryTerm[],
  rows: Int32Array,
  rowCount: number,
): (number[] | undefined)[] {
  const speakers = new Array<number[] | undefined>(rowCount);
  terms.forEach(({ forms }, position) => {
    for (const form of forms) {
      const number = numbers.find(speakerTerm(form));
      if (number === 0) continue;
      for (const row of index.words.rowsWith(number, rows)) {
        const found = speakers[row] ??= [];
        if (found.at(-1) !== position) found.push(position);
      }
    }
  });
  return speakers;
}
