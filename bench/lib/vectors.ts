/**
 * Vectors that are like a model's without running it.
 *
 * @module
 */

import { gaussian } from "./random.ts";

/** How much of another text a mixed vector may have, and how long the noise added to it is. */
const LEAST_OTHER = 0.15, MOST_OTHER = 0.7;
const LEAST_NOISE = 0.2, MOST_NOISE = 0.5;

/** A vector between two real ones, with noise, of unit length: near the first as related texts are near each other. */
export function perturbed(base: Float32Array, other: Float32Array, random: () => number): Float32Array {
  const share = LEAST_OTHER + (MOST_OTHER - LEAST_OTHER) * random();
  const noise = (LEAST_NOISE + (MOST_NOISE - LEAST_NOISE) * random()) / Math.sqrt(base.length);
  return toUnitLength(base.map((value, i) => value + share * other[i]! + noise * gaussian(random)));
}

/** The vector scaled to length 1. */
export function toUnitLength(vector: Float32Array): Float32Array {
  const length = Math.sqrt(dot(vector, vector));
  return vector.map((value) => value / length);
}

/** The inner product of two vectors. */
export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** The rows of a flat array nearest to the query, best first, by looking at every one. */
export function nearest(query: Float32Array, rows: Float32Array, count: number): number[] {
  const dimensions = query.length;
  const scores = new Float32Array(rows.length / dimensions);
  for (let row = 0, at = 0; row < scores.length; row++) {
    let sum = 0;
    for (let i = 0; i < dimensions; i++) sum += query[i]! * rows[at++]!;
    scores[row] = sum;
  }
  const least = scores.slice().sort().at(-Math.min(count, scores.length))!;
  const found: number[] = [];
  for (const [row, score] of scores.entries()) if (score >= least) found.push(row);
  return found.sort((a, b) => scores[b]! - scores[a]!).slice(0, count);
}
