/**
 * One process that parses documents, seen from the service.
 *
 * @module
 */

import { errorText, MemoryError } from "../../errors.ts";
import { lowerThreadPriority } from "../../tuning/thread_priority.ts";
import type { DocumentChunkOptions } from "../chunks.ts";
import type { DocumentLimits } from "../document.ts";
import { overLimit, unreadable } from "../formats.ts";
import type { DocumentFacts, ReadChunk, ReadDocument } from "../read.ts";
import { parserCommand } from "./command.ts";
import { EXIT, type Line, lineBytes, readLine } from "./protocol.ts";

/** A document to parse. */
export interface DocumentTask {
  bytes: Uint8Array<ArrayBuffer>;
  fileName: string;
  limits: DocumentLimits;
  chunking: DocumentChunkOptions;
}

/** Milliseconds the process gets to end by itself once its input is closed. */
const END_GRACE_MS = 1000;
/** Milliseconds it gets to start, and to report itself that a document takes too long. */
const ANSWER_GRACE_MS = 20_000;
/** Bytes written at once, so that a large document is handed over in turns. */
const PIECE_BYTES = 64 * 1024;
/** Longest line read, in characters; the longest honest one is a chunk of 10,000 with its headings and links. */
const LONGEST_LINE = 1 << 20;
/** Characters read of a document, as a multiple of what its text may have: chunks repeat some of it. */
const MOST_TEXTS = 4;
/** What is kept of its standard error. */
const KEPT_ERRORS = 2000;

/** A started process. */
export class ParserProcess {
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;
  /** Resident bytes by its last report; 0 before the first one. */
  memory = 0;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  #isReady = false;
  #status: Deno.CommandStatus | null = null;
  #errors = "";
  #onLine: (line: Line) => void = () => {};

  /** @throws {MemoryError} `configuration` where the service may not start it. */
  constructor() {
    const { path, args, env } = parserCommand();
    try {
      this.#child = new Deno.Command(path, {
        args,
        env,
        clearEnv: true,
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
    } catch (error) {
      const reason = error instanceof Deno.errors.NotCapable
        ? `Unimem may not run ${Deno.execPath()}, which its tasks allow with --allow-run`
        : errorText(error);
      throw new MemoryError("configuration", `Cannot start the process that parses documents: ${reason}`, {
        cause: error,
      });
    }
    lowerThreadPriority(this.#child.pid);
    this.#input = this.#child.stdin.getWriter();
    // A process that ended is seen by its status.
    this.#input.closed.catch(() => {});
    const reading = Promise.all([this.#readLines(), this.#readErrors()]);
    this.ended = this.#child.status.then(async (status) => {
      await reading;
      this.#status = status;
    });
  }

  get hasEnded(): boolean {
    return this.#status !== null;
  }

  /**
   * Parses a document. When this throws, the process has ended or is about to, unless the document itself was refused.
   *
   * @throws {MemoryError} naming the document.
   * @throws the signal's reason.
   */
  async parse({ bytes, fileName, limits, chunking }: DocumentTask, signal?: AbortSignal): Promise<ReadDocument> {
    const answer = Promise.withResolvers<void>();
    // Given up: the process ends, and its end is what is waited for.
    let fault: unknown;
    const giveUp = (reason: unknown) => {
      fault ??= reason;
      this.end();
    };
    let timer: ReturnType<typeof setTimeout> | undefined;
    const wait = (ms: number) => {
      clearTimeout(timer);
      timer = setTimeout(() => giveUp(tookTooLong(fileName, limits.timeoutMs)), ms);
    };
    const abort = () => giveUp(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    if (signal?.aborted) abort();
    let facts: DocumentFacts | undefined, expected = 0, characters = 0, refusal: MemoryError | undefined;
    const chunks: ReadChunk[] = [];
    this.#onLine = (line) => {
      if ("done" in line && (refusal !== undefined || (facts !== undefined && chunks.length === expected))) {
        this.memory = line.done;
        answer.resolve();
      } else if ("refused" in line) {
        refusal = new MemoryError(line.refused.code, line.refused.message, { field: "file", value: fileName });
      } else if ("failed" in line) refusal = unreadable(fileName, "it is broken", line.failed);
      else if ("facts" in line && facts === undefined) {
        facts = line.facts;
        expected = line.chunks;
        wait(ANSWER_GRACE_MS);
      } else if ("chunk" in line && line.chunk.index === chunks.length && chunks.length < expected) {
        chunks.push(line.chunk);
        characters += line.chunk.text.length;
        wait(ANSWER_GRACE_MS);
        if (characters > MOST_TEXTS * limits.maxCharacters) {
          giveUp(unreadable(fileName, "its parser answered too much"));
        }
      } else giveUp(unreadable(fileName, "its parser answered out of turn"));
    };
    try {
      wait(limits.timeoutMs + ANSWER_GRACE_MS);
      // The answer may come, and the process may end, before all is written.
      this.#write(bytes, lineBytes({ size: bytes.length, fileName, limits, chunking })).catch(() => {});
      const isAnswered = await Promise.race([answer.promise.then(() => true), this.ended.then(() => false)]);
      if (fault !== undefined || !isAnswered) throw fault ?? this.#endFault(fileName, limits);
      if (refusal !== undefined) throw refusal;
      return { facts: facts!, chunks };
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      this.#onLine = () => {};
    }
  }

  /** Ends it: closes its input, and kills it when it still runs after a grace. Resolves when it has ended. */
  async end(): Promise<void> {
    this.#input.close().catch(() => {});
    const timer = setTimeout(() => this.#kill(), END_GRACE_MS);
    await this.ended;
    clearTimeout(timer);
  }

  async #write(bytes: Uint8Array<ArrayBuffer>, head: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.#input.write(head);
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      await this.#input.write(bytes.subarray(at, at + PIECE_BYTES));
    }
  }

  async #readLines(): Promise<void> {
    let rest = "";
    try {
      for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
        let at = 0;
        for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", at)) {
          this.#take(rest + text.slice(at, end));
          rest = "";
          at = end + 1;
        }
        rest += text.slice(at);
        if (rest.length > LONGEST_LINE) throw new Error("Line too long");
      }
    } catch {
      // Not a line of the protocol: a document may have taken the process over.
      this.#kill();
    }
  }

  #take(text: string): void {
    const line = readLine(text);
    if ("ready" in line) this.#isReady = true;
    else if ("memory" in line) this.memory = line.memory;
    else this.#onLine(line);
  }

  async #readErrors(): Promise<void> {
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      this.#errors = (this.#errors + text).slice(-KEPT_ERRORS);
    }
  }

  #kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
  }

  /** Why the process ended in the middle of a document. */
  #endFault(fileName: string, { maxMemoryBytes, timeoutMs }: DocumentLimits): MemoryError {
    const { code, signal } = this.#status!, how = signal ?? `code ${code}`;
    if (!this.#isReady) {
      return new MemoryError("internal", `The process that parses documents ended with ${how}: ${this.#errors.trim()}`);
    }
    if (code === EXIT.time) return tookTooLong(fileName, timeoutMs);
    // V8 ends the process where the machine has too little memory for our limit to come first.
    if (code === EXIT.memory || this.#errors.includes("out of memory")) {
      return overLimit(fileName, `it takes more than ${Math.round(maxMemoryBytes / 1024 / 1024)} MB of memory to read`);
    }
    return unreadable(fileName, `its parser ended with ${how}`, this.#errors.trim());
  }
}

function tookTooLong(fileName: string, timeoutMs: number): MemoryError {
  return overLimit(fileName, `it takes longer than ${timeoutMs / 1000} seconds`);
}
