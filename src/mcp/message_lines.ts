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

/** Cuts a stream into lines, and rewrites the few that need it. */
export class MessageLines {
  readonly #pass: (text: string) => void;
  readonly #answer: (text: string) => void;
  readonly #utf8 = new TextDecoder();
  #parts: string[] = [];

  /**
   * @param pass Takes lines for the SDK, each with its newline.
   * @param answer Takes answers for the client.
   */
  constructor(pass: (text: string) => void, answer: (text: string) => void) {
    this.#pass = pass;
    this.#answer = answer;
  }

  push(chunk: Uint8Array): void {
    const text = this.#utf8.decode(chunk, { stream: true });
    let from = 0;
    for (let at; (at = text.indexOf("\n", from)) >= 0; from = at + 1) {
      this.#parts.push(text.slice(from, at));
      const line = this.#parts.join("");
      this.#parts = [];
      this.#line(line);
    }
    if (from < text.length) this.#parts.push(text.slice(from));
  }

  #line(line: string): void {
    if (line.length <= SHORT && !LOOKED_AT.test(line)) return this.#pass(`${line}\n`);
    try {
      this.#pass(`${JSON.stringify(withoutNulls(parseBoundedJson(line, BODY)))}\n`);
    } catch (error) {
      // What is no JSON is for the SDK to refuse.
      if (!(error instanceof InexactNumber) && !(error instanceof MemoryError)) return this.#pass(`${line}\n`);
      const message = `Invalid params: ${error.message}`, id = idIn(line);
      this.#answer(`${JSON.stringify({ jsonrpc: "2.0", id, error: { code: RPC.invalidParams, message } })}\n`);
    }
  }
}
