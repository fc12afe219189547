/**
 * The worker that parses documents, inside the process that may do nothing else.
 *
 * @module
 */

/// <reference lib="deno.worker" />

import { errorText, MemoryError } from "../../errors.ts";
import { parseDocument } from "../parse.ts";
import { chunksOf, factsOf } from "../read.ts";
import { revokeAll } from "./permissions.ts";
import { type Line, lineBytes, type Task } from "./protocol.ts";

/** A document, and what is said of it. */
export interface WorkerTask extends Task {
  bytes: Uint8Array<ArrayBuffer>;
}

/** `ready` once it may do nothing any more, then some of an answer's lines, and `done` after the last. */
export type WorkerAnswer = "ready" | "done" | Uint8Array<ArrayBuffer>;

/** Bytes of lines that are sent together. */
const BATCH_BYTES = 64 * 1024;

revokeAll();
self.onmessage = async ({ data }: MessageEvent<WorkerTask>) => {
  const out = new Batch();
  try {
    const document = await parseDocument(data.bytes, data.fileName, data.limits);
    const chunks = [...chunksOf(document, data.chunking)];
    out.add({ facts: factsOf(document), chunks: chunks.length });
    for (const chunk of chunks) out.add({ chunk });
  } catch (error) {
    out.add(refusalOf(error));
  }
  out.send();
  post("done");
};
post("ready");

/** Errors lose their class between processes, so their facts travel. */
function refusalOf(error: unknown): Line {
  const isRefusal = error instanceof MemoryError &&
    (error.code === "invalid_input" || error.code === "too_large" || error.code === "unsupported");
  return isRefusal
    ? { refused: { code: error.code as "invalid_input", message: error.message } }
    : { failed: errorText(error).slice(0, 1000) };
}

class Batch {
  #lines: Uint8Array<ArrayBuffer>[] = [];
  #size = 0;

  add(line: Line): void {
    const bytes = lineBytes(line);
    this.#lines.push(bytes);
    this.#size += bytes.length;
    if (this.#size >= BATCH_BYTES) this.send();
  }

  send(): void {
    const all = new Uint8Array(this.#size);
    let at = 0;
    for (const line of this.#lines) {
      all.set(line, at);
      at += line.length;
    }
    this.#lines = [];
    this.#size = 0;
    if (all.length > 0) post(all);
  }
}

function post(answer: WorkerAnswer): void {
  self.postMessage(answer, typeof answer === "string" ? [] : [answer.buffer]);
}
