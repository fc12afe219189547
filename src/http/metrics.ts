/**
 * `/metrics`: what is measured, for Prometheus.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import type { Runtime } from "../operations/runtime.ts";
import { exposition, EXPOSITION_TYPE } from "../telemetry/exposition.ts";
import { documented, type RestApp } from "./endpoint.ts";

/** Adds the route, where metrics are kept. */
export function addMetrics(app: RestApp, { telemetry: { metrics } }: Runtime): void {
  if (!metrics.enabled) return;
  app.openAPIRegistry.registerPath(documented({
    method: "get",
    path: "/metrics",
    operationId: "metrics",
    tag: "health",
    summary: "What is measured, for Prometheus",
    description: "The text format, version 0.0.4, of all listeners of the process. " +
      "Not there while `MCP_METRICS_ENABLED` is false.",
    answer: z.string(),
    answerType: "text/plain",
    answers: "Counters, gauges and histograms.",
    infallible: true,
  }));
  app.get("/metrics", async () => {
    return new Response(await exposition(metrics), {
      headers: { "Content-Type": EXPOSITION_TYPE, "Cache-Control": "no-store" },
    });
  });
}
