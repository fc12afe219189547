/**
 * What a process tells about itself. Made once, beside the store, and handed to every part that measures something.
 *
 * @module
 */

import { Registry } from "./registry.ts";
import { Requests } from "./requests.ts";
import type { Tracer } from "./tracer.ts";

/** How much is reported. */
export interface TelemetrySettings {
  /** Whether counters, gauges and histograms are kept. */
  metrics: boolean;
  /** Whether everything goes out over OTLP as well; for a process whose Deno runs with `OTEL_DENO=true`. */
  opentelemetry: boolean;
  version: string;
}

/** Measurements, traces and requests of one process. */
export interface Telemetry {
  readonly metrics: Registry;
  /** Null while no traces are exported. */
  readonly tracer: Tracer | null;
  readonly requests: Requests;
}

/** Instruments that are not exported. Opens nothing. */
export function createTelemetry(metrics = true, tracer: Tracer | null = null): Telemetry {
  const registry = new Registry(metrics);
  return { metrics: registry, tracer, requests: new Requests(registry, tracer) };
}

/** The telemetry of a process that serves. */
export async function openTelemetry({ metrics, opentelemetry, version }: TelemetrySettings): Promise<Telemetry> {
  if (!opentelemetry) return createTelemetry(metrics);
  // Nobody else pays for the package.
  const { createTracer, exportMetrics } = await import("./opentelemetry.ts");
  const telemetry = createTelemetry(metrics, createTracer(version));
  if (metrics) exportMetrics(telemetry.metrics, version);
  return telemetry;
}
