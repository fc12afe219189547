/**
 * What the service says of itself.
 *
 * @module
 */

import type { EmbedderCounters, EmbedderStatus } from "../embedding/embedder.ts";
import { MemoryError } from "../errors.ts";
import type { MemoryPage, StorageStats, VectorCoverage } from "../storage/storage.ts";
import type { Runtime } from "./runtime.ts";

/** Milliseconds the liveness answer waits for the store, which may be on another machine. */
const LIVENESS_PATIENCE_MS = 500;
const WEEK_SECONDS = 7 * 24 * 3600;

/** `healthy`: everything works; `degraded`: answers, with a part missing; `unhealthy`: the store can't be reached. */
export type HealthState = "healthy" | "degraded" | "unhealthy";

/** Memories that have vectors of the model that is about to take over, and all that need them. */
interface ReembeddingProgress {
  model: string;
  done: number;
  total: number;
}

/** State of the service and its parts. */
export interface Health {
  status: HealthState;
  version: string;
  uptime_seconds: number;
  storage: {
    backend: string;
    status: "connected" | "unreachable";
    opens: number;
    error: string | null;
    stats: StorageStats | null;
    memories_this_week: number | null;
  };
  embedding: {
    status: EmbedderStatus;
    model: string | null;
    dimensions: number | null;
    counters: EmbedderCounters;
    coverage: VectorCoverage | null;
    reembedding: ReembeddingProgress | null;
    /** Null unless one is configured. */
    reranker: { model: string; status: EmbedderStatus } | null;
  };
}

/** Asks every part for its state. Never throws: an unreachable store is part of the answer. */
export async function health(runtime: Runtime): Promise<Health> {
  const { storage, embeddings } = runtime;
  const model = embeddings.serving ?? embeddings.configured;
  let stats: StorageStats | null = null, coverage: VectorCoverage | null = null, error: string | null = null;
  let thisWeek: number | null = null;
  try {
    await storage.ping();
    const recent = { filter: { created_from: Date.now() / 1000 - WEEK_SECONDS }, offset: 0, limit: 0 };
    let week: MemoryPage;
    [stats, coverage, week] = await Promise.all([storage.stats(), storage.vectorCoverage(), storage.list(recent)]);
    thisWeek = week.total;
  } catch (cause) {
    // Only texts written for clients are shown.
    error = cause instanceof MemoryError ? cause.message : "Cannot reach the store";
  }
  const status: HealthState = error !== null ? "unhealthy" : modelReady(runtime) ? "healthy" : "degraded";
  const { reranker } = embeddings;
  return {
    status,
    version: runtime.version,
    uptime_seconds: (Date.now() - runtime.startedAt) / 1000,
    storage: {
      backend: storage.backend,
      status: error === null ? "connected" : "unreachable",
      opens: storage.opens,
      error,
      stats,
      memories_this_week: thisWeek,
    },
    embedding: {
      status: model.status,
      model: model.identity?.name ?? null,
      dimensions: model.identity?.dimensions ?? null,
      counters: model.counters,
      coverage,
      reembedding: progressOf(runtime),
      reranker: reranker ? { model: reranker.model, status: reranker.status } : null,
    },
  };
}

/** The cheap part of `Health`, for probes that come often: no counting, and an answer within a moment. */
export interface Liveness {
  status: HealthState;
  version: string;
  uptime_seconds: number;
  backend: string;
  storage: { status: "connected" | "unreachable"; opens: number };
  embedding: {
    state: EmbedderStatus["state"];
    model: string | null;
    counters: EmbedderCounters;
    reembedding: ReembeddingProgress | null;
  };
}

/** Whether the process serves, and what it can do now. Never throws. */
export async function liveness(runtime: Runtime): Promise<Liveness> {
  const { storage, embeddings } = runtime;
  const model = embeddings.serving ?? embeddings.configured;
  const connected = await answers(storage.ping());
  return {
    status: !connected ? "unhealthy" : modelReady(runtime) ? "healthy" : "degraded",
    version: runtime.version,
    uptime_seconds: (Date.now() - runtime.startedAt) / 1000,
    backend: storage.backend,
    storage: { status: connected ? "connected" : "unreachable", opens: storage.opens },
    embedding: {
      state: model.status.state,
      model: model.identity?.name ?? null,
      counters: model.counters,
      reembedding: progressOf(runtime),
    },
  };
}

/**
 * Resolves when requests can be served.
 *
 * @throws {MemoryError} `unavailable` while the store can't be reached.
 */
export async function ready(runtime: Runtime): Promise<void> {
  await runtime.storage.ping();
}

function progressOf({ embeddings: { reembedding } }: Runtime): ReembeddingProgress | null {
  return reembedding && { model: reembedding.model, done: reembedding.done, total: reembedding.total };
}

function modelReady({ embeddings: { serving, configured, reranker } }: Runtime): boolean {
  const missing = [configured, reranker].some((model) => model?.status.state === "failed");
  return !missing && (serving ?? configured).status.state === "ready";
}

/** Whether the store's ping succeeds in time. */
async function answers(ping: Promise<void>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => timer = setTimeout(() => resolve(false), LIVENESS_PATIENCE_MS));
  try {
    return await Promise.race([ping.then(() => true, () => false), late]);
  } finally {
    clearTimeout(timer);
  }
}
