/**
 * What the SQLite files and the JSON exports of the Python mcp-memory-service have in common.
 *
 * @module
 */

import { contentHash } from "../memory/hash.ts";
import type { Json, Metadata } from "../memory/memory.ts";
import { parseJson } from "../operations/moving/import.ts";
import { ownerIn } from "../operations/moving/owners.ts";

/** A value of Python's `json.dumps`, which writes `NaN` and `Infinity` although JSON has none. */
export function parsePythonJson(text: string): { value: unknown; note?: string } | { fault: string } {
  const read = parseJson(text);
  if ("value" in read) return read;
  const cleaned = withoutSpecialNumbers(text);
  if (cleaned === text) return read;
  const again = parseJson(cleaned);
  return "value" in again ? { ...again, note: "Numbers in its metadata that are none became null" } : read;
}

const SPECIAL = ["-Infinity", "Infinity", "NaN"];

/** The same text with `null` for these words outside of strings; one pass. */
function withoutSpecialNumbers(text: string): string {
  const parts: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '"') {
      for (at++; at < text.length && text[at] !== '"'; at++) if (text[at] === "\\") at++;
      continue;
    }
    const word = SPECIAL.find((word) => text.startsWith(word, at));
    if (word === undefined) continue;
    parts.push(text.slice(start, at), "null");
    start = at + word.length;
    at = start - 1;
  }
  return parts.join("") + text.slice(start);
}

/** Metadata from a parsed value: an object as it is, null as none, and anything else under `value`. */
export function metadataOf(value: unknown): Metadata {
  if (value === null || value === undefined) return {};
  return typeof value === "object" && !Array.isArray(value) ? value as Metadata : { value: value as Json };
}

/** Content as this store can keep it, and the key that goes with it. */
export function contentOf(text: string, hash: string | undefined): { content: string; hash?: string; note?: string } {
  const content = text.replaceAll("\0", "").toWellFormed();
  if (content === text) return hash === undefined ? { content } : { content, hash };
  return {
    content,
    hash: contentHash(content),
    note: "Characters that are no text (NUL, halves of surrogate pairs) were taken out of its content",
  };
}

/** The store that a record is in; undefined for `default`, and for versions before 12, which have one alone. */
export function storeIn(record: unknown): string | undefined {
  const store = ownerIn(record, "store");
  return store === "default" ? undefined : store;
}
