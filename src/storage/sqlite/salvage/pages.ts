/**
 * Reads a SQLite file page by page without SQLite, which gives up a whole table for one damaged page. The layout is that
 * of https://www.sqlite.org/fileformat2.html; nothing read here is relied on before it was checked.
 *
 * @module
 */

import type { Value } from "../database.ts";

/** Kinds of pages of a b-tree, by their first byte. */
const INDEX_INTERIOR = 2, TABLE_INTERIOR = 5, INDEX_LEAF = 10, TABLE_LEAF = 13;
/** The file's header, in front of the first page's own. */
const FILE_HEADER = 100;
/** Bytes of integers by serial type. */
const INTEGER_BYTES = [0, 1, 2, 3, 4, 6, 8];

/** A row or index entry. `rowid` is null in an index. */
export interface Cell {
  page: number;
  rowid: number | null;
  columns: Value[];
}

/** What a walk through a b-tree found. */
export interface Walk {
  cells: Cell[];
  pages: Set<number>;
  /** Pages and cells that couldn't be read. */
  faults: number;
}

/** The pages of one file that doesn't change. */
export class PageFile {
  readonly #file: Deno.FsFile;
  readonly #size: number;
  readonly count: number;

  /** @param size Bytes of a page, from the file's header or, where that is damaged, as they usually are. */
  constructor(file: Deno.FsFile, size: number) {
    this.#file = file;
    this.#size = size;
    this.count = Math.floor(file.statSync().size / size);
  }

  /** Number of the first byte of a page, which is its type; 0 for one that is not there. */
  kind(number: number): number {
    return this.#page(number)?.[number === 1 ? FILE_HEADER : 0] ?? 0;
  }

  isTableLeaf(number: number): boolean {
    return this.kind(number) === TABLE_LEAF;
  }

  isIndex(number: number): boolean {
    return [INDEX_LEAF, INDEX_INTERIOR].includes(this.kind(number));
  }

  /** All that can be reached from a root page. */
  walk(root: number): Walk {
    const walk: Walk = { cells: [], pages: new Set(), faults: 0 }, waiting = [root];
    for (let number; (number = waiting.pop()) !== undefined;) {
      if (walk.pages.has(number)) continue;
      walk.pages.add(number);
      const { cells, children, faults } = this.read(number);
      walk.faults += faults;
      for (const cell of cells) walk.cells.push(cell);
      waiting.push(...children.reverse());
    }
    return walk;
  }

  /** The cells of a page, and the pages below it. */
  read(number: number): { cells: Cell[]; children: number[]; faults: number } {
    const page = this.#page(number), start = number === 1 ? FILE_HEADER : 0, kind = page?.[start] ?? 0;
    const read = { cells: [] as Cell[], children: [] as number[], faults: 0 };
    if (page === null || ![INDEX_INTERIOR, TABLE_INTERIOR, INDEX_LEAF, TABLE_LEAF].includes(kind)) {
      return { ...read, faults: 1 };
    }
    const view = new DataView(page.buffer, page.byteOffset, page.length);
    const interior = kind === INDEX_INTERIOR || kind === TABLE_INTERIOR, cells = view.getUint16(start + 3);
    for (let i = 0; i < cells; i++) {
      try {
        let at = view.getUint16(start + (interior ? 12 : 8) + 2 * i);
        if (interior) {
          this.#child(view.getUint32(at), read);
          at += 4;
        }
        if (kind !== TABLE_INTERIOR) read.cells.push(this.#cell(page, at, kind, number));
      } catch {
        read.faults++;
      }
    }
    if (interior) this.#child(view.getUint32(start + 8), read);
    return read;
  }

  /** Pages that are not in use, which may hold what was deleted long ago. */
  free(): Set<number> {
    const free = new Set<number>(), header = this.#page(1);
    if (header === null) return free;
    let trunk = new DataView(header.buffer, header.byteOffset).getUint32(32);
    while (trunk > 0 && trunk <= this.count && !free.has(trunk)) {
      free.add(trunk);
      const page = this.#page(trunk)!, view = new DataView(page.buffer, page.byteOffset);
      const leaves = Math.min(view.getUint32(4), this.#size / 4 - 2);
      for (let i = 0; i < leaves; i++) free.add(view.getUint32(8 + 4 * i));
      trunk = view.getUint32(0);
    }
    return free;
  }

  #child(number: number, read: { children: number[]; faults: number }): void {
    if (number > 0 && number <= this.count) read.children.push(number);
    else read.faults++;
  }

  #page(number: number): Uint8Array | null {
    if (number < 1 || number > this.count) return null;
    const page = new Uint8Array(this.#size);
    this.#file.seekSync((number - 1) * this.#size, Deno.SeekMode.Start);
    for (let at = 0; at < page.length;) {
      const read = this.#file.readSync(page.subarray(at));
      if (read === null) return null;
      at += read;
    }
    return page;
  }

  /** Throws for a cell that can't be what SQLite wrote. */
  #cell(page: Uint8Array, at: number, kind: number, number: number): Cell {
    const bytes = new Bytes(page, at), length = bytes.varint();
    const rowid = kind === TABLE_LEAF ? bytes.varint() : null, usable = this.#size;
    const least = Math.floor((usable - 12) * 32 / 255) - 23;
    const most = kind === TABLE_LEAF ? usable - 35 : Math.floor((usable - 12) * 64 / 255) - 23;
    if (length > this.count * usable) throw new RangeError("A row larger than its file");
    if (length <= most) return { page: number, rowid, columns: columnsOf(bytes.take(length)) };
    const fitting = least + (length - least) % (usable - 4), local = fitting <= most ? fitting : least;
    const payload = new Uint8Array(length);
    payload.set(bytes.take(local));
    let next = new DataView(bytes.take(4).slice().buffer).getUint32(0);
    for (let filled = local; filled < length;) {
      const overflow = this.#page(next);
      if (overflow === null) throw new RangeError("A row that isn't whole");
      const part = overflow.subarray(4, 4 + Math.min(usable - 4, length - filled));
      payload.set(part, filled);
      filled += part.length;
      next = new DataView(overflow.buffer).getUint32(0);
      if ((next === 0) !== (filled === length)) throw new RangeError("A row of another length than it says");
    }
    return { page: number, rowid, columns: columnsOf(payload) };
  }
}

/** The values of a record. Throws for what can't be one, text that isn't UTF-8 among it. */
function columnsOf(record: Uint8Array): Value[] {
  const header = new Bytes(record, 0), headerLength = header.varint(), body = new Bytes(record, headerLength);
  const columns: Value[] = [], utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  while (header.at < headerLength) {
    const type = header.varint();
    if (type === 0) columns.push(null);
    else if (type <= 6) columns.push(integerOf(body.take(INTEGER_BYTES[type]!)));
    else if (type === 7) columns.push(new DataView(body.take(8).slice().buffer).getFloat64(0));
    else if (type === 8 || type === 9) columns.push(type - 8);
    else if (type < 12) throw new RangeError("A column of no known type");
    else if (type % 2 === 0) columns.push(body.take((type - 12) / 2));
    else columns.push(utf8.decode(body.take((type - 13) / 2)));
  }
  if (header.at !== headerLength || body.at !== record.length) throw new RangeError("A record of another length");
  return columns;
}

/** A big-endian two's complement number. */
function integerOf(bytes: Uint8Array): number {
  let value = 0n;
  for (const byte of bytes) value = value << 8n | BigInt(byte);
  return Number(BigInt.asIntN(8 * bytes.length, value));
}

/** Bytes read one after another; reading past the end throws. */
class Bytes {
  readonly #bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  take(length: number): Uint8Array {
    if (this.at + length > this.#bytes.length) throw new RangeError("The end of the bytes");
    return this.#bytes.subarray(this.at, this.at += length);
  }

  /** Up to nine bytes of seven bits, the ninth of eight. Negative numbers, which no row of ours has, come out large. */
  varint(): number {
    let value = 0;
    for (let i = 0; i < 9; i++) {
      const byte = this.take(1)[0]!;
      if (i === 8) return value * 256 + byte;
      value = value * 128 + (byte & 127);
      if (byte < 128) break;
    }
    return value;
  }
}
