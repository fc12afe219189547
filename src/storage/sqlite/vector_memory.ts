/**
 * Codes and signatures of chunk vectors in one WebAssembly memory, where the kernels reach them. It grows by blocks
 * and never moves what it holds.
 *
 * @module
 */

import { type Kernels, kernelsOver } from "./kernels.ts";

const PAGE = 65_536;
const BLOCK_BITS = 10;
/** Chunks in a block; the kernels know this number. */
export const BLOCK_CHUNKS = 1 << BLOCK_BITS;
const BLOCK_MASK = BLOCK_CHUNKS - 1;
/** Most chunks scored in one go. */
export const MOST_SCORED = 16_384;
/** Distance of a chunk that must not be chosen; above all others. */
export const EXCLUDED = 0xffff;
/** Largest 16-bit query value, lower for long vectors so that sums of products stay within 32 bits. */
const LARGEST_QUERY = 32_767;
const LARGEST_CODE = 128;
/** Signatures that lie across each other in a group; see kernels.wat. */
const GROUP = 16;
/** What four bits can add to a distance, and the largest distance; the kernels' sums allow no more. */
const LARGEST_STEP = 127;
const LARGEST_DISTANCE = 60_000;
const SIMD_BYTES = 16;

/** Chunk vectors by number, and the query they are compared with. */
export class VectorMemory {
  readonly #dimensions: number;
  /** Bytes of a chunk's codes, and of its signature: an eighth of that. */
  readonly #codeBytes: number;
  readonly #signBytes: number;
  readonly #memory: WebAssembly.Memory;
  readonly #kernels: Kernels;
  /** Byte addresses of the query in both forms, counts of distances, chunks with their dot products, and the blocks. */
  readonly #query = 0;
  readonly #tables: number;
  readonly #counts: number;
  readonly #chosen: number;
  readonly #dots: number;
  readonly #firstBlock: number;
  readonly #blockBytes: number;
  #blocks = 0;
  #queryScale = 0;
  /** No distance from the query is larger. */
  #farthest = 0;

  constructor(dimensions: number) {
    this.#dimensions = dimensions;
    this.#codeBytes = padded(dimensions);
    this.#signBytes = this.#codeBytes / 8;
    this.#tables = this.#query + 2 * this.#codeBytes;
    this.#counts = this.#tables + 2 * GROUP * this.#signBytes;
    this.#chosen = this.#counts + 4 * (EXCLUDED + 1);
    this.#dots = this.#chosen + 4 * MOST_SCORED;
    this.#firstBlock = this.#dots + 4 * MOST_SCORED;
    this.#blockBytes = BLOCK_CHUNKS * (this.#codeBytes + this.#signBytes + 2);
    this.#memory = new WebAssembly.Memory({ initial: Math.ceil(this.#firstBlock / PAGE), maximum: PAGE });
    this.#kernels = kernelsOver(this.#memory);
  }

  /** Chunks there is room for. */
  get capacity(): number {
    return this.#blocks * BLOCK_CHUNKS;
  }

  get bytes(): number {
    return this.#memory.buffer.byteLength;
  }

  /** Chunks to be scored, as numbers: filled by `choose` or by the caller. A view that holds until `grow`. */
  get selected(): Uint32Array {
    return new Uint32Array(this.#memory.buffer, this.#chosen, MOST_SCORED);
  }

  /** Makes room for one more block of chunks. */
  grow(): void {
    const needed = this.#firstBlock + ++this.#blocks * this.#blockBytes;
    const pages = Math.ceil((needed - this.#memory.buffer.byteLength) / PAGE);
    if (pages > 0) this.#memory.grow(pages);
  }

  /** Writes a chunk's codes and the signature made from them. */
  write(chunk: number, codes: Int8Array): void {
    const at = this.#blockOf(chunk) + (chunk & BLOCK_MASK) * this.#codeBytes;
    new Int8Array(this.#memory.buffer, at, this.#dimensions).set(codes);
    const place = chunk & BLOCK_MASK, group = Math.floor(place / GROUP) * GROUP;
    const signs = this.#signsOf(chunk >>> BLOCK_BITS) + group * this.#signBytes + place - group;
    this.#kernels.signs(at, this.#codeBytes, signs);
  }

  /** Sets the query for all comparisons until the next call. */
  setQuery(query: Float32Array): void {
    let largest = 0;
    for (let i = 0; i < this.#dimensions; i++) largest = Math.max(largest, Math.abs(query[i]!));
    const range = Math.min(LARGEST_QUERY, Math.floor(2 ** 31 / (this.#dimensions * LARGEST_CODE)));
    const scale = this.#queryScale = largest / range || 1;
    const values = new Int16Array(this.#memory.buffer, this.#query, this.#codeBytes);
    for (let i = 0; i < this.#dimensions; i++) values[i] = Math.round(query[i]! / scale);
    this.#fillTables(query);
  }

  /**
   * A signature's distance is the sum of the query's values, without their signs, where the signs differ. It comes in
   * parts of four dimensions: for each of their 16 patterns of signs a table says what it adds.
   */
  #fillTables(query: Float32Array): void {
    let sum = 0, largestPart = 0;
    for (let i = 0; i < this.#codeBytes; i += 4) {
      const part = Math.abs(query[i] ?? 0) + Math.abs(query[i + 1] ?? 0) + Math.abs(query[i + 2] ?? 0) +
        Math.abs(query[i + 3] ?? 0);
      sum += part;
      largestPart = Math.max(largestPart, part);
    }
    const scale = Math.min(LARGEST_STEP / largestPart, LARGEST_DISTANCE / sum) || 0;
    const tables = new Uint8Array(this.#memory.buffer, this.#tables, 2 * GROUP * this.#signBytes);
    this.#farthest = 0;
    for (let i = 0; i < this.#codeBytes; i += 4) {
      let most = 0;
      for (let signs = 0; signs < 16; signs++) {
        let distance = 0;
        for (let bit = 0; bit < 4; bit++) {
          const value = query[i + bit] ?? 0;
          if ((value > 0) !== ((signs >> bit & 1) === 1)) distance += Math.abs(value);
        }
        const step = tables[i * 4 + signs] = Math.floor(distance * scale);
        most = Math.max(most, step);
      }
      this.#farthest += most;
    }
  }

  /**
   * Fills `chosen` with the chunks nearest to the query by their signatures.
   *
   * @param used Chunks in use, from the first.
   * @param wanted How many, at most `MOST_SCORED`.
   * @param exclude Marks chunks of a block that must not be chosen with `EXCLUDED`; `first` is the block's first chunk.
   * @returns How many were chosen: fewer when fewer may be.
   */
  selectNearest(used: number, wanted: number, exclude: (distances: Uint16Array, first: number) => void): number {
    const counts = new Uint32Array(this.#memory.buffer, this.#counts, this.#farthest + 1).fill(0);
    const blocks = Math.ceil(used / BLOCK_CHUNKS);
    for (let block = 0; block < blocks; block++) {
      const length = Math.min(BLOCK_CHUNKS, used - block * BLOCK_CHUNKS), distances = this.#distancesOf(block);
      const groups = Math.ceil(length / GROUP);
      this.#kernels.distances(this.#signsOf(block), groups, this.#signBytes, this.#tables, distances);
      const view = new Uint16Array(this.#memory.buffer, distances, BLOCK_CHUNKS).fill(EXCLUDED, length);
      exclude(view, block * BLOCK_CHUNKS);
      this.#kernels.histogram(distances, length, this.#counts);
    }
    let farthest = 0, nearer = 0;
    while (farthest < this.#farthest && nearer + counts[farthest]! < wanted) nearer += counts[farthest++]!;
    // All that are nearer than the last distance fit; of those at the last distance as many as there is room for.
    let end = this.#chosen;
    const select = (from: number, to: number, most: number) => {
      for (let block = 0; block < blocks; block++) {
        end = this.#kernels.select(
          this.#distancesOf(block),
          BLOCK_CHUNKS,
          from,
          to,
          block * BLOCK_CHUNKS,
          end,
          this.#chosen + 4 * most,
        );
      }
    };
    if (farthest > 0) select(0, farthest - 1, wanted);
    select(farthest, farthest, wanted);
    return (end - this.#chosen) / 4;
  }

  /** Dot products of the query and the first `count` chunks in `chosen`. A view that holds until the next call. */
  score(count: number): { dots: Int32Array; scale: number } {
    const position = [this.#firstBlock, this.#blockBytes] as const;
    this.#kernels.dots(this.#chosen, count, this.#codeBytes, this.#query, this.#dots, ...position);
    return { dots: new Int32Array(this.#memory.buffer, this.#dots, count), scale: this.#queryScale };
  }

  #blockOf(chunk: number): number {
    return this.#firstBlock + (chunk >>> BLOCK_BITS) * this.#blockBytes;
  }

  #signsOf(block: number): number {
    return this.#firstBlock + block * this.#blockBytes + BLOCK_CHUNKS * this.#codeBytes;
  }

  #distancesOf(block: number): number {
    return this.#signsOf(block) + BLOCK_CHUNKS * this.#signBytes;
  }
}

function padded(bytes: number): number {
  return Math.ceil(bytes / SIMD_BYTES) * SIMD_BYTES;
}
