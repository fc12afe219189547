/**
 * Posting lists of all terms in a few large blocks. A list is a chain of slices that grow from 2 to 1,024 cells; the
 * last cell of a full slice holds the address of the next one. Most terms occur in one memory, so a typed array of its
 * own for each would cost more than the postings.
 *
 * @module
 */

const BLOCK_BITS = 15;
const BLOCK_CELLS = 1 << BLOCK_BITS;
const OFFSET_MASK = BLOCK_CELLS - 1;
/** Cells of the slices of a chain, first to last; further slices have the last size. One cell of each is the link. */
const SLICE_CELLS = [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];
const LAST_LEVEL = SLICE_CELLS.length - 1;

/** Fields of a list: postings, address of the first cell, of the next cell to write, of its slice's link cell. */
const COUNT = 0, HEAD = 1, TAIL = 2, LINK = 3, FIELDS = 4;

/** A posting is a slot in 24 bits and a term frequency in 8. Higher ones count as this; BM25 has long saturated there. */
const MAX_FREQUENCY = 255;

/** What BM25 adds to a frequency in the denominator: a constant, and a part per term of the memory up to a most. */
export interface Saturation {
  base: number;
  perLength: number;
  most: number;
}

/** Lists of (slot, term frequency), by term number. */
export class Postings {
  #blocks: Uint32Array[] = [];
  #free: number[][] = SLICE_CELLS.map(() => []);
  #nextCell = 0;
  /** Four numbers of each term, side by side, for all are needed at once and each cache miss counts: see `COUNT`. */
  #lists = new Uint32Array(1024 * FIELDS);
  #terms = 0;

  /** One above the highest term number ever added. */
  get terms(): number {
    return this.#terms;
  }

  /** Bytes of the blocks and tables. */
  get bytes(): number {
    return this.#blocks.length * BLOCK_CELLS * 4 + this.#lists.length * 4;
  }

  /** Postings of a term, those of removed memories included. */
  count(term: number): number {
    return term < this.#terms ? this.#lists[term * FIELDS + COUNT]! : 0;
  }

  add(term: number, slot: number, frequency: number): void {
    if (term >= this.#terms) this.#grow(term);
    const lists = this.#lists, list = term * FIELDS, count = lists[list + COUNT]!;
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
    this.#blocks[tail >>> BLOCK_BITS]![tail & OFFSET_MASK] = ((slot << 8) | Math.min(frequency, MAX_FREQUENCY)) >>> 0;
    lists[list + TAIL] = tail + 1;
    lists[list + COUNT] = count + 1;
  }

  /** How many of a term's postings belong to slots marked in `alive`. */
  countAlive(term: number, alive: Uint8Array): number {
    let total = 0;
    this.#eachRun(term, (block, from, to) => {
      for (let i = from; i < to; i++) total += alive[block[i]! >>> 8]!;
    });
    return total;
  }

  /** Adds `factor · tf / (tf + saturation)` to each posting's slot of `scores`. */
  score(
    term: number,
    scores: Float32Array,
    factor: number,
    { base, perLength, most }: Saturation,
    lengths: Float32Array,
  ): void {
    this.#eachRun(term, (block, from, to) => {
      for (let i = from; i < to; i++) {
        const posting = block[i]!, slot = posting >>> 8, frequency = posting & 255;
        const ofLength = perLength * lengths[slot]!;
        scores[slot]! += factor * frequency / (frequency + base + (ofLength < most ? ofLength : most));
      }
    });
  }

  /**
   * As `score`, for several terms of which the one that counts most counts alone.
   *
   * @param held Zeros by slot; zeros again afterwards.
   */
  scoreMost(
    terms: readonly number[],
    scores: Float32Array,
    held: Float32Array,
    factor: number,
    { base, perLength, most }: Saturation,
    lengths: Float32Array,
  ): void {
    for (const term of terms) {
      this.#eachRun(term, (block, from, to) => {
        for (let i = from; i < to; i++) {
          const posting = block[i]!, slot = posting >>> 8, frequency = posting & 255;
          const ofLength = perLength * lengths[slot]!;
          const score = factor * frequency / (frequency + base + (ofLength < most ? ofLength : most));
          if (score <= held[slot]!) continue;
          scores[slot]! += score - held[slot]!;
          held[slot] = score;
        }
      });
    }
    for (const term of terms) {
      this.#eachRun(term, (block, from, to) => {
        for (let i = from; i < to; i++) held[block[i]! >>> 8] = 0;
      });
    }
  }

  /**
   * As `score`, for slots with a row: raises one column of `matrix`, which holds one row of `width` numbers after the
   * other, to what it comes to. `rows` gives each slot's row, −1 where there is none.
   */
  scoreRows(
    term: number,
    { rows, matrix, width, column }: { rows: Int32Array; matrix: Float32Array; width: number; column: number },
    factor: number,
    { base, perLength, most }: Saturation,
    lengths: Float32Array,
  ): void {
    this.#eachRun(term, (block, from, to) => {
      for (let i = from; i < to; i++) {
        const posting = block[i]!, slot = posting >>> 8, row = rows[slot]!, frequency = posting & 255;
        if (row < 0) continue;
        const ofLength = perLength * lengths[slot]!;
        const score = factor * frequency / (frequency + base + (ofLength < most ? ofLength : most));
        const cell = row * width + column;
        if (score > matrix[cell]!) matrix[cell] = score;
      }
    });
  }

  /** Rows, as in `scoreRows`, of the slots that have a term. */
  rowsWith(term: number, rows: Int32Array): number[] {
    const found: number[] = [];
    this.#eachRun(term, (block, from, to) => {
      for (let i = from; i < to; i++) {
        const row = rows[block[i]! >>> 8]!;
        if (row >= 0) found.push(row);
      }
    });
    return found;
  }

  /** Drops a term's postings whose slots aren't marked in `alive`. */
  purge(term: number, alive: Uint8Array): void {
    const kept: number[] = [];
    this.#eachRun(term, (block, from, to) => {
      for (let i = from; i < to; i++) if (alive[block[i]! >>> 8] === 1) kept.push(block[i]!);
    });
    if (kept.length === this.count(term)) return;
    this.#release(term);
    this.#lists[term * FIELDS + COUNT] = 0;
    for (const posting of kept) this.add(term, posting >>> 8, posting & 255);
  }

  #eachRun(term: number, visit: (block: Uint32Array, from: number, to: number) => void): void {
    let left = this.count(term), level = 0;
    for (let address = left > 0 ? this.#lists[term * FIELDS + HEAD]! : 0; left > 0;) {
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
    for (let address = this.#lists[term * FIELDS + HEAD]!; left > 0;) {
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
    if (this.#nextCell >>> BLOCK_BITS === this.#blocks.length) this.#blocks.push(new Uint32Array(BLOCK_CELLS));
    const address = this.#nextCell;
    this.#nextCell += cells;
    return address;
  }

  #grow(term: number): void {
    this.#terms = term + 1;
    const needed = this.#terms * FIELDS, { length } = this.#lists;
    if (needed <= length) return;
    const larger = new Uint32Array(Math.max(needed, length + (length >> 4) * FIELDS));
    larger.set(this.#lists);
    this.#lists = larger;
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
