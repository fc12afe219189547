/**
 * Posting lists of many memories in a few large blocks. A list is a chain of slices that grow from 2 to 1,024 cells; the
 * last cell of a full slice holds the address of the next one. Most terms occur in one memory, so a typed array of its
 * own for each would cost more than the postings.
 *
 * @module
 */

import { grown } from "./growth.ts";
import { IdTable } from "./id_table.ts";

const BLOCK_BITS = 15;
const BLOCK_CELLS = 1 << BLOCK_BITS;
const OFFSET_MASK = BLOCK_CELLS - 1;
/** Cells of the slices of a chain, first to last; further slices have the last size. One cell of each is the link. */
const SLICE_CELLS = [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];
const LAST_LEVEL = SLICE_CELLS.length - 1;

/** Cells of the first block at first. */
const FIRST_CELLS = 256;
/** Terms from which on a list's place is its term's number: below, that would cost more than the lists. */
const DENSE_FROM = 4096;

/** Fields of a list: postings, address of the first cell, of the next cell to write, of its slice's link cell. */
const COUNT = 0, HEAD = 1, TAIL = 2, LINK = 3, FIELDS = 4;

/** Lists of postings, by term number. */
export class PostingChains {
  #blocks: Uint32Array[] = [];
  #free: number[][] = SLICE_CELLS.map(() => []);
  #nextCell = 0;
  /** Four numbers of each term, side by side, for all are needed at once and each cache miss counts: see `COUNT`. */
  #lists = new Uint32Array(16 * FIELDS);
  /** Places of the lists by term number, while there are few; null where the number is the place. */
  #places: IdTable | null = new IdTable();
  /** One above the highest term number ever added. */
  #terms = 0;

  /** Numbers of the terms that were ever added, among others. */
  *terms(): IterableIterator<number> {
    if (this.#places !== null) yield* this.#places.ids();
    else for (let term = 0; term < this.#terms; term++) yield term;
  }

  /** Bytes of the blocks and tables. */
  get bytes(): number {
    const cells = this.#blocks.reduce((sum, { length }) => sum + length, 0);
    return (cells + this.#lists.length) * 4 + (this.#places?.bytes ?? 0);
  }

  /** Postings of a term, those of removed memories included. */
  count(term: number): number {
    const list = this.#listOf(term);
    return list < 0 ? 0 : this.#lists[list + COUNT]!;
  }

  /** Adds a posting, as `postingOf` makes it. */
  add(term: number, posting: number): void {
    let list = this.#listOf(term);
    if (list < 0) list = this.#addList(term);
    const lists = this.#lists, count = lists[list + COUNT]!;
    let tail = lists[list + TAIL]!;
    if (count === 0) {
      tail = lists[list + HEAD] = this.#allocate(0);
      lists[list + LINK] = tail + SLICE_CELLS[0]! - 1;
    } else if (tail === lists[list + LINK]!) {
      const level = levelAfter(count), next = this.#allocate(level);
      this.#blocks[tail >>> BLOCK_BITS]![tail & OFFSET_MASK] = next;
      lists[list + LINK] = next + SLICE_CELLS[level]! - 1;
      tail = next;
    }
    this.#blocks[tail >>> BLOCK_BITS]![tail & OFFSET_MASK] = posting;
    lists[list + TAIL] = tail + 1;
    lists[list + COUNT] = count + 1;
  }

  /** Drops a term's postings whose slots aren't marked in `alive`. */
  purge(term: number, alive: Uint8Array): void {
    const kept: number[] = [];
    this.eachRun(term, (block, from, to) => {
      for (let i = from; i < to; i++) if (alive[block[i]! >>> 8] === 1) kept.push(block[i]!);
    });
    if (kept.length === this.count(term)) return;
    this.#release(term);
    this.#lists[this.#listOf(term) + COUNT] = 0;
    for (const posting of kept) this.add(term, posting);
  }

  /** Calls `visit` with the parts of blocks that hold a term's postings. */
  eachRun(term: number, visit: (block: Uint32Array, from: number, to: number) => void): void {
    const list = this.#listOf(term);
    let left = list < 0 ? 0 : this.#lists[list + COUNT]!, level = 0;
    for (let address = left > 0 ? this.#lists[list + HEAD]! : 0; left > 0;) {
      const block = this.#blocks[address >>> BLOCK_BITS]!, from = address & OFFSET_MASK;
      const length = Math.min(left, SLICE_CELLS[level]! - 1);
      visit(block, from, from + length);
      left -= length;
      if (left > 0) address = block[from + length]!;
      if (level < LAST_LEVEL) level++;
    }
  }

  /** Puts a term's slices on the free lists. */
  #release(term: number): void {
    let left = this.count(term), level = 0;
    for (let address = this.#lists[this.#listOf(term) + HEAD]!; left > 0;) {
      const link = address + SLICE_CELLS[level]! - 1;
      this.#free[level]!.push(address);
      left -= SLICE_CELLS[level]! - 1;
      address = this.#blocks[link >>> BLOCK_BITS]![link & OFFSET_MASK]!;
      if (level < LAST_LEVEL) level++;
    }
  }

  #allocate(level: number): number {
    const reused = this.#free[level]!.pop();
    if (reused !== undefined) return reused;
    const cells = SLICE_CELLS[level]!;
    const left = BLOCK_CELLS - (this.#nextCell & OFFSET_MASK);
    if (left < cells) this.#nextCell += left; // a slice never spans two blocks
    const address = this.#nextCell, number = address >>> BLOCK_BITS, end = (address & OFFSET_MASK) + cells;
    if (number === this.#blocks.length) this.#blocks.push(new Uint32Array(number === 0 ? FIRST_CELLS : BLOCK_CELLS));
    const block = this.#blocks[number]!;
    if (end > block.length) {
      const size = Math.min(BLOCK_CELLS, Math.max(end, block.length + (block.length >> 1)));
      this.#blocks[number] = grown(block, new Uint32Array(size));
    }
    this.#nextCell += cells;
    return address;
  }

  /** Where a term's list begins; below 0 where there is none. */
  #listOf(term: number): number {
    if (this.#places === null) return term < this.#terms ? term * FIELDS : -1;
    return (this.#places.get(term) ?? -1) * FIELDS;
  }

  #addList(term: number): number {
    this.#terms = Math.max(this.#terms, term + 1);
    const places = this.#places;
    if (places === null) {
      this.#fit(this.#terms);
      return term * FIELDS;
    }
    const place = places.size;
    if (place < DENSE_FROM) {
      this.#fit(place + 1);
      places.add(term, place);
      return place * FIELDS;
    }
    const sparse = this.#lists;
    this.#lists = new Uint32Array(this.#terms * FIELDS);
    for (const other of places.ids()) {
      const from = places.get(other)! * FIELDS;
      this.#lists.set(sparse.subarray(from, from + FIELDS), other * FIELDS);
    }
    this.#places = null;
    return term * FIELDS;
  }

  /** Makes room for so many lists. */
  #fit(lists: number): void {
    const needed = lists * FIELDS, { length } = this.#lists;
    if (needed <= length) return;
    const larger = Math.max(needed, length < DENSE_FROM ? length * 2 : length + (length >> 4) * FIELDS);
    this.#lists = grown(this.#lists, new Uint32Array(larger));
  }
}

/** Level of the slice that follows once `count` postings have filled the chain so far. */
function levelAfter(count: number): number {
  let level = 0, capacity = SLICE_CELLS[0]! - 1;
  while (capacity < count) {
    if (level < LAST_LEVEL) level++;
    else return LAST_LEVEL;
    capacity += SLICE_CELLS[level]! - 1;
  }
  return Math.min(level + 1, LAST_LEVEL);
}
