/**
 * Calls to a Qdrant server: one client for the process, a deadline on every call, repetition of what went unanswered,
 * and a circuit breaker in front. Every call the driver makes is safe to repeat: inserts insert only and carry a mark of
 * who inserted, changes are bound to the revision they were made from, and deleting twice deletes once.
 *
 * @module
 */

import type { QdrantClient } from "@qdrant/js-client-rest";
import { errorText, MemoryError } from "../../errors.ts";
import { Circuit } from "./circuit.ts";
import type { QdrantSettings } from "./settings.ts";

/** The server's API as its OpenAPI document says it. */
export type Api = ReturnType<QdrantClient["api"]>;

/** Milliseconds before the first repetition; doubled for each further one, and then a random share of it is taken. */
const BACKOFF_MS = 50;
const MAX_BACKOFF_MS = 1000;

/** The server answered and said no. */
export class QdrantRefusal extends Error {
  override readonly name = "QdrantRefusal";
  constructor(readonly status: number, detail: string, cause: unknown) {
    super(detail, { cause });
  }
}

/** Clients made by this process. */
let opens = 0;

/** The process's way to one server. */
export class Connection {
  readonly circuit: Circuit;
  readonly #settings: QdrantSettings;
  #api: Promise<Api> | undefined;

  constructor(settings: QdrantSettings) {
    this.#settings = settings;
    this.circuit = new Circuit(settings.circuit);
  }

  get opens(): number {
    return opens;
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
   * @param timeoutMs The longest all of it may take.
   * @throws {MemoryError} `unavailable` without an answer in time, `overloaded` when the server says so.
   * @throws {QdrantRefusal} when the server refuses.
   */
  async call<T>(
    action: string,
    run: (api: Api, init: { signal: AbortSignal }) => Promise<{ data: unknown }>,
    timeoutMs = this.#settings.timeoutMs,
  ): Promise<T> {
    const end = performance.now() + timeoutMs;
    const api = await (this.#api ??= this.#open());
    for (let attempt = 0;; attempt++) {
      const wait = this.circuit.enter();
      if (wait > 0) throw this.#away(action, wait);
      try {
        const left = Math.max(1, Math.ceil(end - performance.now()));
        const { data } = await run(api, { signal: AbortSignal.timeout(left) });
        this.circuit.succeeded();
        return (data as { result: T }).result;
      } catch (error) {
        const refusal = refusalOf(error);
        if (refusal !== null) {
          this.circuit.succeeded();
          throw refusal;
        }
        this.circuit.failed();
        const pause = Math.random() * Math.min(MAX_BACKOFF_MS, BACKOFF_MS * 2 ** attempt);
        if (attempt >= this.#settings.retries || performance.now() + pause >= end) throw this.#away(action, 1, error);
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }

  #away(action: string, retryAfterSeconds: number, cause?: unknown): MemoryError {
    return new MemoryError("unavailable", `Cannot ${action}: Qdrant at ${this.address} does not answer`, {
      retryAfterSeconds,
      ...(cause === undefined ? {} : { cause }),
    });
  }

  async #open(): Promise<Api> {
    // Loaded here, so that a process with another store never pays for it.
    const { QdrantClient } = await import("@qdrant/js-client-rest");
    const { url, apiKey } = this.#settings, { pathname } = new URL(url);
    opens++;
    const client = new QdrantClient({
      url: new URL("/", url).href,
      ...(pathname === "/" ? {} : { prefix: pathname.replace(/\/$/, "") }),
      headers: {
        // The server would send each answer in small compressed pieces, each of which waits some 40 ms for the last.
        "accept-encoding": "identity",
        // Not as the client's own setting, with which it writes a warning about plain HTTP to the console.
        ...(apiKey === null ? {} : { "api-key": apiKey }),
      },
      timeout: Infinity, // each call brings its own deadline
      checkCompatibility: false, // would be one more call, and a line on the console
    });
    return client.api();
  }
}

/** What the server answered when it answered at all; null for an outage. */
function refusalOf(error: unknown): QdrantRefusal | MemoryError | null {
  if (typeof error !== "object" || error === null) return null;
  const { status, data, retry_after } = error as { status?: unknown; data?: unknown; retry_after?: unknown };
  if (status === 429 || typeof retry_after === "number") {
    const retryAfterSeconds = typeof retry_after === "number" ? retry_after : 1;
    return new MemoryError("overloaded", "Cannot reach the store: Qdrant has too much to do", {
      retryAfterSeconds,
      cause: error,
    });
  }
  if (typeof status !== "number" || status >= 500) return null;
  return new QdrantRefusal(status, detailOf(data) ?? errorText(error), error);
}

function detailOf(data: unknown): string | null {
  const status = (data as { status?: { error?: unknown } } | null | undefined)?.status;
  return typeof status?.error === "string" ? status.error : typeof data === "string" ? data : null;
}
