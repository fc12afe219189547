/**
 * A service with named keys for tests: both ports in process over one store, and clients of each key.
 *
 * @module
 */

// First, because its packages give zod's schemas the methods that describe them in OpenAPI, and only those made later.
import { createApp } from "../../src/http/app.ts";
import { sharedAccess } from "../../src/access/access.ts";
import { createKey, CreateKeyInput, type NewKeyOutput } from "../../src/operations/keys/manage.ts";
import { KeyRing } from "../../src/operations/keys/ring.ts";
import { createLogger } from "../../src/operations/logger.ts";
import type { ServiceRuntime } from "../../src/operations/runtime.ts";
import { createMcpListener, type McpListener } from "../../src/mcp/listener.ts";
import type { RestApp } from "../../src/http/endpoint.ts";
import { testRuntime, type TestRuntimeOptions } from "../helpers/runtime.ts";

/** What came back; `json` is null for other types. */
export interface Answer {
  status: number;
  headers: Headers;
  // deno-lint-ignore no-explicit-any
  json: any;
}

/** The service. */
export interface KeyedService extends AsyncDisposable {
  runtime: ServiceRuntime;
  ring: KeyRing;
  app: RestApp;
  mcp: McpListener;
  /** Makes a key that is known at once. */
  key(input: Partial<Omit<CreateKeyInput, "rights">> & Pick<CreateKeyInput, "rights">): Promise<NewKeyOutput>;
  /** A REST request with a token. */
  rest(token: string | null, method: string, path: string, body?: unknown, headers?: HeadersInit): Promise<Answer>;
  /** A message to a path of the MCP port, as the newest protocol has it. */
  call(token: string | null, method: string, params?: object, path?: string, headers?: HeadersInit): Promise<Answer>;
}

/** What differs from the defaults. */
export interface ServiceOptions extends TestRuntimeOptions {
  apiKey?: string | null;
  anonymous?: boolean;
  /** Stands before the runtime, such as one whose store fails. */
  over?: (runtime: ServiceRuntime) => ServiceRuntime;
  /** Milliseconds of the ring's clock. */
  now?: () => number;
  pollMs?: number;
}

export const json = (token: string | null, headers?: HeadersInit): Headers => {
  const all = new Headers(headers);
  all.set("content-type", "application/json");
  all.set("accept", "application/json, text/event-stream");
  if (token !== null) all.set("authorization", `Bearer ${token}`);
  return all;
};

const META = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
  "io.modelcontextprotocol/clientCapabilities": {},
};

/** Opens the service. */
export async function keyedService(options: ServiceOptions = {}): Promise<KeyedService> {
  const opened = await testRuntime(options), runtime = options.over?.(opened.runtime) ?? opened.runtime;
  const log = createLogger("error", () => {});
  const { now, pollMs = 50 } = options;
  const ring = new KeyRing(runtime.storage, { log, pollMs, ...now === undefined ? {} : { now } });
  ring.start();
  await ring.settle();
  const access = sharedAccess({
    ...{ apiKey: options.apiKey ?? null, allowedHosts: [], corsOrigins: [], maxBodyBytes: 1 << 20, verifiers: [ring] },
    anonymous: options.anonymous ?? false,
  });
  const app = createApp(runtime, { ...access, log }),
    mcp = createMcpListener(runtime, { access, serverName: "u", log });
  return {
    ...{ runtime, ring, app, mcp },
    key: async (input) => {
      const made = await createKey(opened.runtime, CreateKeyInput.parse({ name: `key ${++names}`, ...input }));
      await ring.refresh();
      return made;
    },
    rest: async (token, method, path, body, headers) => {
      const init = {
        method,
        headers: json(token, headers),
        ...body === undefined ? {} : { body: JSON.stringify(body) },
      };
      return await read(await app.request(path, init));
    },
    call: async (token, method, params = {}, path = "/mcp", headers = {}) => {
      const message = { jsonrpc: "2.0", id: 1, method, params: { ...params, _meta: META } };
      const all = json(token, headers);
      all.set("mcp-protocol-version", "2026-07-28");
      all.set("mcp-method", method);
      if ("name" in params) all.set("mcp-name", String(params.name));
      if ("uri" in params) all.set("mcp-name", String(params.uri));
      return await read(
        await mcp.fetch(
          new Request(`http://localhost${path}`, { method: "POST", headers: all, body: JSON.stringify(message) }),
        ),
      );
    },
    [Symbol.asyncDispose]: async () => {
      await mcp.close(0);
      await ring.stop();
      await opened[Symbol.asyncDispose]();
    },
  };
}

let names = 0;

async function read(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.startsWith("application/json") && text !== "";
  return { status: response.status, headers: response.headers, json: isJson ? JSON.parse(text) : null };
}
