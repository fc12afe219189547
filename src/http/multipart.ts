/**
 * Reading forms with files. Files are taken from the stream as they arrive, since the platform's own form parser holds
 * up the isolate for half a second at 50 MB.
 *
 * @module
 */

import { readBody } from "../access/body.ts";
import { MemoryError } from "../errors.ts";
import { Pacer } from "../pacer.ts";
import { WrongContentType } from "./request.ts";
import { InvalidRequest } from "./validation.ts";

/** A file of a form. */
export interface FormFile {
  field: string;
  /** The name as the client sent it; never a path to trust. */
  name: string;
  bytes: Uint8Array<ArrayBuffer>;
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

type Parser = typeof import("@remix-run/multipart-parser");

/** Texts beside the files. */
const MAX_FIELDS = 20;
const MAX_FIELDS_BYTES = 64 * 1024;

/**
 * The request's body as a form. A body without files may come URL-encoded.
 *
 * @throws {WrongContentType} for a body that is no form.
 * @throws {InvalidRequest} for a broken one.
 * @throws {MemoryError} `too_large`.
 */
export async function readForm(request: Request, limits: FormLimits): Promise<Form> {
  const type = request.headers.get("content-type");
  if (type === null || request.body === null) return { fields: {}, files: [] };
  if (/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) {
    const text = new TextDecoder().decode(await readBody(request, MAX_FIELDS_BYTES));
    return { fields: Object.fromEntries(new URLSearchParams(text)), files: [] };
  }
  const boundary = /^multipart\/form-data\s*;.*\bboundary=(?:"([^"]+)"|([^\s;]+))/i.exec(type);
  if (boundary === null) {
    throw new WrongContentType(`Cannot read a body of type "${type.slice(0, 100)}": send multipart/form-data`);
  }
  if (Number(request.headers.get("content-length") ?? 0) > limits.maxBytes) throw tooLarge(limits.maxBytes);
  // Loaded with the first form: most services never see one.
  const parser = await import("@remix-run/multipart-parser");
  try {
    return await collect(parser, request.body, (boundary[1] ?? boundary[2])!, limits);
  } catch (error) {
    throw translate(parser, error, limits);
  }
}

async function collect(
  parser: Parser,
  body: ReadableStream<Uint8Array>,
  boundary: string,
  limits: FormLimits,
): Promise<Form> {
  const form: Form = { fields: {}, files: [] };
  const parts = parser.parseMultipartStream(body, {
    boundary,
    maxParts: limits.maxFiles + MAX_FIELDS,
    maxFileSize: limits.maxFileBytes,
    maxTotalSize: limits.maxBytes,
  });
  for await (const part of parts) {
    if (part.name === undefined) continue;
    if (part.filename === undefined) {
      if (part.size > MAX_FIELDS_BYTES) throw tooLarge(MAX_FIELDS_BYTES);
      form.fields[part.name] = part.text;
    } // A form with an empty file input sends a part without a name.
    else if (part.filename !== "") {
      // Browsers write a quote in a file name like this.
      const name = part.filename.replaceAll("%22", '"');
      form.files.push({ field: part.name, name, bytes: await joined(part.content) });
    }
  }
  return form;
}

/** The pieces as one array. Touching new memory is slow enough at this size to let others go first. */
async function joined(pieces: Uint8Array[]): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  const pacer = new Pacer();
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.length;
    await pacer.pause();
  }
  return bytes;
}

function translate(parser: Parser, error: unknown, limits: FormLimits): unknown {
  if (error instanceof parser.MaxFileSizeExceededError) {
    const message = `Cannot read the form: a file has more than ${limits.maxFileBytes} bytes`;
    return new MemoryError("too_large", message, { field: "body" });
  }
  if (error instanceof parser.MaxTotalSizeExceededError) return tooLarge(limits.maxBytes);
  if (error instanceof parser.MaxPartsExceededError) {
    return new MemoryError("too_large", `Cannot read the form: it has more than ${limits.maxFiles} files`, {
      field: "body",
    });
  }
  if (error instanceof parser.MultipartParseError) {
    return new InvalidRequest([{
      type: "value_error",
      loc: ["body"],
      msg: "There was an error parsing the body",
      input: null,
      ctx: { error: error.message.slice(0, 200) },
    }]);
  }
  return error;
}

function tooLarge(maxBytes: number): MemoryError {
  return new MemoryError("too_large", `Cannot read the request body: it exceeds ${maxBytes} bytes`, { field: "body" });
}
