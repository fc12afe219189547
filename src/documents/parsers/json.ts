/**
 * JSON and JSON Lines as text: a line `path.to.key: value` for each value, a paragraph for each record, a section for
 * each part of the outermost object. Keys beside their values are what word and vector search can both use.
 *
 * @module
 */

import { checkLength, DocumentBuilder, noText, type ParseContext } from "../builder.ts";
import { decodeText } from "../decode.ts";
import type { Extract } from "../document.ts";
import { overLimit, unreadable } from "../formats.ts";

/** Objects and lists inside one another; deeper ones come from machines, and would end the stack. */
const MAX_DEPTH = 200;
/** A list of plain values up to this length stays on one line. */
const SHORT_LIST = 120;
/** Characters of the keys before a value; of longer ones the innermost are kept. Each value repeats them. */
const LONGEST_PATH = 200;

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** Reads a JSON file. */
export function parseJson(bytes: Uint8Array, context: ParseContext): Extract {
  const { text, encoding } = decodeText(bytes, context.fileName);
  if (text.trim() === "") throw noText(context.fileName);
  const value = parse(text, context.fileName, "");
  const builder = new DocumentBuilder(context);
  addTop(builder, value, context);
  return builder.finish({ encoding, title: titleOf(value) });
}

/** Reads a file with a JSON value on each line. */
export function parseJsonLines(bytes: Uint8Array, context: ParseContext): Extract {
  const { text, encoding } = decodeText(bytes, context.fileName);
  const builder = new DocumentBuilder(context);
  text.split("\n").forEach((line, i) => {
    if (line.trim() === "") return;
    builder.block(linesOf(parse(line, context.fileName, `line ${i + 1}: `), context).join("\n"));
  });
  return builder.finish({ encoding });
}

function parse(text: string, fileName: string, where: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw unreadable(fileName, `it is not valid JSON: ${where}${faultOf(text, error)}`, error);
  }
}

/** The parser's words with the place, and without the file's content. */
function faultOf(text: string, error: unknown): string {
  const message = error instanceof Error ? error.message : "";
  if (message.startsWith("Unexpected end") || message.startsWith("Unterminated")) return "it ends too early";
  // A message quotes some 40 characters of the text at most.
  const place = /line (\d+) column (\d+)/.exec(message);
  const token = /^Unexpected token '(.+?)'/su.exec(message)?.[1];
  const what = token === undefined ? message.replace(/ in JSON[^]*| \(line[^]*/, "") : `unexpected "${token}"`;
  return place && text.includes("\n") ? `${what} at line ${place[1]}, column ${place[2]}` : what;
}

/** The outermost value: an object's lists and objects become sections, a list's items paragraphs. */
function addTop(builder: DocumentBuilder, value: Json, context: ParseContext): void {
  if (Array.isArray(value)) {
    for (const item of value) builder.block(linesOf(item, context).join("\n"));
    return;
  }
  if (value === null || typeof value !== "object") return builder.block(String(value));
  const entries = Object.entries(value);
  const isPart = ([, item]: [string, Json]) => typeof item === "object" && item !== null && shortList(item) === null;
  builder.block(linesOf(Object.fromEntries(entries.filter((entry) => !isPart(entry))), context).join("\n"));
  for (const [key, item] of entries.filter(isPart)) {
    builder.heading(1, key);
    for (const part of Array.isArray(item) ? item : [item]) builder.block(linesOf(part, context).join("\n"));
  }
}

function linesOf(value: Json, context: ParseContext): string[] {
  const lines: string[] = [];
  let length = 0;
  const add = (path: string, text: string) => {
    const line = path === "" ? text : `${path}: ${text}`;
    length += line.length + 1;
    checkLength(length, context);
    lines.push(line);
  };
  const walk = (item: Json, path: string, depth: number): void => {
    if (depth > MAX_DEPTH) throw overLimit(context.fileName, `its values are nested deeper than ${MAX_DEPTH} levels`);
    const list = shortList(item);
    if (list !== null) add(path, list);
    else if (Array.isArray(item)) item.forEach((entry, i) => walk(entry, pathTo(path, `${i + 1}`), depth + 1));
    else if (typeof item === "object" && item !== null) {
      for (const [key, entry] of Object.entries(item)) walk(entry, pathTo(path, key), depth + 1);
    } else add(path, String(item));
  };
  walk(value, "", 0);
  return lines;
}

function pathTo(path: string, key: string): string {
  const whole = path === "" ? key : `${path}.${key}`;
  return whole.length <= LONGEST_PATH ? whole : `…${whole.slice(1 - LONGEST_PATH).toWellFormed()}`;
}

/** A short list of plain values as text, such as a record's tags. */
function shortList(value: Json): string | null {
  if (!Array.isArray(value) || value.length === 0 || value.length > SHORT_LIST) return null;
  const isShort = (item: Json) => typeof item === "string" ? item.length <= SHORT_LIST : typeof item !== "object";
  if (!value.every((item) => item === null || isShort(item))) return null;
  const text = value.join(", ");
  return text.length <= SHORT_LIST ? text : null;
}

function titleOf(value: Json): string | null {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return null;
  const title = value.title ?? value.name;
  return typeof title === "string" ? title : null;
}
