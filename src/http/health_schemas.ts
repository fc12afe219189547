/**
 * The health answers in the shape existing monitors read, with what Unimem adds.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import { PART_STATES } from "../operations/health/state.ts";

const HealthState = z.enum(["healthy", "degraded", "unhealthy"]).describe(
  "healthy: everything works; degraded: answers, with a part missing; unhealthy: the store can't be used.",
);
const ModelState = z.enum(["loading", "ready", "failed", "closed"]);
const StoreState = z.enum(["connected", "unreachable"]);
const Reembedding = z.object({ model: z.string(), done: z.int(), total: z.int() })
  .describe("Progress towards another model's vectors; null when none runs.");

const ModelStatus = z.object({
  state: ModelState,
  since: z.number(),
  error: z.string().optional(),
  failed_since: z.number().optional(),
  held: z.boolean().optional().describe(
    "True when nothing is sent to the model's endpoint before the operator agrees.",
  ),
  warning: z.string().optional(),
  progress: z.number().optional(),
});

const RerankerStatus = z.object({
  state: z.enum([...ModelState.options, "idle"]).describe("idle: not in memory, since no search has needed it lately."),
  since: z.number(),
  error: z.string().optional(),
});

const heading = { status: HealthState, version: z.string(), timestamp: z.string(), uptime_seconds: z.number() };

export const Liveness = z.object({
  ...heading,
  write_queue: z.object({
    queue_size: z.int(),
    max_size: z.int(),
    processing: z.boolean(),
    capacity_remaining: z.int(),
  }).describe("Texts waiting for the model."),
  backend: z.string(),
  storage: z.object({ status: StoreState, opens: z.int().describe("Times this process opened the store.") }),
  embedding: z.object({
    state: ModelState,
    model: z.string().nullable(),
    model_loads: z.int().describe("Times this process loaded a model."),
    caches: z.int().describe("Embedding caches this process made."),
    reembedding: Reembedding.nullable(),
  }),
}).openapi("Liveness");

const counts = {
  total_memories: z.int().nullable(),
  unique_tags: z.int().nullable(),
  conversations: z.int().nullable().describe("Documents aside; null where the store can't tell."),
  memories_this_week: z.int().nullable(),
  database_size_mb: z.number().nullable(),
};
const figure = z.number().nullable();
const Model = z.object({ id: z.string(), name: z.string(), provider: z.string(), dimensions: z.int() });

const Part = z.object({
  name: z.string(),
  state: z.enum(PART_STATES),
  since: z.string().describe("When this state began, ISO 8601."),
  message: z.string(),
  action: z.string().nullable().describe("What to do; null where nothing needs doing."),
}).openapi("HealthPart");

export const DetailedHealth = z.object({
  ...heading,
  parts: z.array(Part).describe("Every part of the service; what each means is in docs/health.md."),
  listeners: z.array(z.object({
    name: z.string().describe("REST or MCP."),
    address: z.string(),
    state: z.enum(["open", "lost"]),
  })).describe("The servers of this process."),
  storage: z.object({
    backend: z.string(),
    status: StoreState,
    accessible: z.boolean(),
    error: z.string().nullable(),
    opens: z.int(),
    database_path: z.string().nullable(),
    database_size_bytes: z.int().nullable(),
    ...counts,
    embedding_model: z.string().nullable(),
    embedding_dimension: z.int().nullable(),
    details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).nullable(),
  }),
  embedding: z.object({
    status: ModelStatus,
    model: z.string().nullable(),
    dimensions: z.int().nullable(),
    counters: z.object({
      model_loads: z.int(),
      model_runs: z.int(),
      cache_hits: z.int(),
      cache_misses: z.int(),
      cache_bytes: z.int(),
      cache_disk_hits: z.int(),
      cache_disk_bytes: z.int(),
      cache_error: z.string().nullable(),
      caches: z.int().describe("Embedding caches this process made; 1 is right."),
      queue_depth: z.int(),
      queue_limit: z.int(),
      queue_wait_ms: z.number(),
    }),
    coverage: z.object({ active: Model.nullable(), memories: z.int(), embedded: z.int() }).nullable(),
    reembedding: Reembedding.nullable(),
    reranker: z.object({ model: z.string(), status: RerankerStatus }).nullable()
      .describe("The cross-encoder that orders the first results; null unless one is configured."),
  }),
  system: z.object({
    platform: z.string(),
    platform_version: z.string().nullable(),
    runtime: z.string(),
    process_id: z.int(),
    cpu_count: z.int().nullable(),
    memory_total_gb: figure,
    memory_available_gb: figure,
    memory_percent: figure,
    process_memory_mb: figure,
    disk_total_gb: figure,
    disk_free_gb: figure,
    disk_percent: figure,
  }),
  performance: z.object({ uptime_seconds: z.number(), uptime_formatted: z.string() }),
  statistics: z.object({ ...counts, backend: z.string() }),
}).openapi("DetailedHealth");
