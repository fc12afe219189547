/** A real MCP listener on a free port, and one shape for the official clients of both SDK generations. */

import {
  Client as Client2,
  InMemoryTransport,
  StreamableHTTPClientTransport as Streamable2,
} from "@modelcontextprotocol/client";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { InFlight } from "../../src/mcp/in_flight.ts";
import { createMcpListener, type McpListener, type McpListenerSettings } from "../../src/mcp/listener.ts";
import { createMcpServer } from "../../src/mcp/server.ts";
import { createLogger } from "../../src/operations/logger.ts";
import type { OperationSettings, Runtime, ServiceRuntime } from "../../src/operations/runtime.ts";
import { until as untilDone } from "../helpers/process.ts";
import { testRuntime } from "../helpers/runtime.ts";

/** What a call gives, as far as tests look at it. */
export interface CallResult {
  content: { type: string; text: string }[];
  structuredContent?: Record<string, unknown>;
  isError?: boolean;
}

/** A connected client. */
export interface TestClient {
  instructions: string | undefined;
  protocolVersion: string | undefined;
  list(): Promise<ListedTool[]>;
  call(name: string, args?: Record<string, unknown>): Promise<CallResult>;
  close(): Promise<void>;
}

/** A tool as a client sees it. */
export interface ListedTool {
  name: string;
  title?: string;
  description?: string;
  inputSchema: Record<string, unknown>;
  outputSchema?: Record<string, unknown>;
  annotations?: Record<string, unknown>;
}

/** A listener in action. */
export interface TestServer {
  url: string;
  listener: McpListener;
  /** Lines logged so far. */
  log: string[];
  stop(): Promise<void>;
}

export const OPEN = { apiKey: null, allowedHosts: [], corsOrigins: [], maxBodyBytes: 1 << 20 };

/** Serves a runtime's MCP port. */
export function serveMcp(runtime: ServiceRuntime, settings: Partial<McpListenerSettings> = {}): TestServer {
  const lines: string[] = [];
  const log = createLogger("info", (line) => lines.push(line));
  const listener = createMcpListener(runtime, { access: OPEN, serverName: "unimem", log, ...settings });
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, listener.fetch);
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    listener,
    log: lines,
    stop: async () => {
      const done = server.shutdown();
      await listener.close();
      await done;
    },
  };
}

type Headers = Record<string, string>;

/** The first SDK hands its headers to POST only; the stream's come through its fetch. */
function withHeaders(headers: Headers): typeof fetch {
  return (input, init) => {
    const all = new globalThis.Headers(init?.headers);
    for (const [name, value] of Object.entries(headers)) all.set(name, value);
    return fetch(input, { ...init, headers: all });
  };
}

/** A client of the newer SDK, in this process without HTTP. */
export async function connectInMemory(
  runtime: Runtime,
  log = createLogger("error", () => {}),
  name = "test",
): Promise<TestClient> {
  const [clientSide, serverSide] = InMemoryTransport.createLinkedPair();
  await createMcpServer(runtime, { serverName: "unimem", log, surface: "mcp", inFlight: new InFlight() }).connect(
    serverSide,
  );
  const client = new Client2({ name, version: "1" });
  await client.connect(clientSide);
  return wrap2(client);
}

/** Runs `body` with a client in memory over an empty store. */
export async function withClient(
  body: (client: TestClient, runtime: ServiceRuntime) => Promise<void>,
  { settings = {}, name }: { settings?: Partial<OperationSettings>; name?: string } = {},
): Promise<void> {
  await using test = await testRuntime({ settings });
  const client = await connectInMemory(test.runtime, undefined, name);
  try {
    await body(client, test.runtime);
  } finally {
    await client.close();
  }
}

/** What a client calls itself, and what follows the path in the address. */
interface ClientAs {
  name?: string;
  query?: string;
  /** Before the path, such as `/s/NAME`. */
  prefix?: string;
}

/** All ways to reach the port over HTTP. */
export const CONNECT = {
  "HTTP+SSE": (url: string, headers: Headers = {}, { name, query = "", prefix = "" }: ClientAs = {}) =>
    connect1(
      new SSEClientTransport(new URL(`${prefix}/sse${query}`, url), {
        requestInit: { headers },
        eventSourceInit: { fetch: withHeaders(headers) },
      }),
      name,
    ),
  "Streamable HTTP, first SDK": (
    url: string,
    headers: Headers = {},
    { name, query = "", prefix = "" }: ClientAs = {},
  ) =>
    connect1(
      new StreamableHTTPClientTransport(new URL(`${prefix}/mcp${query}`, url), { requestInit: { headers } }),
      name,
    ),
  "Streamable HTTP 2025-11-25": (url: string, headers: Headers = {}, as: ClientAs = {}) =>
    connect2(url, "legacy", headers, as),
  "Streamable HTTP 2026-07-28": (url: string, headers: Headers = {}, as: ClientAs = {}) =>
    connect2(url, { pin: "2026-07-28" }, headers, as),
};

async function connect1(
  transport: SSEClientTransport | StreamableHTTPClientTransport,
  name = "test",
): Promise<TestClient> {
  const client = new Client({ name, version: "1" });
  // The SDK's own declaration of its transports doesn't fit its Transport under exactOptionalPropertyTypes.
  await client.connect(transport as Parameters<Client["connect"]>[0]);
  return {
    instructions: client.getInstructions(),
    protocolVersion: "protocolVersion" in transport ? transport.protocolVersion : undefined,
    list: async () => (await client.listTools()).tools as ListedTool[],
    call: async (name, args = {}) => await client.callTool({ name, arguments: args }) as unknown as CallResult,
    close: () => client.close(),
  };
}

async function connect2(
  url: string,
  mode: "legacy" | { pin: string },
  headers: Headers,
  { name = "test", query = "", prefix = "" }: ClientAs,
): Promise<TestClient> {
  const client = new Client2({ name, version: "1" }, { versionNegotiation: { mode } });
  await client.connect(new Streamable2(new URL(`${prefix}/mcp${query}`, url), { requestInit: { headers } }));
  return wrap2(client);
}

function wrap2(client: Client2): TestClient {
  return {
    instructions: client.getInstructions(),
    protocolVersion: client.getNegotiatedProtocolVersion(),
    list: async () => (await client.listTools()).tools as ListedTool[],
    call: async (name, args = {}) => await client.callTool({ name, arguments: args }) as unknown as CallResult,
    close: () => client.close(),
  };
}

/** Waits until `met` holds. */
export async function until(met: () => boolean): Promise<void> {
  await untilDone(() => Promise.resolve(met()), (is) => is, "the condition");
}

/**
 * Opens a stream over a connection of its own, so that closing it is a client that goes. (Deno's fetch may keep the
 * connection of a stream it was told to abort.)
 */
export async function openStream(
  url: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<{ close(): void }> {
  const { hostname, port, host } = new URL(url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  const lines = Object.entries({ host, accept: "text/event-stream", ...headers }).map(([k, v]) => `${k}: ${v}\r\n`);
  await connection.write(new TextEncoder().encode(`GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`));
  return { close: () => connection.close() };
}

/** Initializes a session of the older era as a client does, with its stream open unless told otherwise. */
export async function openSession(url: string, withStream = true): Promise<{ id: string; close(): void }> {
  const response = await fetch(`${url}/mcp`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json, text/event-stream" },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "initialize",
      params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1" } },
    }),
  });
  await response.body?.cancel();
  const id = response.headers.get("mcp-session-id")!;
  const stream = withStream ? await openStream(url, "/mcp", { "mcp-session-id": id }) : null;
  return { id, close: () => stream?.close() };
}
