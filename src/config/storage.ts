/**
 * Where memories are kept, from the settings.
 *
 * @module
 */

import { join } from "node:path";
import type { SettingValues } from "../settings.ts";
import type { OutboxSettings, QdrantSettings, StorageSettings } from "../storage/factory.ts";
import { BUNDLED_DIMENSIONS, BUNDLED_MODEL } from "./embedding.ts";

/** What the URL of a store doesn't say. */
export interface ElsewhereSettings {
  pragmas: Record<string, string>;
  /** Everything but the server and the collection. */
  qdrant: QdrantSettings;
  /** Keys of the Qdrant servers that a copy reads from and writes to, where they aren't `qdrant.apiKey`. */
  fromKey: string | null;
  toKey: string | null;
}

/** The store of this service. */
export function storageOf(values: SettingValues, baseDir: string, problems: string[]): StorageSettings {
  const url = values.MCP_QDRANT_URL;
  const backend = values.MCP_MEMORY_STORAGE_BACKEND ?? (url === undefined ? "sqlite" : "qdrant");
  if (backend !== "qdrant") {
    return {
      backend: "sqlite",
      path: values.SQLITEVEC_PATH ?? join(baseDir, "unimem.db"),
      pragmas: values.MCP_MEMORY_SQLITE_PRAGMAS ?? {},
    };
  }
  if (url === undefined) problems.push("MCP_MEMORY_STORAGE_BACKEND=qdrant: needs MCP_QDRANT_URL, a Qdrant server");
  return { backend, ...qdrantOf(values, url ?? "") };
}

/** The outbox; null unless asked for. */
export function outboxOf(values: SettingValues, baseDir: string): OutboxSettings | null {
  if (!(values.MCP_OUTBOX_ENABLED ?? values.MCP_OUTBOX_PATH !== undefined)) return null;
  return {
    path: values.MCP_OUTBOX_PATH ?? join(baseDir, "outbox.db"),
    maxWrites: values.MCP_OUTBOX_MAX_ITEMS ?? 10_000,
    maxBytes: values.MCP_OUTBOX_MAX_BYTES ?? 64 * 1024 * 1024,
  };
}

/** How the server at `url` is used. */
export function qdrantOf(values: SettingValues, url: string): QdrantSettings {
  const metrics = { cosine: "Cosine", dot: "Dot", euclid: "Euclid" } as const;
  const type = values.MCP_QDRANT_QUANTIZATION_TYPE;
  const isLocal = (values.MCP_EMBEDDING_PROVIDER ?? (values.MCP_EMBEDDING_URL ? "openai" : "local")) === "local";
  const isBundled = isLocal && [undefined, BUNDLED_MODEL].includes(values.MCP_MEMORY_EMBEDDING_MODEL);
  return {
    url,
    apiKey: values.MCP_QDRANT_API_KEY ?? values.QDRANT_API_KEY ?? null,
    collection: values.MCP_QDRANT_COLLECTION_NAME ?? "memories",
    dimensions: isBundled ? BUNDLED_DIMENSIONS : isLocal ? null : values.MCP_EMBEDDING_DIMENSIONS ?? null,
    distance: metrics[values.MCP_QDRANT_DISTANCE_METRIC ?? "cosine"],
    hnsw: {
      m: values.MCP_QDRANT_HNSW_M ?? 16,
      efConstruct: values.MCP_QDRANT_HNSW_EF_CONSTRUCT ?? 100,
      efSearch: values.MCP_QDRANT_HNSW_EF ?? null,
      fullScanThreshold: values.MCP_QDRANT_HNSW_FULL_SCAN_THRESHOLD ?? 10_000,
    },
    quantisation: values.MCP_QDRANT_QUANTIZATION_ENABLED ?? true
      ? { type: type ?? "scalar", alwaysRam: values.MCP_QDRANT_QUANTIZATION_ALWAYS_RAM ?? true }
      : null,
    onDiskPayload: values.MCP_QDRANT_ON_DISK_PAYLOAD ?? false,
    indexingThreshold: values.MCP_QDRANT_INDEXING_THRESHOLD ?? 20_000,
    shards: values.MCP_QDRANT_SHARD_NUMBER ?? null,
    replicas: values.MCP_QDRANT_REPLICATION_FACTOR ?? 1,
    writeConsistency: values.MCP_QDRANT_WRITE_CONSISTENCY ?? 1,
    readConsistency: values.MCP_QDRANT_READ_CONSISTENCY ?? null,
    timeoutMs: (values.MCP_QDRANT_TIMEOUT ?? 5) * 1000,
    retries: values.MCP_QDRANT_RETRIES ?? 3,
    pool: {
      connections: values.MCP_QDRANT_MAX_CONNECTIONS ?? 64,
      idleSeconds: values.MCP_QDRANT_POOL_IDLE_SECONDS ?? 90,
    },
    circuit: {
      failures: values.MCP_QDRANT_CIRCUIT_FAILURES ?? 5,
      seconds: values.MCP_QDRANT_CIRCUIT_SECONDS ?? 60,
    },
  };
}
