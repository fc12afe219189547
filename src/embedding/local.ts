/**
 * The local provider: a model run by this process, in a worker thread of its own.
 *
 * @module
 */

import { errorText, MemoryError } from "../errors.ts";
import { download } from "./download.ts";
import type { ModelIdentity } from "./embedder.ts";
import { isDownloaded, type ModelFiles, type ModelPlace, placeOf, readModelFolder } from "./model_files.ts";
import type { WorkerAnswer, WorkerRequest } from "./model_worker.ts";
import type { EmbeddingProvider, ProviderEvents, TextKind } from "./provider.ts";
import type { LocalSettings } from "./settings.ts";

/** What the worker reports of a model it loaded. */
type Loaded = WorkerAnswer & { type: "loaded" };

/** What waits for an answer from the worker. */
interface Waiter {
  resolve(vectors: Float32Array[]): void;
  reject(error: Error): void;
  ran: ((milliseconds: number) => void) | undefined;
}

/** Runs a model in a worker. */
export class LocalProvider implements EmbeddingProvider {
  readonly #settings: LocalSettings;
  readonly #hub: string | undefined;
  readonly #waiters = new Map<number, Waiter>();
  #worker: Worker | undefined;
  #lastId = 0;

  /** @param hub where models are downloaded from, with a final slash; Hugging Face by default. */
  constructor(settings: LocalSettings, hub?: string) {
    this.#settings = settings;
    this.#hub = hub;
  }

  async load(events: ProviderEvents): Promise<ModelIdentity> {
    const place = await placeOf(this.#settings);
    await this.#fetchIfMissing(place, events);
    const files = await readModelFolder(this.#settings.model, place);
    const { dimensions, fingerprint, faithful } = await this.#start(files, events);
    if (!faithful) {
      events.warn(
        `The embedding model ${files.name} gives other vectors on this processor than on others: stores shared with ` +
          "other machines find less by meaning",
      );
    }
    return {
      id: `local:${files.label}:${dimensions}:${fingerprint}`,
      name: files.name,
      provider: "local",
      dimensions,
    };
  }

  embed(text: string, kind: TextKind, ran?: (milliseconds: number) => void): Promise<Float32Array[]> {
    const worker = this.#worker;
    if (worker === undefined) return Promise.reject(new MemoryError("unavailable", "Embedding model isn't loaded"));
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiters.set(id, { resolve, reject, ran });
      tell(worker, { type: "embed", id, kind, text });
    });
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    this.#worker = undefined;
    await new Promise<void>((resolve) => {
      worker.addEventListener("message", ({ data }: MessageEvent<WorkerAnswer>) => {
        if (data.type === "closed") resolve();
      });
      worker.addEventListener("error", () => resolve());
      tell(worker, { type: "close" });
    });
    worker.terminate();
  }

  async #fetchIfMissing(place: ModelPlace, events: ProviderEvents): Promise<void> {
    if (place.kind !== "hub" || await isDownloaded(place.folder)) return;
    const { offline, cacheFolder } = this.#settings;
    if (offline) {
      throw new MemoryError(
        "configuration",
        `Cannot download the embedding model ${place.id} because HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set, ` +
          `and it isn't in ${place.folder}: unset them or check MCP_MEMORY_EMBEDDING_MODEL`,
      );
    }
    await download(place.id, cacheFolder, (share) => events.progress(share), this.#hub);
  }

  /** Starts the worker and waits until it has the model. */
  async #start(files: ModelFiles, events: ProviderEvents): Promise<Loaded> {
    const worker = new Worker(new URL("./model_worker.ts", import.meta.url), { type: "module", name: "embedding" });
    try {
      const loaded = await new Promise<Loaded>((resolve, reject) => {
        worker.addEventListener("message", ({ data }: MessageEvent<WorkerAnswer>) => {
          if (data.type === "loaded") resolve(data);
          else if (data.type === "failed" && data.id === null) reject(new MemoryError(data.code, data.message));
          else this.#settle(data);
        });
        worker.addEventListener("error", (event) => {
          // Without this the process would end with the worker.
          event.preventDefault();
          const lost = new MemoryError("unavailable", `Embedding worker stopped: ${errorText(event.message)}`);
          reject(lost);
          this.#lose(worker, lost, events);
        });
        tell(worker, { type: "load", files, threads: this.#settings.threads });
      });
      this.#worker = worker;
      return loaded;
    } catch (error) {
      worker.terminate();
      throw error;
    }
  }

  #settle(answer: WorkerAnswer): void {
    if (answer.type !== "vectors" && answer.type !== "failed" || answer.id === null) return;
    const waiter = this.#waiters.get(answer.id);
    this.#waiters.delete(answer.id);
    if (answer.type === "vectors") {
      waiter?.ran?.(answer.milliseconds);
      waiter?.resolve(answer.vectors);
    } else waiter?.reject(new MemoryError(answer.code, answer.message));
  }

  #lose(worker: Worker, error: Error, events: ProviderEvents): void {
    const waiters = [...this.#waiters.values()];
    this.#waiters.clear();
    for (const waiter of waiters) waiter.reject(error);
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    worker.terminate();
    events.lost(error);
  }
}

function tell(worker: Worker, request: WorkerRequest): void {
  worker.postMessage(request);
}
