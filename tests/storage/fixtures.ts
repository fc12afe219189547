/** Memories and vectors for storage tests. */

import type { ModelIdentity } from "../../src/embedding/embedder.ts";
import { fold } from "../../src/memory/fold.ts";
import type { Memory, MemoryFilter } from "../../src/memory/memory.ts";
import type { NewMemory } from "../../src/storage/contract/memories.ts";
import type { MemoryStorage } from "../../src/storage/contract/storage.ts";

export const DIMENSIONS = 16;
export const MODEL: ModelIdentity = { id: "local:first@1", name: "first", provider: "local", dimensions: DIMENSIONS };
export const OTHER: ModelIdentity = { id: "openai:second", name: "second", provider: "openai", dimensions: 24 };

/** Cosines may be off by so much, for stores may keep vectors in a compact form. */
export const TOLERANCE = 0.01;

/** Texts that trip up stores which build queries from them or keep text as C strings. */
export const AWKWARD = [
  'He said "NEAR(a b, 2)" AND NOT *',
  "'; DROP TABLE memories; --",
  "a\0b after the NUL",
  "lone \ud800 surrogate \udc00!",
  "mark \u0001 and \u00010\u0001",
  "日本語のメモと emoji 👩‍👩‍👧 and é",
  "line\nbreaks\r\nand\ttabs %_[]{}",
  "-",
];

/** A key that looks like a content_hash: keys differ in their first half too, as stores with 128-bit ids rely on. */
export function hashOf(number: number): string {
  return number.toString(16).padStart(32, "0").repeat(2);
}

/** The number that `hashOf` was given. */
export function numberOf(hash: string): number {
  return parseInt(hash.slice(0, 32), 16);
}

export function memory(number: number, fields: Partial<Memory> = {}): Memory {
  return {
    content: `Memory number ${number}`,
    content_hash: hashOf(number),
    tags: [],
    memory_type: null,
    metadata: {},
    conversation_id: null,
    created_at: 1_700_000_000 + number,
    updated_at: 1_700_000_000 + number,
    ...fields,
  };
}

/** A unit vector that depends on `seed` alone. */
export function vector(seed: number, dimensions = DIMENSIONS): Float32Array {
  let state = (seed * 2_654_435_761 + 12_345) >>> 0;
  const values = Float32Array.from({ length: dimensions }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  });
  const length = Math.hypot(...values);
  return values.map((value) => value / length);
}

export function cosine(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

/** A memory with vectors of `MODEL`, by default one made from its number. */
export function embedded(number: number, fields: Partial<Memory> = {}, chunks = [vector(number)]): NewMemory {
  return { memory: memory(number, fields), vectors: { model: MODEL.id, chunks } };
}

export function plain(number: number, fields: Partial<Memory> = {}): NewMemory {
  return { memory: memory(number, fields), vectors: null };
}

export function sum(values: ArrayLike<number>): number {
  return Array.from(values).reduce((total, value) => total + value, 0);
}

/** Contents of the memories behind candidates, best by words first. */
export async function foundByWords(storage: MemoryStorage, text: string, filter = {}, limit = 100): Promise<string[]> {
  const { candidates } = await storage.candidates({ text, vector: null, filter, limit });
  candidates.sort((a, b) => sum(b.words) - sum(a.words));
  return (await storage.getById(candidates.map(({ id }) => id))).map((found) => found!.content);
}

/** The filter as the contract words it, over a plain record. */
export function passes(candidate: ReturnType<typeof memory>, filter: MemoryFilter): boolean {
  const { tags, memory_type, conversation_id, created_from, created_before, metadata = {} } = filter;
  const has = (tag: string) => candidate.tags.some((own) => fold(own) === fold(tag));
  return (tags === undefined || (tags.match === "all" ? tags.values.every(has) : tags.values.some(has))) &&
    (memory_type === undefined || fold(candidate.memory_type ?? "") === fold(memory_type)) &&
    (conversation_id === undefined || candidate.conversation_id === conversation_id) &&
    (created_from === undefined || candidate.created_at >= created_from) &&
    (created_before === undefined || candidate.created_at < created_before) &&
    (filter.writer === undefined || candidate.writer?.name === filter.writer) &&
    (filter.channel === undefined || candidate.writer?.channel === filter.channel) &&
    Object.entries(metadata).every(([key, value]) => key in candidate.metadata && candidate.metadata[key] === value);
}
