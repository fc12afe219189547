/**
 * Candidates for a query: the best by words and the best by vector among the memories that pass the filter, each scored
 * exactly by both.
 *
 * @module
 */

import { analyseQuery } from "../../memory/text.ts";
import type { Candidate, CandidateSet, Scores } from "../storage.ts";
import type { MemoryIndex } from "./memory_index.ts";
import type { TermNumbers } from "./terms.ts";
import { Top } from "./top.ts";
import type { WeightedTerm } from "./word_index.ts";

/** Turns on each side of a candidate whose scores come with it. */
export const NEIGHBOURS = 3;

/** What is looked for, with the filter already applied. */
export interface MarkedQuery {
  text: string | null;
  /** Query vector of the model that the index serves; null to skip vectors. */
  vector: Float32Array | null;
  /** Slots that pass the filter, by mark; null for all. */
  marks: Uint8Array | null;
  limit: number;
}

/** Query terms by number; words that no memory ever had are left out. */
export function termsOf(text: string, numbers: TermNumbers): WeightedTerm[] {
  return analyseQuery(text).flatMap(({ term, weight }) => {
    const number = numbers.find(term);
    return number === 0 ? [] : [{ term: number, weight }];
  });
}

/** Finds candidates; runs without a pause, for the score arrays are shared by all queries. */
export function findCandidates(index: MemoryIndex, numbers: TermNumbers, query: MarkedQuery): CandidateSet {
  const { marks, limit, vector } = query;
  const { scores, ceiling } = index.words.score(query.text === null ? [] : termsOf(query.text, numbers));
  const slots = new Set<number>();
  if (ceiling > 0) {
    const top = new Top(limit);
    for (let slot = 0; slot < index.end; slot++) {
      const score = scores[slot]!;
      if (score > 0 && score > top.threshold && index.isAlive(slot) && (marks === null || marks[slot] === 1)) {
        top.offer(slot, score);
      }
    }
    for (const slot of top.slots()) slots.add(slot);
  }
  const vectors = vector === null ? null : index.vectors?.index ?? null;
  if (vectors !== null) { for (const slot of vectors.nearest(vector!, limit, marks)) slots.add(slot); }

  const known = new Map<number, Scores>();
  const scoresOf = (slot: number): Scores => {
    let found = known.get(slot);
    if (found === undefined) {
      found = { semantic: vectors?.score(slot, vector!) ?? null, words: scores[slot] ?? 0 };
      known.set(slot, found);
    }
    return found;
  };
  const candidates = Array.from(slots, (slot): Candidate => {
    const { before, after } = index.neighbours(slot, NEIGHBOURS);
    const { semantic, words } = scoresOf(slot);
    return { id: index.ids[slot]!, semantic, words, before: before.map(scoresOf), after: after.map(scoresOf) };
  });
  return { candidates, words_ceiling: ceiling };
}
