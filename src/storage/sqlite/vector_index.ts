/**
 * Vectors of one model, in memory, found in two steps: the signs of all chunks are compared with the query's by
 * Hamming distance, and the nearest several thousand are scored with their 8-bit codes.
 *
 * On 100,000 vectors of the bundled model (conversation turns, mixed in pairs and perturbed) the best 10 are among the
 * nearest 4,800 signatures at a recall of 0.999 and the best 200 among 6,400 at 0.998; taking the mean off first made no difference.
 *
 * @module
 */

import { chunkBytes, chunkCodes, chunkScale } from "./quantise.ts";
import { Top } from "./top.ts";
import { BLOCK_BITS, BLOCK_CHUNKS, VectorMemory } from "./vector_memory.ts";

/** How many signatures are rescored: at least, and for each memory wanted. Fewer chunks are all scored. */
const RESCORED_AT_LEAST = 4800;
const RESCORED_PER_RESULT = 32;
/** Deep pages get what fits the time of a search. */
const RESCORED_AT_MOST = 12_800;
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
  /** Chunks to be scored in a search. */
  #chosen = new Uint32Array(BLOCK_CHUNKS);
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
    return this.#memory.bytes + this.#scales.length * 12 + this.#first.length * 8 + this.#chosen.length * 4;
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

  /** Sets the query for `score` and `nearest`. */
  aim(query: Float32Array): void {
    this.#memory.aim(query);
  }

  /** Cosine of the query and the slot's best chunk; null when it has no vectors. */
  score(slot: number): number | null {
    if (!this.has(slot)) return null;
    let best = UNSCORED;
    for (let chunk = this.#first[slot]!; chunk !== NONE; chunk = this.#next[chunk]!) {
      best = Math.max(best, this.#memory.dot(chunk) * this.#scales[chunk]!);
    }
    return clamped(best);
  }

  /**
   * The memories nearest to the query, best first.
   *
   * @param allowed Slots to consider, by mark; null for all.
   */
  nearest(limit: number, allowed: Uint8Array | null): Near[] {
    const wanted = Math.max(RESCORED_AT_LEAST, Math.min(limit * RESCORED_PER_RESULT, RESCORED_AT_MOST), limit * 2);
    const count = this.#used <= wanted ? this.#chooseAll(allowed) : this.#chooseNear(wanted, allowed);
    const best = this.#best, owners = this.#owners, scales = this.#scales, chosen = this.#chosen;
    this.#memory.eachDot(chosen, count, (chunk, dot) => {
      const slot = owners[chunk]!, score = dot * scales[chunk]!;
      if (score > best[slot]!) best[slot] = score;
    });
    const top = new Top(limit);
    for (let i = 0; i < count; i++) {
      const slot = owners[chosen[i]!]!, score = best[slot]!;
      if (score === UNSCORED) continue; // a slot's further chunk
      top.offer(slot, score);
      best[slot] = UNSCORED;
    }
    return top.sorted().map(({ slot, score }) => ({ slot, score: clamped(score) }));
  }

  #chooseAll(allowed: Uint8Array | null): number {
    let count = 0;
    for (let chunk = 0; chunk < this.#used; chunk++) {
      const slot = this.#owners[chunk]!;
      if (slot !== NONE && (allowed === null || allowed[slot] === 1)) this.#chosen[count++] = chunk;
    }
    return count;
  }

  /** Chooses the `wanted` chunks whose signatures are nearest, and those as near as the last of them. */
  #chooseNear(wanted: number, allowed: Uint8Array | null): number {
    const counts = new Uint32Array(this.dimensions + 1), owners = this.#owners;
    const distances: Uint16Array[] = [];
    for (let start = 0; start < this.#used; start += BLOCK_CHUNKS) {
      const length = Math.min(BLOCK_CHUNKS, this.#used - start);
      const block = this.#memory.distances(start >>> BLOCK_BITS, length);
      distances.push(block);
      for (let i = 0; i < length; i++) {
        const slot = owners[start + i]!;
        if (slot !== NONE && (allowed === null || allowed[slot] === 1)) counts[block[i]!]!++;
      }
    }
    let farthest = 0;
    for (let seen = counts[0]!; seen < wanted && farthest < this.dimensions;) seen += counts[++farthest]!;
    let count = 0;
    for (let start = 0; start < this.#used; start += BLOCK_CHUNKS) {
      const block = distances[start >>> BLOCK_BITS]!, length = Math.min(BLOCK_CHUNKS, this.#used - start);
      for (let i = 0; i < length; i++) {
        if (block[i]! > farthest) continue;
        const slot = owners[start + i]!;
        if (slot !== NONE && (allowed === null || allowed[slot] === 1)) this.#chosen[count++] = start + i;
      }
    }
    return count;
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
      this.#chosen = new Uint32Array(size);
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
