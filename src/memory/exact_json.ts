/**
 * JSON whose whole numbers come through unchanged, or not at all.
 *
 * @module
 */

/** A whole number that JavaScript can't hold; it would be stored as another one. */
export class InexactNumber extends Error {
  override readonly name = "InexactNumber";

  /**
   * @param key The key it stands under; an index in a list, "" at the top.
   * @param digits The number as it was written.
   */
  constructor(readonly key: string, readonly digits: string) {
    super(`${key === "" ? "A number" : `"${key}"`} is ${digits}, which can't be kept exactly; send it as text`);
  }
}

/** Sixteen digits in a row; every number beyond 2^53 has them, and few texts do. */
const LONG_NUMBER = /\d{16}/;

/**
 * Parses JSON.
 *
 * @throws {SyntaxError} when it is none.
 * @throws {InexactNumber} for a whole number beyond ±(2^53 − 1).
 */
export function parseExactJson(text: string): unknown {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text);
  return (JSON.parse as ParseWithSource)(text, (key, value, { source }) => {
    if (typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(source ?? "")) {
      throw new InexactNumber(key, source!.slice(0, 40));
    }
    return value;
  });
}

/** `JSON.parse` with source text access, which TypeScript's library lacks as yet. */
type ParseWithSource = (
  text: string,
  reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
) => unknown;
