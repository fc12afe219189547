/**
 * Candidates for a query: the best by words and the best by vector among the memories that pass the filter, and the
 * turns around those, each scored exactly by both. Where several spaces are read, each has an index of its own; what BM25
 * takes from all memories is summed over them, and the best of all become candidates, as if they were in one.
 *
 * @module
 */

import { NEIGHBOUR_REACH } from "../../memory/ranking.ts";
import { LATIN_STEMMED, type StemmedLanguage } from "../../memory/stemming.ts";
import { type QueryTerm, queryTerms, readQuery } from "../../memory/text.ts";
import type { Candidate, CandidateSet, Scores } from "../contract/search.ts";
import { languageTerm, speakerTerm } from "../index_terms.ts";
import type { MemoryIndex } from "./memory_index.ts";
import type { TermNumbers } from "./terms.ts";
import { TopK } from "./top_k.ts";
import type { Near } from "./vector_index.ts";
import { WordStatistics } from "./word_index.ts";

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

/** What else is looked for. */
export interface MarkedQuery {
  /** Query vector of the model that the index serves; null to skip vectors. */
  vector: Float32Array | null;
  limit: number;
}

/** The index of a space that is read, and the slots that pass the filter, by mark; null for all. */
export interface Marked {
  index: MemoryIndex;
  marks: Uint8Array | null;
}

/** Cosines without rounding, by row id; without those of memories that have gone. */
export type ExactCosines = (ids: readonly number[], model: number, query: Float32Array) => Map<number, number>;

/** What a query without words finds by them. */
export const NO_WORDS: WordMatches = { terms: [], numbers: [], weights: [], unseen: 0, best: [] };

/** Finds the best by words. */
export function matchWords(
  read: readonly Marked[],
  numbers: TermNumbers,
  text: string,
  limit: number,
): WordMatches {
  const statistics = statisticsOf(read), words = weighWords(read, statistics, numbers, text);
  const tops = read.map(({ index, marks }) => bestByWords(index, scoreWords(index, statistics, words), marks, limit));
  return { ...words, best: bestIds(read, tops, limit) };
}

/** What BM25 takes from all memories of the spaces that are read. */
export function statisticsOf(read: readonly Marked[]): WordStatistics {
  return new WordStatistics(read.map(({ index }) => index.words));
}

/** BM25 of every slot. The array is reused by the next call. */
export function scoreWords(
  index: MemoryIndex,
  { saturation }: WordStatistics,
  { numbers, weights }: Omit<WordMatches, "best">,
): Float32Array {
  return index.words.score(numbers, weights, saturation);
}

/** A query's words that some memory has. */
export function weighWords(
  indexes: readonly Marked[],
  statistics: WordStatistics,
  known: TermNumbers,
  text: string,
): Omit<WordMatches, "best"> {
  const read = readQuery(text);
  const asked = queryTerms(read, read.language === null ? languagesOf(indexes, statistics, known) : []);
  const found = asked.map((term) => ({ term, numbers: term.forms.map((form) => known.find(form)).filter(Boolean) }));
  const weights = statistics.weights(found.map(({ numbers }) => numbers));
  // A term may have a number and no memory here: one of another space, or none any more.
  let words = found.map((word, i) => ({ ...word, weight: weights[i]! })).filter(({ weight }) => weight > 0);
  const unseen = (asked.length - words.length) * statistics.highestWeight;
  if (words.length > MAX_WORDS) words = words.sort((a, b) => b.weight - a.weight).slice(0, MAX_WORDS);
  return {
    terms: words.map(({ term }) => term),
    numbers: words.map(({ numbers }) => numbers),
    weights: words.map(({ weight }) => weight),
    unseen,
  };
}

/** Languages besides English in which more than a few memories are. */
function languagesOf(
  read: readonly Marked[],
  statistics: WordStatistics,
  known: TermNumbers,
): StemmedLanguage[] {
  const least = Math.max(1, sizeOf(read) * LANGUAGE_SHARE);
  return LATIN_STEMMED.filter((language) => {
    const number = known.find(languageTerm(language));
    return number !== 0 && statistics.count(number) >= least;
  });
}

/** Completes what was found by words; runs without a pause, for the scratch arrays are shared by all queries. */
export function findCandidates(
  read: readonly Marked[],
  numbers: TermNumbers,
  words: WordMatches,
  { vector, limit }: MarkedQuery,
  exactly: ExactCosines,
): Omit<CandidateSet, "vector_ignored"> {
  const statistics = statisticsOf(read);
  const near = read.map(({ index, marks }) =>
    vector === null ? NOT_NEAR : nearest(index, vector, marks, limit, exactly)
  );
  keepNearest(near, limit);
  return {
    candidates: read.flatMap((marked, i) =>
      candidatesIn(marked, statistics, numbers, words, vector !== null, near[i]!)
    ),
    terms: words.terms.map(({ word }) => word),
    words_ceiling: words.weights.reduce((sum, weight) => sum + weight, 0),
    weights: words.weights,
    unseen_weight: words.unseen,
    memories: read.reduce((sum, { index, marks }) => sum + (marks === null ? index.size : marked(marks)), 0),
  };
}

/** The candidates of one space. */
function candidatesIn(
  { index, marks }: Marked,
  { saturation }: WordStatistics,
  numbers: TermNumbers,
  words: WordMatches,
  hasVector: boolean,
  { near, exact }: FoundNear,
): Candidate[] {
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

  const width = words.numbers.length;
  const matrix = index.words.scoreApart(words.numbers, words.weights, saturation, rows, slots.length);
  const cosines = hasVector ? index.vectors?.index.scores(slots) : undefined;
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
      turn: index.isOfTurnType(slot),
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
  return candidates;
}

/** Memories of the spaces that are read. */
function sizeOf(read: readonly Marked[]): number {
  return read.reduce((sum, { index }) => sum + index.size, 0);
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

/** The best of a space by vector, best first, and the cosines without rounding of some. */
interface FoundNear {
  near: Near[];
  exact: ReadonlyMap<number, number>;
}

const NOT_NEAR: FoundNear = { near: [], exact: new Map() };

/** Leaves of several spaces' best those that are the best of all. */
function keepNearest(found: FoundNear[], limit: number): void {
  if (found.length < 2) return;
  const least = found.flatMap(({ near }) => near.map(({ score }) => score)).sort((a, b) => b - a)[limit - 1];
  if (least === undefined) return;
  for (const [i, { near, exact }] of found.entries()) {
    found[i] = { near: near.filter(({ score }) => score >= least), exact };
  }
}

/** The best by vector; leaves the index aimed at it. */
function nearest(
  index: MemoryIndex,
  vector: Float32Array,
  marks: Uint8Array | null,
  limit: number,
  exactly: ExactCosines,
): FoundNear {
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

function bestByWords(index: MemoryIndex, scores: Float32Array, marks: Uint8Array | null, limit: number): TopK {
  const top = new TopK(limit);
  offerScored(top, index, scores, marks);
  return top;
}

/** Row ids of the best of all spaces. */
function bestIds(read: readonly Marked[], tops: readonly TopK[], limit: number): number[] {
  const idsOf = (slots: readonly number[], i: number) => slots.map((slot) => read[i]!.index.ids[slot]!);
  if (tops.length < 2) return tops.flatMap((top, i) => idsOf(top.slots(), i));
  const scored = tops.flatMap((top, i) => {
    const sorted = top.sorted();
    return idsOf(sorted.map(({ slot }) => slot), i).map((id, at) => ({ id, score: sorted[at]!.score }));
  });
  return scored.sort((a, b) => b.score - a.score).slice(0, limit).map(({ id }) => id);
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
