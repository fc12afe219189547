/**
 * `/api/sync`: for clients of a store that was kept in two places. This one is kept in one, and says so.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import { MemoryError } from "../errors.ts";
import { addEndpoint, type RestApp, type RouteSettings } from "./endpoint.ts";

const SyncStatus = z.object({
  is_hybrid: z.literal(false),
  is_running: z.literal(false),
  last_sync_time: z.number(),
  operations_pending: z.int(),
  operations_processed: z.int(),
  operations_failed: z.int(),
  sync_interval_seconds: z.int(),
  time_since_last_sync_seconds: z.number(),
  next_sync_eta_seconds: z.number(),
  status: z.literal("not_hybrid"),
}).openapi("SyncStatus");

const InitialSync = z.object({
  sync_supported: z.literal(false),
  status: z.object({
    in_progress: z.boolean(),
    total: z.int(),
    completed: z.int(),
    finished: z.boolean(),
    progress_percentage: z.number(),
  }),
}).openapi("InitialSync");

/** Adds the routes. */
export function addSync(app: RestApp, settings: RouteSettings): void {
  addEndpoint(app, settings, {
    method: "get",
    path: "/api/health/sync-status",
    operationId: "initialSync",
    tag: "health",
    summary: "Whether a first synchronisation runs; none ever does",
    answer: InitialSync,
    answers: "Nothing is synchronised.",
    infallible: true,
  }, () =>
    Promise.resolve({
      sync_supported: false as const,
      status: { in_progress: false, total: 0, completed: 0, finished: true, progress_percentage: 100 },
    }));

  addEndpoint(app, settings, {
    method: "get",
    path: "/api/sync/status",
    operationId: "syncStatus",
    tag: "health",
    summary: "State of synchronisation; there is none",
    answer: SyncStatus,
    answers: "The store is kept in one place.",
    infallible: true,
  }, () =>
    Promise.resolve({
      is_hybrid: false as const,
      is_running: false as const,
      last_sync_time: 0,
      operations_pending: 0,
      operations_processed: 0,
      operations_failed: 0,
      sync_interval_seconds: 0,
      time_since_last_sync_seconds: 0,
      next_sync_eta_seconds: 0,
      status: "not_hybrid" as const,
    }));

  addEndpoint(app, settings, {
    method: "post",
    path: "/api/sync/force",
    operationId: "forceSync",
    tag: "health",
    summary: "Ask for a synchronisation; always refused",
    answer: z.object({}),
    answers: "Never.",
    infallible: true,
    problems: [404],
  }, () => Promise.reject(new MemoryError("not_found", "Manual sync only available in hybrid mode")));
}
