/**
 * The OpenAI-compatible provider: vectors from a server's `/v1/embeddings`, several texts in a request.
 *
 * @module
 */

import { errorText, MemoryError } from "../errors.ts";
import { chunkText } from "../memory/chunking.ts";
import type { ModelIdentity } from "./embedder.ts";
import { PriorityQueue } from "./priority_queue.ts";
import { EmbeddingEndpoint, type EndpointDependencies, RefusedError } from "./openai_endpoint.ts";
import { profileOf } from "./profile.ts";
import type { EmbeddingProvider, ProviderEvents, TextKind } from "./provider.ts";
import { sanitise } from "./sanitise.ts";
import type { OpenAiSettings } from "./settings.ts";

/** Requests on their way at once: one that the server works on, and one that travels. */
const CONCURRENT_REQUESTS = 2;
/** Tokens a text may have where nothing else is set; every common embedding model takes as many. */
const DEFAULT_MAX_TOKENS = 512;
/** Share of that which a chunk repeats of the one before. */
const OVERLAP_SHARE = 1 / 8;
/** UTF-8 bytes a token has at least, on average: about 4 in English, 3 in Chinese, a little under 3 in code. */
const BYTES_PER_TOKEN = 2.5;
/** A text sent to learn whether the server answers and how long its vectors are. */
const PROBE = "Unimem";

interface Item {
  text: string;
  resolve(vector: Float32Array): void;
  ran: ((milliseconds: number) => void) | undefined;
  reject(error: unknown): void;
}

/** Embeds through a server. */
export class OpenAiProvider implements EmbeddingProvider {
  readonly #settings: OpenAiSettings;
  readonly #endpoint: EmbeddingEndpoint;
  readonly #prefix: Record<TextKind, string>;
  readonly #lanes = new PriorityQueue<Item>();
  readonly #requests = new Set<Promise<void>>();
  #dimensions: number | undefined;
  #closed = false;

  constructor(settings: OpenAiSettings, dependencies: EndpointDependencies = {}) {
    this.#settings = settings;
    this.#endpoint = new EmbeddingEndpoint(settings, dependencies);
    this.#prefix = profileOf(settings.model).prefix;
  }

  /**
   * @throws {MemoryError} `configuration` when the server refuses the request or gives other dimensions than asked
   * for, `unavailable` when it can't be reached.
   */
  async load(_events: ProviderEvents): Promise<ModelIdentity> {
    const { model, url, dimensions: wanted } = this.#settings;
    let dimensions: number;
    try {
      dimensions = (await this.#endpoint.embed([PROBE]))[0]!.length;
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      throw new MemoryError(
        "configuration",
        `${error.message}: check MCP_EMBEDDING_URL, MCP_EMBEDDING_API_KEY, MCP_EMBEDDING_DIMENSIONS and ` +
          "MCP_MEMORY_EMBEDDING_MODEL",
        { cause: error },
      );
    }
    if (wanted !== null && dimensions !== wanted) {
      throw new MemoryError(
        "configuration",
        `Embedding server gives ${dimensions} dimensions, not the ${wanted} of MCP_EMBEDDING_DIMENSIONS`,
      );
    }
    this.#dimensions = dimensions;
    const { host } = new URL(url);
    return { id: `openai:${host}:${model}:${dimensions}`, name: model, provider: "openai", dimensions };
  }

  embed(text: string, kind: TextKind, ran?: (milliseconds: number) => void): Promise<Float32Array[]> {
    if (this.#closed) return Promise.reject(closedError());
    const parts = this.#parts(sanitise(text), kind).map((part, index) =>
      new Promise<Float32Array>((resolve, reject) =>
        this.#lanes.push(
          kind,
          { text: this.#prefix[kind] + part, resolve, reject, ran: index === 0 ? ran : undefined },
          index,
        )
      )
    );
    // Texts that come in the same turn of the event loop travel together.
    queueMicrotask(() => this.#dispatch());
    return Promise.all(parts);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const item of this.#lanes.drain()) item.reject(closedError());
    this.#endpoint.stopRetrying();
    await Promise.all(this.#requests);
  }

  /** A query's beginning, or all chunks of a passage. */
  #parts(text: string, kind: TextKind): string[] {
    const window = this.#settings.maxTokens ?? DEFAULT_MAX_TOKENS;
    const budget = Math.max(16, window - estimateTokens(this.#prefix[kind]));
    const chunks = chunkText(text, { countTokens: estimateTokens, budget, overlap: budget * OVERLAP_SHARE });
    const parts: string[] = [];
    for (const { start, end } of chunks) {
      parts.push(text.slice(start, end).trim());
      if (kind === "query") break;
    }
    return parts;
  }

  #dispatch(): void {
    while (this.#requests.size < CONCURRENT_REQUESTS && this.#lanes.size > 0) {
      // A request holds texts of one kind, so that no query waits for a batch of passages to be computed.
      const request = this.#send(this.#lanes.nextBatch(this.#settings.batchSize)).finally(() => {
        this.#requests.delete(request);
        this.#dispatch();
      });
      this.#requests.add(request);
    }
  }

  /** Never rejects: each item gets its result or its error. */
  async #send(batch: Item[]): Promise<void> {
    const began = performance.now();
    try {
      const vectors = await this.#endpoint.embed(batch.map((item) => item.text));
      for (const item of batch) item.ran?.(performance.now() - began);
      batch.forEach((item, index) => {
        const vector = vectors[index]!;
        if (vector.length === this.#dimensions) item.resolve(vector);
        else item.reject(dimensionsError(vector.length, this.#dimensions));
      });
    } catch (error) {
      // One text the server can't take must not fail its neighbours.
      if (error instanceof RefusedError && error.maybeOneText && batch.length > 1) {
        for (const item of batch) await this.#send([item]);
        return;
      }
      const reason = error instanceof MemoryError ? error : new MemoryError("unavailable", errorText(error), {
        cause: error,
      });
      for (const item of batch) item.reject(reason);
    }
  }
}

function estimateTokens(text: string): number {
  // Bytes from UTF-16 units: one for ASCII, three for most of the rest.
  // deno-lint-ignore no-control-regex -- the range of all ASCII begins with them
  const others = text.match(/[^\x00-\x7f]/g)?.length ?? 0;
  return Math.ceil((text.length + 2 * others) / BYTES_PER_TOKEN);
}

function dimensionsError(got: number, expected: number | undefined): MemoryError {
  return new MemoryError("unavailable", `Embedding server answered ${got} dimensions instead of ${expected}`);
}

function closedError(): MemoryError {
  return new MemoryError("unavailable", "Embedding service was closed");
}
