/**
 * Numbers that mean the same to every reader of JSON. Some, Qdrant among them, read a number as an integer and a power
 * of ten, both as doubles, and are off in the last bit where the integer doesn't fit one: 1764050000.1234567 doesn't come
 * back, 1764050000.123457 does.
 *
 * @module
 */

/** Between these, a double's power of ten is exact when it is written with 16 digits. */
const SMALLEST = 1e-6, LARGEST = 2 ** 63;

/** Whether `plainNumber` makes a number safe to send to such readers; very small and very large ones stay as they are. */
export function isPlain(value: number): boolean {
  return value === 0 || Math.abs(value) >= SMALLEST && Math.abs(value) < LARGEST;
}

/** The nearest number whose digits make an integer that fits a double: with 15 or 16 digits, microseconds for times. */
export function plainNumber(value: number): number {
  if (Number.isInteger(value) || !isPlain(value)) return value;
  const longer = value.toPrecision(16), digits = longer.replace(/e.*$|\D/g, "");
  return Number(Number(digits) <= Number.MAX_SAFE_INTEGER ? longer : value.toPrecision(15));
}
