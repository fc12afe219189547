/**
 * What metadata may hold: values that every store and client keeps unchanged, and of new metadata no more than a
 * listing of many memories can carry.
 *
 * @module
 */

import type { z } from "zod";
import type { Json, Metadata } from "./memory.ts";

/** Most levels of nesting. */
const MAX_METADATA_DEPTH = 64;
/** Most bytes of new metadata, as JSON in UTF-8. */
const MAX_METADATA_BYTES = 64 * 1024;
/** Most keys of new metadata, those of nested objects included. */
const MAX_METADATA_KEYS = 1000;

const UNSTORABLE =
  `must hold finite numbers, well-formed Unicode without NUL characters, and at most ${MAX_METADATA_DEPTH} levels`;
const PROTO = "must not have the key __proto__, which programs in JavaScript lose";

/** Counts while a value is walked. */
interface Walk {
  keys: number;
  /** Values and characters, which take at least a byte each. */
  size: number;
  isNew: boolean;
}

/**
 * Why metadata can't be kept, or null when it can.
 *
 * @param isNew Whether a client sends it; what is stored already may be larger.
 */
export function metadataFault(value: Metadata, { isNew = false } = {}): string | null {
  const walk: Walk = { keys: 0, size: 0, isNew };
  const fault = faultIn(value, MAX_METADATA_DEPTH, walk);
  if (fault !== null || !isNew || walk.keys === 0) return fault;
  return metadataBytes(value) > MAX_METADATA_BYTES ? tooLarge() : null;
}

/** Bytes of metadata as JSON in UTF-8. */
export function metadataBytes(value: Metadata): number {
  return utf8.encode(JSON.stringify(value)).length;
}

const utf8 = new TextEncoder();

/**
 * Passes a value on to a schema of a record, which would leave out a key `__proto__` without a word. Nested ones are
 * found by {@link metadataFault}.
 */
export function withoutProto(value: unknown, context: z.RefinementCtx): unknown {
  if (typeof value === "object" && value !== null && Object.hasOwn(value, "__proto__")) {
    context.addIssue({ code: "custom", message: PROTO, input: value });
  }
  return value;
}

/**
 * Metadata that keeps to the limits for new memories, and what was taken out of it, in words. What can't be kept at all
 * stays as it is, for the schema to refuse.
 */
export function cleanMetadata(given: Metadata): { metadata: Metadata; changes: string[] } {
  const changes: string[] = [];
  if (metadataFault(given) !== null) return { metadata: given, changes };
  let metadata = given;
  if (hasProto(metadata)) {
    metadata = withoutProtoKeys(metadata) as Metadata;
    changes.push("metadata lost its keys __proto__");
  }
  const left = Object.entries(metadata).map(([key, value]) => ({ key, value, size: sizeOf(key, value) }));
  let bytes = left.reduce((sum, { size }) => sum + size.bytes + 1, 2);
  let keys = left.reduce((sum, { size }) => sum + size.keys, 0);
  if (bytes <= MAX_METADATA_BYTES && keys <= MAX_METADATA_KEYS) return { metadata, changes };
  const dropped: string[] = [];
  for (const { key, size } of left.toSorted((a, b) => b.size.bytes - a.size.bytes)) {
    if (bytes <= MAX_METADATA_BYTES && keys <= MAX_METADATA_KEYS) break;
    [bytes, keys] = [bytes - size.bytes - 1, keys - size.keys];
    dropped.push(key);
  }
  const shown = dropped.slice(0, 5).map((key) => JSON.stringify(key.slice(0, 40).toWellFormed())).join(", ");
  const more = dropped.length > 5 ? ` and ${dropped.length - 5} more` : "";
  changes.push(`metadata over ${MAX_METADATA_BYTES} bytes or ${MAX_METADATA_KEYS} keys lost ${shown}${more}`);
  const isDropped = new Set(dropped);
  return { metadata: Object.fromEntries(Object.entries(metadata).filter(([key]) => !isDropped.has(key))), changes };
}

function sizeOf(key: string, value: Json): { bytes: number; keys: number } {
  const bytes = metadataBytes({ [key]: value }) - 2;
  if (value === null || typeof value !== "object") return { bytes, keys: 1 };
  const walk: Walk = { keys: 1, size: 0, isNew: false };
  faultIn(value, Infinity, walk);
  return { bytes, keys: walk.keys };
}

/** Depth first; ends at the first fault, and for new metadata where a limit is reached. */
function faultIn(value: Json, depth: number, walk: Walk): string | null {
  walk.size++;
  if (typeof value === "string") {
    walk.size += value.length;
    if (walk.isNew && walk.size > MAX_METADATA_BYTES) return tooLarge();
    return value.isWellFormed() && !value.includes("\0") ? null : UNSTORABLE;
  }
  if (typeof value === "number") return Number.isFinite(value) ? null : UNSTORABLE;
  if (value === null || typeof value !== "object") return null;
  if (depth === 0) return UNSTORABLE;
  if (walk.isNew && walk.size > MAX_METADATA_BYTES) return tooLarge();
  if (Array.isArray(value)) {
    for (const item of value) {
      const fault = faultIn(item, depth - 1, walk);
      if (fault !== null) return fault;
    }
    return null;
  }
  for (const key in value) {
    if (!Object.hasOwn(value, key)) continue;
    walk.keys++;
    if (walk.isNew && walk.keys > MAX_METADATA_KEYS) {
      return `must have at most ${MAX_METADATA_KEYS} keys, those of nested objects included`;
    }
    if (walk.isNew && key === "__proto__") return PROTO;
    const fault = faultIn(key, 0, walk) ?? faultIn(value[key]!, depth - 1, walk);
    if (fault !== null) return fault;
  }
  return null;
}

function tooLarge(): string {
  return `must take at most ${MAX_METADATA_BYTES} bytes as JSON`;
}

function hasProto(value: Json): boolean {
  if (value === null || typeof value !== "object") return false;
  return (!Array.isArray(value) && Object.hasOwn(value, "__proto__")) || Object.values(value).some(hasProto);
}

function withoutProtoKeys(value: Json): Json {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(withoutProtoKeys);
  return Object.fromEntries(
    Object.entries(value).filter(([key]) => key !== "__proto__").map(([key, item]) => [key, withoutProtoKeys(item)]),
  );
}
