/**
 * Reading forms. Files go to disk as they arrive.
 *
 * @module
 */

import { type BodyReader, bodyTooLarge } from "../access/body.ts";
import { MemoryError } from "../errors.ts";
import { parseMultipart, type PartHeader, type PartSink } from "./multipart.ts";
import { WrongContentType } from "./request.ts";
import type { Spool, SpooledFile, SpoolWriter } from "./spool.ts";

/** A file of a form. */
export interface FormFile extends SpooledFile {
  field: string;
  /** The name as the client sent it; never a path to trust. */
  name: string;
}

/** A form's texts, the last of each name, and its files in order. */
export interface Form {
  fields: Record<string, string>;
  files: FormFile[];
}

/** Most that a form may hold. */
export interface FormLimits {
  maxFiles: number;
  /** Bytes of one file. */
  maxFileBytes: number;
  /** Bytes of the whole body. */
  maxBytes: number;
}

/** What forms are read with. */
export interface FormReader {
  bodies: BodyReader;
  spool: Spool;
}

/** Texts beside the files. */
const MAX_FIELDS = 20;
const MAX_FIELDS_BYTES = 64 * 1024;

/**
 * The request's body as a form. A body without files may come URL-encoded. Remove the files when they were used; none is
 * left when this fails.
 *
 * @throws {WrongContentType} for a body that is no form.
 * @throws {InvalidRequest} for a broken one.
 * @throws {MemoryError} `too_large`, and as `Bodies.read` and `SpoolWriter.write`.
 */
export async function readForm(request: Request, limits: FormLimits, { bodies, spool }: FormReader): Promise<Form> {
  const type = request.headers.get("content-type");
  if (type === null || request.body === null) return { fields: {}, files: [] };
  if (/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) {
    const text = new TextDecoder().decode(await bodies.read(request, MAX_FIELDS_BYTES));
    return { fields: Object.fromEntries(new URLSearchParams(text)), files: [] };
  }
  const boundary = /^multipart\/form-data\s*;.*?\bboundary=(?:"([^"]+)"|([^\s;]+))/i.exec(type);
  if (boundary === null) {
    throw new WrongContentType(`Cannot read a body of type "${type.slice(0, 100)}": send multipart/form-data`);
  }
  const form: Form = { fields: {}, files: [] };
  const collector = new Collector(form, limits, spool);
  try {
    const pieces = bodies.stream(request, limits.maxBytes);
    await parseMultipart(pieces, (boundary[1] ?? boundary[2])!, (header) => collector.open(header));
  } catch (error) {
    await collector.discard();
    throw error;
  }
  return form;
}

/** Takes the parts of one form. */
class Collector {
  readonly #form: Form;
  readonly #limits: FormLimits;
  readonly #spool: Spool;
  #parts = 0;
  #writing: SpoolWriter | undefined;

  constructor(form: Form, limits: FormLimits, spool: Spool) {
    this.#form = form;
    this.#limits = limits;
    this.#spool = spool;
  }

  async open({ name, fileName }: PartHeader): Promise<PartSink> {
    if (++this.#parts > this.#limits.maxFiles + MAX_FIELDS) {
      throw tooLarge(`it has more than ${this.#limits.maxFiles} files`);
    }
    if (name !== undefined && fileName === undefined) return this.#text(name);
    // A form with an empty file input sends a part without a name.
    if (name === undefined || fileName === undefined || fileName === "") return IGNORED;
    return await this.#file(name, fileName);
  }

  /** Removes every file of the form, a half one too. */
  async discard(): Promise<void> {
    await this.#writing?.discard();
    await Promise.all(this.#form.files.map((file) => file.remove()));
  }

  #text(name: string): PartSink {
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    let size = 0;
    return {
      write: (piece) => {
        size += piece.length;
        if (size > MAX_FIELDS_BYTES) throw bodyTooLarge(MAX_FIELDS_BYTES);
        pieces.push(new Uint8Array(piece));
        return Promise.resolve();
      },
      end: async () => {
        this.#form.fields[name] = await new Blob(pieces).text();
      },
    };
  }

  async #file(field: string, name: string): Promise<PartSink> {
    const { maxFileBytes } = this.#limits, writer = this.#writing = await this.#spool.create();
    let size = 0;
    return {
      write: async (piece) => {
        size += piece.length;
        if (size > maxFileBytes) throw tooLarge(`a file has more than ${maxFileBytes} bytes`);
        await writer.write(piece);
      },
      end: () => {
        this.#writing = undefined;
        this.#form.files.push({ field, name, ...writer.finish() });
        return Promise.resolve();
      },
    };
  }
}

const IGNORED: PartSink = { write: () => Promise.resolve(), end: () => Promise.resolve() };

function tooLarge(reason: string): MemoryError {
  return new MemoryError("too_large", `Cannot read the form: ${reason}`, { field: "body" });
}
