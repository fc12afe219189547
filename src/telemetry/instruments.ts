/**
 * Every instrument there is: the one set of names under which Prometheus, OpenTelemetry, the dashboard and the alerts
 * know what is measured. `docs/monitoring.md` lists them, and a test keeps the two together.
 *
 * @module
 */

/** What is measured. */
export interface Definition {
  type: "counter" | "gauge" | "histogram";
  /** In UCUM, as OpenTelemetry wants it: `s`, `By`, or a noun in braces. */
  unit: string;
  /** Names of the labels, in the order in which values are given. Every label has a bounded set of values. */
  labels: readonly string[];
  help: string;
  /** Upper bounds of a histogram's buckets, ascending, in the unit. */
  buckets?: readonly number[];
}

/** From a cached search (about 1 ms) to a batch that takes minutes. */
const LATENCY = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60] as const;
/** From a timer that is on time to a process that stood still. */
const DELAY = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5] as const;

const counter = (unit: string, help: string) => ({ type: "counter", unit, labels: [], help }) as const;
const gauge = (unit: string, help: string) => ({ type: "gauge", unit, labels: [], help }) as const;

/** All instruments by name. */
export const INSTRUMENTS = {
  unimem_build_info: { ...gauge("{build}", "Always 1; the labels tell what runs."), labels: ["version", "deno"] },
  process_start_time_seconds: gauge("s", "Unix time at which the process began to serve."),
  process_cpu_seconds_total: counter("s", "Processor time used, of all threads."),
  process_resident_memory_bytes: gauge("By", "Memory in RAM of the process and of the one that parses documents."),
  unimem_document_parser_bytes: gauge(
    "By",
    "The part of it that the process that parses documents takes; 0 without one.",
  ),
  unimem_heap_used_bytes: gauge("By", "Memory that JavaScript objects take."),
  unimem_external_memory_bytes: gauge("By", "Memory outside the heap that JavaScript objects hold, such as vectors."),
  unimem_event_loop_delay_seconds: {
    type: "histogram",
    unit: "s",
    labels: [],
    help: "How late a timer came: how long everything else had to wait.",
    buckets: DELAY,
  },

  unimem_requests_total: {
    ...counter("{request}", "Requests answered. A tool call over MCP counts once, whatever carried it."),
    labels: ["surface", "operation", "outcome"],
  },
  unimem_request_duration_seconds: {
    type: "histogram",
    unit: "s",
    labels: ["surface", "operation"],
    help: "From the arrival of a request to its answer.",
    buckets: LATENCY,
  },
  unimem_requests_in_flight: { ...gauge("{request}", "Requests that are being answered."), labels: ["surface"] },
  unimem_sessions: { ...gauge("{session}", "Clients connected over MCP."), labels: ["transport"] },
  unimem_wrong_keys_total: { ...counter("{request}", "Requests with a wrong API key."), labels: ["surface"] },
  unimem_streams_ended_total: {
    ...counter("{stream}", "MCP streams ended because their clients left too much unread."),
    labels: ["transport"],
  },
  unimem_event_streams: gauge("{stream}", "Clients that listen to /api/events."),

  unimem_store_opens_total: counter("{open}", "Times a database or a connection pool was opened; 1 is healthy."),
  unimem_store_calls_total: { ...counter("{call}", "Calls to the store."), labels: ["method", "outcome"] },
  unimem_store_call_duration_seconds: {
    type: "histogram",
    unit: "s",
    labels: ["method"],
    help: "From a call to the store to its answer, waiting included.",
    buckets: LATENCY,
  },
  unimem_memories: gauge("{memory}", "Memories stored, the trash not included."),
  unimem_qdrant_retries_total: counter("{call}", "Calls to Qdrant that were repeated because nothing answered."),
  unimem_qdrant_failures_total: counter("{call}", "Calls to Qdrant that nothing answered, each try for itself."),
  unimem_qdrant_refused_total: counter("{call}", "Calls that weren't made, for an open circuit or no free connection."),
  unimem_qdrant_connections_in_use: gauge("{connection}", "Calls to Qdrant that are under way."),
  unimem_qdrant_calls_waiting: gauge("{call}", "Calls to Qdrant that wait for a free connection."),
  unimem_qdrant_circuit_state: {
    ...gauge("{state}", "1 for the state that the circuit to Qdrant is in, 0 for the others."),
    labels: ["state"],
  },

  unimem_outbox_writes: gauge("{write}", "Writes that wait in the outbox for the store to come back."),
  unimem_outbox_oldest_seconds: gauge("s", "How long the oldest write has been waiting in the outbox."),
  unimem_outbox_set_aside: gauge("{write}", "Writes that the store refused, kept aside for the operator."),

  unimem_health_state: {
    ...gauge("{state}", "1 for the state that a part of the service is in, 0 for the others."),
    labels: ["part", "state"],
  },
  unimem_background_work_here: gauge("{process}", "1 in the process that does the background work, 0 in the others."),

  unimem_model_loads_total: counter("{load}", "Times an embedding model was loaded; 1 is healthy."),
  unimem_model_runs_total: { ...counter("{text}", "Texts run through the model."), labels: ["kind", "outcome"] },
  unimem_model_run_duration_seconds: {
    type: "histogram",
    unit: "s",
    labels: ["kind"],
    help: "Time that the model took for a text, waiting not included.",
    buckets: LATENCY,
  },
  unimem_embedding_wait_seconds: {
    type: "histogram",
    unit: "s",
    labels: ["kind"],
    help: "Time that a text waited for the model.",
    buckets: LATENCY,
  },
  unimem_embedding_queue_depth: gauge("{text}", "Texts that wait for the model or run."),
  unimem_embedding_cache_lookups_total: {
    ...counter(
      "{lookup}",
      "Texts looked up before the model was asked; `shared` joined the run of the same text.",
    ),
    labels: ["tier", "result"],
  },
  unimem_embedding_cache_bytes: { ...gauge("By", "Memory or disk that cached vectors take."), labels: ["tier"] },
  unimem_embedding_caches_total: counter("{cache}", "Embedding caches made; 1 is healthy."),

  unimem_reembedding_memories_done: gauge("{memory}", "Memories that a running re-embedding is through with."),
  unimem_reembedding_memories: gauge(
    "{memory}",
    "Memories that a running re-embedding goes through; 0 when none runs.",
  ),
  unimem_trash_emptied_total: counter("{memory}", "Memories that were deleted for good because their time was up."),
} as const satisfies Record<string, Definition>;

/** Names of the instruments, all or those of one type. */
export type InstrumentName<T extends Definition["type"] = Definition["type"]> = {
  [N in keyof typeof INSTRUMENTS]: (typeof INSTRUMENTS)[N]["type"] extends T ? N : never;
}[keyof typeof INSTRUMENTS];

/** One value for each label of an instrument, in the table's order. */
export type LabelValues<N extends InstrumentName> = Texts<(typeof INSTRUMENTS)[N]["labels"]>;

type Texts<T extends readonly string[]> = { [I in keyof T]: string };
