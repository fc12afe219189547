/**
 * An optional cross-encoder that reads query and memory together and so orders the first results better than vectors
 * can. Off unless `MCP_RERANK_MODEL` names one. It runs through transformers.js in a worker of its own: a pair takes
 * tens of milliseconds, and package and model take a hundred megabytes, which are given back while no search needs them.
 *
 * @module
 */

import { isAbsolute } from "node:path";
import { errorText, MemoryError } from "../errors.ts";
import type { Reranker, RerankerStatus } from "./embedder.ts";

/** Which cross-encoder to use, and where it may come from. */
export interface RerankSettings {
  /** A Hugging Face id such as `Xenova/ms-marco-MiniLM-L-6-v2`, or an absolute folder with `onnx/` in it. */
  model: string;
  /** Folder for downloaded models. */
  cacheFolder: string;
  /** Forbids downloading. */
  offline: boolean;
}

/** What the worker gets. */
export type RerankRequest =
  | { type: "load"; model: string; isFolder: boolean; cacheFolder: string; offline: boolean }
  /** `deadline` in Unix milliseconds: texts that haven't begun by then aren't scored. */
  | { type: "score"; id: number; query: string; texts: string[]; deadline: number }
  | { type: "close" };

/** What the worker answers. `id` is null for what belongs to no request. */
export type RerankAnswer =
  | { type: "loaded" }
  | { type: "closed" }
  | { type: "scores"; id: number; scores: number[] }
  | { type: "failed"; id: number; message: string }
  | { type: "failed"; id: null; message: string };

/** How a reranker is run. */
export interface RerankerOptions {
  /** Whether to load it at once instead of with the first search that needs it; true by default. */
  eager?: boolean;
  /** Milliseconds without use after which its memory is given back; five minutes by default. */
  idleMs?: number;
  /** Unix milliseconds. */
  now?: () => number;
}

interface Waiter {
  resolve(scores: number[]): void;
  reject(error: Error): void;
}

const IDLE_MS = 300_000;
/** Milliseconds after which a model that couldn't be used is tried again. */
const RETRY_MS = 60_000;

/** Makes a cross-encoder; until it is ready its status says so and searches go without it. */
export function createReranker(settings: RerankSettings, options: RerankerOptions = {}): Reranker {
  const reranker = new WorkerReranker(settings, options);
  if (options.eager ?? true) reranker.load().catch(() => {}); // its status says why
  return reranker;
}

class WorkerReranker implements Reranker {
  readonly model: string;
  readonly #settings: RerankSettings;
  readonly #idleMs: number;
  readonly #now: () => number;
  readonly #waiters = new Map<number, Waiter>();
  #worker: Worker | undefined;
  #loading: PromiseWithResolvers<void> | undefined;
  #status: RerankerStatus;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lastId = 0;

  constructor(settings: RerankSettings, { idleMs = IDLE_MS, now = Date.now }: RerankerOptions) {
    this.model = settings.model;
    this.#settings = settings;
    this.#idleMs = idleMs;
    this.#now = now;
    this.#status = { state: "idle", since: now() };
  }

  get status(): RerankerStatus {
    return { ...this.#status };
  }

  load(): Promise<void> {
    const { state, since, error } = this.#status;
    if (state === "ready") return Promise.resolve();
    if (state === "closed") return Promise.reject(new MemoryError("unavailable", "Reranker was closed"));
    if (this.#loading !== undefined) return this.#loading.promise;
    if (state === "failed" && this.#now() - since < RETRY_MS) {
      return Promise.reject(new MemoryError("unavailable", error!));
    }
    this.#enter("loading");
    const loading = this.#loading = Promise.withResolvers<void>();
    loading.promise.catch(() => {}); // its callers get the error, and the status tells everybody
    const worker = new Worker(new URL("./rerank_worker.ts", import.meta.url), { type: "module", name: "rerank" });
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<RerankAnswer>) => this.#take(worker, data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(worker, event.message);
    };
    tell(worker, { type: "load", ...this.#settings, isFolder: isAbsolute(this.#settings.model) });
    return loading.promise;
  }

  score(query: string, texts: readonly string[], budgetMs = Infinity): Promise<number[]> {
    const worker = this.#worker;
    if (this.#status.state !== "ready" || worker === undefined) {
      return Promise.reject(new MemoryError("unavailable", `Reranker ${this.model} is ${this.#status.state}`));
    }
    this.#rest();
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiters.set(id, { resolve, reject });
      tell(worker, { type: "score", id, query, texts: [...texts], deadline: Date.now() + budgetMs });
    });
  }

  close(): Promise<void> {
    if (this.#status.state === "closed") return Promise.resolve();
    this.#end("Reranker was closed");
    this.#enter("closed");
    return Promise.resolve();
  }

  /** Counts the time without use from now on. */
  #rest(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#unload(), this.#idleMs);
    Deno.unrefTimer(this.#timer); // what has nothing else to do ends without waiting for it
  }

  /** Gives the memory of the model back. The next search that wants it loads it again. */
  #unload(): void {
    if (this.#status.state !== "ready" || this.#worker === undefined) return;
    if (this.#waiters.size > 0) return this.#rest();
    tell(this.#worker, { type: "close" }); // it ends itself once the model is freed
    this.#worker = undefined;
    this.#enter("idle");
  }

  #take(worker: Worker, answer: RerankAnswer): void {
    if (answer.type === "closed") return worker.terminate();
    if (worker !== this.#worker) return;
    if (answer.type === "loaded") {
      this.#enter("ready");
      this.#rest();
      this.#loading?.resolve();
      this.#loading = undefined;
      return;
    }
    if (answer.id === null) return this.#fail(worker, answer.message);
    const waiter = this.#waiters.get(answer.id);
    this.#waiters.delete(answer.id);
    this.#rest();
    if (answer.type === "scores") waiter?.resolve(answer.scores);
    else waiter?.reject(new MemoryError("unavailable", `Cannot rerank: ${answer.message}`));
  }

  #fail(worker: Worker, reason: unknown): void {
    if (worker !== this.#worker) return worker.terminate();
    const error = `Cannot use the reranker ${this.model}: ${errorText(reason)}, check MCP_RERANK_MODEL`;
    this.#end(error);
    this.#enter("failed", error);
  }

  /** Ends the worker, and whatever waits for it. */
  #end(message: string): void {
    clearTimeout(this.#timer);
    this.#worker?.terminate();
    this.#worker = undefined;
    const waiters = [...this.#waiters.values(), ...this.#loading === undefined ? [] : [this.#loading]];
    this.#waiters.clear();
    this.#loading = undefined;
    for (const waiter of waiters) waiter.reject(new MemoryError("unavailable", message));
  }

  #enter(state: RerankerStatus["state"], error?: string): void {
    this.#status = { state, since: this.#now(), ...(error === undefined ? {} : { error }) };
  }
}

function tell(worker: Worker, request: RerankRequest): void {
  worker.postMessage(request);
}
