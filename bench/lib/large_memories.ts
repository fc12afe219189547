/**
 * Memories of large stores and their vectors, made from a number.
 *
 * @module
 */

import { contentHash } from "../../src/memory/hash.ts";
import type { Memory } from "../../src/memory/memory.ts";
import { pick, seeded } from "./random.ts";
import { longTextAt, tagAt, textAt } from "./texts.ts";
import { perturbed } from "./vectors.ts";

/** Turns of a conversation. */
const TURNS = 20;
/** The first memory's time, in Unix seconds, and the seconds between two. */
const FIRST_TIME = 1_700_000_000, TIME_STEP = 300;

/** A memory of a large store, of some 110 characters or of at least as many as are given. */
export function memoryAt(index: number, characters = 0): Memory {
  const content = characters > 0 ? longTextAt(index, characters) : textAt(index),
    created_at = FIRST_TIME + index * TIME_STEP;
  return {
    content,
    content_hash: contentHash(content),
    tags: [tagAt(index)],
    memory_type: null,
    metadata: {},
    conversation_id: `conversation-${Math.floor(index / TURNS)}`,
    created_at,
    updated_at: created_at,
  };
}

/** Vectors of the first `count` memories: those of the texts that were embedded, and then mixed ones, always the same. */
export function* mixedVectors(embedded: readonly Float32Array[], count: number): Generator<Float32Array> {
  const random = seeded(11);
  for (let i = 0; i < count; i++) {
    const base = embedded[i % embedded.length]!;
    yield i < embedded.length ? base : perturbed(base, pick(embedded, random), random);
  }
}
