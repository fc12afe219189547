/**
 * The tool that tells an agent whether the service works.
 *
 * @module
 */

import { z } from "zod";
import { isoTime } from "../memory/schemas.ts";
import { health, summary } from "../operations/health/health.ts";
import { PART_STATES } from "../operations/health/state.ts";
import { defineTool } from "./tool.ts";

export const checkDatabaseHealth = defineTool({
  name: "check_database_health",
  title: "Check the memory service",
  description: "Whether the store and the embedding model work, and how much is stored. " +
    "Use it when another tool fails or finds nothing.",
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.object({}),
  output: z.object({
    healthy: z.boolean(),
    status: z.enum(["healthy", "degraded", "unhealthy"]),
    storage_type: z.string(),
    storage_status: z.enum(["connected", "unreachable"]),
    storage_opens: z.int().describe("Times the store was opened by this process; 1 is right."),
    total_memories: z.int().nullable(),
    unique_tags: z.int().nullable(),
    size_bytes: z.number().nullable(),
    embedding_model: z.string().nullable(),
    embedding_status: z.enum(["loading", "ready", "failed", "closed"]),
    embedded_memories: z.int().nullable().describe("Memories that can be found by meaning."),
    model_loads: z.int().describe("Times the model was loaded by this process; 1 is right."),
    reembedding: z.object({ model: z.string(), done: z.int(), total: z.int() }).optional(),
    version: z.string(),
    uptime_seconds: z.number(),
    parts: z.array(z.object({
      name: z.string(),
      state: z.enum(PART_STATES),
      since: z.string().describe("When this state began, ISO 8601."),
      message: z.string(),
      action: z.string().nullable().describe("What an operator can do."),
    })),
    summary: z.string().describe("One line: the state, and what is wrong first of all."),
  }),
  // What works is in the structured content; the text has what a model needs to explain a failure.
  json: ({ parts, ...facts }) => ({
    ...facts,
    parts: parts.filter(({ state }) => state !== "healthy" && state !== "off"),
  }),
  first: true,
  compact: ({ summary, total_memories, embedded_memories, parts }) =>
    [
      summary,
      ...total_memories === null ? [] : [`${total_memories} memories, ${embedded_memories ?? "none"} found by meaning`],
      ...parts.filter(({ state }) => state !== "healthy" && state !== "off")
        .map(({ name, state, message, action }) => `${name} is ${state}: ${message}${action ? `. ${action}` : ""}`),
    ].join("\n"),
  async run(runtime) {
    const { status, parts, storage, embedding, version, uptime_seconds } = await health(runtime);
    return {
      healthy: status === "healthy",
      status,
      storage_type: storage.backend,
      storage_status: storage.status,
      storage_opens: storage.opens,
      total_memories: storage.stats?.total_memories ?? null,
      unique_tags: storage.stats?.unique_tags ?? null,
      size_bytes: storage.stats?.size_bytes ?? null,
      embedding_model: embedding.model,
      embedding_status: embedding.status.state,
      embedded_memories: embedding.coverage?.embedded ?? null,
      model_loads: embedding.counters.model_loads,
      ...(embedding.reembedding === null ? {} : { reembedding: embedding.reembedding }),
      version,
      uptime_seconds: Math.round(uptime_seconds),
      parts: parts.map((part) => ({ ...part, since: isoTime(part.since / 1000) })),
      summary: summary({ status, parts }),
    };
  },
});
