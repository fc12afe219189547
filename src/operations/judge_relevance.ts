/**
 * How relevant the results of a search are.
 *
 * @module
 */

import type { Ranked } from "../memory/ranking.ts";
import { chanceFound, cosineScale, countedShare, countRelevant } from "../memory/relevance.ts";
import type { Candidate, CandidateSet } from "../storage/contract/search.ts";
import type { Runtime } from "./runtime.ts";

/** Relevance of results, and how many of them are relevant. */
export interface RelevanceJudgement {
  /** 0 to 1; falls with the score. */
  relevanceOf(entry: Ranked<Candidate>): number;
  relevant: number;
}

/** Judges what was found. `ranked` is all of it, best first. */
export function judgeRelevance(
  runtime: Runtime,
  found: CandidateSet,
  ranked: readonly Ranked<Candidate>[],
): RelevanceJudgement {
  const chance = chanceFound({ cosine: bestCosine(runtime, found), words: bestShare(found), memories: found.memories });
  const best = ranked[0]?.score ?? 0;
  const relevanceOf = ({ score }: Ranked<Candidate>) => best > 0 ? chance * score / best : 0;
  return { relevanceOf, relevant: countRelevant(ranked.map(relevanceOf)) };
}

/** The largest cosine on the bundled model's scale; null without vectors, and for a model whose scale isn't known. */
function bestCosine(runtime: Runtime, { candidates }: CandidateSet): number | null {
  let best: number | null = null;
  for (const { semantic } of candidates) if (semantic !== null && semantic > (best ?? -2)) best = semantic;
  const scale = cosineScale(runtime.embeddings.serving?.identity ?? null, runtime.settings.cosineScales);
  return best === null || scale === null ? null : scale.slope * best + scale.offset;
}

/** The largest share of the question's word weight that one memory holds, as it counts; null for one without words. */
function bestShare({ candidates, weights, unseen_weight }: CandidateSet): number | null {
  const all = weights.reduce((sum, weight) => sum + weight, unseen_weight);
  if (all === 0) return null;
  let most = 0;
  for (const { words, length } of candidates) {
    let held = 0;
    for (let term = 0; term < weights.length; term++) if (words[term]! > 0) held += weights[term]!;
    if (held > most) most = Math.max(most, countedShare(held, length));
  }
  return most / all;
}
