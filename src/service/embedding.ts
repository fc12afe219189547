/**
 * The models of a process.
 *
 * @module
 */

import type { Config } from "../config.ts";
import type { ModelExamination, ModelIdentity } from "../embedding/embedder.ts";
import { createEmbeddingService, createEmbeddingServiceFor, createReranker } from "../embedding/factory.ts";
import { permitEndpoint } from "../operations/endpoint_consent.ts";
import type { EmbeddingModels, Runtime } from "../operations/runtime.ts";
import type { MemoryStorage } from "../storage/contract/storage.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";

/** The models that the settings ask for; none is loaded yet. */
export function createModels(
  { embedding, reranker }: Config,
  storage: MemoryStorage,
  telemetry: Telemetry,
): EmbeddingModels {
  const permit = embedding.provider === "local"
    ? undefined
    : () => permitEndpoint(storage, { host: new URL(embedding.url).host, allowedHost: embedding.allowedHost ?? null });
  return {
    serving: null,
    configured: createEmbeddingService(embedding, { telemetry, ...(permit === undefined ? {} : { permit }) }),
    reembedding: null,
    ...(permit === undefined ? {} : { permit }),
    ...(reranker ? { reranker: createReranker(reranker) } : {}),
  };
}

/** Opens the model that made the store's vectors, where the settings ask for another one. */
export function openFormerModel(
  identity: ModelIdentity,
  { embedding }: Config,
  { embeddings, telemetry }: Runtime,
): ReturnType<typeof createEmbeddingServiceFor> {
  return createEmbeddingServiceFor(identity, embedding, { beside: embeddings.configured, telemetry });
}

/** Which model the settings ask for. */
export async function configuredModel(config: Config): Promise<ModelIdentity> {
  const model = createEmbeddingService(config.embedding);
  try {
    return await model.ready();
  } finally {
    await model.close();
  }
}

/** Looks at the files of the model that the settings ask for; null for one that is yet to be downloaded. */
export async function examineModel({ embedding }: Config): Promise<ModelExamination | null> {
  // Loaded here, so that no start pays for it.
  return await (await import("../embedding/examine.ts")).examineModel(embedding);
}
