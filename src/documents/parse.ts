/**
 * From a file's bytes to a document in sections.
 *
 * @module
 */

import { MemoryError } from "../errors.ts";
import { tookTooLong } from "./builder.ts";
import type { DocumentLimits, Extract, Format, ParsedDocument } from "./document.ts";
import { extract } from "./extract.ts";
import { baseName, checkContent, formatOf, overLimit, unreadable } from "./formats.ts";
import type { WorkerAnswer, WorkerTask } from "./worker.ts";

/** Formats read without a package, whose small files cost less here than a worker's start. */
const PLAIN: ReadonlySet<Format> = new Set(["text", "markdown", "json", "jsonl"]);
const SMALL_BYTES = 128 * 1024;
/** Milliseconds a worker gets beyond the limit to say itself that a document takes too long. */
const GRACE_MS = 500;

/**
 * Parses a document. Anything but a small text runs in a worker of its own, whose memory goes with it.
 *
 * @param bytes Handed to the worker: empty afterwards.
 * @throws {MemoryError} `unsupported` for a type that can't be read, `too_large` over a limit, `invalid_input` for an
 * empty, broken or encrypted document. Each message names the file.
 */
export async function parseDocument(
  bytes: Uint8Array<ArrayBuffer>,
  fileName: string,
  limits: DocumentLimits,
  signal?: AbortSignal,
): Promise<ParsedDocument> {
  const name = baseName(fileName);
  const format = formatOf(name);
  if (bytes.length > limits.maxBytes) {
    throw overLimit(name, `it has ${bytes.length} bytes; the limit is ${limits.maxBytes}`);
  }
  if (bytes.length === 0) throw unreadable(name, "it is empty");
  checkContent(bytes, format, name);
  signal?.throwIfAborted();
  const task = { bytes, format, fileName: name, limits };
  const found = PLAIN.has(format) && bytes.length <= SMALL_BYTES
    ? await extract(bytes, format, { fileName: name, limits, deadline: performance.now() + limits.timeoutMs })
    : await extractInWorker(task, signal);
  const { spans, ...facts } = found;
  const sections = spans.map((span) => ({ ...span, text: found.text.slice(span.start, span.end) }));
  return { ...facts, fileName: name, format, sections };
}

/**
 * A parser that never gives control back can't be stopped: Deno ends a worker only at a turn of its event loop. So
 * parsers look at the clock themselves, and the timer here is for what still hangs: the caller goes on without it.
 */
async function extractInWorker(
  task: WorkerTask & { bytes: Uint8Array<ArrayBuffer> },
  signal?: AbortSignal,
): Promise<Extract> {
  const { fileName, limits } = task;
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "document" });
  const { promise, resolve, reject } = Promise.withResolvers<WorkerAnswer>();
  const timer = setTimeout(() => reject(tookTooLong(fileName, limits.timeoutMs)), limits.timeoutMs + GRACE_MS);
  const abort = () => reject(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  worker.onmessage = ({ data }: MessageEvent<WorkerAnswer>) => resolve(data);
  worker.onerror = (event) => {
    // Without this the error would end the process.
    event.preventDefault();
    resolve({ failed: event.message });
  };
  try {
    worker.postMessage(task, [task.bytes.buffer]);
    const answer = await promise;
    if ("extract" in answer) return answer.extract;
    if ("refused" in answer) {
      throw new MemoryError(answer.refused.code, answer.refused.message, { field: "file", value: fileName });
    }
    throw unreadable(fileName, "it is broken", answer.failed);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
    worker.terminate();
  }
}
