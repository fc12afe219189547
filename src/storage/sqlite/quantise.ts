/**
 * Vectors as 8-bit codes, and what rounding to them left. A chunk is a little-endian float32 scale followed by one
 * signed byte for each dimension, and a memory's vectors are its chunks one after the other: 388 bytes for 384
 * dimensions, on disk as in memory.
 *
 * Cosines of the codes are off by 0.0005, which loses 0.5 to 2 % of the exact best ten of 100,000 conversation turns
 * to others as near. The remainders, one more byte for each dimension, stay on disk; the few memories whose order
 * hangs on them are scored again with both, and cosines are then off by 0.000002.
 *
 * @module
 */

const LARGEST_CODE = 127;
const SCALE_BYTES = 4;
/** Steps of a remainder in one step of a code. Remainders reach a little beyond half a step, so not 256. */
const REMAINDER_STEPS = 240;

/** A memory's vectors in the form they are kept. */
export interface Quantised {
  codes: Uint8Array;
  /** One signed byte for each dimension of each chunk. */
  remainders: Uint8Array;
}

/** Vectors ready to be written; `model` is the model's number in the `models` table. */
export interface PreparedVectors extends Quantised {
  model: number;
}

/** Bytes of one chunk. */
export function chunkBytes(dimensions: number): number {
  return SCALE_BYTES + dimensions;
}

/** Codes and remainders of a memory's chunks. */
export function quantise(chunks: readonly Float32Array[], dimensions: number): Quantised {
  const codes = new Uint8Array(chunks.length * chunkBytes(dimensions));
  const remainders = new Int8Array(chunks.length * dimensions), view = new DataView(codes.buffer);
  chunks.forEach((chunk, number) => {
    let largest = 0;
    for (let i = 0; i < dimensions; i++) largest = Math.max(largest, Math.abs(chunk[i]!));
    const step = largest / LARGEST_CODE || 1;
    const start = number * chunkBytes(dimensions);
    let length = 0, codedLength = 0;
    for (let i = 0; i < dimensions; i++) {
      const code = Math.round(chunk[i]! / step);
      view.setInt8(start + SCALE_BYTES + i, code);
      length += chunk[i]! * chunk[i]!;
      codedLength += code * code;
    }
    // The scale gives the coded vector its old length, so that a text's cosine with itself is 1.
    view.setFloat32(start, codedLength > 0 ? Math.sqrt(length / codedLength) : 0, true);
    const scale = view.getFloat32(start, true) || 1;
    for (let i = 0; i < dimensions; i++) {
      const left = chunk[i]! / scale - view.getInt8(start + SCALE_BYTES + i);
      remainders[number * dimensions + i] = Math.max(-127, Math.min(127, Math.round(left * REMAINDER_STEPS)));
    }
  });
  return { codes, remainders: new Uint8Array(remainders.buffer) };
}

/** Cosine of a query and the best chunk, from codes and remainders. */
export function exactCosine(query: Float32Array, { codes, remainders }: Quantised): number {
  const dimensions = query.length, size = chunkBytes(dimensions);
  let best = -1;
  for (let number = 0; (number + 1) * size <= codes.length; number++) {
    const coded = chunkCodes(codes, number * size, dimensions);
    const left = new Int8Array(remainders.buffer, remainders.byteOffset + number * dimensions, dimensions);
    let whole = 0, rest = 0;
    for (let i = 0; i < dimensions; i++) {
      whole += query[i]! * coded[i]!;
      rest += query[i]! * left[i]!;
    }
    best = Math.max(best, (whole + rest / REMAINDER_STEPS) * chunkScale(codes, number * size));
  }
  return Math.min(1, best);
}

/** Scale of the chunk that starts at byte `start`. */
export function chunkScale(codes: Uint8Array, start: number): number {
  return new DataView(codes.buffer, codes.byteOffset).getFloat32(start, true);
}

/** Codes of the chunk that starts at byte `start`. */
export function chunkCodes(codes: Uint8Array, start: number, dimensions: number): Int8Array {
  return new Int8Array(codes.buffer, codes.byteOffset + start + SCALE_BYTES, dimensions);
}

/** The chunks that were quantised, but for what rounding took. */
export function dequantise({ codes, remainders }: Quantised, dimensions: number): Float32Array[] {
  const size = chunkBytes(dimensions), chunks: Float32Array[] = [];
  for (let number = 0; (number + 1) * size <= codes.length; number++) {
    const coded = chunkCodes(codes, number * size, dimensions), scale = chunkScale(codes, number * size);
    const left = new Int8Array(remainders.buffer, remainders.byteOffset + number * dimensions, dimensions);
    const chunk = new Float32Array(dimensions);
    for (let i = 0; i < dimensions; i++) chunk[i] = (coded[i]! + left[i]! / REMAINDER_STEPS) * scale;
    chunks.push(chunk);
  }
  return chunks;
}
