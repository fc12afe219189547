/**
 * Codes and signatures of chunk vectors in one WebAssembly memory, where the kernels reach them. It grows by blocks
 * and never moves what it holds.
 *
 * @module
 */

import { type Kernels, kernelsOver } from "./kernels.ts";

const PAGE = 65_536;
export const BLOCK_BITS = 10;
/** Chunks in a block. */
export const BLOCK_CHUNKS = 1 << BLOCK_BITS;
const BLOCK_MASK = BLOCK_CHUNKS - 1;
/** Dot products made in one go. */
const DOTS_AT_ONCE = 4096;
/** Largest 16-bit query value, lower for long vectors so that sums of products stay within 32 bits. */
const LARGEST_QUERY = 32_767;
const LARGEST_CODE = 128;
const SIMD_BYTES = 16;

/** The numbers of one block of chunks. */
interface Block {
  codes: Int8Array;
  distances: Uint16Array;
}

/** Chunk vectors by number, and the query they are compared with. */
export class VectorMemory {
  readonly #dimensions: number;
  /** Bytes of a chunk's codes and of its signature. */
  readonly #codeBytes: number;
  readonly #signBytes: number;
  readonly #memory: WebAssembly.Memory;
  readonly #kernels: Kernels;
  /** Byte addresses of the query, its signature, a list of addresses and its dot products, and the first block. */
  readonly #query: number;
  readonly #querySigns: number;
  readonly #list: number;
  readonly #results: number;
  readonly #firstBlock: number;
  readonly #blockBytes: number;
  #queryScale = 0;
  #blocks: Block[] = [];
  #addresses = new Uint32Array(0);
  #dots = new Int32Array(0);

  constructor(dimensions: number) {
    this.#dimensions = dimensions;
    this.#codeBytes = padded(dimensions);
    this.#signBytes = padded(this.#codeBytes / 8);
    this.#query = 0;
    this.#querySigns = this.#query + 2 * this.#codeBytes;
    this.#list = this.#querySigns + this.#signBytes;
    this.#results = this.#list + 4 * DOTS_AT_ONCE;
    this.#firstBlock = this.#results + 4 * DOTS_AT_ONCE;
    this.#blockBytes = BLOCK_CHUNKS * (this.#codeBytes + this.#signBytes + 2);
    this.#memory = new WebAssembly.Memory({ initial: Math.ceil(this.#firstBlock / PAGE), maximum: PAGE });
    this.#kernels = kernelsOver(this.#memory);
    this.#view();
  }

  /** Chunks there is room for. */
  get capacity(): number {
    return this.#blocks.length * BLOCK_CHUNKS;
  }

  get bytes(): number {
    return this.#memory.buffer.byteLength;
  }

  /** Makes room for one more block of chunks. */
  grow(): void {
    const needed = this.#firstBlock + (this.#blocks.length + 1) * this.#blockBytes;
    const pages = Math.ceil((needed - this.#memory.buffer.byteLength) / PAGE);
    if (pages > 0) this.#memory.grow(pages);
    this.#blocks.length++;
    this.#view();
  }

  /** Writes a chunk's codes and the signature made from them. */
  write(chunk: number, codes: Int8Array): void {
    this.#blocks[chunk >>> BLOCK_BITS]!.codes.set(codes, (chunk & BLOCK_MASK) * this.#codeBytes);
    this.#kernels.signs(this.#codesAt(chunk), this.#codeBytes, this.#signsAt(chunk));
  }

  /** Sets the query for all comparisons until the next call. */
  aim(query: Float32Array): void {
    let largest = 0;
    for (let i = 0; i < this.#dimensions; i++) largest = Math.max(largest, Math.abs(query[i]!));
    const range = Math.min(LARGEST_QUERY, Math.floor(2 ** 31 / (this.#dimensions * LARGEST_CODE)));
    const scale = largest / range || 1, values = new Int16Array(this.#memory.buffer, this.#query, this.#codeBytes);
    const signs = new Uint8Array(this.#memory.buffer, this.#querySigns, this.#signBytes).fill(0);
    for (let i = 0; i < this.#dimensions; i++) {
      values[i] = Math.round(query[i]! / scale);
      if (query[i]! > 0) signs[i >>> 3]! |= 1 << (i & 7);
    }
    this.#queryScale = scale;
  }

  /** Hamming distances between the query's signature and those of a block's first `count` chunks. */
  distances(block: number, count: number): Uint16Array {
    const first = block * BLOCK_CHUNKS, { distances } = this.#blocks[block]!;
    this.#kernels.hamming(this.#signsAt(first), count, this.#signBytes, this.#querySigns, distances.byteOffset);
    return distances;
  }

  /** Calls back with the dot product of the query and each chunk's codes, in the order given. */
  eachDot(chunks: ArrayLike<number>, count: number, visit: (chunk: number, dot: number) => void): void {
    for (let from = 0; from < count; from += DOTS_AT_ONCE) {
      const length = Math.min(DOTS_AT_ONCE, count - from);
      for (let i = 0; i < length; i++) this.#addresses[i] = this.#codesAt(chunks[from + i]!);
      this.#kernels.dots(this.#list, length, this.#codeBytes, this.#query, this.#results);
      for (let i = 0; i < length; i++) visit(chunks[from + i]!, this.#dots[i]! * this.#queryScale);
    }
  }

  /** Dot product of the query and one chunk's codes. */
  dot(chunk: number): number {
    this.#addresses[0] = this.#codesAt(chunk);
    this.#kernels.dots(this.#list, 1, this.#codeBytes, this.#query, this.#results);
    return this.#dots[0]! * this.#queryScale;
  }

  #blockAt(chunk: number): number {
    return this.#firstBlock + (chunk >>> BLOCK_BITS) * this.#blockBytes;
  }

  #codesAt(chunk: number): number {
    return this.#blockAt(chunk) + (chunk & BLOCK_MASK) * this.#codeBytes;
  }

  #signsAt(chunk: number): number {
    return this.#blockAt(chunk) + BLOCK_CHUNKS * this.#codeBytes + (chunk & BLOCK_MASK) * this.#signBytes;
  }

  /** Growing leaves all views on the memory empty, so they are made anew. */
  #view(): void {
    const buffer = this.#memory.buffer as ArrayBuffer;
    this.#addresses = new Uint32Array(buffer, this.#list, DOTS_AT_ONCE);
    this.#dots = new Int32Array(buffer, this.#results, DOTS_AT_ONCE);
    for (let block = 0; block < this.#blocks.length; block++) {
      const start = this.#firstBlock + block * this.#blockBytes;
      this.#blocks[block] = {
        codes: new Int8Array(buffer, start, BLOCK_CHUNKS * this.#codeBytes),
        distances: new Uint16Array(buffer, start + BLOCK_CHUNKS * (this.#codeBytes + this.#signBytes), BLOCK_CHUNKS),
      };
    }
  }
}

function padded(bytes: number): number {
  return Math.ceil(bytes / SIMD_BYTES) * SIMD_BYTES;
}
