/**
 * From the model's output, a vector for each token, to the text's one unit-length vector.
 *
 * @module
 */

import type { Pooling } from "./profile.ts";

/**
 * Pools token vectors and scales the result to unit length. No token is padding, because texts run one at a time.
 *
 * @param values token vectors one after the other, `tokens * dimensions` numbers.
 * @throws {RangeError} when the result has no direction, because the model gave zeros or no numbers.
 */
export function pool(
  values: Float32Array,
  tokens: number,
  dimensions: number,
  pooling: Pooling,
): Float32Array<ArrayBuffer> {
  const vector = new Float32Array(dimensions);
  if (pooling === "mean") {
    for (let offset = 0; offset < tokens * dimensions; offset += dimensions) {
      for (let i = 0; i < dimensions; i++) vector[i]! += values[offset + i]!;
    }
  } else {
    const start = pooling === "cls" ? 0 : (tokens - 1) * dimensions;
    vector.set(values.subarray(start, start + dimensions));
  }
  return toUnitLength(vector);
}

/**
 * Scales a vector to unit length in place.
 *
 * @throws {RangeError} when it is zero or holds something other than finite numbers.
 */
export function toUnitLength<T extends Float32Array>(vector: T): T {
  let squares = 0;
  for (let i = 0; i < vector.length; i++) squares += vector[i]! * vector[i]!;
  if (!(squares > 0 && squares < Infinity)) {
    throw new RangeError(`Vector of squared length ${squares} has no direction`);
  }
  const scale = 1 / Math.sqrt(squares);
  for (let i = 0; i < vector.length; i++) vector[i]! *= scale;
  return vector;
}
