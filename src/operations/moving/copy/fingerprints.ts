/**
 * What two stores are compared by: a fingerprint of everything that a record says, the same whichever store it comes
 * from, and a digest of many that doesn't depend on their order.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { Json, Memory } from "../../../memory/memory.ts";
import { isPlain, plainNumber } from "../../../memory/numbers.ts";
import type { Relation } from "../../../storage/contract/relations.ts";
import type { TrashedMemory } from "../../../storage/contract/trash.ts";
import type { VectorSet } from "../../../storage/contract/vectors.ts";

/**
 * Cosine below which two vectors are different ones. The embedded store keeps 16 bits a dimension, which moves a cosine
 * by up to 0.000002, and Qdrant scales vectors to unit length again; vectors of different texts are far below.
 */
const SAME_COSINE = 0.99999;

/** Fingerprint of all fields of a memory: 128 bits of SHA-256. */
export function fingerprintOf(memory: Memory): string {
  return hashOf(fieldsOf(memory));
}

/** Fingerprint of a memory in the trash, with when and why it came there. */
export function trashedFingerprintOf({ memory, deleted_at, reason }: TrashedMemory): string {
  return hashOf([...fieldsOf(memory), deleted_at, reason]);
}

/** Names a relation. */
export function relationKey({ source, type, target }: Omit<Relation, "created_at">): string {
  return JSON.stringify([source, type, target]);
}

/** Fingerprint of a relation. */
export function relationFingerprintOf({ source, type, target, created_at }: Relation): string {
  return hashOf([source, type, target, created_at]);
}

/** Whether two stores hold the same vectors, but for what their formats round away. */
export function sameVectors(one: VectorSet | null, other: VectorSet | null): boolean {
  if (one === null || other === null) return one === other;
  return one.chunks.length === other.chunks.length &&
    one.chunks.every((chunk, i) => cosine(chunk, other.chunks[i]!) >= SAME_COSINE);
}

/** Digest of fingerprints: how many, and their sum, which their order doesn't change. */
export class Digest {
  count = 0;
  #sum = 0n;

  add(print: string): void {
    this.count++;
    this.#sum = BigInt.asUintN(128, this.#sum + BigInt(`0x${print}`));
  }

  /** 32 hexadecimal digits. */
  get sum(): string {
    return this.#sum.toString(16).padStart(32, "0");
  }
}

function fieldsOf(memory: Memory): Json[] {
  const { content_hash, content, tags, memory_type, metadata, conversation_id, created_at, updated_at } = memory;
  const { superseded } = memory;
  const replaced = superseded === undefined ? null : [superseded.by, superseded.at, superseded.reason];
  return [content_hash, content, tags, memory_type, metadata, conversation_id, created_at, updated_at, replaced];
}

function hashOf(fields: Json[]): string {
  return createHash("sha256").update(JSON.stringify(fields.map(ordered))).digest("hex").slice(0, 32);
}

/**
 * The value in one form, whichever store it comes from: keys of objects in one order, numbers as far as every store keeps
 * them. One of nine digits tells the few apart that no store promises to keep to the last.
 */
function ordered(value: Json): Json {
  if (typeof value === "number") return isPlain(value) ? plainNumber(value) : value.toPrecision(9);
  if (Array.isArray(value)) return value.map(ordered);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, ordered(value[key]!)]));
}

function cosine(one: Float32Array, other: Float32Array): number {
  if (one.length !== other.length) return -1;
  let product = 0, lengths = 0, otherLengths = 0;
  for (let i = 0; i < one.length; i++) {
    product += one[i]! * other[i]!;
    lengths += one[i]! * one[i]!;
    otherLengths += other[i]! * other[i]!;
  }
  return product / Math.sqrt(lengths * otherLengths);
}
