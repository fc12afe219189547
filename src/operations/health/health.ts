/**
 * What the service says of itself, the same for every surface.
 *
 * @module
 */

import type { EmbedderCounters, EmbedderStatus, RerankerStatus } from "../../embedding/embedder.ts";
import { MemoryError } from "../../errors.ts";
import type { MemoryPage } from "../../storage/contract/memories.ts";
import type { StorageStats } from "../../storage/contract/statistics.ts";
import type { VectorCoverage } from "../../storage/contract/vectors.ts";
import type { Runtime } from "../runtime.ts";
import { checkHealth, knownHealth } from "./monitor.ts";
import { type HealthState, type PartHealth, worst } from "./state.ts";

/** Milliseconds that probes wait for the store, which may be on another machine. */
const PROBE_PATIENCE_MS = 1000;
/** Seconds after which a client that found the service not ready should ask again. */
const READY_RETRY_SECONDS = 5;
const WEEK_SECONDS = 7 * 24 * 3600;

/** Memories that have vectors of the model that is about to take over, and all that need them. */
interface ReembeddingProgress {
  model: string;
  done: number;
  total: number;
}

/** State and figures of the service and its parts. */
export interface Health {
  status: HealthState;
  parts: PartHealth[];
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
    reranker: { model: string; status: RerankerStatus } | null;
  };
}

/** Asks every part for its state, and the store for its figures. Never throws: what is broken is part of the answer. */
export async function health(runtime: Runtime): Promise<Health> {
  const { storage, embeddings } = runtime;
  const model = embeddings.serving ?? embeddings.configured, { reranker } = embeddings;
  const [{ status, parts }, figures] = await Promise.all([checkHealth(runtime), figuresOf(runtime)]);
  const { error, stats, coverage, memories_this_week } = figures;
  return {
    status,
    parts,
    ...facts(runtime),
    storage: {
      backend: storage.backend,
      status: error === null ? "connected" : "unreachable",
      opens: storage.opens,
      error,
      stats,
      memories_this_week,
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
    status: connected ? knownHealth(runtime).status : "unhealthy",
    ...facts(runtime),
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
 * Resolves when requests can be served: the service isn't stopping, and its store answers. A model that is missing is no
 * reason to send requests elsewhere, since searches by words and stores go on. Tells names of parts and nothing else of
 * them, because anyone may ask.
 *
 * @throws {MemoryError} `unavailable` naming the part that is not ready.
 */
export async function ready(runtime: Runtime): Promise<void> {
  const { health, storage } = runtime;
  if (health.stopping) throw notReady("the service is stopping");
  if (!await answers(storage.ping())) throw notReady("the store does not answer");
  // What was seen a while ago may have been mended since.
  if (health.parts.get("store")?.state === "unhealthy") await checkHealth(runtime);
  if (health.parts.get("store")?.state === "unhealthy") throw notReady("the store can't be relied on");
}

/** One line for people and agents: the state, and what is wrong first of all. */
export function summary({ status, parts }: { status: HealthState; parts: readonly PartHealth[] }): string {
  const part = worst(parts);
  return part === undefined ? `${status}: every part works` : `${status}: ${part.name}: ${part.message}`;
}

function notReady(reason: string): MemoryError {
  return new MemoryError("unavailable", `Not ready: ${reason}; /api/health/detailed tells more`, {
    retryAfterSeconds: READY_RETRY_SECONDS,
  });
}

function facts({ version, startedAt }: Runtime): { version: string; uptime_seconds: number } {
  return { version, uptime_seconds: (Date.now() - startedAt) / 1000 };
}

/** The store's figures, or why there are none. */
async function figuresOf({ storage }: Runtime) {
  try {
    await storage.ping();
    const recent = { filter: { created_from: Date.now() / 1000 - WEEK_SECONDS }, offset: 0, limit: 0 };
    const reading: [Promise<StorageStats>, Promise<VectorCoverage>, Promise<MemoryPage>] = [
      storage.stats(),
      storage.vectorCoverage(),
      storage.list(recent),
    ];
    const [stats, coverage, week] = await Promise.all(reading);
    return { error: null, stats, coverage, memories_this_week: week.total };
  } catch (cause) {
    // Only texts written for clients are shown.
    const error = cause instanceof MemoryError ? cause.message : "Cannot reach the store";
    return { error, stats: null, coverage: null, memories_this_week: null };
  }
}

function progressOf({ embeddings: { reembedding } }: Runtime): ReembeddingProgress | null {
  return reembedding && { model: reembedding.model, done: reembedding.done, total: reembedding.total };
}

/** Whether the store's ping succeeds in time. */
async function answers(ping: Promise<void>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => timer = setTimeout(() => resolve(false), PROBE_PATIENCE_MS));
  try {
    return await Promise.race([ping.then(() => true, () => false), late]);
  } finally {
    clearTimeout(timer);
  }
}
