/**
 * A REST client for tests: an app over a real runtime, called in process.
 *
 * @module
 */

import { createLogger } from "../../src/operations/logger.ts";
import { createApp } from "../../src/http/app.ts";
import type { HttpSettings, RestApp } from "../../src/http/endpoint.ts";
import type { Events, HubOptions } from "../../src/operations/events.ts";
import type { HealthRecord } from "../../src/operations/health/record.ts";
import type { EmbeddingModels, OperationSettings, ServiceRuntime } from "../../src/operations/runtime.ts";
import type { StoreSpaces } from "../../src/storage/contract/spaces.ts";
import { testRuntime } from "../helpers/runtime.ts";
import { overriddenStorage, type Overrides } from "../helpers/storage.ts";

/** What came back; `json` is null for other types. */
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  // deno-lint-ignore no-explicit-any
  json: any;
}

/** An app under test. */
export interface TestClient extends AsyncDisposable {
  /** What the app runs over. */
  runtime: ServiceRuntime;
  app: RestApp;
  /** Folder of the store's files. */
  folder: string;
  events: Events;
  health: HealthRecord;
  /** Lines logged as errors. */
  logged: string[];
  get(path: string, headers?: HeadersInit): Promise<Answer>;
  /** Sends a value as JSON, a string as it is. */
  send(method: string, path: string, body?: unknown, headers?: HeadersInit): Promise<Answer>;
  store(content: string, more?: Record<string, unknown>): Promise<string>;
}

/** Differences from the defaults of the app under test. */
export interface ClientOptions {
  http?: Partial<HttpSettings>;
  operations?: Partial<OperationSettings>;
  /** Methods that replace the store's, e.g. to make it fail. */
  storage?: Overrides;
  /** Methods that replace those of the store's spaces. */
  spaces?: Partial<StoreSpaces>;
  events?: HubOptions;
  /** Parts that replace the loaded model. */
  embeddings?: Partial<EmbeddingModels>;
  /** Methods that replace the event hub's. */
  hub?: Partial<Events>;
}

/** An app over a runtime, open to every caller unless the settings say otherwise, that logs nothing. */
export function appOver(runtime: ServiceRuntime, settings: Partial<HttpSettings> = {}): RestApp {
  return createApp(runtime, {
    apiKey: null,
    allowedHosts: [],
    corsOrigins: [],
    maxBodyBytes: 1 << 20,
    log: createLogger("error", () => {}),
    ...settings,
  });
}

/** Opens an app over a fresh store. */
export async function openClient(options: ClientOptions = {}): Promise<TestClient> {
  const opened = await testRuntime({
    settings: options.operations ?? {},
    events: options.events ?? {},
    embeddings: options.embeddings ?? {},
  });
  const { storage, events } = opened.runtime;
  Object.assign(events, options.hub);
  const runtime = options.storage === undefined && options.spaces === undefined
    ? opened.runtime
    : { ...opened.runtime, storage: overriddenStorage(storage, options.storage ?? {}, options.spaces) };
  const logged: string[] = [];
  const app = appOver(runtime, { log: createLogger("error", (line) => logged.push(line)), ...options.http });
  const answer = async (path: string, init: RequestInit) => await read(await app.request(path, init));
  const send: TestClient["send"] = (method, path, body, more) => {
    const headers = new Headers(more);
    if (!headers.has("content-type")) headers.set("content-type", "application/json");
    const text = typeof body === "string" ? body : JSON.stringify(body);
    return answer(path, { method, headers, ...(body === undefined ? {} : { body: text }) });
  };
  return {
    app,
    folder: opened.folder,
    runtime,
    events,
    health: opened.runtime.health,
    logged,
    get: (path, headers = {}) => answer(path, { headers }),
    send,
    store: async (content, more = {}) => (await send("POST", "/api/memories", { content, ...more })).json.content_hash,
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

async function read(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.startsWith("application/json") && text !== "";
  return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : null };
}
