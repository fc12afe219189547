/**
 * Lines of standard input on their way to the SDK.
 *
 * @module
 */

import { InexactNumber, parseExactJson } from "../memory/exact_json.ts";
import { withoutNulls } from "./messages.ts";
import { RPC } from "./rpc.ts";

/** What the SDK would refuse or misread: nulls that mean "not given", and numbers too long to be kept. */
const LOOKED_AT = /\bnull\b|\d{16}/;

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
    if (!LOOKED_AT.test(line)) return this.#pass(`${line}\n`);
    try {
      this.#pass(`${JSON.stringify(withoutNulls(parseExactJson(line)))}\n`);
    } catch (error) {
      // What is no JSON is for the SDK to refuse.
      if (!(error instanceof InexactNumber)) return this.#pass(`${line}\n`);
      const { id = null } = JSON.parse(line) as { id?: unknown };
      const message = `Invalid params: ${error.message}`;
      this.#answer(`${JSON.stringify({ jsonrpc: "2.0", id, error: { code: RPC.invalidParams, message } })}\n`);
    }
  }
}
