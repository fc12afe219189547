/**
 * The process that parses documents: `deno run … child.ts`, or the executable with its hidden command. This thread takes
 * documents from standard input, hands them to a worker, and ends the process at a limit or when its input closes: a
 * worker that computes can't be stopped in any other way.
 *
 * @module
 */

import { revokeAll } from "./permissions.ts";
import { EXIT, lineBytes, type Task } from "./protocol.ts";
import type { WorkerAnswer, WorkerTask } from "./worker.ts";

/**
 * Milliseconds between two looks at memory and clock while a document is parsed. A core fills some 50 MB in this time.
 */
const LOOK_MS = 20;
/** Milliseconds between two lines that report the memory in use. */
const TELL_MS = 1000, TELL_IDLE_MS = 10_000;

/** Parses documents until standard input closes. Never returns. */
export async function parseDocuments(): Promise<never> {
  // The service ends this process by closing its input; a signal to both must not end it in the middle.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    if (Deno.build.os !== "windows" || signal === "SIGINT") Deno.addSignalListener(signal, () => {});
  }
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "parser" });
  const output = Deno.stdout.writable.getWriter();
  const answers = new Answers(worker, (bytes) => output.write(bytes));
  await answers.ready;
  revokeAll();
  await output.write(lineBytes({ ready: true }));

  const tellMemory = () => output.write(lineBytes({ memory: Deno.memoryUsage().rss }));
  const input = new Input();
  while (true) {
    const idle = setInterval(tellMemory, TELL_IDLE_MS);
    const task = await input.task();
    clearInterval(idle);
    if (task === null) Deno.exit(0);
    const { limits } = task, deadline = performance.now() + limits.timeoutMs;
    const timer = setInterval(tellMemory, TELL_MS);
    const looks = setInterval(() => {
      if (Deno.memoryUsage().rss > limits.maxMemoryBytes) Deno.exit(EXIT.memory);
      if (performance.now() > deadline) Deno.exit(EXIT.time);
    }, LOOK_MS);
    // While the worker computes, the end of the input is the end of the process.
    input.watch();
    await answers.of(task);
    clearInterval(looks);
    clearInterval(timer);
    await answers.written;
    await output.write(lineBytes({ done: Deno.memoryUsage().rss }));
  }
}

/** What a worker answers, written out in order. */
class Answers {
  readonly ready: Promise<void>;
  /** Resolves when all that was answered is written, which takes as long as the service takes to read it. */
  written: Promise<void> = Promise.resolve();
  readonly #worker: Worker;
  #done: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(worker: Worker, write: (bytes: Uint8Array) => Promise<void>) {
    this.#worker = worker;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ready = promise;
    worker.onmessage = ({ data }: MessageEvent<WorkerAnswer>) => {
      if (data === "ready") resolve();
      else if (data === "done") this.#done.resolve();
      else this.written = this.written.then(() => write(data));
    };
  }

  /** Resolves when the document is parsed. */
  async of(task: WorkerTask): Promise<void> {
    this.#done = Promise.withResolvers();
    this.#worker.postMessage(task, [task.bytes.buffer]);
    await this.#done.promise;
  }
}

/** Documents on standard input. */
class Input {
  readonly #reader = Deno.stdin.readable.getReader();
  /** Pieces that were read and not used yet. */
  readonly #pieces: Uint8Array[] = [];
  #reading: Promise<boolean> | null = null;

  /** The next document; null at the end of the input, wherever it comes. */
  async task(): Promise<WorkerTask | null> {
    const line = await this.#line();
    if (line === null) return null;
    const task: Task = JSON.parse(line), bytes = new Uint8Array(task.size);
    for (let at = 0; at < bytes.length;) {
      if (!await this.#more()) return null;
      const piece = this.#pieces.shift()!, taken = piece.subarray(0, bytes.length - at);
      bytes.set(taken, at);
      at += taken.length;
      if (taken.length < piece.length) this.#pieces.unshift(piece.subarray(taken.length));
    }
    return { ...task, bytes };
  }

  /** Reads ahead, and ends the process when there is nothing more to come. */
  watch(): void {
    if (this.#pieces.length > 0) return;
    this.#more().then((more) => more || Deno.exit(0));
  }

  async #line(): Promise<string | null> {
    let line = "";
    const decoder = new TextDecoder();
    while (await this.#more()) {
      const piece = this.#pieces.shift()!, end = piece.indexOf(0x0a);
      line += decoder.decode(end === -1 ? piece : piece.subarray(0, end), { stream: end === -1 });
      if (end === -1) continue;
      if (end + 1 < piece.length) this.#pieces.unshift(piece.subarray(end + 1));
      return line;
    }
    return null;
  }

  /** Whether there is a piece to use; one read at a time. */
  async #more(): Promise<boolean> {
    if (this.#pieces.length > 0) return true;
    this.#reading ??= this.#reader.read().then(({ done, value }) => {
      this.#reading = null;
      if (value !== undefined && value.length > 0) this.#pieces.push(value);
      return !done;
    }, () => false);
    const more = await this.#reading;
    return more && (this.#pieces.length > 0 || await this.#more());
  }
}

if (import.meta.main) await parseDocuments();
