/**
 * Keeps requests below the size that a server takes, 32 MB by default.
 *
 * @module
 */

/** Bytes of points in one request. Half of the server's limit, because sizes are estimated. */
const MOST_BYTES = 16_000_000;
/** Characters of a vector's number in JSON, with its comma, at most. */
const NUMBER_BYTES = 24;

/** The items in parts that fit into a request each; an item that is too large by itself is a part of its own. */
export function* fittingParts<T>(items: readonly T[], mostBytes = MOST_BYTES): Generator<T[]> {
  let part: T[] = [], bytes = 0;
  for (const item of items) {
    const size = bytesOf(item);
    if (part.length > 0 && bytes + size > mostBytes) {
      yield part;
      [part, bytes] = [[], 0];
    }
    part.push(item);
    bytes += size;
  }
  if (part.length > 0) yield part;
}

/** Bytes of a value in JSON, about. */
function bytesOf(value: unknown): number {
  if (typeof value === "string") return value.length * 2;
  if (typeof value !== "object" || value === null) return NUMBER_BYTES;
  if (Array.isArray(value) && typeof value[0] === "number") return value.length * NUMBER_BYTES;
  return Object.entries(value).reduce((sum, [key, item]) => sum + key.length + bytesOf(item), 0);
}
