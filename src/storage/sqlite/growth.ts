/**
 * How arrays grow: doubled while they are small, then by a quarter, so that a thousand small spaces cost as little as one
 * large one.
 *
 * @module
 */

/** Entries of an array at first. */
export const AT_FIRST = 16;
const SMALL = 1024;

/** Entries of the array that takes the place of a full one. */
export function grownLength(length: number, needed: number): number {
  return Math.max(needed, AT_FIRST, length < SMALL ? length * 2 : length + (length >> 2));
}

/** The larger array with what the old one holds. */
export function grown<T extends Float64Array | Float32Array | Uint32Array | Int32Array | Uint8Array>(
  old: T,
  larger: T,
): T {
  larger.set(old);
  return larger;
}
