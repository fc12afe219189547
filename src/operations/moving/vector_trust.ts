/**
 * Vectors that come with a file: taken only where the operator asks for it, and even then a sample of them is made
 * again and compared. A vector of another text would be found for questions it has nothing to do with.
 *
 * @module
 */

import type { EmbeddingService } from "../../embedding/embedder.ts";
import type { Memory } from "../../memory/memory.ts";
import type { MemoryStorage } from "../../storage/contract/storage.ts";
import type { VectorSet } from "../../storage/contract/vectors.ts";

/** Memories compared at the beginning, and of each later group. */
const FIRST = 16, LATER = 4;
/** Least cosine of a vector to the one made here: the worst that a processor with saturating kernels makes is 0.963. */
const LEAST = 0.95;
/** UTF-16 units of content for each vector beyond the first; chunks of every model's window hold more. */
const UNITS_A_VECTOR = 64;

/** A memory with the vectors that came along. */
export interface Brought {
  place: string;
  memory: Memory;
  vectors: VectorSet | null;
}

/** Whether a content may have so many vectors. */
export function isPlausible({ memory, vectors }: Brought): boolean {
  return vectors === null || vectors.chunks.length <= 1 + Math.ceil(memory.content.length / UNITS_A_VECTOR);
}

/** Compares samples of one file's vectors. */
export class VectorTrust {
  readonly #service: EmbeddingService;
  readonly #random: () => number;
  /** Keys of memories stored with vectors of the file. */
  readonly #taken: { content_hash: string; content: string; storage: MemoryStorage }[] = [];
  #isFirst = true;

  /** @param random From 0 to below 1; which memories are compared mustn't be known to who writes the file. */
  constructor(service: EmbeddingService, random: () => number = Math.random) {
    this.#service = service;
    this.#random = random;
  }

  /** The first memory of a sample whose vectors are wrong; null when all are right. */
  async wrong(items: readonly Brought[]): Promise<Brought | null> {
    const left = items.filter(({ vectors }) => vectors !== null);
    for (let count = this.#isFirst ? FIRST : LATER; count > 0 && left.length > 0; count--) {
      const [item] = left.splice(Math.floor(this.#random() * left.length), 1);
      this.#isFirst = false;
      const made = await this.#service.embedPassage(item!.memory.content);
      if (!agree(item!.vectors!.chunks, made)) return item!;
    }
    return null;
  }

  /** Remembers what was stored with vectors of the file, and where. */
  took(memories: readonly Memory[], storage: MemoryStorage): void {
    for (const { content_hash, content } of memories) this.#taken.push({ content_hash, content, storage });
  }

  /** Replaces the vectors that were taken before the sample that showed wrong ones; the number of them. */
  async replace(model: string): Promise<number> {
    const taken = this.#taken.splice(0);
    for (const { content_hash, content, storage } of taken) {
      const chunks = await this.#service.embedPassage(content);
      await storage.addVectors([{ content_hash, vectors: { model, chunks } }]);
    }
    return taken.length;
  }
}

function agree(given: readonly Float32Array[], made: readonly Float32Array[]): boolean {
  return given.length === made.length && given.every((chunk, at) => {
    return chunk.reduce((sum, value, i) => sum + value * made[at]![i]!, 0) >= LEAST;
  });
}
