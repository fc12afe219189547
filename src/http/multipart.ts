/**
 * The parts of a `multipart/form-data` body (RFC 7578), handed on as they arrive, so that none is held in memory.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { InvalidRequest } from "./validation.ts";

/** Bytes of a part's header lines. */
const MAX_HEADER_BYTES = 16 * 1024;

/** The fields of a part's header that are used. */
export interface PartHeader {
  /** Name of the form's field; undefined where the part has none. */
  name: string | undefined;
  /** The file's name as the client sent it, never a path to trust; undefined for a text. */
  fileName: string | undefined;
}

/** Takes a part's content. */
export interface PartSink {
  write(piece: Uint8Array): Promise<void>;
  end(): Promise<void>;
}

/**
 * Reads parts to the end of the body. Linear in its length.
 *
 * @param open Gives what takes a part's content.
 * @throws {InvalidRequest} for a body that breaks the format; whatever `body` and the sinks throw.
 */
export async function parseMultipart(
  body: AsyncIterable<Uint8Array>,
  boundary: string,
  open: (header: PartHeader) => Promise<PartSink>,
): Promise<void> {
  // The first boundary stands at the start of the body, all others after a line break.
  const scanner = new Scanner(body, Buffer.from("\r\n")), mark = Buffer.from(`\r\n--${boundary}`);
  await scanner.upTo(mark, () => Promise.resolve());
  while ((await scanner.take(2)).toString("latin1") !== "--") {
    scanner.back(2);
    const sink = await open(readHeader(await header(scanner)));
    await scanner.upTo(mark, (piece) => sink.write(piece));
    await sink.end();
  }
  await scanner.drain();
}

/** The lines after a boundary, up to the empty one. */
async function header(scanner: Scanner): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  await scanner.upTo(Buffer.from("\r\n\r\n"), (piece) => {
    size += piece.length;
    if (size > MAX_HEADER_BYTES) throw broken(`a part's header has more than ${MAX_HEADER_BYTES} bytes`);
    pieces.push(piece);
    return Promise.resolve();
  });
  const text = Buffer.concat(pieces).toString();
  if (text !== "" && !text.startsWith("\r\n")) throw broken("a boundary isn't followed by a line break");
  return text;
}

function readHeader(text: string): PartHeader {
  const line = text.split("\r\n").find((line) => /^content-disposition:/i.test(line)) ?? "";
  const values = new Map<string, string>();
  // A quoted value ends at the first quote that no backslash stands before, or at the end: no second try at it.
  const parameters = /;\s*([\w-]+\*?)\s*=\s*(?:"((?:\\[^]|[^"\\])*)(?:"|\\?$)|([^;]*))/g;
  for (const [, name, quoted, bare] of line.matchAll(parameters)) {
    values.set(name!.toLowerCase(), quoted?.replace(/\\(["\\])/g, "$1") ?? bare!.trim());
  }
  const extended = values.get("filename*");
  const fileName = (extended === undefined ? undefined : decodeExtended(extended)) ?? values.get("filename");
  // Browsers write a quote in a file name like this.
  return { name: values.get("name"), fileName: fileName?.replaceAll("%22", '"') };
}

/** A value as RFC 5987 writes names beyond ASCII: `utf-8''na%C3%AFve.txt`; undefined for what can't be read. */
function decodeExtended(text: string): string | undefined {
  const match = /^utf-8'[^']*'(.*)$/i.exec(text);
  try {
    return match === null ? undefined : decodeURIComponent(match[1]!);
  } catch {
    return undefined;
  }
}

function broken(error: string): InvalidRequest {
  const msg = "There was an error parsing the body";
  return new InvalidRequest([{ type: "value_error", loc: ["body"], msg, input: null, ctx: { error } }]);
}

/** Looks for marks in a stream of bytes, keeping no more of it than a piece and a mark's length. */
class Scanner {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #rest: Buffer;
  /** What `take` gave last, for `back`. */
  #taken: Buffer = Buffer.alloc(0);

  constructor(body: AsyncIterable<Uint8Array>, start: Buffer) {
    this.#pieces = body[Symbol.asyncIterator]();
    this.#rest = start;
  }

  /** Hands on everything before the next `mark`, and goes behind that. */
  async upTo(mark: Buffer, take: (piece: Uint8Array) => Promise<void>): Promise<void> {
    for (let at = this.#rest.indexOf(mark);; at = this.#rest.indexOf(mark)) {
      // Without the mark all but what may be its beginning.
      const end = at >= 0 ? at : Math.max(0, this.#rest.length - mark.length + 1);
      if (end > 0) await take(this.#rest.subarray(0, end));
      this.#rest = this.#rest.subarray(at >= 0 ? at + mark.length : end);
      if (at >= 0) return;
      await this.#more();
    }
  }

  async take(length: number): Promise<Buffer> {
    while (this.#rest.length < length) await this.#more();
    this.#taken = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return this.#taken;
  }

  /** Undoes the last `take`. */
  back(length: number): void {
    this.#rest = Buffer.concat([this.#taken.subarray(-length), this.#rest]);
  }

  /** Reads what follows the last boundary, which means nothing. */
  async drain(): Promise<void> {
    while (!(await this.#pieces.next()).done);
  }

  async #more(): Promise<void> {
    const { done, value } = await this.#pieces.next();
    if (done) throw broken("it ends before its last boundary");
    this.#rest = this.#rest.length === 0
      ? Buffer.from(value.buffer, value.byteOffset, value.byteLength)
      : Buffer.concat([this.#rest, value]);
  }
}
