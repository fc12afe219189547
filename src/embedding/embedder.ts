/**
 * What the rest of Unimem knows about embeddings: a service that turns text into vectors, and the identity of the
 * model that made them. Implementations live beside this file and are chosen by `factory.ts`.
 *
 * @module
 */

/** Identity of an embedding model; vectors with different identities must never be compared. */
export interface ModelIdentity {
  /** Key kept with every vector: provider, name and a fingerprint of the weights where they are at hand. */
  id: string;
  /** Model name as configured: a Hugging Face id, a folder, or the name the endpoint knows. */
  name: string;
  provider: "local" | "openai";
  /** Length of every vector. */
  dimensions: number;
}

/** In front of the id of a model of which a store of the Python service tells the name only. */
export const NAMED_ONLY = "python:";

/** Whether all that is known of a stored model, its name and length, is true of another: the last parts of names count. */
export function isNamedLike(stored: ModelIdentity, model: ModelIdentity): boolean {
  const last = (name: string) => name.toLowerCase().split("/").at(-1);
  return stored.id.startsWith(NAMED_ONLY) && stored.dimensions === model.dimensions &&
    last(stored.name) === last(model.name);
}

/**
 * Host of the endpoint that a remote model's vectors come from, with its port where that isn't the usual one; null for a
 * model that runs where Unimem does.
 */
export function endpointOf({ id, name, dimensions }: Pick<ModelIdentity, "id" | "name" | "dimensions">): string | null {
  const rest = `:${name}:${dimensions}`;
  return id.startsWith(REMOTE) && id.endsWith(rest) ? id.slice(REMOTE.length, -rest.length) : null;
}

/** In front of the id of a remote model; its endpoint's host, its name and its length follow. */
const REMOTE = "openai:";

/** Which languages a model was trained on; `unknown` where its name doesn't tell. */
export type ModelLanguages = "English" | "some hundred languages" | "unknown";

/** Names of models by what they were trained on, as their cards say. First match counts. */
const LANGUAGES: { name: RegExp; languages: ModelLanguages }[] = [
  { name: /multilingual|\bbge-m3\b|\bqwen3-embedding\b/, languages: "some hundred languages" },
  {
    name: /\ball-(minilm|mpnet)\b|-en\b|\be5-(small|base|large)(-v2)?$|\bmxbai-embed\b|\barctic-embed-(xs|s|m|l)$/,
    languages: "English",
  },
];

/**
 * The languages of the model with this name or folder.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(languagesOf("all-MiniLM-L6-v2"), "English");
 * assertEquals(languagesOf("intfloat/multilingual-e5-small"), "some hundred languages");
 * ```
 */
export function languagesOf(model: string): ModelLanguages {
  const name = model.toLowerCase().split(/[/\\]/).filter((part) => part !== "").at(-1) ?? "";
  return LANGUAGES.find((known) => known.name.test(name))?.languages ?? "unknown";
}

/** Whether the model can be used now. */
export interface EmbedderStatus {
  state: "loading" | "ready" | "failed" | "closed";
  /** Unix milliseconds at which this state began. */
  since: number;
  /** Why it failed, in words for an operator; when `failed`, and while it is tried again. */
  error?: string;
  /** Whether it failed only because the store's memories may not be sent to it; `error` says what to do. */
  held?: boolean;
  /** Unix milliseconds since which it can't be used because of a fault, also while it is tried again. */
  failed_since?: number;
  /** What an operator should know of a model that works; only when `ready`. */
  warning?: string;
  /** Share of the download or load that is done, 0 to 1; only when known and `loading`. */
  progress?: number;
}

/** Counters since the process started. */
export interface EmbedderCounters {
  /** Times a model was loaded; 1 in a healthy process. */
  model_loads: number;
  /** Texts run through the model. */
  model_runs: number;
  cache_hits: number;
  cache_misses: number;
  /** Bytes the cache holds in memory now. */
  cache_bytes: number;
  /** Of the hits those that the file of the cache gave, and bytes it takes; 0 where none is set. */
  cache_disk_hits: number;
  cache_disk_bytes: number;
  /** Why that file can't be used; null when it can or there is none. */
  cache_error: string | null;
  /** Caches made by this process; 1 in a healthy one. */
  caches: number;
  /** Texts waiting for the model now. */
  queue_depth: number;
  /** Texts that may wait before stores are refused as `overloaded`. */
  queue_limit: number;
  /** Milliseconds that a text which comes now is likely to wait. */
  queue_wait_ms: number;
}

/** Turns texts into unit-length vectors. One instance serves every listener of the process. */
export interface EmbeddingService {
  /** Undefined until the model is ready (a model's dimensions are only known then). */
  readonly identity: ModelIdentity | undefined;
  readonly status: EmbedderStatus;
  readonly counters: EmbedderCounters;

  /**
   * Resolves when the model is ready. The first call begins to load it, every concurrent one awaits the same load, and
   * a call after a failure tries again.
   *
   * @throws {MemoryError} `configuration` when the model or its files are wrong, naming them and the setting;
   * `unavailable` when they can't be reached now or the service was closed.
   */
  ready(): Promise<ModelIdentity>;

  /**
   * Vector of a search query, of which only as much counts as fits the model's window. Runs ahead of queued passages
   * and is cached; the vector is shared and must not be changed.
   *
   * @throws {MemoryError} `unavailable` when the model isn't ready or can't be reached; `overloaded` when too many texts wait.
   */
  embedQuery(text: string): Promise<Float32Array>;

  /**
   * Vectors of a memory's content, one for each overlapping chunk of at most the model's window; at least one.
   *
   * @throws {MemoryError} `unavailable` when the model isn't ready or can't be reached; `overloaded` when too many texts wait.
   */
  embedPassage(text: string): Promise<Float32Array[]>;

  /** Finishes running work, rejects waiting work with `unavailable`, and frees the model. Idempotent. */
  close(): Promise<void>;
}

/** What an examination of a model found. */
export interface ModelExamination {
  identity: ModelIdentity;
  /** Whether every file is known and is what it should be, to the last bit. */
  verified: boolean;
  /** What an operator should know of it; null when all is well. */
  warning: string | null;
}

/** Whether a reranker can be used now; `idle` while it isn't loaded because no search has needed it for a while. */
export interface RerankerStatus extends Pick<EmbedderStatus, "since" | "error"> {
  state: EmbedderStatus["state"] | "idle";
}

/** Scores memories against a query by reading both together. Its model is in memory only while it is used. */
export interface Reranker {
  /** As configured: a Hugging Face id or a folder. */
  readonly model: string;
  readonly status: RerankerStatus;

  /**
   * Loads the model, where it isn't loaded, and resolves when it is ready.
   *
   * @throws {MemoryError} `unavailable` when it can't be used; `configuration` when its files are wrong.
   */
  load(): Promise<void>;

  /**
   * A score for each text, of any size; the larger, the better the text answers the query. No score depends on the other
   * texts. With a budget of milliseconds, only as many texts are scored, from the first, as it leaves time for.
   *
   * @throws {MemoryError} `unavailable` when the model isn't ready or fails.
   */
  score(query: string, texts: readonly string[], budgetMs?: number): Promise<number[]>;

  /** Frees the model and rejects waiting calls with `unavailable`. Idempotent. */
  close(): Promise<void>;
}
