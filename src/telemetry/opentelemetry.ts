/**
 * Traces and metrics over OTLP, through the providers that Deno registers when `OTEL_DENO=true`. Loaded only then.
 *
 * Deno itself makes a span of every request that comes in, joined to the caller's by `traceparent`, and of every
 * `fetch`. What is added here lies between them.
 *
 * @module
 */

import { metrics, type Span, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { outcomeOf } from "./outcome.ts";
import { type Family, Histogram, readingsOf, type Registry } from "./registry.ts";
import type { Tracer } from "./tracer.ts";

const SCOPE = "unimem";

/** Spans through the provider that is registered. */
export function createTracer(version: string): Tracer {
  const tracer = trace.getTracer(SCOPE, version);
  const within = async <T>(span: Span, run: () => Promise<T>, end: () => void): Promise<T> => {
    try {
      return await run();
    } catch (error) {
      // The outcome alone: a text of an error may hold what only its caller may read.
      span.setAttribute("outcome", outcomeOf(error)).setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      end();
      span.end();
    }
  };
  return {
    request: (scope, run) =>
      tracer.startActiveSpan(scope.operation, { kind: SpanKind.INTERNAL }, (span) =>
        within(span, run, () => {
          const { id, surface, operation, outcome } = scope;
          span.updateName(operation);
          span.setAttributes({ "request.id": id, surface, operation, outcome: outcome ?? "ok" });
          if (outcome === "fault" || outcome === "unavailable") span.setStatus({ code: SpanStatusCode.ERROR });
        })),
    call: (name, attributes, run) => {
      // Background work looks at the store every few seconds; each look would be a trace of its own.
      if (trace.getActiveSpan() === undefined) return run();
      return tracer.startActiveSpan(
        name,
        { kind: SpanKind.CLIENT, attributes },
        (span) => within(span, run, () => {}),
      );
    },
  };
}

/** Hands every instrument of a registry to the meter provider that is registered, under the same names. */
export function exportMetrics(registry: Registry, version: string): void {
  const meter = metrics.getMeter(SCOPE, version);
  for (const family of registry.families.values()) {
    const { name, definition: { type, unit, help: description, buckets } } = family;
    if (type === "histogram") {
      const advice = { explicitBucketBoundaries: [...buckets ?? []] };
      const exported = meter.createHistogram(name, { unit, description, advice });
      const mirror = (values: readonly string[], series: unknown) => {
        if (!(series instanceof Histogram)) return;
        const attributes = attributesOf(family, values);
        series.mirror = (value) => exported.record(value, attributes);
      };
      for (const { values, series } of family.entries()) mirror(values, series);
      family.made = mirror;
      continue;
    }
    const options = { unit, description };
    const exported = type === "counter"
      ? meter.createObservableCounter(name, options)
      : meter.createObservableGauge(name, options);
    exported.addCallback(async (result) => {
      for (const [values, value] of await readingsOf(family) ?? []) result.observe(value, attributesOf(family, values));
    });
  }
}

function attributesOf({ definition: { labels } }: Family, values: readonly string[]): Record<string, string> {
  return Object.fromEntries(labels.map((label, i) => [label, values[i] ?? ""]));
}
