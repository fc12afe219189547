/**
 * Vectors of one model, in memory, found in two steps: the query is compared with the signs of all chunks, and
 * the nearest thousand or more are scored with their 8-bit codes.
 *
 * On 100,000 vectors of the bundled model (conversation turns, mixed in pairs and perturbed) the best 10 are among the
 * nearest 400 by signs, the best 50 among 1,600 at a recall of 0.999, and the best 200 among 3,200 at 0.998. With the
 * query's signs alone (Hamming distance) it takes four times as many; taking the mean off first made it worse.
 *
 * @module
 */

import { chunkBytes, chunkCodes, chunkScale } from "./quantise.ts";
import { TopK } from "./top_k.ts";
import { BLOCK_CHUNKS, EXCLUDED, MOST_SCORED, VectorMemory } from "./vector_memory.ts";

/** How many chunks are scored by codes: at least, and for each memory wanted. */
const SCORED_AT_LEAST = 1600;
const SCORED_PER_RESULT = 16;
const NONE = -1;
/** Below any cosine. */
const UNSCORED = -2;

/** A memory's slot and its best chunk's cosine. */
export interface Near {
  slot: number;
  score: number;
}

/** Chunk vectors by slot. */
export class VectorIndex {
  readonly dimensions: number;
  readonly #memory: VectorMemory;
  /** Per chunk: factor of its codes, slot or −1 when free, next chunk of the same slot or −1. */
  #scales = new Float32Array(BLOCK_CHUNKS);
  #owners = new Int32Array(BLOCK_CHUNKS);
  #next = new Int32Array(BLOCK_CHUNKS);
  /** Per slot: its first chunk or −1, and the best score within a search. */
  #first = new Int32Array(BLOCK_CHUNKS).fill(NONE);
  #best = new Float32Array(BLOCK_CHUNKS).fill(UNSCORED);
  #used = 0;
  #free: number[] = [];
  #memories = 0;

  constructor(dimensions: number) {
    this.dimensions = dimensions;
    this.#memory = new VectorMemory(dimensions);
  }

  /** Slots that have vectors. */
  get memories(): number {
    return this.#memories;
  }

  get bytes(): number {
    return this.#memory.bytes + this.#scales.length * 12 + this.#first.length * 8;
  }

  has(slot: number): boolean {
    return slot < this.#first.length && this.#first[slot] !== NONE;
  }

  /** Sets a slot's vectors from `quantise`d bytes. */
  set(slot: number, codes: Uint8Array): void {
    this.remove(slot);
    if (slot >= this.#first.length) this.#growSlots(slot);
    const size = chunkBytes(this.dimensions);
    let previous = NONE;
    for (let start = 0; start + size <= codes.length; start += size) {
      const chunk = this.#allocate();
      this.#memory.write(chunk, chunkCodes(codes, start, this.dimensions));
      this.#scales[chunk] = chunkScale(codes, start);
      this.#owners[chunk] = slot;
      this.#next[chunk] = NONE;
      if (previous === NONE) this.#first[slot] = chunk;
      else this.#next[previous] = chunk;
      previous = chunk;
    }
    if (previous !== NONE) this.#memories++;
  }

  remove(slot: number): void {
    if (!this.has(slot)) return;
    for (let chunk = this.#first[slot]!; chunk !== NONE; chunk = this.#next[chunk]!) {
      this.#owners[chunk] = NONE;
      this.#free.push(chunk);
    }
    this.#first[slot] = NONE;
    this.#memories--;
  }

  /** Sets the query for `scores` and `nearest`. */
  setQuery(query: Float32Array): void {
    this.#memory.setQuery(query);
  }

  /** Cosines of the query and each slot's best chunk; null for slots without vectors. */
  scores(slots: readonly number[]): (number | null)[] {
    const { selected: chosen } = this.#memory, scores: (number | null)[] = [];
    for (let next = 0; next < slots.length;) {
      const start = next;
      let count = 0;
      for (; next < slots.length; next++) {
        const before = count;
        let chunk = this.#firstOf(slots[next]!);
        for (; chunk !== NONE && count < MOST_SCORED; chunk = this.#next[chunk]!) chosen[count++] = chunk;
        if (chunk === NONE || before === 0) continue;
        count = before; // no room for all of its chunks: it comes first next time
        break;
      }
      const { dots, scale } = this.#memory.score(count);
      for (let i = start, at = 0; i < next; i++) {
        let best = UNSCORED;
        for (let chunk = this.#firstOf(slots[i]!); chunk !== NONE && at < count; chunk = this.#next[chunk]!) {
          best = Math.max(best, dots[at++]! * scale * this.#scales[chunk]!);
        }
        scores.push(best === UNSCORED ? null : clamped(best));
      }
    }
    return scores;
  }

  /**
   * The memories nearest to the query, best first.
   *
   * @param allowed Slots to consider, by mark; null for all.
   */
  nearest(limit: number, allowed: Uint8Array | null): Near[] {
    const wanted = Math.min(Math.max(SCORED_AT_LEAST, limit * SCORED_PER_RESULT), MOST_SCORED);
    const owners = this.#owners, scales = this.#scales, best = this.#best;
    const count = this.#memory.selectNearest(this.#used, wanted, (distances, first) => {
      if (allowed === null && this.#free.length === 0) return;
      const length = Math.min(BLOCK_CHUNKS, this.#used - first);
      for (let i = 0; i < length; i++) {
        const slot = owners[first + i]!;
        if (slot === NONE || (allowed !== null && allowed[slot] !== 1)) distances[i] = EXCLUDED;
      }
    });
    const { dots, scale } = this.#memory.score(count), { selected: chosen } = this.#memory;
    for (let i = 0; i < count; i++) {
      const chunk = chosen[i]!, slot = owners[chunk]!, score = dots[i]! * scale * scales[chunk]!;
      if (score > best[slot]!) best[slot] = score;
    }
    const top = new TopK(limit);
    for (let i = 0; i < count; i++) {
      const slot = owners[chosen[i]!]!, score = best[slot]!;
      if (score === UNSCORED) continue; // a slot's further chunk
      top.offer(slot, score);
      best[slot] = UNSCORED;
    }
    const nearest = top.sorted();
    for (const near of nearest) near.score = clamped(near.score);
    return nearest;
  }

  #firstOf(slot: number): number {
    return slot < this.#first.length ? this.#first[slot]! : NONE;
  }

  #allocate(): number {
    const reused = this.#free.pop();
    if (reused !== undefined) return reused;
    if (this.#used === this.#memory.capacity) this.#memory.grow();
    if (this.#used === this.#scales.length) {
      const size = this.#used + Math.max(BLOCK_CHUNKS, this.#used >> 2);
      this.#scales = grown(this.#scales, new Float32Array(size));
      this.#owners = grown(this.#owners, new Int32Array(size));
      this.#next = grown(this.#next, new Int32Array(size));
    }
    return this.#used++;
  }

  #growSlots(slot: number): void {
    const size = Math.max(slot + 1, this.#first.length + (this.#first.length >> 2));
    this.#first = grown(this.#first, new Int32Array(size).fill(NONE));
    this.#best = new Float32Array(size).fill(UNSCORED);
  }
}

function grown<T extends Float32Array | Int32Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}

/** Codes are rounded, so a perfect match may come out a little above one. */
function clamped(cosine: number): number {
  return Math.max(-1, Math.min(1, cosine));
}
