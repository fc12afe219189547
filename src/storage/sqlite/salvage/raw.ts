/**
 * Reads a database's files where SQLite can't for a damaged header: the size of its pages, by what pages look like, and
 * its write-ahead log. The layouts are those of https://www.sqlite.org/fileformat2.html and its section on the log.
 *
 * @module
 */

/** Sizes that pages can have, the usual one first. */
const SIZES = [4096, 1024, 2048, 8192, 16_384, 32_768, 65_536, 512];
/** Pages of each size that are looked at, at most. */
const LOOKED_AT = 2000;
const LOG_HEADER = 32, FRAME_HEADER = 24, LOG_MAGIC = 0x377f0682;

/** Bytes of a page as the header says; null where it holds no such size. */
export function saidPageSize(file: Deno.FsFile): number | null {
  const header = bytesAt(file, 0, 18);
  if (header === null) return null;
  const size = header[16]! * 256 + header[17]!;
  if (size === 1) return 65_536;
  return SIZES.includes(size) ? size : null;
}

/** The size under which most pages look like pages of a b-tree; null where none does. */
export function likelyPageSize(file: Deno.FsFile): number | null {
  let likely: number | null = null, most = 0;
  for (const size of SIZES) {
    const count = Math.floor(file.statSync().size / size), step = Math.max(1, Math.floor(count / LOOKED_AT));
    let looksSo = 0;
    for (let page = 0; page < count; page += step) {
      const bytes = bytesAt(file, page * size, size);
      if (bytes !== null && isTreePage(bytes, page === 0 ? 100 : 0)) looksSo += step * size;
    }
    if (looksSo > most) [likely, most] = [size, looksSo];
  }
  return likely;
}

/**
 * Whether bytes look like a page with cells. SQLite fills a page from its end: with too small a size, cells lie behind
 * the end, and with too large a one, all lie in the first half.
 */
function isTreePage(bytes: Uint8Array, start: number): boolean {
  const view = new DataView(bytes.buffer), kind = view.getUint8(start);
  if (![2, 5, 10, 13].includes(kind)) return false;
  const cells = view.getUint16(start + 3), pointers = start + (kind < 6 ? 12 : 8);
  if (cells === 0 || pointers + 2 * cells > bytes.length) return false;
  let last = 0;
  for (let i = 0; i < cells; i++) {
    const at = view.getUint16(pointers + 2 * i);
    if (at < pointers + 2 * cells || at >= bytes.length) return false;
    last = Math.max(last, at);
  }
  return last >= bytes.length / 2;
}

/**
 * Writes the committed pages of a log into a copy of its database.
 *
 * @returns bytes of a page as the log says; null where there is no log.
 */
export function applyLog(log: string, copy: string): number | null {
  let from: Deno.FsFile;
  try {
    from = Deno.openSync(log);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  using _from = from;
  using to = Deno.openSync(copy, { write: true });
  const header = bytesAt(from, 0, LOG_HEADER);
  if (header === null) return null;
  const view = new DataView(header.buffer), magic = view.getUint32(0), size = view.getUint32(8);
  if ((magic & ~1) !== LOG_MAGIC || !SIZES.includes(size)) return null;
  const sums = new Checksum((magic & 1) === 0);
  if (!sums.add(view, 0, 24).is(view, 24)) return null;
  const open = new Map<number, number>();
  for (let at = LOG_HEADER;; at += FRAME_HEADER + size) {
    const frame = bytesAt(from, at, FRAME_HEADER + size);
    if (frame === null) return size;
    const facts = new DataView(frame.buffer);
    // A frame of an earlier round, or one that wasn't written to its end, is the end of the log.
    const isCurrent = facts.getUint32(8) === view.getUint32(16) && facts.getUint32(12) === view.getUint32(20);
    if (!isCurrent || !sums.add(facts, 0, 8).add(facts, FRAME_HEADER, size).is(facts, 16)) return size;
    open.set(facts.getUint32(0), at + FRAME_HEADER);
    if (facts.getUint32(4) === 0) continue; // the transaction goes on
    for (const [page, place] of open) {
      to.seekSync((page - 1) * size, Deno.SeekMode.Start);
      const bytes = bytesAt(from, place, size)!;
      for (let written = 0; written < size;) written += to.writeSync(bytes.subarray(written));
    }
    open.clear();
  }
}

/** The log's checksum, which goes on from frame to frame. */
class Checksum {
  readonly #little: boolean;
  #first = 0;
  #second = 0;

  constructor(little: boolean) {
    this.#little = little;
  }

  add(view: DataView, start: number, length: number): this {
    for (let at = start; at < start + length; at += 8) {
      this.#first = (this.#first + view.getUint32(at, this.#little) + this.#second) >>> 0;
      this.#second = (this.#second + view.getUint32(at + 4, this.#little) + this.#first) >>> 0;
    }
    return this;
  }

  is(view: DataView, at: number): boolean {
    return view.getUint32(at) === this.#first && view.getUint32(at + 4) === this.#second;
  }
}

/** Bytes at a place; null where the file ends before. */
function bytesAt(file: Deno.FsFile, at: number, length: number): Uint8Array<ArrayBuffer> | null {
  const bytes = new Uint8Array(length);
  file.seekSync(at, Deno.SeekMode.Start);
  for (let filled = 0; filled < length;) {
    const read = file.readSync(bytes.subarray(filled));
    if (read === null) return null;
    filled += read;
  }
  return bytes;
}
