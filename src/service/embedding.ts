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

/**
 * The models that the settings ask for; none of them is loaded yet, but a reranker that every search will use.
 *
 * @param forCommand Whether they are for one command, which need not be a search.
 */
export function createModels(
  { embedding, reranker, operations }: Config,
  storage: MemoryStorage,
  telemetry: Telemetry,
  forCommand: boolean,
): EmbeddingModels {
  const permit = embedding.provider === "local"
    ? undefined
    : () => permitEndpoint(storage, { host: new URL(embedding.url).host, allowedHost: embedding.allowedHost ?? null });
  const eager = !forCommand && operations.searchEffort === "high";
  const models: EmbeddingModels = {
    serving: null,
    configured: createEmbeddingService(embedding, { telemetry, ...(permit === undefined ? {} : { permit }) }),
    fixed: embedding.provider !== "local" || !embedding.byDefault,
    reembedding: null,
    ...(permit === undefined ? {} : { permit }),
    ...(reranker ? { reranker: createReranker(reranker, { eager }) } : {}),
  };
  if (!models.fixed) {
    models.open = (chosen) =>
      createEmbeddingService({ ...embedding, model: chosen ?? embedding.model }, {
        beside: models.configured,
        telemetry,
      });
  }
  return models;
}

/** Opens the model that made the store's vectors, where the settings ask for another one. */
export function openFormerModel(
  identity: ModelIdentity,
  { embedding }: Config,
  { embeddings, telemetry }: Runtime,
): ReturnType<typeof createEmbeddingServiceFor> {
  return createEmbeddingServiceFor(identity, embedding, { beside: embeddings.configured, telemetry });
}

/**
 * Which model the settings ask for. Loads it, and downloads it before where it must.
 *
 * @param onProgress Told how far that is, 0 to 1.
 */
export async function configuredModel(
  config: Config,
  onProgress: (share: number) => void = () => {},
): Promise<ModelIdentity> {
  const model = createEmbeddingService(config.embedding, { onProgress });
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
