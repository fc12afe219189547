/**
 * One call of an OpenAI-compatible `/v1/embeddings`: request, retries, and the answer checked.
 *
 * @module
 */

import { errorText, MemoryError } from "../errors.ts";
import { sleep } from "../sleep.ts";
import { toUnitLength } from "./pooling.ts";
import type { OpenAiSettings } from "./settings.ts";

/** What a call uses from outside; each has the real thing as default. */
export interface EndpointDependencies {
  fetch?: typeof fetch | undefined;
  /** Unix milliseconds. */
  now?: (() => number) | undefined;
  /** From 0 to below 1. */
  random?: (() => number) | undefined;
  /** Waits; ends early, without an error, when the signal says so. */
  sleep?: ((milliseconds: number, signal: AbortSignal) => Promise<void>) | undefined;
}

/** Tries of one call, the first included. */
const TRIES = 4;
/** Milliseconds before the second try, at most; doubled for each further one. */
const FIRST_PAUSE_MS = 500;
/** Longest pause, also where the server asks for a longer one: someone is waiting for the answer. */
const LONGEST_PAUSE_MS = 20_000;
/** Characters of a server's own words that go into an error. */
const QUOTED = 200;

/** The server understood and declined: trying the same again is useless. */
export class RefusedError extends MemoryError {
  /** Whether one of several texts may be the reason. */
  readonly maybeOneText: boolean;

  constructor(status: number, text: string) {
    super("unavailable", `Embedding server refused with status ${status} ${text}`.trimEnd());
    this.maybeOneText = status === 400 || status === 413 || status === 422;
  }
}

/** A failure that may pass. */
class PassingError extends MemoryError {
  constructor(message: string, readonly pauseMs: number | undefined, cause?: unknown) {
    super("unavailable", message, {
      cause,
      ...(pauseMs === undefined ? {} : { retryAfterSeconds: Math.ceil(pauseMs / 1000) }),
    });
  }
}

/** A server that embeds. */
export class EmbeddingEndpoint {
  readonly #settings: OpenAiSettings;
  readonly #fetch: typeof fetch;
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly #stop = new AbortController();

  constructor(settings: OpenAiSettings, dependencies: EndpointDependencies) {
    this.#settings = settings;
    this.#fetch = dependencies.fetch ?? fetch;
    this.#now = dependencies.now ?? Date.now;
    this.#random = dependencies.random ?? Math.random;
    this.#sleep = dependencies.sleep ?? sleep;
  }

  /**
   * Unit-length vectors of the texts, in their order.
   *
   * Tries again after 429, 5xx, a timeout or a broken connection, with pauses that double and vary (so that many
   * clients don't come back at once), or as long as the server asks for.
   *
   * @throws {RefusedError} when the server declines; {MemoryError} `unavailable` when all tries failed or the answer
   * makes no sense.
   */
  async embed(texts: string[]): Promise<Float32Array[]> {
    for (let attempt = 1;; attempt++) {
      try {
        return vectorsOf(await this.#request(texts), texts.length);
      } catch (error) {
        if (!(error instanceof PassingError) || attempt === TRIES || this.#stop.signal.aborted) throw error;
        const backOff = FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.5 + this.#random() / 2);
        await this.#sleep(Math.min(error.pauseMs ?? backOff, LONGEST_PAUSE_MS), this.#stop.signal);
        if (this.#stop.signal.aborted) throw error;
      }
    }
  }

  /** Running requests may finish, but none is tried again. */
  stopRetrying(): void {
    this.#stop.abort();
  }

  async #request(texts: string[]): Promise<unknown> {
    const { url, apiKey, model, dimensions, timeoutMs } = this.#settings;
    const headers = new Headers({ "content-type": "application/json", accept: "application/json" });
    if (apiKey !== null) headers.set("authorization", `Bearer ${apiKey}`);
    const body = JSON.stringify({
      model,
      input: texts,
      encoding_format: "float",
      ...(dimensions === null ? {} : { dimensions }),
    });
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      const response = await this.#fetch(`${url.replace(/\/+$/, "")}/embeddings`, {
        method: "POST",
        headers,
        body,
        signal,
      });
      if (response.ok) return await response.json();
      const said = (await response.text()).slice(0, QUOTED);
      if (response.status !== 429 && response.status < 500) throw new RefusedError(response.status, said);
      throw new PassingError(
        `Embedding server answered status ${response.status} ${said}`.trimEnd(),
        this.#askedPause(response.headers.get("retry-after")),
      );
    } catch (error) {
      if (error instanceof MemoryError) throw error;
      if (error instanceof SyntaxError) {
        throw new MemoryError("unavailable", "Embedding server's answer isn't JSON", { cause: error });
      }
      const timedOut = error instanceof DOMException && error.name === "TimeoutError";
      const reason = timedOut ? `didn't answer within ${timeoutMs} ms` : `can't be reached: ${errorText(error)}`;
      throw new PassingError(`Embedding server ${reason}`, undefined, error);
    }
  }

  /** Milliseconds a `Retry-After` asks for: seconds, or a date. */
  #askedPause(header: string | null): number | undefined {
    if (header === null) return undefined;
    const seconds = Number(header);
    if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
    const date = Date.parse(header);
    return Number.isNaN(date) ? undefined : Math.max(0, date - this.#now());
  }
}

/** The vectors of an answer in the order of the texts, which `index` tells and servers needn't keep. */
function vectorsOf(answer: unknown, count: number): Float32Array[] {
  const data = (answer as { data?: unknown } | null)?.data;
  if (!Array.isArray(data)) throw unusable("has no list of embeddings");
  if (data.length !== count) throw unusable(`holds ${data.length} vectors for ${count} texts`);
  const vectors: Float32Array[] = [];
  data.forEach((item: { index?: unknown; embedding?: unknown } | null, position) => {
    const index = typeof item?.index === "number" ? item.index : position;
    const values = item?.embedding;
    if (!Array.isArray(values) || values.length === 0) throw unusable("holds an item without an embedding");
    if (!(index >= 0 && index < count) || vectors[index] !== undefined) throw unusable(`holds a wrong index ${index}`);
    try {
      vectors[index] = toUnitLength(Float32Array.from(values as number[]));
    } catch (error) {
      throw unusable("holds a vector that isn't one", error);
    }
  });
  return vectors;
}

function unusable(problem: string, cause?: unknown): MemoryError {
  return new MemoryError("unavailable", `Embedding server's answer ${problem}`, { cause });
}
