/**
 * Makes embedding services from settings. The only file that knows every provider.
 *
 * @module
 */

import type { EmbeddingService, ModelIdentity } from "./embedder.ts";
import { LocalProvider } from "./local.ts";
import { ProvidedEmbeddings } from "./service.ts";
import type { EmbeddingSettings } from "./settings.ts";

export { BUNDLED_MODEL } from "./settings.ts";
export type { EmbeddingSettings, LocalSettings, OpenAiSettings } from "./settings.ts";

/** What a service uses from outside; each has the real thing as default. */
export interface EmbeddingDependencies {
  /** Told how far a load or download is, 0 to 1, for a progress bar. */
  onProgress?: (share: number) => void;
  fetch?: typeof fetch;
  /** Unix milliseconds. */
  now?: () => number;
  /** From 0 to below 1. */
  random?: () => number;
  /** Where models are downloaded from, with a final slash. */
  hub?: string;
}

/** A service for the configured model. It begins to load at the first call of `ready`. */
export function createEmbeddingService(
  settings: EmbeddingSettings,
  dependencies: EmbeddingDependencies = {},
): EmbeddingService {
  const { cacheBytes, queueLimit } = settings;
  const { onProgress, now } = dependencies;
  if (settings.provider !== "local") throw new Error("later");
  const provider = new LocalProvider(settings, dependencies.hub);
  return new ProvidedEmbeddings(provider, { cacheBytes, queueLimit, onProgress, now });
}

/** A service for the model that made stored vectors. */
export function createEmbeddingServiceFor(
  _identity: ModelIdentity,
  settings: EmbeddingSettings,
  dependencies: EmbeddingDependencies = {},
): EmbeddingService {
  return createEmbeddingService(settings, dependencies);
}
