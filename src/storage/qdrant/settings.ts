/**
 * The settings of a Qdrant deployment, with the defaults that existing deployments have.
 *
 * @module
 */

/**
 * Compression of the vectors that searches compare first; the originals stay and rescore. A segment without index has no
 * compressed vectors, so that a small collection isn't larger for it.
 */
export interface QuantisationSettings {
  type: "scalar" | "binary";
  /** Keeps the compressed vectors in memory. */
  alwaysRam: boolean;
}

/** Where the memories are and how the collection is made. What only counts at creation leaves existing collections alone. */
export interface QdrantSettings {
  /** Base URL of the server or of a cluster's entry, such as `http://localhost:6333`. */
  url: string;
  apiKey: string | null;
  collection: string;
  /** Length of the configured model's vectors where it is known before the model is loaded. */
  dimensions: number | null;
  distance: "Cosine" | "Dot" | "Euclid";
  /** `efSearch` counts for every search, null goes by the number of memories; the rest counts at creation. */
  hnsw: { m: number; efConstruct: number; efSearch: number | null; fullScanThreshold: number };
  quantisation: QuantisationSettings | null;
  onDiskPayload: boolean;
  /** Kilobytes of vectors in a segment above which it gets an index. */
  indexingThreshold: number;
  /** Null leaves the number to the server. */
  shards: number | null;
  replicas: number;
  /** Replicas that must have taken a write before it is answered. */
  writeConsistency: number;
  /** Replicas a read asks: a number, or `majority`, `quorum`, `all`; null asks one. */
  readConsistency: number | "majority" | "quorum" | "all" | null;
  /** The longest any call may take, its repetitions included. */
  timeoutMs: number;
  /** Repetitions of a call that failed for want of an answer. */
  retries: number;
  /** Calls, and so connections, at once, ≥ 1, and for how long an unused connection stays open. */
  pool: { connections: number; idleSeconds: number };
  /** Failures in a row that open the circuit, for how long it stays open, and milliseconds between two probes meanwhile. */
  circuit: { failures: number; seconds: number; probeMs?: number };
  /** Leaves the collection exactly as it is: it must be there, nothing is added to it, and writes are refused. */
  readOnly?: boolean;
}

/** The settings of a deployment that says nothing but where its server is. */
export function qdrantDefaults(url: string): QdrantSettings {
  return {
    url,
    apiKey: null,
    collection: "memories",
    dimensions: null,
    distance: "Cosine",
    hnsw: { m: 16, efConstruct: 100, efSearch: null, fullScanThreshold: 10_000 },
    quantisation: { type: "scalar", alwaysRam: true },
    onDiskPayload: false,
    indexingThreshold: 20_000,
    shards: null,
    replicas: 1,
    writeConsistency: 1,
    readConsistency: null,
    timeoutMs: 5000,
    retries: 3,
    pool: { connections: 64, idleSeconds: 90 },
    circuit: { failures: 5, seconds: 60 },
  };
}
