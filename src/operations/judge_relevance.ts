/**
 * How relevant the results of a search are.
 *
 * @module
 */

import { chanceFound, cosineScale, countedShare, leastRelevance } from "../memory/relevance.ts";
import type { CandidateSet } from "../storage/contract/search.ts";
import type { Runtime } from "./runtime.ts";

/** Relevance of results. */
export interface RelevanceJudgement {
  /** 0 to 1, of a result with a score. */
  relevanceOf(score: number): number;
  /** The least relevance of those that are relevant by `auto`. */
  relevantFrom: number;
}

/** Judges what was found. `best` is the score of the best result. */
export function judgeRelevance(runtime: Runtime, found: CandidateSet, best: number): RelevanceJudgement {
  const chance = chanceFound({ cosine: bestCosine(runtime, found), words: bestShare(found), memories: found.memories });
  const relevanceOf = (score: number) => best > 0 ? chance * score / best : 0;
  return { relevanceOf, relevantFrom: leastRelevance(relevanceOf(best)) };
}

/** The largest cosine on the bundled model's scale; null without vectors, and for a model whose scale isn't known. */
function bestCosine(runtime: Runtime, { candidates }: CandidateSet): number | null {
  let best = -Infinity;
  for (let i = 0; i < candidates.length; i++) best = Math.max(best, candidates[i]!.semantic ?? -Infinity);
  const scale = cosineScale(runtime.embeddings.serving?.identity ?? null, runtime.settings.cosineScales);
  return best === -Infinity || scale === null ? null : scale.slope * best + scale.offset;
}

/** The largest share of the question's word weight that one memory holds, as it counts; null for one without words. */
function bestShare({ candidates, weights, unseen_weight }: CandidateSet): number | null {
  const all = weights.reduce((sum, weight) => sum + weight, unseen_weight);
  if (all === 0) return null;
  let most = 0;
  for (let i = 0; i < candidates.length; i++) {
    const { words, length } = candidates[i]!;
    let held = 0;
    for (let term = 0; term < weights.length; term++) if (words[term]! > 0) held += weights[term]!;
    if (held > most) most = Math.max(most, countedShare(held, length));
  }
  return most / all;
}
