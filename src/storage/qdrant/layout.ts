/**
 * How memories lie in a collection: point ids, payload fields and vector names. A collection that the Python service
 * made has the same points with fewer fields; `docs/qdrant.md` says what each one is for.
 *
 * @module
 */

import type { Schemas } from "@qdrant/js-client-rest";
import { createHash } from "node:crypto";
import { B, K1, LENGTH_CAP, saturation } from "../../memory/ranking.ts";
import type { Json, Memory, Metadata, Supersession, Writer } from "../../memory/memory.ts";
import { fold } from "../../memory/fold.ts";
import { type Role, roleOf } from "../../memory/role.ts";
import { plainNumber } from "../../memory/numbers.ts";
import { analyse, ANALYSER_VERSION } from "../../memory/text.ts";
import { escapeText, unescapeText } from "../escape.ts";

/** The point that holds facts about the collection; never a memory. */
export const RESERVED_ID = 1;
/** The dense vector that the Python service reads too: a memory's first chunk. */
export const DENSE = "";
/** Words, as Qdrant's own BM25 counts them. */
export const WORDS = "bm25";

/** A payload index: its type, or what the server needs to know of it besides. */
export type Index = "keyword" | "float" | "integer" | { type: "keyword"; is_tenant?: boolean; on_disk?: boolean };

/** Payload fields that filters and orders use, with their index. */
export const INDEXES: Record<string, Index> = {
  tags: "keyword",
  memory_type: "keyword",
  conversation_id: "keyword",
  role: "keyword",
  names: "keyword",
  analyser: "integer",
  created_at: "float",
  facts: "keyword",
  bytes: "integer",
  "superseded.at": "float",
  "superseded.by": "keyword",
  "writer.name": "keyword",
  "writer.channel": "keyword",
  "writer.client.name": "keyword",
  "metadata.unimem_valid_from": "float",
  "metadata.unimem_valid_until": "float",
  "metadata.unimem_expires": "float",
};

/** Indexes of the collection that all spaces but `default` share, besides. */
export const SHARED_INDEXES: Record<string, Index> = {
  space: { type: "keyword", is_tenant: true },
  content_hash: { type: "keyword", on_disk: true },
};

/**
 * Terms of a memory that the server assumes on average when it weighs lengths. It can't change once memories are
 * stored, so it is a round figure for a paragraph; the exact scores that rank use the true average.
 */
const ASSUMED_LENGTH = 40;

/** Digits of a content_hash with which the point ids of all spaces begin. */
export const ORDERED_DIGITS = 16;

/**
 * A point id, written as a UUID; null for what is no content_hash. In `default` it is the first half of the content_hash,
 * as the Python service has it. Elsewhere a number below 2^64 is added that is the space's own, so that points with keys
 * that begin alike lie together in either collection, and those of one space lie in the order of their keys.
 *
 * @param space Id of the space; null for `default`.
 */
export function pointId(hash: string, space: string | null = null): string | null {
  if (!/^[0-9a-f]{64}$/.test(hash)) return null;
  const digits = space === null ? hash : shifted(hash.slice(0, 32), space);
  const groups = [[0, 8], [8, 12], [12, 16], [16, 20], [20, 32]].map(([from, to]) => digits.slice(from, to));
  return groups.join("-");
}

/**
 * The scroll that begins at the first point whose key may begin with `prefix`. Points are kept in the order of their ids,
 * which begin like the keys, so that the server reads these and no others.
 */
export function pointsFrom(prefix: string, limit: number) {
  const offset = pointId(prefix.slice(0, ORDERED_DIGITS).padEnd(64, "0"))!;
  return { offset, limit, with_payload: ["content_hash", "space"], with_vector: false };
}

function shifted(digits: string, space: string): string {
  const shift = createHash("sha256").update(`space ${space}`).digest().readBigUInt64BE();
  return BigInt.asUintN(128, BigInt(`0x${digits}`) + shift).toString(16).padStart(32, "0");
}

/** Text of words for Qdrant to weigh: the terms of Unimem's own analyser, so that both stores find the same words. */
export function wordsDocument(terms: readonly string[], space: string | null = null): Schemas["Document"] {
  // The server knows no cap on the length that counts: with this average, the text is that much longer at most.
  const average = Math.max(ASSUMED_LENGTH, terms.length / LENGTH_CAP);
  if (space === null) return document(terms, average);
  const tokens = [...terms, ...terms.map((term) => spaceToken(space, term)), spaceToken(space, "")];
  // As if the terms alone were counted.
  return document(tokens, terms.length === 0 ? 1 : average * tokens.length / terms.length);
}

/**
 * A term as the memories of one space have it, besides the term itself: how rare it is there doesn't depend on other
 * spaces. The empty term stands for the space: each of its memories has it once.
 */
export function spaceToken(space: string, term: string): string {
  return `${space}:${term}`;
}

function document(tokens: readonly string[], avg_len: number): Schemas["Document"] {
  return {
    text: tokens.join(" "),
    model: "qdrant/bm25",
    options: {
      tokenizer: "whitespace",
      language: "none",
      lowercase: false,
      ascii_folding: false,
      k: K1,
      b: B,
      avg_len,
    },
  };
}

/** The weight Qdrant gives a term that occurs `count` times among `length` terms. */
export function storedWeight(count: number, length: number): number {
  return count * (K1 + 1) / (saturation(length, ASSUMED_LENGTH) + count);
}

/** Payload of a memory. */
export interface MemoryPayload {
  content: string;
  content_hash: string;
  tags: string[];
  memory_type: string | null;
  metadata: Metadata;
  created_at: number;
  updated_at: number;
  conversation_id?: string | null;
  superseded?: Supersession | null;
  writer?: Writer | null;
  /** Id of the space; absent in `default`. */
  space?: string;
  /** The content folded, for verbatim search. */
  folded?: string;
  /** The tags and the type folded, as `tagName` and `typeName` write them, for filters. */
  names?: string[];
  /** Version of the analyser that made the words and what is folded. */
  analyser?: number;
  /** `factOf` of each scalar in the metadata, for equality filters. */
  facts?: string[];
  /** `roleOf` the memory, `none` without one, so that what has no role differs from what wasn't completed. */
  role?: Role | "none";
  /** Length of the content in UTF-8. */
  bytes?: number;
  /** Changes with every write, so that a writer can tell its own. */
  revision?: string;
}

/** Fields of a memory's payload that answer a client. */
export const MEMORY_FIELDS = [
  "content",
  "content_hash",
  "tags",
  "memory_type",
  "metadata",
  "created_at",
  "updated_at",
  "conversation_id",
  "superseded",
  "writer",
  "space",
];

/** @param space Id of the space; null for `default`. */
export function payloadOf(memory: Memory, revision: string, space: string | null): MemoryPayload {
  return {
    content: escapeText(memory.content),
    content_hash: memory.content_hash,
    ...changeablePayload(memory),
    conversation_id: memory.conversation_id === null ? null : escapeText(memory.conversation_id),
    created_at: plainNumber(memory.created_at),
    ...derivedPayload(memory),
    ...(memory.writer === undefined ? {} : { writer: escapeJson({ ...memory.writer } as Json) as unknown as Writer }),
    ...(space === null ? {} : { space }),
    revision,
  };
}

/** The part of a payload that an update writes. */
export function changeablePayload(
  memory: Pick<Memory, "content" | "tags" | "memory_type" | "metadata" | "updated_at" | "superseded">,
) {
  return {
    tags: memory.tags.map(escapeText),
    memory_type: memory.memory_type === null ? null : escapeText(memory.memory_type),
    metadata: escapeJson(memory.metadata) as Metadata,
    updated_at: plainNumber(memory.updated_at),
    facts: factsOf(memory.metadata),
    names: namesOf(memory),
    role: roleOf(memory) ?? "none" as const,
    superseded: memory.superseded === undefined
      ? null
      : escapeJson({ ...memory.superseded }) as unknown as Supersession,
  };
}

/** The part of a payload that is computed from the rest; collections of the Python service lack it at first. */
export function derivedPayload(
  memory: Pick<Memory, "content" | "tags" | "memory_type" | "metadata">,
): Pick<MemoryPayload, "folded" | "facts" | "names" | "bytes" | "role" | "analyser"> {
  const { content, metadata } = memory;
  return {
    folded: foldedText(content),
    facts: factsOf(metadata),
    names: namesOf(memory),
    bytes: new TextEncoder().encode(content).length,
    role: roleOf({ content, metadata }) ?? "none",
    analyser: ANALYSER_VERSION,
  };
}

/** A tag among the folded names. */
export function tagName(tag: string): string {
  return `tag:${foldedText(tag)}`;
}

/** A type among the folded names. */
export function typeName(type: string): string {
  return `type:${foldedText(type)}`;
}

function namesOf({ tags, memory_type }: Pick<Memory, "tags" | "memory_type">): string[] {
  return [...new Set([...tags.map(tagName), ...memory_type === null ? [] : [typeName(memory_type)]])];
}

/** Text in the form in which filters and verbatim search compare it. */
export function foldedText(text: string): string {
  return escapeText(fold(text));
}

/** A memory from a point's payload; its space is the id by which points know it. Fields that a collection of the Python service lacks get their empty value. */
export function memoryOf(payload: Record<string, unknown>): Memory {
  const kept = payload as unknown as Partial<MemoryPayload>;
  return {
    content: unescapeText(kept.content ?? ""),
    content_hash: kept.content_hash ?? "",
    tags: (kept.tags ?? []).map((tag) => unescapeText(String(tag))),
    memory_type: kept.memory_type == null ? null : unescapeText(kept.memory_type),
    metadata: unescapeJson(kept.metadata ?? {}) as Metadata,
    conversation_id: kept.conversation_id == null ? null : unescapeText(kept.conversation_id),
    created_at: kept.created_at ?? 0,
    updated_at: kept.updated_at ?? kept.created_at ?? 0,
    ...(kept.superseded == null ? {} : { superseded: unescapeJson({ ...kept.superseded }) as unknown as Supersession }),
    ...(kept.space == null ? {} : { space: kept.space }),
    ...(kept.writer == null ? {} : { writer: unescapeJson({ ...kept.writer } as Json) as unknown as Writer }),
  };
}

/** A key for one scalar of the metadata: equal for equal key, type and value, and short whatever they are. */
export function factOf(key: string, value: string | number | boolean | null): string {
  const kept = typeof value === "number" ? plainNumber(value) : value;
  return createHash("sha256").update(JSON.stringify([key, kept])).digest("base64url").slice(0, 16);
}

function factsOf(metadata: Metadata): string[] {
  return Object.entries(metadata).flatMap(([key, value]) =>
    value === null || typeof value !== "object" ? [factOf(key, value)] : []
  );
}

/** Terms of a text and the document that stores them. */
export function wordsOf(content: string, space: string | null): Schemas["Document"] {
  return wordsDocument(analyse(content), space);
}

/** A JSON value with its texts as stores keep them, and its numbers as other programs read them. */
export function escapeJson(value: Json): Json {
  return mapScalars(value, escapeText, plainNumber);
}

/** The value that `escapeJson` was given. */
export function unescapeJson(value: Json): Json {
  return mapScalars(value, unescapeText, (number) => number);
}

function mapScalars(value: Json, text: (text: string) => string, number: (number: number) => number): Json {
  if (typeof value === "string") return text(value);
  if (typeof value === "number") return number(value);
  if (Array.isArray(value)) return value.map((item) => mapScalars(item, text, number));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [text(key), mapScalars(item, text, number)]));
}
