/**
 * `/api/health`: liveness for everyone, readiness and details for those with a key.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import { dirname } from "node:path";
import { health, liveness, ready } from "../operations/health/health.ts";
import { may } from "../access/rights.ts";
import { isoTime } from "../memory/schemas.ts";
import { machineFacts } from "../operations/machine.ts";
import { addEndpoint, type RestApp, type RouteSettings } from "./endpoint.ts";
import { DetailedHealth, Liveness } from "./health_schemas.ts";

/** Counts by which a caller of some spaces could tell whether another one holds a text: it would be in the cache. */
const UNSEEN = {
  model_runs: 0,
  cache_hits: 0,
  cache_misses: 0,
  cache_bytes: 0,
  cache_disk_hits: 0,
  cache_disk_bytes: 0,
};

/** Adds the routes. */
export function addHealth(app: RestApp, settings: RouteSettings): void {
  addEndpoint(app, settings, {
    method: "get",
    path: "/api/health",
    operationId: "health",
    tag: "health",
    summary: "Whether the process serves",
    description: "Answers 200 as long as the process lives; `status` says how well. Needs no key.",
    answer: Liveness,
    answers: "The process lives.",
    public: true,
  }, async (_input, runtime) => {
    const { embedding: { counters, ...embedding }, uptime_seconds, status, version, ...rest } = await liveness(runtime);
    const max_size = counters.queue_limit;
    return {
      status,
      version,
      timestamp: timestamp(),
      uptime_seconds,
      write_queue: {
        queue_size: counters.queue_depth,
        max_size,
        processing: counters.queue_depth > 0,
        capacity_remaining: Math.max(0, max_size - counters.queue_depth),
      },
      ...rest,
      embedding: { ...embedding, model_loads: counters.model_loads, caches: counters.caches },
    };
  });

  addEndpoint(app, settings, {
    method: "get",
    path: "/api/health/ready",
    operationId: "ready",
    tag: "health",
    summary: "Whether requests can be served now",
    description:
      "For probes and load balancers: 503 while the store can't be used and as soon as the service begins to " +
      "stop. Without the model it is ready, since searches by words and stores work. Needs no key.",
    answer: z.object({ status: z.literal("ready") }),
    answers: "The store answers.",
    problems: [503],
    infallible: true,
    public: true,
  }, async (_input, runtime) => {
    await ready(runtime);
    return { status: "ready" as const };
  });

  addEndpoint(app, settings, {
    method: "get",
    path: "/api/health/detailed",
    operationId: "detailedHealth",
    tag: "health",
    summary: "State and figures of every part",
    answer: DetailedHealth,
    answers: "The figures; `status` is unhealthy while the store can't be reached.",
  }, async (_input, runtime) => {
    const { status, parts, version, uptime_seconds, storage, embedding } = await health(runtime);
    // Where the files are, how large they are and what was embedded concern the whole store.
    const seesAll = may(runtime.caller, "read everywhere");
    const stats = storage.stats && (seesAll ? storage.stats : { ...storage.stats, size_bytes: null, details: {} });
    const counters = seesAll ? embedding.counters : { ...embedding.counters, ...UNSEEN };
    const path = stats?.details.path;
    const database_path = typeof path === "string" ? path : null;
    const counts = {
      total_memories: stats?.total_memories ?? null,
      unique_tags: stats?.unique_tags ?? null,
      conversations: stats?.conversations ?? null,
      memories_this_week: storage.memories_this_week,
      database_size_mb: stats?.size_bytes == null ? null : Math.round(stats.size_bytes / 2 ** 20 * 100) / 100,
    };
    return {
      status,
      version,
      timestamp: timestamp(),
      uptime_seconds,
      listeners: [...runtime.health.listeners].map(([name, { address, state }]) => ({ name, address, state })),
      parts: parts.map((part) => ({ ...part, since: isoTime(part.since / 1000) })),
      storage: {
        backend: storage.backend,
        status: storage.status,
        accessible: storage.status === "connected",
        error: storage.error,
        opens: storage.opens,
        database_path,
        database_size_bytes: stats?.size_bytes ?? null,
        ...counts,
        embedding_model: embedding.model,
        embedding_dimension: embedding.dimensions,
        details: stats?.details ?? null,
      },
      embedding: { ...embedding, counters },
      system: await machineFacts(runtime, database_path === null ? "." : dirname(database_path)),
      performance: { uptime_seconds, uptime_formatted: formatUptime(uptime_seconds) },
      statistics: { ...counts, backend: storage.backend },
    };
  });
}

/** Now, as the recorded answers write it. */
function timestamp(): string {
  return new Date().toISOString().replace("Z", "000+00:00");
}

function formatUptime(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} seconds`;
  if (seconds < 3600) return `${(seconds / 60).toFixed(1)} minutes`;
  if (seconds < 86400) return `${(seconds / 3600).toFixed(1)} hours`;
  return `${(seconds / 86400).toFixed(1)} days`;
}
