/**
 * Values that models write as text where a list, a number or an object is asked.
 *
 * @module
 */

import { InexactNumber } from "./exact_json.ts";
import { BODY, parseBoundedJson } from "./json_shape.ts";

/** Characters of a text that is read: the largest metadata in escapes alone have fewer, and tags far fewer. */
const LONGEST = 512 * 1024;

const TRUE = new Set(["true", "yes", "1", "on"]), FALSE = new Set(["false", "no", "0", "off"]);

/** The boolean a text means, or undefined. */
export function booleanIn(text: string): boolean | undefined {
  const word = text.trim().toLowerCase();
  return TRUE.has(word) ? true : FALSE.has(word) ? false : undefined;
}

/** The number a text means, or undefined. */
export function numberIn(text: string): number | undefined {
  const digits = text.trim();
  return digits.length <= 40 && /^[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(digits) ? Number(digits) : undefined;
}

/** Whether a text is the word for nothing, as JSON or as Python has it. */
export function isNullWord(text: string): boolean {
  const word = text.trim();
  return word.toLowerCase() === "null" || word === "None";
}

/** The list a text means: JSON, a list as Python prints it, or items between commas. */
export function listIn(text: string): unknown[] {
  if (text.length > LONGEST) return [text];
  const value = text.trim().startsWith("[") ? structureIn(text) : undefined;
  return Array.isArray(value) ? value : text.split(",").map((item) => item.trim()).filter((item) => item !== "");
}

/**
 * The list or object in a text that is JSON or a literal of Python; undefined for anything else.
 *
 * @throws {InexactNumber} for a number that would change.
 */
export function structureIn(text: string): unknown {
  if (text.length > LONGEST) return undefined;
  return parsed(text) ?? parsed(asJson(text));
}

/** @throws {InexactNumber} for a number that would change. */
function parsed(text: string): unknown {
  try {
    return parseBoundedJson(text, BODY);
  } catch (error) {
    if (error instanceof InexactNumber) throw error;
    return undefined;
  }
}

const WORDS: Readonly<Record<string, string>> = { True: "true", False: "false", None: "null" };

/** Python's quotes and words as JSON has them; one pass. */
function asJson(text: string): string {
  const parts: string[] = [];
  for (let at = 0; at < text.length;) {
    const char = text[at]!;
    if (char === '"' || char === "'") {
      const end = endOfQuoted(text, at);
      parts.push(JSON.stringify(unquoted(text.slice(at + 1, end))));
      at = end + 1;
      continue;
    }
    const word = /^[A-Za-z]/.test(char) ? Object.keys(WORDS).find((word) => text.startsWith(word, at)) : undefined;
    parts.push(word === undefined ? char : WORDS[word]!);
    at += word?.length ?? 1;
  }
  return parts.join("");
}

function endOfQuoted(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === text[start]) return at;
  }
  return text.length;
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };

function unquoted(text: string): string {
  return text.replace(/\\(.)/gs, (_, char: string) => ESCAPES[char] ?? char);
}
