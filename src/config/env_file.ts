/**
 * The text of a `.env` file.
 *
 * @module
 */

import { parseEnv } from "node:util";

/** The contents of a `.env` file. */
export interface EnvText {
  values: Record<string, string>;
  /** Numbers of lines, from 1, that set nothing because they can't be read. Lines may hold secrets: never show them. */
  malformed: number[];
}

const NAME = /^(?:export\s)?\s*[A-Za-z_][A-Za-z0-9_.-]*$/;

/** Reads `NAME=value` lines as Node and Deno do, and finds those that they pass over in silence. */
export function parseEnvText(text: string): EnvText {
  const whole = text.replace(/^\uFEFF/, "");
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(parseEnv(whole))) if (value !== undefined) values[name] = value;
  return { values, malformed: malformedLines(whole) };
}

function malformedLines(text: string): number[] {
  const lines = text.split("\n"), malformed: number[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!.trim();
    if (line === "" || line.startsWith("#")) continue;
    const equals = line.indexOf("="), quote = line.slice(equals + 1).trimStart()[0] ?? "";
    if (equals === -1 || !NAME.test(line.slice(0, equals).trim()) || line.includes("\0")) malformed.push(at + 1);
    else if (`"'\``.includes(quote) && quote !== "" && !closes(line.slice(line.indexOf(quote, equals) + 1), quote)) {
      // A quoted value may go on for lines; one that never ends is a value with a quote in front.
      const end = lines.findIndex((later, i) => i > at && later.includes(quote));
      if (end === -1) malformed.push(at + 1);
      else at = end;
    }
  }
  return malformed;
}

const closes = (rest: string, quote: string) => rest.includes(quote);
