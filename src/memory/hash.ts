/**
 * content_hash, the key of a memory, as existing deployments compute it.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { Json, Metadata } from "./memory.ts";

/** Metadata keys that never count towards the hash. */
const IGNORED_KEYS = new Set(["timestamp", "content_hash", "embedding"]);

/**
 * SHA-256 of the trimmed, lower-cased content as 64 lower-case hex digits; when metadata is given and something is left
 * of it after dropping `timestamp`, `content_hash` and `embedding`, its canonical JSON follows the content.
 *
 * A client's store hashes the content alone, so that the same text with other metadata is the same memory; document
 * chunks are hashed with their metadata, so that equal passages of two documents stay apart.
 */
export function contentHash(content: string, metadata?: Metadata): string {
  const hash = createHash("sha256").update(content.trim().toLowerCase(), "utf8");
  const counted = Object.entries(metadata ?? {}).filter(([key]) => !IGNORED_KEYS.has(key));
  if (counted.length > 0) hash.update(pythonJson(Object.fromEntries(counted)), "utf8");
  return hash.digest("hex");
}

/** Metadata keys that importers hash a content with, where the same words are more than one memory. */
const IMPORTED_KEYS = [["source_file"], ["source", "message_id"], ["mem0_owner"]];

/**
 * Whether a key is one of a content's: of the content alone, with all its metadata, or with that part of it which an
 * importer counts.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(isHashOf(contentHash("A fact"), "A fact", {}), true);
 * assertEquals(isHashOf(contentHash("Another"), "A fact", {}), false);
 * ```
 */
export function isHashOf(hash: string, content: string, metadata: Metadata): boolean {
  if (hash === contentHash(content) || hash === contentHash(content, metadata)) return true;
  if (hash === contentHash(content, { belief: true })) return true;
  return IMPORTED_KEYS.some((keys) =>
    keys.every((key) => Object.hasOwn(metadata, key)) &&
    hash === contentHash(content, Object.fromEntries(keys.map((key) => [key, metadata[key]!])))
  );
}

/** JSON as Python's `json.dumps(value, sort_keys=True, ensure_ascii=True)` writes it: `", "` and `": "`, ASCII only. */
function pythonJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(", ")}]`;
  if (value !== null && typeof value === "object") {
    const keys = Object.keys(value).sort(byCodePoint);
    return `{${keys.map((key) => `${pythonJson(key)}: ${pythonJson(value[key] ?? null)}`).join(", ")}}`;
  }
  return JSON.stringify(value).replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Python sorts strings by code point, JavaScript by UTF-16 unit; they differ above U+FFFF. */
function byCodePoint(a: string, b: string): number {
  const left = [...a], right = [...b];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = left[i]!.codePointAt(0)! - right[i]!.codePointAt(0)!;
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
