/**
 * A plane through vectors: the two directions in which they differ most, by principal component analysis. What lies on it
 * is a picture, no distance to reckon with. Later vectors can be put on the same plane.
 *
 * @module
 */

/** Steps of the power iteration; the picture stays the same to the eye after some ten. */
const STEPS = 24;
/** Share of the vectors that decides on the scale, so that a few far away don't press the rest together. */
const INNER = 0.98;

/** A plane: where it begins, its two directions of unit length, and what its picture is divided by. */
export interface Plane {
  mean: Float32Array;
  axes: readonly [Float32Array, Float32Array];
  scale: number;
}

/**
 * The plane of some vectors of one length. Takes time linear in their number and length.
 *
 * @throws {RangeError} without vectors.
 */
export function planeOf(vectors: readonly Float32Array[]): Plane {
  const [first] = vectors;
  if (first === undefined) throw new RangeError("Cannot find the plane of no vectors");
  const size = first.length, mean = new Float32Array(size);
  for (const vector of vectors) for (let i = 0; i < size; i++) mean[i]! += vector[i]! / vectors.length;
  const one = direction(vectors, mean, []), two = direction(vectors, mean, [one]);
  const plane: Plane = { mean, axes: [one, two], scale: 1 };
  const reaches = vectors.map((vector) => Math.max(...place(plane, vector).map(Math.abs))).sort((a, b) => a - b);
  return { ...plane, scale: reaches[Math.floor((reaches.length - 1) * INNER)] || 1 };
}

/** Where a vector lies on the plane; most are between −1 and 1 in both. */
export function place({ mean, axes: [one, two], scale }: Plane, vector: Float32Array): [x: number, y: number] {
  let x = 0, y = 0;
  for (let i = 0; i < vector.length; i++) {
    const value = vector[i]! - mean[i]!;
    x += value * one[i]!;
    y += value * two[i]!;
  }
  return [x / scale, y / scale];
}

/** The direction in which the vectors differ most, among those at right angles to the ones before. */
function direction(
  vectors: readonly Float32Array[],
  mean: Float32Array,
  before: readonly Float32Array[],
): Float32Array {
  const size = mean.length;
  // Any beginning that isn't at right angles to the direction does; the same one gives the same picture each time.
  let axis = Float32Array.from({ length: size }, (_, i) => Math.sin(i + 1 + before.length));
  straighten(axis, before);
  for (let step = 0; step < STEPS; step++) {
    const next = new Float32Array(size);
    for (const vector of vectors) {
      let along = 0;
      for (let i = 0; i < size; i++) along += (vector[i]! - mean[i]!) * axis[i]!;
      for (let i = 0; i < size; i++) next[i]! += along * (vector[i]! - mean[i]!);
    }
    if (!straighten(next, before)) break;
    axis = next;
  }
  return axis;
}

/** Takes the parts along other directions out and brings the rest to unit length; false where nothing is left. */
function straighten(axis: Float32Array, others: readonly Float32Array[]): boolean {
  for (const other of others) {
    let along = 0;
    for (let i = 0; i < axis.length; i++) along += axis[i]! * other[i]!;
    for (let i = 0; i < axis.length; i++) axis[i]! -= along * other[i]!;
  }
  let sum = 0;
  for (const value of axis) sum += value * value;
  const length = Math.sqrt(sum);
  if (length < 1e-9) return false;
  for (let i = 0; i < axis.length; i++) axis[i]! /= length;
  return true;
}
