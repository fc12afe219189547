/**
 * How much JSON a client may send at once. A few megabytes of keys or brackets take seconds to parse and more to check,
 * while nothing else is served; counting them takes some hundredths of that.
 *
 * @module
 */

import { MemoryError } from "../errors.ts";

/** Most levels of lists and objects; metadata have 64. */
export const MAX_LEVELS = 1000;
/** Most keys of one object: ten times those of the largest metadata. */
export const MAX_KEYS = 10_000;
/** Most items of lists, members of objects, lists and objects together; a large batch has a tenth. */
export const MAX_VALUES = 250_000;
/** Texts up to this length are parsed in no time, whatever is in them. */
const SHORT = 16 * 1024;

const QUOTE = 0x22, COMMA = 0x2c, COLON = 0x3a, BACKSLASH = 0x5c, BRACE = 0x7b, BRACKET = 0x5b;
const END_BRACE = 0x7d, END_BRACKET = 0x5d;

/**
 * Checks a text before it is parsed; one pass. What is no JSON at all is left to the parser.
 *
 * @param levelsOnly For lines of an import, which is cleaned of too many keys instead of refused.
 * @throws {MemoryError} `invalid_input`; its field is the key of the object with too many keys, or the field of the body
 * with too many levels, where there is one.
 */
export function checkJsonShape(text: string, { levelsOnly = false } = {}): void {
  if (text.length <= SHORT) return;
  const keys = new Uint32Array(MAX_LEVELS + 2), names: string[] = [];
  const maxKeys = levelsOnly ? Infinity : MAX_KEYS, maxValues = levelsOnly ? Infinity : MAX_VALUES;
  let level = 0, values = 0, from = 0, end = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        from = at + 1;
        at = end = endOfString(text, from);
        break;
      case BRACE:
      case BRACKET:
        if (++level > MAX_LEVELS) throw tooMuch(`must have at most ${MAX_LEVELS} levels`, names[2]);
        keys[level] = 0;
        names[level] = level > 1 ? text.slice(from, Math.min(end, from + 100)) : "";
        if (++values > maxValues) throw tooMany();
        break;
      case END_BRACE:
      case END_BRACKET:
        if (level > 0) level--;
        break;
      case COLON:
        if (++keys[level]! > maxKeys) throw tooMuch(`must have at most ${MAX_KEYS} keys in one object`, names[level]);
        break;
      case COMMA:
        if (++values > maxValues) throw tooMany();
    }
  }
}

/** Where the closing quote is. Searches by the platform's own search, so that long texts cost next to nothing. */
function endOfString(text: string, from: number): number {
  for (let at = from;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return text.length;
    let slashes = 0;
    while (quote - slashes - 1 >= at && text.charCodeAt(quote - slashes - 1) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return quote;
    at = quote + 1;
  }
}

function tooMany(): MemoryError {
  return tooMuch(`must have at most ${MAX_VALUES} values; send it in parts`);
}

function tooMuch(limit: string, field = ""): MemoryError {
  const name = field.toWellFormed(), what = name === "" ? "The body" : `"${name}"`;
  return new MemoryError("invalid_input", `${what} ${limit}`, name === "" ? {} : { field: name });
}
