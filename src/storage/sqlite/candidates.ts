/**
 * Candidates for a query: the best by words and the best by vector among the memories that pass the filter, and the
 * turns around those, each scored exactly by both.
 *
 * @module
 */

import { NEIGHBOUR_REACH } from "../../memory/ranking.ts";
import { analyseQuery } from "../../memory/text.ts";
import type { Candidate, CandidateSet, Scores } from "../storage.ts";
import type { MemoryIndex } from "./memory_index.ts";
import { ASKING, speakerTerm, type TermNumbers } from "./terms.ts";
import { Top } from "./top.ts";
import type { Near } from "./vector_index.ts";

/** So many of the nearest are put in order without rounding: those that a page shows. The rest only fills up. */
const EXACT = 16;
/** How many more than wanted are looked at for the last places. */
const SPARE = 8;

/** What is looked for, with the filter already applied. */
export interface MarkedQuery {
  text: string | null;
  /** Query vector of the model that the index serves; null to skip vectors. */
  vector: Float32Array | null;
  /** Slots that pass the filter, by mark; null for all. */
  marks: Uint8Array | null;
  limit: number;
}

/** Cosine without rounding, of a memory by row id; null when the memory has gone. */
export type ExactCosine = (id: number, model: number, query: Float32Array) => number | null;

/** Terms of a query that count; a question has a dozen, and a pasted page must not hold up everyone else. */
const MAX_TERMS = 64;

/** A query's terms that some memory has, with their numbers; of a very long query the rarest. */
export function termsOf(text: string, numbers: TermNumbers, index: MemoryIndex): { terms: string[]; ids: number[] } {
  let terms = analyseQuery(text).filter((term) => numbers.find(term) !== 0);
  if (terms.length > MAX_TERMS) {
    const counts = new Map(terms.map((term) => [term, index.words.count(numbers.find(term))]));
    terms = terms.sort((a, b) => counts.get(a)! - counts.get(b)!).slice(0, MAX_TERMS);
  }
  return { terms, ids: terms.map((term) => numbers.find(term)) };
}

/** Finds candidates; runs without a pause, for the score arrays are shared by all queries. */
export function findCandidates(
  index: MemoryIndex,
  numbers: TermNumbers,
  query: MarkedQuery,
  exactly: ExactCosine,
): CandidateSet {
  const { marks, limit, vector, text } = query;
  const { terms, ids } = text === null ? { terms: [], ids: [] } : termsOf(text, numbers, index);
  const { scores, ceiling } = index.words.score(ids);
  const vectors = vector === null ? null : index.vectors;

  const slots = new Set(ceiling > 0 ? bestByWords(index, scores, marks, limit) : []);
  const exact = new Map<number, number>();
  if (vectors !== null && vector !== null) {
    vectors.index.aim(vector);
    const near = vectors.index.nearest(limit + SPARE, marks);
    for (const { slot } of near.slice(0, EXACT)) {
      const cosine = exactly(index.ids[slot]!, vectors.model, vector);
      if (cosine !== null) exact.set(slot, cosine);
    }
    const cosineOf = ({ slot, score }: Near) => exact.get(slot) ?? score;
    near.sort((a, b) => cosineOf(b) - cosineOf(a));
    for (const { slot } of near.slice(0, limit)) slots.add(slot);
  }
  const around = new Map<number, { before: number[]; after: number[] }>();
  const neighboursOf = (slot: number) => {
    let found = around.get(slot);
    if (found === undefined) around.set(slot, found = index.neighbours(slot, NEIGHBOUR_REACH));
    return found;
  };
  for (const slot of [...slots]) {
    const { before, after } = neighboursOf(slot);
    for (const near of [...before, ...after]) if (marks === null || marks[near] === 1) slots.add(near);
  }

  // Everything whose scores are needed gets a row: the candidates, and what lends to them.
  const rows = index.rows(), rowSlots: number[] = [];
  const take = (slot: number) => {
    if (rows[slot] === -1) rows[slot] = rowSlots.push(slot) - 1;
  };
  for (const slot of slots) {
    take(slot);
    const { before, after } = neighboursOf(slot);
    before.forEach(take);
    after.forEach(take);
  }
  const words = index.words.scoreApart(ids, rows, rowSlots.length), width = ids.length;
  const cosines = vectors?.index.scores(rowSlots);
  const scored = rowSlots.map((slot, row): Scores => ({
    semantic: exact.get(slot) ?? cosines?.[row] ?? null,
    words: words.subarray(row * width, (row + 1) * width),
  }));
  const features = featuresOf(index, numbers, terms, rows, rowSlots.length);
  const scoresOf = (slot: number) => scored[rows[slot]!]!;
  const candidates = Array.from(slots, (slot): Candidate => {
    const { before, after } = neighboursOf(slot), row = rows[slot]!;
    const { semantic, words } = scored[row]!;
    const isTurn = index.isTurn(slot);
    return {
      id: index.ids[slot]!,
      semantic,
      words,
      before: before.map(scoresOf),
      after: after.map(scoresOf),
      speaker: isTurn ? features.speaker[row] ?? [] : [],
      asks: isTurn && features.asks.has(row),
    };
  });
  for (const slot of rowSlots) rows[slot] = -1;
  return { candidates, terms, words_ceiling: ceiling };
}

function bestByWords(index: MemoryIndex, scores: Float32Array, marks: Uint8Array | null, limit: number): number[] {
  const top = new Top(limit);
  for (let slot = 0; slot < index.end; slot++) {
    const score = scores[slot]!;
    if (score > 0 && score > top.threshold && index.isAlive(slot) && (marks === null || marks[slot] === 1)) {
      top.offer(slot, score);
    }
  }
  return top.slots();
}

/** Which rows a query term names the speaker of, and which end by asking. */
function featuresOf(
  index: MemoryIndex,
  numbers: TermNumbers,
  terms: readonly string[],
  rows: Int32Array,
  rowCount: number,
): { speaker: (number[] | undefined)[]; asks: Set<number> } {
  const speaker = new Array<number[] | undefined>(rowCount);
  terms.forEach((term, position) => {
    const marker = numbers.find(speakerTerm(term));
    if (marker !== 0) index.words.eachRowWith(marker, rows, (row) => (speaker[row] ??= []).push(position));
  });
  const asks = new Set<number>(), asking = numbers.find(ASKING);
  if (asking !== 0) index.words.eachRowWith(asking, rows, (row) => asks.add(row));
  return { speaker, asks };
}
