/**
 * Which models are used and where they come from, from the settings.
 *
 * @module
 */

import { join } from "node:path";
import type { EmbeddingSettings } from "../embedding/factory.ts";
import type { SettingValues } from "../settings.ts";

/** Name under which a deployment may already ask for the bundled model. */
export const BUNDLED_MODEL = "all-MiniLM-L6-v2";
/** Length of its vectors. */
export const BUNDLED_DIMENSIONS = 384;

/** The embedding model; `cores` is how many the machine has. */
export function embeddingOf(
  values: SettingValues,
  baseDir: string,
  cores: number,
  problems: string[],
): EmbeddingSettings {
  const url = values.MCP_EMBEDDING_URL;
  const provider = values.MCP_EMBEDDING_PROVIDER ?? (url === undefined ? "local" : "openai");
  const cachePath = values.MCP_EMBEDDING_CACHE_PATH;
  const shared = {
    cacheBytes: values.MCP_EMBEDDING_CACHE_BYTES ?? 16 * 1024 * 1024,
    cacheFile: cachePath === undefined ? null : {
      path: cachePath,
      maxBytes: values.MCP_EMBEDDING_CACHE_FILE_BYTES ?? 256 * 1024 * 1024,
      passages: provider === "openai",
    },
    queueLimit: values.MCP_EMBEDDING_QUEUE_LIMIT ?? 10_000,
  };
  if (provider === "local") {
    return {
      provider,
      model: values.MCP_MEMORY_EMBEDDING_MODEL ?? BUNDLED_MODEL,
      byDefault: values.MCP_MEMORY_EMBEDDING_MODEL === undefined,
      ...modelSources(values, baseDir),
      threads: values.MCP_EMBEDDING_THREADS ?? cores,
      ...shared,
    };
  }
  if (url === undefined) problems.push("MCP_EMBEDDING_PROVIDER=openai: needs MCP_EMBEDDING_URL");
  if (values.MCP_MEMORY_EMBEDDING_MODEL === undefined) {
    problems.push("MCP_EMBEDDING_PROVIDER=openai: needs MCP_MEMORY_EMBEDDING_MODEL, the name the endpoint knows");
  }
  return {
    provider,
    url: url ?? "",
    allowedHost: values.MCP_EMBEDDING_ALLOWED_HOST?.toLowerCase() ?? null,
    apiKey: values.MCP_EMBEDDING_API_KEY ?? null,
    model: values.MCP_MEMORY_EMBEDDING_MODEL ?? "",
    dimensions: values.MCP_EMBEDDING_DIMENSIONS ?? null,
    batchSize: values.MCP_EMBEDDING_BATCH_SIZE ?? 32,
    timeoutMs: (values.MCP_EMBEDDING_TIMEOUT ?? 30) * 1000,
    ...shared,
  };
}

/** Where models may come from. */
export function modelSources(values: SettingValues, baseDir: string): { cacheFolder: string; offline: boolean } {
  return {
    cacheFolder: values.HF_HOME ?? values.TRANSFORMERS_CACHE ?? join(baseDir, "models"),
    offline: values.HF_HUB_OFFLINE ?? values.TRANSFORMERS_OFFLINE ?? false,
  };
}
