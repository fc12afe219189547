/**
 * Lines of standard input on their way to the SDK.
 *
 * @module
 */

import { MemoryError } from "../errors.ts";
import { InexactNumber } from "../memory/exact_json.ts";
import { BODY, idIn, parseBoundedJson } from "../memory/json_shape.ts";
import { withoutNulls } from "./messages.ts";
import { RPC } from "./rpc.ts";

/** What the SDK would refuse or misread: nulls that mean "not given", and numbers too long to be kept. */
const LOOKED_AT = /\bnull\b|\d{16}/;
/** Lines up to this length can't hold too much; longer ones are counted. */
const SHORT = 16 * 1024;

/** Bytes of a line that is read; what is beyond is let by without being kept. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;
/** Bytes at the beginning and at the end of a longer line that its id is looked for in. */
const LOOKED_THROUGH = 64 * 1024;
/** The id of a message that ends with it, as those of the official clients do. */
const LAST_ID = /"id"\s{0,9}:\s{0,9}(-?\d{1,15}|"(?:[^"\\]|\\.){0,200}")\s{0,9}\}\s{0,9}$/;
const NEWLINE = 10;

/** Cuts a stream into lines, rewrites the few that need it, and refuses those that are too long. */
export class MessageLines {
  readonly #pass: (text: string) => void;
  readonly #answer: (text: string) => void;
  readonly #utf8 = new TextDecoder();
  /** What there is of the line; of a line that is too long its beginning. */
  #parts: Uint8Array[] = [];
  /** Its bytes, and the last of them where it is too long. */
  #size = 0;
  #end: Uint8Array = new Uint8Array(0);

  /**
   * @param pass Takes lines for the SDK, each with its newline.
   * @param answer Takes answers for the client.
   */
  constructor(pass: (text: string) => void, answer: (text: string) => void) {
    this.#pass = pass;
    this.#answer = answer;
  }

  push(chunk: Uint8Array): void {
    let from = 0;
    for (let at; (at = chunk.indexOf(NEWLINE, from)) >= 0; from = at + 1) {
      this.#take(chunk.subarray(from, at));
      const bytes = joined(this.#parts), isWhole = this.#size <= MAX_LINE_BYTES, end = this.#end;
      this.#parts = [];
      this.#size = 0;
      this.#end = new Uint8Array(0);
      if (isWhole) this.#line(this.#utf8.decode(bytes));
      else this.#refuse(bytes, end);
    }
    this.#take(chunk.subarray(from));
  }

  #take(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const wasWhole = this.#size <= MAX_LINE_BYTES;
    this.#size += bytes.length;
    // The chunk is the caller's.
    if (this.#size <= MAX_LINE_BYTES) return void this.#parts.push(bytes.slice());
    if (wasWhole) {
      const kept = joined(this.#parts);
      this.#parts = [kept.slice(0, LOOKED_THROUGH)];
      this.#end = kept.slice(-LOOKED_THROUGH);
    }
    this.#end = joined([this.#end, bytes]).slice(-LOOKED_THROUGH);
  }

  #refuse(beginning: Uint8Array, end: Uint8Array): void {
    const last = LAST_ID.exec(this.#utf8.decode(end).slice(-1000))?.[1];
    const id = last === undefined ? idIn(this.#utf8.decode(beginning)) : JSON.parse(last);
    this.#error(id, RPC.invalidRequest, `Invalid Request: a line takes at most ${MAX_LINE_BYTES} bytes`);
  }

  #error(id: number | string | null, code: number, message: string): void {
    this.#answer(`${JSON.stringify({ jsonrpc: "2.0", id, error: { code, message } })}\n`);
  }

  #line(line: string): void {
    if (line.length <= SHORT && !LOOKED_AT.test(line)) return this.#pass(`${line}\n`);
    try {
      this.#pass(`${JSON.stringify(withoutNulls(parseBoundedJson(line, BODY)))}\n`);
    } catch (error) {
      // What is no JSON is for the SDK to refuse.
      if (!(error instanceof InexactNumber) && !(error instanceof MemoryError)) return this.#pass(`${line}\n`);
      this.#error(idIn(line), RPC.invalidParams, `Invalid params: ${error.message}`);
    }
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
