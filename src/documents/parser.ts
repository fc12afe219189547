/**
 * Reads documents in a process of their own, which may do nothing else and can be ended at any time: what a parser does
 * with a hostile file costs that file alone.
 *
 * @module
 */

import { checkDocument } from "./formats.ts";
import { type DocumentTask, ParserProcess } from "./process/parser_process.ts";
import type { ReadDocument } from "./read.ts";

/** Milliseconds a process is kept after the last document. */
const KEPT_MS = 120_000;
/** Resident bytes above which it isn't kept: memory that one large document took doesn't come back by itself. */
const KEPT_BYTES = 256 * 1024 * 1024;

/** When an idle process ends; tests shorten it. */
export interface ParserOptions {
  /** Milliseconds. */
  keptMs?: number;
}

/**
 * Reads documents one after the other. At most one process runs at once: none before the first document, and none two
 * minutes after the last.
 */
export class DocumentParser {
  readonly #keptMs: number;
  #process: ParserProcess | null = null;
  /** The document before: a process that is being ended has ended before another one starts. */
  #turn: Promise<unknown> = Promise.resolve();
  #idle: ReturnType<typeof setTimeout> | undefined;

  constructor({ keptMs = KEPT_MS }: ParserOptions = {}) {
    this.#keptMs = keptMs;
  }

  /** Resident bytes of the process by its last report; 0 while none runs. */
  get memory(): number {
    return this.#process?.memory ?? 0;
  }

  /**
   * Reads a document.
   *
   * @throws {MemoryError} `unsupported` for a type that can't be read, `too_large` over a limit, `invalid_input` for an
   * empty, broken or encrypted document and one that its parser doesn't survive, each naming the file; `configuration`
   * or `internal` where no process can be started.
   * @throws the signal's reason.
   */
  read(task: DocumentTask, signal?: AbortSignal): Promise<ReadDocument> {
    const reading = this.#turn.then(() => this.#read(task, signal));
    this.#turn = reading.catch(() => {});
    return reading;
  }

  /** Ends the process, a document in hand included; waits until it is gone. */
  async close(): Promise<void> {
    clearTimeout(this.#idle);
    await this.#process?.end();
    await this.#turn;
    await this.#process?.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #read(task: DocumentTask, signal?: AbortSignal): Promise<ReadDocument> {
    const { fileName } = checkDocument(task.bytes, task.fileName, task.limits);
    signal?.throwIfAborted();
    clearTimeout(this.#idle);
    const process = this.#process ??= this.#start();
    try {
      return await process.parse({ ...task, fileName }, signal);
    } finally {
      if (process.memory > KEPT_BYTES) await process.end();
      if (process.hasEnded) this.#process = null;
      else {
        this.#idle = setTimeout(() => process.end(), this.#keptMs);
        Deno.unrefTimer(this.#idle);
      }
    }
  }

  #start(): ParserProcess {
    const process = new ParserProcess();
    process.ended.then(() => this.#process = this.#process === process ? null : this.#process);
    return process;
  }
}
