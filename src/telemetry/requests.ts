/**
 * Requests from their arrival to their answer: an id that goes to the client and into the log, a line in the log, and the
 * counters. Every surface uses it, so that a request counts alike wherever it came in.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";
import { outcomeOf, outcomeOfStatus } from "./outcome.ts";
import type { Gauge, Registry } from "./registry.ts";
import type { RequestScope, Surface, Tracer } from "./tracer.ts";

/** Takes the line of a request; a logger of operations is one. */
export type RequestLog = Record<"debug" | "info", (message: string, fields: RequestFields) => void>;

/** What the line of a request tells. */
export type RequestFields = Record<string, string | number>;

/** Names clients may give their requests: enough for UUIDs, trace ids and the like, and harmless in a log. */
const SANE_ID = /^[\w.:\/+=@-]{1,128}$/;
/** Asked so often, by machines, that their lines would drown the others. */
const PROBES: ReadonlySet<string> = new Set(["health", "ready", "metrics"]);

/** Counts and logs requests. */
export class Requests {
  readonly #metrics: Registry;
  readonly #tracer: Tracer | null;
  readonly #current = new AsyncLocalStorage<RequestScope>();

  constructor(metrics: Registry, tracer: Tracer | null) {
    this.#metrics = metrics;
    this.#tracer = tracer;
  }

  /** The request that this code runs for. */
  get current(): RequestScope | undefined {
    return this.#current.getStore();
  }

  /** Id of the request that this code runs for; a new one outside any, so that a fault can always be named. */
  get id(): string {
    return this.current?.id ?? crypto.randomUUID();
  }

  /** Answers an HTTP request, with its id in `X-Request-Id`. */
  async answer(
    surface: Surface,
    operation: string,
    request: Request,
    log: RequestLog,
    run: (scope: RequestScope) => Promise<Response>,
  ): Promise<Response> {
    const given = request.headers.get("x-request-id");
    const id = given !== null && SANE_ID.test(given) ? given : crypto.randomUUID();
    const scope: RequestScope = { id, surface, operation }, { method } = request;
    const response = await this.#observed(scope, () => run(scope), (response) => {
      scope.outcome ??= outcomeOfStatus(response.status);
      const bytes = response.headers.get("content-length");
      return { method, status: response.status, ...(bytes === null ? {} : { bytes: Number(bytes) }) };
    }, log);
    response.headers.set("X-Request-Id", id);
    return response;
  }

  /** Says that the HTTP request that this code runs for only carries messages, which count by themselves. */
  carriesMessage(): void {
    const carrier = this.current;
    if (carrier === undefined || carrier.carried) return;
    carrier.carried = true;
    this.#inFlight(carrier).add(-1);
  }

  /** Runs a message of a protocol, which belongs to the HTTP request that carried it, where there is one. */
  message<T>(surface: Surface, operation: string, log: RequestLog, run: () => Promise<T>): Promise<T> {
    this.carriesMessage();
    const scope: RequestScope = { id: this.id, surface, operation };
    return this.#observed(scope, run, () => (scope.outcome ??= "ok", {}), log);
  }

  async #observed<T>(
    scope: RequestScope,
    run: () => Promise<T>,
    describe: (result: T) => RequestFields,
    log: RequestLog,
  ): Promise<T> {
    const began = performance.now();
    this.#inFlight(scope).add(1);
    let fields: RequestFields = {};
    const observed = async () => {
      const result = await run();
      fields = describe(result);
      return result;
    };
    try {
      return await this.#current.run(
        scope,
        () => this.#tracer === null ? observed() : this.#tracer.request(scope, observed),
      );
    } catch (error) {
      scope.outcome ??= outcomeOf(error);
      throw error;
    } finally {
      if (!scope.carried) {
        this.#inFlight(scope).add(-1);
        this.#ended(scope, performance.now() - began, fields, log);
      }
    }
  }

  #inFlight({ surface }: RequestScope): Gauge {
    return this.#metrics.gauge("unimem_requests_in_flight").with(surface);
  }

  #ended({ id, surface, operation, outcome = "ok" }: RequestScope, ms: number, fields: RequestFields, log: RequestLog) {
    this.#metrics.counter("unimem_requests_total").with(surface, operation, outcome).add();
    this.#metrics.histogram("unimem_request_duration_seconds").with(surface, operation).observe(ms / 1000);
    const duration_ms = Math.round(ms * 100) / 100;
    log[PROBES.has(operation) && outcome === "ok" ? "debug" : "info"]("Request answered", {
      request: id,
      surface,
      operation,
      outcome,
      ...fields,
      duration_ms,
    });
  }
}
