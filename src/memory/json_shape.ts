/**
 * How much JSON a client may send at once. A few megabytes of keys or brackets take seconds to parse and more to check,
 * while nothing else is served; counting them takes some hundredths of that, and can be done in steps.
 *
 * @module
 */

import { MemoryError } from "../errors.ts";
import { InexactNumber, parseExactJson } from "./exact_json.ts";

/** Most of what one text may hold. */
export interface JsonLimits {
  /** Levels of lists and objects; metadata have 64. */
  levels: number;
  /** Keys of one object. */
  keys: number;
  /** Items of one list. */
  items: number;
  /** Items of lists, members of objects, lists and objects together. */
  values: number;
  /** What the text is, for messages. */
  what: string;
}

/**
 * Ten times the keys of the largest metadata, as many items as its 64 KB can hold, and four times the values of a large
 * batch: so many different keys take some 50 ms to parse.
 */
export const BODY: JsonLimits = { levels: 1000, keys: 10_000, items: 35_000, values: 100_000, what: "The body" };
/** One memory with its metadata and its vectors. */
export const LINE: JsonLimits = { levels: 1000, keys: 20_000, items: 35_000, values: 50_000, what: "The line" };
/** What this operator's own store wrote: levels alone, since more of them end the parser. */
export const OWN_LINE: JsonLimits = {
  levels: 1000,
  keys: Infinity,
  items: Infinity,
  values: Infinity,
  what: "The line",
};

/** Texts up to this length are parsed in no time, whatever is in them. */
const SHORT = 16 * 1024;
/** Keys of a path that an error names. */
const MAX_PATH = 8;
/** Characters looked at between two pauses. */
const STEPS = 64 * 1024;

const QUOTE = 0x22, COMMA = 0x2c, COLON = 0x3a, BACKSLASH = 0x5c, BRACE = 0x7b, BRACKET = 0x5b;
const END_BRACE = 0x7d, END_BRACKET = 0x5d, ZERO = 0x30, NINE = 0x39, MINUS = 0x2d;

/**
 * Parses a text that keeps to the limits.
 *
 * @throws {MemoryError} `invalid_input` for one that doesn't; its field is the path to the object or list with too
 * many keys or items, such as `metadata.list`, or the member of the whole with too many levels, where there is one.
 * @throws {InexactNumber} as `parseExactJson`.
 * @throws {SyntaxError} for what is no JSON.
 */
export function parseBoundedJson(text: string, limits: JsonLimits): unknown {
  if (text.length <= SHORT) return parseExactJson(text);
  const scan = new Scan(text, limits);
  scan.advance(Infinity);
  return JSON.parse(text);
}

/**
 * As `parseBoundedJson`, with pauses on the way to a long text's parsing, which itself can't be divided.
 *
 * @param pause Lets other work run, where it is time for that.
 */
export async function parseLongJson(text: string, limits: JsonLimits, pause: () => Promise<void>): Promise<unknown> {
  if (text.length <= SHORT) return parseExactJson(text);
  const scan = new Scan(text, limits);
  while (!scan.advance(STEPS)) await pause();
  await pause();
  return JSON.parse(text);
}

/** The value of the member `id` of an object that is too much to parse, where it is a number or a short text. */
export function idIn(text: string): number | string | null {
  const scan = new Scan(text, { ...OWN_LINE, levels: Infinity });
  scan.advance(Infinity);
  const found = /^\s*(-?\d{1,15}|"(?:[^"\\]|\\.){0,200}")\s*[,}]/.exec(text.slice(scan.idAt, scan.idAt + 1000));
  return found === null ? null : JSON.parse(found[1]!);
}

/** One pass over a text. What is no JSON at all is left to the parser. */
class Scan {
  /** Where the value of the outermost object's member `id` begins; the text's end without one. */
  idAt: number;
  readonly #text: string;
  readonly #limits: JsonLimits;
  readonly #keys: number[] = [0];
  readonly #commas: number[] = [0];
  readonly #names: string[] = [""];
  #at = 0;
  #inString = false;
  /** Whether a key stands before the value that comes. */
  #named = false;
  #values = 0;
  /** Where the last string begins and ends. */
  #from = 0;
  #end = 0;

  constructor(text: string, limits: JsonLimits) {
    this.#text = text;
    this.#limits = limits;
    this.idAt = text.length;
  }

  /**
   * Reads on; whether the end is reached.
   *
   * @param steps Characters and strings to look at.
   */
  advance(steps: number): boolean {
    const text = this.#text, { length } = text;
    for (let left = steps; this.#at < length; this.#at++) {
      if (left-- === 0) return false;
      if (this.#inString) {
        this.#readString();
        continue;
      }
      const code = text.charCodeAt(this.#at);
      switch (code) {
        case QUOTE:
          this.#from = this.#at + 1;
          this.#inString = true;
          break;
        case BRACE:
        case BRACKET:
          this.#open();
          break;
        case END_BRACE:
        case END_BRACKET:
          if (this.#keys.length > 1) {
            this.#keys.pop();
            this.#commas.pop();
            this.#names.pop();
          }
          break;
        case COLON:
          this.#key();
          break;
        case COMMA:
          this.#comma();
          break;
        default:
          if (code >= ZERO && code <= NINE) this.#number();
      }
    }
    return true;
  }

  /** To the next quote, by the platform's own search, so that long strings cost next to nothing. */
  #readString(): void {
    const text = this.#text, quote = text.indexOf('"', this.#at), from = this.#at;
    this.#at = this.#end = quote < 0 ? text.length : quote;
    let slashes = 0;
    while (this.#at - slashes - 1 >= from && text.charCodeAt(this.#at - slashes - 1) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) this.#inString = false;
  }

  #open(): void {
    const { levels, what } = this.#limits, level = this.#keys.push(0) - 1;
    if (level > levels) throw tooMuch(what, `must have at most ${levels} levels`, this.#path().slice(0, 1));
    this.#names.push(this.#named ? this.#text.slice(this.#from, Math.min(this.#end, this.#from + 100)) : "");
    this.#named = false;
    this.#commas.push(0);
    this.#value();
  }

  #comma(): void {
    const { items, what } = this.#limits, level = this.#keys.length - 1;
    this.#named = false;
    this.#value();
    if (++this.#commas[level]! < items) return;
    throw tooMuch(what, `must have at most ${items} items in one list`, this.#path());
  }

  #key(): void {
    const { keys, what } = this.#limits, level = this.#keys.length - 1;
    if (level === 1 && this.#text.slice(this.#from, this.#end) === "id") this.idAt = this.#at + 1;
    this.#named = true;
    if (++this.#keys[level]! <= keys) return;
    throw tooMuch(what, `must have at most ${keys} keys in one object`, this.#path());
  }

  /** Keys that lead to the object or list that is read, outermost first. */
  #path(): string[] {
    return this.#names.filter((name) => name !== "").slice(0, MAX_PATH);
  }

  #value(): void {
    const { values, what } = this.#limits;
    if (++this.#values > values) throw tooMuch(what, `must have at most ${values} values; send it in parts`);
  }

  /** A whole number that JavaScript can't hold would be stored as another one. */
  #number(): void {
    const text = this.#text, start = this.#at;
    while (isDigit(text.charCodeAt(this.#at + 1))) this.#at++;
    const size = this.#at + 1 - start;
    if (size < 16 || /[.eE]/.test(text[this.#at + 1] ?? "")) return;
    const isNegative = text.charCodeAt(start - 1) === MINUS, first = isNegative ? start - 1 : start;
    // The digits of a fraction, or of an exponent.
    if (/[.eE+]/.test(text[first - 1] ?? "")) return;
    const digits = text.slice(first, Math.min(this.#at + 1, first + 40));
    if (size > 16 || !Number.isSafeInteger(Number(digits))) {
      throw new InexactNumber(this.#text.slice(this.#from, Math.min(this.#end, this.#from + 100)), digits);
    }
  }
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

function tooMuch(whole: string, limit: string, path: readonly string[] = []): MemoryError {
  const field = path.join(".").toWellFormed(), what = field === "" ? whole : `"${field}"`;
  return new MemoryError("invalid_input", `${what} ${limit}`, field === "" ? {} : { field });
}
