/**
 * The embedding service: one model for every listener, loaded once, with a cache, shared runs and a bounded queue.
 *
 * @module
 */

import { errorText, MemoryError } from "../errors.ts";
import type { CacheFileSettings } from "./cache_file.ts";
import type { EmbedderCounters, EmbedderStatus, EmbeddingService, ModelIdentity } from "./embedder.ts";
import { EmbeddingCache } from "./embedding_cache.ts";
import { createTelemetry, type Telemetry } from "../telemetry/telemetry.ts";
import { EmbeddingMetrics } from "./metrics.ts";
import type { EmbeddingProvider, TextKind } from "./provider.ts";

/** How a service is made. */
export interface ServiceOptions {
  /** Bytes the query cache may use. */
  cacheBytes: number;
  /** Where vectors are kept for the next process. */
  cacheFile?: CacheFileSettings | null | undefined;
  /** Another service's cache to share, in place of one of its own. */
  cache?: EmbeddingCache | undefined;
  /** Texts that may wait or run; more are refused. */
  queueLimit: number;
  /** Told how far loading is, for a progress bar. */
  onProgress?: ((share: number) => void) | undefined;
  /** Unix milliseconds. */
  now?: (() => number) | undefined;
  /** Called before each load; what it throws keeps the model from being loaded. */
  permit?: (() => Promise<void>) | undefined;
  /** Where it counts what it does; nowhere by default. */
  telemetry?: Telemetry | undefined;
}

/** Share of the newest run in the running mean of a text's time. */
const SMOOTHING = 0.05;

/** Puts states, cache, sharing and limits before a provider. */
export class CachedEmbeddingService implements EmbeddingService {
  readonly #provider: EmbeddingProvider;
  readonly #options: ServiceOptions;
  readonly #now: () => number;
  /** Shared with the service of another model, should there be one. */
  readonly cache: EmbeddingCache;
  readonly #metrics: EmbeddingMetrics;
  /** Runs that have begun, by kind and text, for callers with the same text. */
  readonly #shared = new Map<string, Promise<Float32Array[]>>();
  #identity: ModelIdentity | undefined;
  #status: EmbedderStatus;
  #loading: Promise<ModelIdentity> | undefined;
  #closing: Promise<void> | undefined;
  #loads = 0;
  #runs = 0;
  #hits = 0;
  #misses = 0;
  #depth = 0;
  /** Mean milliseconds between two answers while texts wait. */
  #pace = 5;
  #lastAnswer = 0;

  constructor(provider: EmbeddingProvider, options: ServiceOptions) {
    this.#provider = provider;
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.cache = (options.cache ?? new EmbeddingCache(options.cacheBytes, options.cacheFile)).hold();
    this.#metrics = new EmbeddingMetrics(options.telemetry ?? createTelemetry(false));
    this.#status = { state: "loading", since: this.#now() };
  }

  get identity(): ModelIdentity | undefined {
    return this.#identity;
  }

  get status(): EmbedderStatus {
    return { ...this.#status };
  }

  get counters(): EmbedderCounters {
    const { bytes, disk_bytes, disk_hits, error } = this.cache.figures;
    return {
      model_loads: this.#loads,
      model_runs: this.#runs,
      cache_hits: this.#hits,
      cache_misses: this.#misses,
      cache_bytes: bytes,
      cache_disk_hits: disk_hits,
      cache_disk_bytes: disk_bytes,
      cache_error: error,
      caches: this.cache.opens,
      queue_depth: this.#depth,
      queue_limit: this.#options.queueLimit,
      queue_wait_ms: Math.round(this.#depth * this.#pace),
    };
  }

  ready(): Promise<ModelIdentity> {
    if (this.#closing !== undefined) return Promise.reject(closedError());
    this.#loading ??= this.#load();
    return this.#loading;
  }

  async embedQuery(text: string): Promise<Float32Array> {
    this.#requireReady();
    return (await (this.#cached(text, "query") ?? this.#run(text, "query")))[0]!;
  }

  async embedPassage(text: string): Promise<Float32Array[]> {
    this.#requireReady();
    return await (this.#cached(text, "passage") ?? this.#run(text, "passage"));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #load(): Promise<ModelIdentity> {
    const { error, failed_since } = this.#status;
    this.#enter({ state: "loading", ...(failed_since === undefined ? {} : { error: error!, failed_since }) });
    try {
      if (this.#options.permit !== undefined) await this.#options.permit();
      let warning: string | undefined;
      const loading = this.#provider.load({
        warn: (message) => warning = message,
        progress: (share) => this.#progress(share),
        lost: (error) => this.#fail(error),
      });
      const [identity] = await Promise.all([loading, this.cache.open()]);
      this.#loads++;
      this.#metrics.loads.add();
      if (this.#closing !== undefined) throw closedError();
      this.#identity = identity;
      this.#enter({ state: "ready", ...(warning === undefined ? {} : { warning }) });
      return identity;
    } catch (error) {
      if (this.#closing !== undefined) throw closedError();
      this.#fail(error);
      throw error instanceof MemoryError ? error : new MemoryError(
        "unavailable",
        `Cannot load the embedding model: ${errorText(error)}`,
        { cause: error },
      );
    }
  }

  #cached(text: string, kind: TextKind): Float32Array[] | undefined {
    const diskHits = this.cache.diskHits, vectors = this.cache.get(cacheName(this.#identity!), kind, text);
    if (vectors !== undefined) {
      this.#hits++;
      (this.cache.diskHits > diskHits ? this.#metrics.diskHits : this.#metrics.hits).add();
    }
    return vectors;
  }

  /** Runs a text, or joins the run of the same text that has begun. */
  #run(text: string, kind: TextKind): Promise<Float32Array[]> {
    const key = `${kind}\n${text}`;
    const running = this.#shared.get(key);
    if (running !== undefined) {
      this.#hits++;
      this.#metrics.shared.add();
      return running;
    }
    if (this.#depth >= this.#options.queueLimit) {
      throw new MemoryError("overloaded", `Cannot embed more than ${this.#options.queueLimit} texts at once`, {
        retryAfterSeconds: Math.max(1, Math.ceil((this.#depth * this.#pace) / 1000)),
      });
    }
    this.#misses++;
    this.#metrics.misses.add();
    const run = this.#embed(text, kind).finally(() => this.#shared.delete(key));
    this.#shared.set(key, run);
    return run;
  }

  async #embed(text: string, kind: TextKind): Promise<Float32Array[]> {
    this.#depth++;
    this.#metrics.depth.add(1);
    const began = this.#now();
    try {
      const vectors = await this.#metrics.run(kind, (ran) => this.#provider.embed(text, kind, ran));
      this.#runs += vectors.length;
      if (this.#closing === undefined) this.cache.set(cacheName(this.#identity!), kind, text, vectors);
      return vectors;
    } catch (error) {
      if (error instanceof MemoryError) throw error;
      throw new MemoryError("unavailable", `Cannot embed a text: ${errorText(error)}`, { cause: error });
    } finally {
      this.#depth--;
      this.#metrics.depth.add(-1);
      const now = this.#now();
      this.#pace += SMOOTHING * (now - Math.max(began, this.#lastAnswer) - this.#pace);
      this.#lastAnswer = now;
    }
  }

  #requireReady(): void {
    const { state, error } = this.#status;
    if (state === "ready") return;
    if (state === "closed") throw closedError();
    if (state === "loading") {
      throw new MemoryError("unavailable", "Embedding model is still loading", { retryAfterSeconds: 1 });
    }
    throw new MemoryError("unavailable", `Embedding model can't be used: ${error}`);
  }

  #progress(share: number): void {
    if (this.#status.state !== "loading") return;
    this.#status.progress = Math.min(1, Math.max(0, share));
    this.#options.onProgress?.(this.#status.progress);
  }

  /** The next call of `ready` tries again. */
  #fail(error: unknown): void {
    if (this.#closing !== undefined) return;
    this.#loading = undefined;
    const failed_since = this.#status.failed_since ?? this.#now();
    const held = error instanceof MemoryError && error.code === "refused" ? { held: true } : {};
    this.#enter({ state: "failed", error: errorText(error), failed_since, ...held });
  }

  async #close(): Promise<void> {
    this.#enter({ state: "closed" });
    // A load can't be interrupted half-way; what it opened must be freed too.
    await this.#loading?.catch(() => {});
    await this.#provider.close();
    this.cache.close();
  }

  #enter(status: Omit<EmbedderStatus, "since">): void {
    this.#status = { ...status, since: this.#now() };
  }
}

/**
 * The model by the name its vectors are kept under. Files of earlier versions hold vectors that local models made with
 * saturating kernels.
 */
function cacheName({ id, provider }: ModelIdentity): string {
  return provider === "local" ? `${id}:exact` : id;
}

function closedError(): MemoryError {
  return new MemoryError("unavailable", "Embedding service was closed");
}
