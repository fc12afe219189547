/**
 * Calls of the REST API by the name of their operation: addresses, bodies, time limits, and retries of what may be
 * repeated. The types come from the OpenAPI document.
 *
 * @module
 */

import { ConnectionError, errorOf, retryAfter } from "./errors.ts";
import type { operations } from "./openapi.gen.ts";
import { type OperationId, OPERATIONS } from "./operations.gen.ts";

export type { OperationId } from "./operations.gen.ts";

/** Where the service is, and how it is called. */
export interface ClientOptions {
  /** Base address of the REST server; `http://127.0.0.1:8000` by default. A path before `/api` is kept. */
  url?: string | URL;
  /** API key, sent as `Authorization: Bearer`. */
  key?: string;
  /** Space to write to, and others to read besides it; the key's own without it. */
  space?: string | readonly string[];
  /** Who calls, for memories stored without an `agent_id`. */
  agentId?: string;
  /** Tries after the first of what may be repeated; 3 by default, 0 for none. */
  retries?: number;
  /** Milliseconds that an answer may take, each try on its own; 30,000 by default. */
  timeoutMs?: number;
  /** Headers of every request. */
  headers?: Record<string, string>;
  /** Replaces the runtime's `fetch`. */
  fetch?: (request: Request) => Promise<Response>;
}

type Content<T> = T extends { content: infer C } ? C[keyof C] : undefined;
/** JSON as a value; forms and lines as `fetch` takes them. */
type BodyOf<T> = T extends { content: { "application/json": infer J } } ? J : BodyInit;
type Parameters<Id extends OperationId> = operations[Id]["parameters"];
type IsEmpty<T> = [T] extends [undefined] ? true : [T] extends [never] ? true : false;
type Part<Name extends string, T> = IsEmpty<NonNullable<T>> extends true ? unknown
  : Record<never, never> extends T ? { [K in Name]?: T }
  : { [K in Name]: T };

/** The path's parameters, the query and the body that an operation takes. */
export type Input<Id extends OperationId> =
  & Part<"path", Parameters<Id>["path"]>
  & Part<"query", Parameters<Id>["query"]>
  & (operations[Id] extends { requestBody: infer B } ? { body: BodyOf<B> } : unknown);

/** What an operation answers. */
export type Answer<Id extends OperationId> = operations[Id] extends { responses: { 200: infer R } } ? Content<R>
  : never;

/** What a single call can differ in. */
export interface CallOptions {
  /** Ends the call. */
  signal?: AbortSignal;
  /** Milliseconds that an answer may take, instead of the client's. */
  timeoutMs?: number;
  headers?: Record<string, string>;
}

/** Milliseconds before the second try, doubled for each further one, and most of them. */
const FIRST_WAIT = 200, LONGEST_WAIT = 5000;
/** Most seconds that are waited where the service names a time; beyond it the caller gets the error at once. */
const LONGEST_RETRY_AFTER = 60;
/** Statuses that a service or a proxy answers when the same call can succeed later. */
const LATER = new Set([502, 503, 504]);

/** Sends requests to one service. */
export class Transport {
  readonly options: ClientOptions;
  readonly #base: string;

  /** @throws {TypeError} when `url` is none. */
  constructor(options: ClientOptions) {
    const url = new URL(options.url ?? "http://127.0.0.1:8000");
    if (url.protocol !== "http:" && url.protocol !== "https:") {
      throw new TypeError(`Cannot use the address "${url.href}": it must begin with http:// or https://`);
    }
    this.options = options;
    this.#base = url.origin + url.pathname.replace(/\/+$/, "");
  }

  /**
   * Calls an operation and gives its answer: JSON as a value, other types as text.
   *
   * @throws {UnimemError}
   */
  async call(id: OperationId, input: LooseInput = {}, options: CallOptions = {}): Promise<unknown> {
    const response = await this.send(id, input, options);
    const isJson = response.headers.get("content-type")?.includes("json") && OPERATIONS[id].answer === "json";
    try {
      return isJson ? await response.json() : await response.text();
    } catch (cause) {
      options.signal?.throwIfAborted();
      throw new ConnectionError(`Cannot read the answer of ${id}: it broke off`, { status: 0, cause });
    }
  }

  /**
   * Calls an operation and gives the response, whose body is still to be read: for long answers.
   *
   * @throws {UnimemError}
   */
  async send(
    id: OperationId,
    { path = {}, query = {}, body }: LooseInput = {},
    { signal, timeoutMs = this.options.timeoutMs ?? 30_000, headers = {} }: CallOptions = {},
  ): Promise<Response> {
    const { method, repeatable } = OPERATIONS[id];
    const url = this.#address(OPERATIONS[id].path, path, query);
    const tries = (this.options.retries ?? 3) + 1;
    // A stream can be sent only once.
    const mayRepeat = repeatable && !(body instanceof ReadableStream);
    for (let tried = 1;; tried++) {
      signal?.throwIfAborted();
      const init = this.#init(id, method, body, headers);
      const limit = timer(timeoutMs, signal);
      let response: Response;
      try {
        const request = new Request(url, { ...init, signal: limit.signal });
        response = await (this.options.fetch ?? fetch)(request);
      } catch (cause) {
        signal?.throwIfAborted();
        const words = limit.passed() ? `no answer within ${timeoutMs} ms` : "no answer";
        const error = new ConnectionError(`Cannot ${id} at ${url.origin}: ${words}`, { status: 0, cause });
        if (!mayRepeat || tried >= tries) throw error;
        await pause(waitFor(tried), signal);
        continue;
      } finally {
        limit.clear();
      }
      if (response.ok) return response;
      const wait = retryAfter(response) ?? waitFor(tried) / 1000;
      // Too many requests are refused before any work, so that every call may be sent again.
      const again = response.status === 429
        ? !(body instanceof ReadableStream)
        : mayRepeat && LATER.has(response.status);
      if (!again || tried >= tries || wait > LONGEST_RETRY_AFTER) throw await errorOf(response, id);
      await response.body?.cancel();
      await pause(wait * 1000, signal);
    }
  }

  #address(template: string, path: Record<string, unknown>, query: Record<string, unknown>): URL {
    const filled = template.replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = path[name];
      if (value === undefined || value === null || String(value) === "") {
        throw new TypeError(`Cannot call ${template}: ${name} is missing`);
      }
      // A path of dots alone would be resolved away.
      return encodeURIComponent(String(value)).replace(/^\.+$/, (dots) => "%2E".repeat(dots.length));
    });
    const url = new URL(this.#base + filled);
    for (const [name, value] of Object.entries(query)) {
      for (const item of Array.isArray(value) ? value : [value]) {
        if (item !== undefined && item !== null) url.searchParams.append(name, String(item));
      }
    }
    return url;
  }

  #init(id: OperationId, method: string, body: unknown, more: Record<string, string>): RequestInit {
    const { key, space, agentId, headers = {} } = this.options, { sends, answer } = OPERATIONS[id];
    const all: Record<string, string> = { accept: answer === "json" ? "application/json" : "*/*" };
    if (key !== undefined) all.authorization = `Bearer ${key}`;
    if (space !== undefined) all["x-unimem-space"] = typeof space === "string" ? space : space.join(",");
    if (agentId !== undefined) all["x-agent-id"] = agentId;
    for (const [name, value] of Object.entries({ ...headers, ...more })) all[name.toLowerCase()] = value;
    if (body === undefined) return { method, headers: all };
    // A form names its own type, with the border between its parts.
    if (body instanceof FormData) return { method, headers: all, body };
    all["content-type"] ??= sends ?? "application/json";
    if (sends === "application/json") return { method, headers: all, body: JSON.stringify(body) };
    const init: RequestInit & { duplex?: "half" } = { method, headers: all, body: body as BodyInit };
    if (body instanceof ReadableStream) init.duplex = "half";
    return init;
  }
}

/** An input before its types are known. */
export interface LooseInput {
  path?: Record<string, unknown>;
  query?: Record<string, unknown>;
  body?: unknown;
}

/** Milliseconds before the next try, some of them by chance, so that many clients don't come back at once. */
export function waitFor(tried: number): number {
  return Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (tried - 1)) * (0.75 + Math.random() / 2);
}

/** Waits, unless the signal ends it. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const abort = () => {
      clearTimeout(timeout);
      reject(signal!.reason);
    };
    const timeout = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", abort, { once: true });
  });
}

/** A signal that a time limit for the answer's beginning ends, or the caller's own, which ends the body's reading too. */
function timer(ms: number, outer?: AbortSignal): { signal: AbortSignal; passed: () => boolean; clear: () => void } {
  const limit = new AbortController();
  const timeout = ms > 0 && Number.isFinite(ms)
    ? setTimeout(() => limit.abort(new DOMException(`No answer within ${ms} ms`, "TimeoutError")), ms)
    : undefined;
  return {
    signal: outer === undefined ? limit.signal : AbortSignal.any([outer, limit.signal]),
    passed: () => limit.signal.aborted,
    clear: () => clearTimeout(timeout),
  };
}
