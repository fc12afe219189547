/**
 * The worker that holds a local model. A run blocks the thread it is made on (30 ms for a full window on a slow
 * machine, 100 ms for loading), so it isn't made on the one that serves requests.
 *
 * @module
 */

import { errorText, MemoryError } from "../errors.ts";
import { collectGarbage } from "../tuning/idle_gc.ts";
import { lowerThreadPriority } from "../tuning/thread_priority.ts";
import { quietConsole } from "../output.ts";
import { LocalModel } from "./local_model.ts";
import type { ModelFiles } from "./model_files.ts";
import { PriorityQueue } from "./priority_queue.ts";
import type { TextKind } from "./provider.ts";

quietConsole();

/** What the worker gets. */
export type WorkerRequest =
  | { type: "load"; files: ModelFiles; threads: number }
  | { type: "embed"; id: number; kind: TextKind; text: string }
  | { type: "close" };

/** What the worker answers. */
export type WorkerAnswer =
  | { type: "loaded"; dimensions: number; fingerprint: string; faithful: boolean }
  | { type: "vectors"; id: number; vectors: Float32Array<ArrayBuffer>[]; milliseconds: number }
  /** `id` is null when loading failed. */
  | { type: "failed"; id: number | null; code: MemoryError["code"]; message: string }
  | { type: "closed" };

/** A text on its way. */
interface Job {
  id: number;
  kind: TextKind;
  parts: Iterator<number[], void>;
  /** The part to run next, once it is known. */
  part: IteratorResult<number[], void> | undefined;
  vectors: Float32Array<ArrayBuffer>[];
  /** Time it ran so far. */
  milliseconds: number;
}

/** The worker's own side of messaging, which the type checker's default library for the main thread doesn't know. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<WorkerRequest>) => void) | null;
  postMessage(answer: WorkerAnswer, transfer: Transferable[]): void;
}

const scope = self as unknown as WorkerScope;
const lanes = new PriorityQueue<Job>();
let model: LocalModel | undefined;
let isClosing = false;
let running: Promise<void> | undefined;
let idle: ReturnType<typeof setTimeout> | undefined;
let runsSinceGivenBack = 0;

/** Milliseconds without work after which free memory is given back. */
const IDLE_MS = 1000;
/** Runs after which that is worth it. */
const RUNS_WORTH_IT = 100;

scope.onmessage = ({ data }) => {
  if (data.type === "load") load(data.files, data.threads);
  else if (data.type === "close") close();
  else accept(data.id, data.kind, data.text);
};

async function load(files: ModelFiles, threads: number): Promise<void> {
  lowerThreadPriority();
  try {
    model = await LocalModel.open(files, threads);
    collectGarbage();
    const { dimensions, fingerprint, faithful } = model;
    answer({ type: "loaded", dimensions, fingerprint, faithful });
  } catch (error) {
    fail(null, error);
  }
}

function accept(id: number, kind: TextKind, text: string): void {
  try {
    if (model === undefined) throw new MemoryError("unavailable", "Embedding model isn't loaded");
    // Tokenised when its turn comes: a burst of passages mustn't keep the query behind it waiting.
    lanes.push(kind, { id, kind, parts: model.parts(text, kind), part: undefined, vectors: [], milliseconds: 0 });
    running ??= work().finally(rest);
  } catch (error) {
    fail(id, error);
  }
}

async function work(): Promise<void> {
  for (let job = lanes.next(); job !== undefined; job = lanes.next()) {
    const began = performance.now();
    try {
      job.part ??= job.parts.next();
      // Messages are received during a run, so what has come meanwhile can go before a passage's next chunk.
      if (!job.part.done) job.vectors.push(await model!.run(job.part.value));
      runsSinceGivenBack++;
      job.part = job.parts.next();
      job.milliseconds += performance.now() - began;
      const { id, vectors, milliseconds } = job;
      if (job.part.done) answer({ type: "vectors", id, vectors, milliseconds }, buffersOf(job));
      else if (isClosing) throw closed();
      else lanes.push(job.kind, job, vectors.length);
    } catch (error) {
      fail(job.id, error);
    }
  }
}

function rest(): void {
  running = undefined;
  clearTimeout(idle);
  if (runsSinceGivenBack < RUNS_WORTH_IT) return;
  idle = setTimeout(() => {
    if (running !== undefined) return;
    runsSinceGivenBack = 0;
    collectGarbage();
  }, IDLE_MS);
}

/** Handed over instead of copied. */
function buffersOf(job: Job): ArrayBuffer[] {
  return job.vectors.map((vector) => vector.buffer);
}

async function close(): Promise<void> {
  isClosing = true;
  for (const job of lanes.drain()) fail(job.id, closed());
  await running;
  clearTimeout(idle);
  await model?.release();
  model = undefined;
  // The process may live on, with another model.
  collectGarbage();
  answer({ type: "closed" });
}

function closed(): MemoryError {
  return new MemoryError("unavailable", "Embedding service was closed");
}

function fail(id: number | null, error: unknown): void {
  const code = error instanceof MemoryError ? error.code : "internal";
  answer({ type: "failed", id, code, message: errorText(error) });
}

function answer(message: WorkerAnswer, transfer: Transferable[] = []): void {
  scope.postMessage(message, transfer);
}
