/**
 * Calls to a Qdrant server: one pool of connections for the process, a deadline on every call, repetition of what went
 * unanswered, and a circuit breaker in front. Every call the driver makes is safe to repeat: inserts insert only and
 * carry a mark of who inserted, changes are bound to the revision they were made from, and deleting twice deletes once.
 *
 * @module
 */

import { errorText, MemoryError } from "../../errors.ts";
import type { ConnectionFigures } from "../contract/capabilities.ts";
import { type Api, ApiError, createApi } from "./api.ts";
import { Circuit } from "./circuit.ts";
import { Probe } from "./probe.ts";
import type { QdrantSettings } from "./settings.ts";
import { Semaphore } from "./semaphore.ts";

export type { Api };

/** Port of a server whose URL names none. */
const DEFAULT_PORT = 6333;
/** Milliseconds before the first repetition; doubled for each further one, and then a random share of it is taken. */
const BACKOFF_MS = 50;
const MAX_BACKOFF_MS = 1000;
/** Seconds after which a caller may come again whom the open circuit refused: about when a probe may find the server back. */
const RETRY_SECONDS = 2;

/** The server answered and said no. */
export class QdrantRefusal extends Error {
  override readonly name = "QdrantRefusal";
  constructor(readonly status: number, detail: string, cause: unknown) {
    super(detail, { cause });
  }
}

/** Pools made by this process. */
let opens = 0;

/** What Deno's `fetch` takes beside the standard's fields: the pool that a request goes through. */
interface PooledInit {
  signal: AbortSignal;
  client: Deno.HttpClient;
}

/** The process's way to one server. */
export class Connection {
  readonly circuit: Circuit;
  readonly #settings: QdrantSettings;
  readonly #slots: Semaphore;
  readonly #probe: Probe;
  #pool: Deno.HttpClient | undefined;
  #api: Api | undefined;
  #calls = 0;
  #answers = 0;
  #retries = 0;
  #failures = 0;
  #refused = 0;

  constructor(settings: QdrantSettings) {
    this.#settings = settings;
    this.#slots = new Semaphore(settings.pool.connections);
    this.circuit = new Circuit(settings.circuit);
    this.#probe = new Probe(
      (signal) => this.#isAnswering(signal),
      () => this.circuit.probed(),
      settings.circuit.probeMs,
    );
  }

  get opens(): number {
    return opens;
  }

  /** How the calls fare. */
  get figures(): ConnectionFigures {
    return {
      limit: this.#slots.limit,
      in_use: this.#slots.inUse,
      waiting: this.#slots.waiting,
      calls: this.#calls,
      retries: this.#retries,
      failures: this.#failures,
      refused: this.#refused,
      circuit: this.circuit.state,
    };
  }

  /** The server's address without credentials, for messages. */
  get address(): string {
    const url = new URL(this.#settings.url);
    url.username = url.password = "";
    return url.href.replace(/\/$/, "");
  }

  /**
   * Runs one call to the server, repeating it while nothing answers.
   *
   * @param timeoutMs The longest all of it may take, the wait for a free connection included.
   * @throws {MemoryError} `unavailable` without an answer in time, `overloaded` when the server says so or when so many
   * calls are under way that this one's turn didn't come.
   * @throws {QdrantRefusal} when the server refuses.
   */
  async call<T>(
    action: string,
    run: (api: Api, init: { signal: AbortSignal }) => Promise<{ data: unknown }>,
    timeoutMs = this.#settings.timeoutMs,
  ): Promise<T> {
    const end = performance.now() + timeoutMs;
    const api = this.#api ??= this.#open();
    for (let attempt = 0;; attempt++) {
      try {
        return await this.#attempt<T>(action, (init) => run(api, init), end);
      } catch (error) {
        if (!(error instanceof Unanswered)) throw error;
        const pause = Math.random() * Math.min(MAX_BACKOFF_MS, BACKOFF_MS * 2 ** attempt);
        if (attempt >= this.#settings.retries || performance.now() + pause >= end) {
          throw this.#away(action, 1, error.cause);
        }
        this.#retries++;
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }

  /** Closes the pool. No call may be running. */
  close(): void {
    this.#probe.stop();
    this.#pool?.close();
    this.#pool = undefined;
    this.#api = undefined;
  }

  /** One request, in a place of its own. */
  async #attempt<T>(
    action: string,
    run: (init: PooledInit) => Promise<{ data: unknown }>,
    end: number,
  ): Promise<T> {
    if (this.circuit.wait > 0) throw this.#refuse(action);
    const answersBefore = this.#answers;
    if (!await this.#slots.acquire(Math.max(0, end - performance.now()))) {
      if (this.#answers === answersBefore) throw this.#refuse(action);
      this.#refused++;
      throw this.#busy(action);
    }
    try {
      if (this.circuit.enter() > 0) throw this.#refuse(action);
      this.#calls++;
      try {
        const left = Math.max(1, Math.ceil(end - performance.now()));
        const { data } = await run({ signal: AbortSignal.timeout(left), client: this.#pool! });
        this.#answered();
        return (data as { result: T }).result;
      } catch (error) {
        const refusal = refusalOf(error);
        if (refusal === null) {
          this.circuit.failed();
          if (this.circuit.state !== "closed") this.#probe.start();
          this.#failures++;
          throw new Unanswered(undefined, { cause: error });
        }
        this.#answered();
        throw refusal;
      }
    } finally {
      this.#slots.release();
    }
  }

  #answered(): void {
    this.#answers++;
    this.circuit.succeeded();
    this.#probe.stop();
  }

  /** Whether the server answers a question that costs it nothing, be it with a refusal. */
  async #isAnswering(signal: AbortSignal): Promise<boolean> {
    const init: PooledInit = { signal, client: this.#pool! };
    try {
      await this.#api!.collectionExists({ collection_name: this.#settings.collection }, init);
      return true;
    } catch (error) {
      return refusalOf(error) !== null;
    }
  }

  #refuse(action: string): MemoryError {
    this.#refused++;
    return this.#away(action, Math.min(RETRY_SECONDS, Math.max(1, this.circuit.wait)));
  }

  #away(action: string, retryAfterSeconds: number, cause?: unknown): MemoryError {
    return new MemoryError("unavailable", `Cannot ${action}: Qdrant at ${this.address} does not answer`, {
      retryAfterSeconds,
      ...(cause === undefined ? {} : { cause }),
    });
  }

  #busy(action: string): MemoryError {
    const { limit } = this.#slots;
    return new MemoryError("overloaded", `Cannot ${action}: ${limit} calls to Qdrant are under way, the most at once`, {
      retryAfterSeconds: 1,
    });
  }

  #open(): Api {
    const { url, apiKey } = this.#settings, { connections, idleSeconds } = this.#settings.pool;
    opens++;
    this.#pool = Deno.createHttpClient({ poolMaxIdlePerHost: connections, poolIdleTimeout: idleSeconds * 1000 });
    return createApi(baseOf(url), {
      // The server would send each answer in small compressed pieces, each of which waits some 40 ms for the last.
      "accept-encoding": "identity",
      ...(apiKey === null ? {} : { "api-key": apiKey }),
    });
  }
}

/** The URL that requests begin with. */
function baseOf(url: string): string {
  const { protocol, hostname, pathname } = new URL(url);
  // Not from the parsed URL, which has none where the scheme's own is named.
  const port = /^[^/]*\/\/[^/]*:(\d+)(?:\/|$)/.exec(url)?.[1] ?? DEFAULT_PORT;
  return `${protocol}//${hostname}:${port}${pathname.replace(/\/$/, "")}`;
}

/** A request that nothing answered. */
class Unanswered extends Error {}

/** What the server answered when it answered at all; null for an outage. */
function refusalOf(error: unknown): QdrantRefusal | MemoryError | null {
  if (!(error instanceof ApiError)) return null;
  const { status, data, retryAfter } = error;
  if (status === 429) {
    return new MemoryError("overloaded", "Cannot reach the store: Qdrant has too much to do", {
      retryAfterSeconds: retryAfter ?? 1,
      cause: error,
    });
  }
  return status >= 500 ? null : new QdrantRefusal(status, detailOf(data) ?? errorText(error), error);
}

function detailOf(data: unknown): string | null {
  const status = (data as { status?: { error?: unknown } } | null | undefined)?.status;
  return typeof status?.error === "string" ? status.error : typeof data === "string" ? data : null;
}
