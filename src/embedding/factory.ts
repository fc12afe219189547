/**
 * Makes embedding services from settings. The only file that knows every provider.
 *
 * @module
 */

import { MemoryError } from "../errors.ts";
import type { EmbeddingService, ModelIdentity } from "./embedder.ts";
import { LocalProvider } from "./local.ts";
import { OpenAiProvider } from "./openai.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { EmbeddingProvider } from "./provider.ts";
import { CachedEmbeddingService, type ServiceOptions } from "./service.ts";
import type { EmbeddingSettings } from "./settings.ts";

export { createReranker } from "./reranker.ts";
export type { RerankSettings } from "./reranker.ts";
export { BUNDLED_MODEL } from "./settings.ts";
export type { EmbeddingSettings, LocalSettings, OpenAiSettings } from "./settings.ts";

/** What a service uses from outside; each has the real thing as default. */
export interface EmbeddingDependencies {
  /** Told how far a load or download is, 0 to 1, for a progress bar. */
  onProgress?: (share: number) => void;
  fetch?: typeof fetch;
  telemetry?: Telemetry;
  /** Unix milliseconds. */
  now?: () => number;
  /** From 0 to below 1. */
  random?: () => number;
  /** Waits; ends early, without an error, when the signal says so. */
  sleep?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** Where models are downloaded from, with a final slash. */
  hub?: string;
  /** Throws while nothing may be sent to a remote model. */
  permit?: () => Promise<void>;
  /** A service whose cache is shared: a process has one. */
  beside?: EmbeddingService;
}

/** A service for the configured model. It begins to load at the first call of `ready`. */
export function createEmbeddingService(
  settings: EmbeddingSettings,
  dependencies: EmbeddingDependencies = {},
): EmbeddingService {
  return new CachedEmbeddingService(providerOf(settings, dependencies), optionsOf(settings, dependencies));
}

/**
 * A service for the model that made stored vectors, while the settings ask for another. `ready` rejects when that
 * model can't be had any more; whether it is still the same shows in the identity it resolves to.
 */
export function createEmbeddingServiceFor(
  identity: ModelIdentity,
  settings: EmbeddingSettings,
  dependencies: EmbeddingDependencies = {},
): EmbeddingService {
  const options = optionsOf(settings, dependencies);
  const former = formerSettings(identity, settings);
  if (former === undefined) return new CachedEmbeddingService(new UnavailableProvider(identity), options);
  return new CachedEmbeddingService(providerOf(former, dependencies), options);
}

/** Settings that lead to a model used before; undefined when they don't say how to reach it. */
function formerSettings(identity: ModelIdentity, settings: EmbeddingSettings): EmbeddingSettings | undefined {
  const { name, provider, dimensions } = identity;
  if (provider === "local") {
    if (settings.provider === "local") return { ...settings, model: name };
    // Without a folder for downloads only the bundled model and local folders are at hand.
    const { cacheBytes, queueLimit } = settings;
    return { provider, model: name, cacheFolder: "", offline: true, threads: cores(), cacheBytes, queueLimit };
  }
  if (settings.provider !== "openai" || !identity.id.startsWith(`openai:${new URL(settings.url).host}:`)) {
    return undefined;
  }
  return { ...settings, model: name, dimensions: settings.dimensions === null ? null : dimensions };
}

function providerOf(settings: EmbeddingSettings, dependencies: EmbeddingDependencies): EmbeddingProvider {
  if (settings.provider === "local") return new LocalProvider(settings, dependencies.hub);
  return new OpenAiProvider(settings, dependencies);
}

function optionsOf(settings: EmbeddingSettings, dependencies: EmbeddingDependencies): ServiceOptions {
  const { cacheBytes, cacheFile, queueLimit } = settings, { onProgress, now, beside, telemetry } = dependencies;
  const permit = settings.provider === "openai" ? dependencies.permit : undefined;
  const cache = beside instanceof CachedEmbeddingService ? beside.cache : undefined;
  return { cacheBytes, cacheFile, cache, queueLimit, onProgress, now, telemetry, permit };
}

function cores(): number {
  return navigator.hardwareConcurrency;
}

/** Stands for a model that the settings no longer lead to. */
class UnavailableProvider implements EmbeddingProvider {
  readonly #identity: ModelIdentity;

  constructor(identity: ModelIdentity) {
    this.#identity = identity;
  }

  load(): Promise<never> {
    return Promise.reject(
      new MemoryError("unavailable", `Cannot reach the embedding model ${this.#identity.id} with these settings`),
    );
  }

  embed(): Promise<never> {
    return this.load();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
