/**
 * What an embedding service counts. The instruments are looked up once, so that a cached search only adds to a number.
 *
 * @module
 */

import { outcomeOf } from "../telemetry/outcome.ts";
import type { Counter, Gauge } from "../telemetry/registry.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { TextKind } from "./provider.ts";

/** The instruments of one service. Services of one process share the series. */
export class EmbeddingMetrics {
  readonly hits: Counter;
  readonly diskHits: Counter;
  readonly shared: Counter;
  readonly misses: Counter;
  readonly loads: Counter;
  readonly depth: Gauge;
  readonly #telemetry: Telemetry;

  constructor(telemetry: Telemetry) {
    const { metrics } = telemetry, lookups = metrics.counter("unimem_embedding_cache_lookups_total");
    this.#telemetry = telemetry;
    this.hits = lookups.with("memory", "hit");
    this.diskHits = lookups.with("disk", "hit");
    this.shared = lookups.with("memory", "shared");
    this.misses = lookups.with("memory", "miss");
    this.loads = metrics.counter("unimem_model_loads_total").with();
    this.depth = metrics.gauge("unimem_embedding_queue_depth").with();
  }

  /** Runs a text through the model, and tells what of its time it waited and what it ran. */
  async run<T>(kind: TextKind, embed: (ran: (milliseconds: number) => void) => Promise<T>): Promise<T> {
    const { metrics, tracer } = this.#telemetry, began = performance.now();
    const ran = (milliseconds: number) => {
      metrics.histogram("unimem_model_run_duration_seconds").with(kind).observe(milliseconds / 1000);
      const waited = Math.max(0, performance.now() - began - milliseconds);
      metrics.histogram("unimem_embedding_wait_seconds").with(kind).observe(waited / 1000);
    };
    const runs = metrics.counter("unimem_model_runs_total");
    try {
      const result = await (tracer === null ? embed(ran) : tracer.call(`embed ${kind}`, { "text.kind": kind }, () =>
        embed(ran)));
      runs.with(kind, "ok").add();
      return result;
    } catch (error) {
      runs.with(kind, outcomeOf(error)).add();
      throw error;
    }
  }
}
