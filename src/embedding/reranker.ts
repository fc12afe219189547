/**
 * An optional cross-encoder that reads query and memory together and so orders the first results better than vectors
 * can. Off unless `MCP_RERANK_MODEL` names one. It runs through transformers.js in a worker of its own: a pair takes
 * tens of milliseconds, and the package adds 45 MB to a process that needs it.
 *
 * @module
 */

import { isAbsolute } from "node:path";
import { errorText, MemoryError } from "../errors.ts";
import type { EmbedderStatus, Reranker } from "./embedder.ts";

/** Which cross-encoder to use, and where it may come from. */
export interface RerankSettings {
  /** A Hugging Face id such as `Xenova/ms-marco-MiniLM-L-6-v2`, or an absolute folder with `onnx/` in it. */
  model: string;
  /** Folder for downloaded models. */
  cacheFolder: string;
  /** Forbids downloading. */
  offline: boolean;
}

/** What the worker is told. */
export type RerankRequest =
  | { type: "load"; model: string; isFolder: boolean; cacheFolder: string; offline: boolean }
  /** `deadline` in Unix milliseconds: texts that haven't begun by then aren't scored. */
  | { type: "score"; id: number; query: string; texts: string[]; deadline: number };

/** What the worker answers. `id` is null for what belongs to no request. */
export type RerankAnswer =
  | { type: "loaded" }
  | { type: "scores"; id: number; scores: number[] }
  | { type: "failed"; id: number; message: string }
  | { type: "failed"; id: null; message: string };

interface Waiter {
  resolve(scores: number[]): void;
  reject(error: Error): void;
}

/** Starts loading the cross-encoder; until it is ready its status says so and searches go without it. */
export function createReranker(settings: RerankSettings, now: () => number = Date.now): Reranker {
  return new WorkerReranker(settings, now);
}

class WorkerReranker implements Reranker {
  readonly model: string;
  readonly #now: () => number;
  readonly #worker: Worker;
  readonly #waiters = new Map<number, Waiter>();
  #status: EmbedderStatus;
  #lastId = 0;

  constructor(settings: RerankSettings, now: () => number) {
    this.model = settings.model;
    this.#now = now;
    this.#status = { state: "loading", since: now() };
    this.#worker = new Worker(new URL("./rerank_worker.ts", import.meta.url), { type: "module", name: "rerank" });
    this.#worker.onmessage = ({ data }: MessageEvent<RerankAnswer>) => this.#take(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(event.message);
    };
    this.#tell({ type: "load", ...settings, isFolder: isAbsolute(settings.model) });
  }

  get status(): EmbedderStatus {
    return { ...this.#status };
  }

  score(query: string, texts: readonly string[], budgetMs = Infinity): Promise<number[]> {
    if (this.#status.state !== "ready") {
      return Promise.reject(new MemoryError("unavailable", `Reranker ${this.model} is ${this.#status.state}`));
    }
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiters.set(id, { resolve, reject });
      this.#tell({ type: "score", id, query, texts: [...texts], deadline: Date.now() + budgetMs });
    });
  }

  close(): Promise<void> {
    if (this.#status.state !== "closed") {
      this.#status = { state: "closed", since: this.#now() };
      this.#worker.terminate();
      this.#rejectAll("Reranker was closed");
    }
    return Promise.resolve();
  }

  #take(answer: RerankAnswer): void {
    if (answer.type === "loaded") {
      if (this.#status.state === "loading") this.#status = { state: "ready", since: this.#now() };
      return;
    }
    if (answer.id === null) return this.#fail(answer.message);
    const waiter = this.#waiters.get(answer.id);
    this.#waiters.delete(answer.id);
    if (answer.type === "scores") waiter?.resolve(answer.scores);
    else waiter?.reject(new MemoryError("unavailable", `Cannot rerank: ${answer.message}`));
  }

  #fail(reason: unknown): void {
    if (this.#status.state === "closed") return;
    const error = `Cannot use the reranker ${this.model}: ${errorText(reason)}, check MCP_RERANK_MODEL`;
    this.#status = { state: "failed", since: this.#now(), error };
    this.#worker.terminate();
    this.#rejectAll(error);
  }

  #rejectAll(message: string): void {
    const waiters = [...this.#waiters.values()];
    this.#waiters.clear();
    for (const waiter of waiters) waiter.reject(new MemoryError("unavailable", message));
  }

  #tell(request: RerankRequest): void {
    this.#worker.postMessage(request);
  }
}
