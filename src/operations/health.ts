/**
 * What the service says of itself.
 *
 * @module
 */

import type { EmbedderCounters, EmbedderStatus } from "../embedding/embedder.ts";
import { errorText } from "../errors.ts";
import type { StorageStats, VectorCoverage } from "../storage/storage.ts";
import type { Runtime } from "./runtime.ts";

/** `healthy`: everything works; `degraded`: answers, with a part missing; `unhealthy`: the store can't be reached. */
export type HealthState = "healthy" | "degraded" | "unhealthy";

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
  };
  embedding: {
    status: EmbedderStatus;
    model: string | null;
    dimensions: number | null;
    counters: EmbedderCounters;
    coverage: VectorCoverage | null;
    reembedding: { model: string; done: number; total: number } | null;
  };
}

/** Asks every part for its state. Never throws: an unreachable store is part of the answer. */
export async function health(runtime: Runtime): Promise<Health> {
  const { storage, embeddings } = runtime;
  const model = embeddings.serving ?? embeddings.configured;
  let stats: StorageStats | null = null, coverage: VectorCoverage | null = null, error: string | null = null;
  try {
    await storage.ping();
    [stats, coverage] = await Promise.all([storage.stats(), storage.vectorCoverage()]);
  } catch (cause) {
    error = errorText(cause);
  }
  const modelReady = model.status.state === "ready" && embeddings.configured.status.state !== "failed";
  const status: HealthState = error !== null ? "unhealthy" : modelReady ? "healthy" : "degraded";
  const { reembedding } = embeddings;
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
    },
    embedding: {
      status: model.status,
      model: model.identity?.name ?? null,
      dimensions: model.identity?.dimensions ?? null,
      counters: model.counters,
      coverage,
      reembedding: reembedding && { model: reembedding.model, done: reembedding.done, total: reembedding.total },
    },
  };
}
