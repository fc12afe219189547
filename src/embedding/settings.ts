/**
 * What the settings say about embeddings, as `config.ts` hands it over.
 *
 * @module
 */

import type { CacheFileSettings } from "./cache_file.ts";

/** Name of the model that ships with Unimem, in `models/`. */
export const BUNDLED_MODEL = "all-MiniLM-L6-v2";

/** Settings every provider has. */
interface SharedSettings {
  /** Bytes the query cache may use; 0 turns it off. */
  cacheBytes: number;
  /** Where vectors are kept for the next process; none unless given. */
  cacheFile?: CacheFileSettings | null;
  /** Texts that may wait for the model before more are refused as `overloaded`, ≥ 1. */
  queueLimit: number;
}

/** A model run by this process. */
export interface LocalSettings extends SharedSettings {
  provider: "local";
  /** The bundled model's name, a Hugging Face id such as `intfloat/e5-small`, or a folder. */
  model: string;
  /** Whether no setting names the model, so that the store may: `operations/model_choice.ts`. */
  byDefault?: boolean;
  /** Folder holding bundled models; the project's own `models/` by default. */
  modelsFolder?: string;
  /** Folder for downloaded models. */
  cacheFolder: string;
  /** Forbids downloading. */
  offline: boolean;
  /** Threads one run of the model may use, ≥ 1. */
  threads: number;
}

/** A model behind an OpenAI-compatible `/v1/embeddings`. */
export interface OpenAiSettings extends SharedSettings {
  provider: "openai";
  /** Base URL up to and including the version, such as `http://127.0.0.1:8080/v1`. */
  url: string;
  /** Host, with its port, that memories of a store made elsewhere may be sent to; null for none. */
  allowedHost?: string | null;
  /** Sent as `Authorization: Bearer`; null where the server wants none. */
  apiKey: string | null;
  /** Name the server knows the model by. */
  model: string;
  /** Dimensions to ask for; null takes what the model gives. */
  dimensions: number | null;
  /** Most texts in one request, ≥ 1. */
  batchSize: number;
  /** Milliseconds to wait for one answer. */
  timeoutMs: number;
  /** Tokens a text may have, longer content is cut into chunks; 512 by default, which every common model takes. */
  maxTokens?: number;
}

/** Settings of the embedding service. */
export type EmbeddingSettings = LocalSettings | OpenAiSettings;
