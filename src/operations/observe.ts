/**
 * Figures that the parts of a runtime keep anyway, read when someone looks at the metrics.
 *
 * @module
 */

import { uploadsOf } from "./documents/queue.ts";
import type { ConnectionFigures } from "../storage/contract/capabilities.ts";
import type { Reading } from "../telemetry/registry.ts";
import { checkHealth } from "./health/monitor.ts";
import { PART_STATES } from "./health/state.ts";
import type { Runtime } from "./runtime.ts";

const CIRCUIT_STATES = ["closed", "open", "half-open"] as const;

/** Has the metrics read the runtime's parts. */
export function observeParts(runtime: Runtime): void {
  const { storage, embeddings, events, telemetry: { metrics } } = runtime;
  metrics.observe("unimem_memories", async () => (await storage.vectorCoverage()).memories);
  metrics.observe("unimem_document_parser_bytes", () => uploadsOf(runtime).parserMemory);
  metrics.observe("unimem_event_streams", () => events.listeners);
  metrics.observe("unimem_reembedding_memories", () => embeddings.reembedding?.total ?? 0);
  metrics.observe("unimem_reembedding_memories_done", () => embeddings.reembedding?.done ?? 0);

  // The services of two models share the cache.
  const cache = () => embeddings.configured.counters;
  metrics.observe("unimem_embedding_caches_total", () => cache().caches ?? 1);
  metrics.observe("unimem_embedding_cache_bytes", () => {
    const { cache_bytes, cache_disk_bytes = 0 } = cache();
    return [[["memory"], cache_bytes], [["disk"], cache_disk_bytes]];
  });

  const { connections, outbox } = storage.capabilities;
  const ofServer = (read: (figures: ConnectionFigures) => Reading) => () =>
    connections === undefined ? [] : read(connections.figures);
  metrics.observe("unimem_qdrant_retries_total", ofServer(({ retries }) => retries));
  metrics.observe("unimem_qdrant_failures_total", ofServer(({ failures }) => failures));
  metrics.observe("unimem_qdrant_refused_total", ofServer(({ refused }) => refused));
  metrics.observe("unimem_qdrant_connections_in_use", ofServer(({ in_use }) => in_use));
  metrics.observe("unimem_qdrant_calls_waiting", ofServer(({ waiting }) => waiting));
  metrics.observe(
    "unimem_qdrant_circuit_state",
    ofServer(({ circuit }) => CIRCUIT_STATES.map((state) => [[state], circuit === state ? 1 : 0] as const)),
  );
  metrics.observe("unimem_health_state", async () => {
    const { parts } = await checkHealth(runtime);
    return parts.flatMap(({ name, state: now }) =>
      PART_STATES.map((state) => [[name, state], now === state ? 1 : 0] as const)
    );
  });
  metrics.observe("unimem_background_work_here", () => Number(runtime.background.here));
  metrics.observe("unimem_outbox_writes", () => outbox?.figures.pending ?? []);
  metrics.observe(
    "unimem_outbox_oldest_seconds",
    () => outbox === undefined ? [] : outbox.figures.oldest_seconds ?? 0,
  );
  metrics.observe("unimem_outbox_set_aside", () => outbox?.figures.set_aside ?? []);
}
