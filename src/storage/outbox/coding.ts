/**
 * Queued writes as rows of the outbox's file: JSON, with vectors as 32-bit floats beside it.
 *
 * @module
 */

import type { VectorSet } from "../contract/vectors.ts";
import type { QueuedWrite } from "./outbox.ts";

/** A write as it lies in the file. */
export interface EncodedWrite {
  kind: QueuedWrite["kind"];
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

export function encode(write: QueuedWrite): EncodedWrite {
  const { kind } = write, hash = hashOf(write);
  if (kind !== "store") return { kind, hash, body: JSON.stringify(write), vectors: null };
  const { memory, vectors } = write;
  const facts: VectorFacts | null = vectors && { model: vectors.model, chunks: vectors.chunks.length };
  return { kind, hash, body: JSON.stringify({ memory, vectors: facts }), vectors: vectors && bytesOf(vectors) };
}

export function decode({ kind, body, vectors }: EncodedWrite): QueuedWrite {
  const value = JSON.parse(body);
  if (kind !== "store") return value;
  return { kind, memory: value.memory, vectors: vectors && vectorsOf(value.vectors, vectors) };
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
