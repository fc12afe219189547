/**
 * Codes and signatures of chunk vectors in one WebAssembly memory, where the kernels reach them. It grows by blocks
 * and never moves what it holds. The spaces of a store share it: each takes runs of chunks of its own.
 *
 * @module
 */

import { grown } from "./growth.ts";
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

/** Chunks that lie side by side in a block and belong to one space: a power of two, from a group to the whole block. */
export interface Run {
  first: number;
  length: number;
}
/** Chunks of a run at least. */
export const SHORTEST_RUN = GROUP;
/** What four bits can add to a distance, and the largest distance; the kernels' sums allow no more. */
const LARGEST_STEP = 127;
const LARGEST_DISTANCE = 60_000;
const SIMD_BYTES = 16;

/** Chunk vectors by number, and the query they are compared with. */
export class VectorMemory {
  readonly dimensions: number;
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
  /** Runs that no space has, by their length. */
  readonly #free = new Map<number, number[]>();
  /** Per chunk: factor of its codes, slot or −1 when free, next chunk of the same slot or −1. */
  scales = new Float32Array(0);
  owners = new Int32Array(0);
  next = new Int32Array(0);
  #queryScale = 0;
  /** No distance from the query is larger. */
  #farthest = 0;

  constructor(dimensions: number) {
    this.dimensions = dimensions;
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

  get bytes(): number {
    return this.#memory.buffer.byteLength + this.scales.length * 12;
  }

  /** Chunks to be scored, as numbers: filled by `choose` or by the caller. A view that holds until `grow`. */
  get selected(): Uint32Array {
    return new Uint32Array(this.#memory.buffer, this.#chosen, MOST_SCORED);
  }

  /** Takes a run of so many chunks: half of a longer one, where no other is free. */
  take(length: number): Run {
    let first = this.#freeOf(length).pop();
    if (first === undefined && length === BLOCK_CHUNKS) {
      first = this.#blocks * BLOCK_CHUNKS;
      this.#grow();
    } else if (first === undefined) {
      first = this.take(length * 2).first;
      this.#freeOf(length).push(first + length);
    }
    return { first, length };
  }

  /** Takes back a run whose space has gone. */
  giveBack({ first, length }: Run): void {
    this.#freeOf(length).push(first);
  }

  #freeOf(length: number): number[] {
    return this.#free.getOrInsertComputed(length, () => []);
  }

  /** Makes room for one more block of chunks. */
  #grow(): void {
    const chunks = (this.#blocks + 1) * BLOCK_CHUNKS;
    if (chunks > this.scales.length) {
      const size = this.scales.length + Math.max(BLOCK_CHUNKS, this.scales.length >> 2);
      this.scales = grown(this.scales, new Float32Array(size));
      this.owners = grown(this.owners, new Int32Array(size));
      this.next = grown(this.next, new Int32Array(size));
    }
    const needed = this.#firstBlock + ++this.#blocks * this.#blockBytes;
    const pages = Math.ceil((needed - this.#memory.buffer.byteLength) / PAGE);
    if (pages > 0) this.#memory.grow(pages);
  }

  /** Writes a chunk's codes and the signature made from them. */
  write(chunk: number, codes: Int8Array): void {
    const at = this.#blockOf(chunk) + (chunk & BLOCK_MASK) * this.#codeBytes;
    new Int8Array(this.#memory.buffer, at, this.dimensions).set(codes);
    const place = chunk % GROUP;
    this.#kernels.signs(at, this.#codeBytes, this.#signsOf(chunk - place) + place);
  }

  /** Sets the query for all comparisons until the next call. */
  setQuery(query: Float32Array): void {
    let largest = 0;
    for (let i = 0; i < this.dimensions; i++) largest = Math.max(largest, Math.abs(query[i]!));
    const range = Math.min(LARGEST_QUERY, Math.floor(2 ** 31 / (this.dimensions * LARGEST_CODE)));
    const scale = this.#queryScale = largest / range || 1;
    const values = new Int16Array(this.#memory.buffer, this.#query, this.#codeBytes);
    for (let i = 0; i < this.dimensions; i++) values[i] = Math.round(query[i]! / scale);
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
   * @param runs The runs to look at, each with the number of its chunks in use, from its first.
   * @param wanted How many, at most `MOST_SCORED`.
   * @param exclude Marks chunks of a run that must not be chosen with `EXCLUDED`; `first` is the run's first chunk.
   * @returns How many were chosen: fewer when fewer may be.
   */
  selectNearest(
    runs: readonly (Run & { used: number })[],
    wanted: number,
    exclude: (distances: Uint16Array, first: number, used: number) => void,
  ): number {
    const counts = new Uint32Array(this.#memory.buffer, this.#counts, this.#farthest + 1).fill(0);
    for (const { first, length, used } of runs) {
      const distances = this.#distancesOf(first), groups = Math.ceil(used / GROUP);
      this.#kernels.distances(this.#signsOf(first), groups, this.#signBytes, this.#tables, distances);
      const view = new Uint16Array(this.#memory.buffer, distances, length).fill(EXCLUDED, used);
      exclude(view, first, used);
      this.#kernels.histogram(distances, used, this.#counts);
    }
    let farthest = 0, nearer = 0;
    while (farthest < this.#farthest && nearer + counts[farthest]! < wanted) nearer += counts[farthest++]!;
    // All that are nearer than the last distance fit; of those at the last distance as many as there is room for.
    let end = this.#chosen;
    const select = (from: number, to: number, most: number) => {
      for (const { first, length } of runs) {
        end = this.#kernels.select(
          this.#distancesOf(first),
          length,
          from,
          to,
          first,
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

  /** @param first First chunk of a group. */
  #signsOf(first: number): number {
    return this.#blockOf(first) + BLOCK_CHUNKS * this.#codeBytes + (first & BLOCK_MASK) * this.#signBytes;
  }

  /** @param first First chunk of a group. */
  #distancesOf(first: number): number {
    return this.#blockOf(first) + BLOCK_CHUNKS * (this.#codeBytes + this.#signBytes) + (first & BLOCK_MASK) * 2;
  }
}

function padded(bytes: number): number {
  return Math.ceil(bytes / SIMD_BYTES) * SIMD_BYTES;
}
