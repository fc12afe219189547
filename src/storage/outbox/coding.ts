/**
 * Queued writes as rows of the outbox's file: JSON, with vectors as 32-bit floats beside it.
 *
 * @module
 */

import { DEFAULT_SPACE } from "../../memory/space.ts";
import type { VectorSet } from "../contract/vectors.ts";
import type { QueuedWrite } from "./outbox.ts";

/** Behind the name of a space in a key; no name has it. */
const SPACE_END = "/";

/** A write as it lies in the file. */
export interface EncodedWrite {
  kind: QueuedWrite["kind"];
  /** `keyOf` the write. */
  hash: string;
  /** JSON, in which text that SQLite can't hold (NUL, lone surrogates) is escaped. */
  body: string;
  vectors: Uint8Array | null;
}

/** What the JSON says of the vectors beside it. */
interface VectorFacts {
  model: string;
  chunks: number;
}

/** content_hash of the memory that a write is about. */
export function hashOf(write: QueuedWrite): string {
  return write.kind === "store" ? write.memory.content_hash : write.hash;
}

/** What tells the memory that a write is about from all others: its content_hash, behind the name of its space. */
export function keyOf(write: QueuedWrite): string {
  return keyIn(write.space, hashOf(write));
}

/** As `keyOf`; `default` isn't named, as in files from before there were spaces. */
export function keyIn(space: string | undefined, hash: string): string {
  return space === undefined || space === DEFAULT_SPACE ? hash : `${space}${SPACE_END}${hash}`;
}

/** Name of the space in a key; empty for `default`. */
export function spaceIn(key: string): string {
  return key.slice(0, Math.max(0, key.indexOf(SPACE_END)));
}

export function encode(write: QueuedWrite): EncodedWrite {
  const { kind, space } = write, hash = keyOf(write);
  if (kind !== "store") return { kind, hash, body: JSON.stringify(write), vectors: null };
  const { memory, vectors } = write;
  const facts: VectorFacts | null = vectors && { model: vectors.model, chunks: vectors.chunks.length };
  const body = JSON.stringify({ memory, vectors: facts, space });
  return { kind, hash, body, vectors: vectors && bytesOf(vectors) };
}

export function decode({ kind, body, vectors }: EncodedWrite): QueuedWrite {
  const value = JSON.parse(body);
  if (kind !== "store") return value;
  const { memory, space } = value;
  const where = space === undefined ? {} : { space };
  return { kind, memory, vectors: vectors && vectorsOf(value.vectors, vectors), ...where };
}

/** Whether two rows store the same memory: what can differ is when that was asked for, and the vectors. */
export function isSameStore(a: EncodedWrite, b: EncodedWrite): boolean {
  if (a.kind !== "store" || b.kind !== "store" || a.hash !== b.hash) return false;
  const [one, other] = [a, b].map(({ body }) => {
    return JSON.stringify({ ...JSON.parse(body).memory, created_at: null, updated_at: null });
  });
  return one === other;
}

function bytesOf({ chunks }: VectorSet): Uint8Array {
  const all = new Float32Array(chunks.reduce((length, chunk) => length + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return new Uint8Array(all.buffer);
}

function vectorsOf({ model, chunks }: VectorFacts, bytes: Uint8Array): VectorSet {
  const all = new Float32Array(bytes.slice().buffer), length = all.length / chunks;
  return { model, chunks: Array.from({ length: chunks }, (_, i) => all.slice(i * length, (i + 1) * length)) };
}
