/**
 * The MCP port: routes requests to the transports, after the same access checks as the REST port.
 *
 * @module
 */

import { type AccessSettings, createAccess } from "../access/access.ts";
import { MemoryError } from "../errors.ts";
import { ready } from "../operations/health/health.ts";
import { createLogger, type Logger } from "../operations/logger.ts";
import type { Runtime } from "../operations/runtime.ts";
import { exposition, EXPOSITION_TYPE } from "../telemetry/exposition.ts";
import { InFlight } from "./in_flight.ts";
import { RPC, rpcError, unavailable } from "./rpc.ts";
import { createMcpServer } from "./server.ts";
import type { SessionLimits } from "./sessions.ts";
import { SseEndpoint } from "./sse.ts";
import { StreamableEndpoint } from "./streamable.ts";

/** How the port serves. What is left out has the defaults below. */
export interface McpListenerSettings {
  access: AccessSettings;
  /** Name clients are told. */
  serverName: string;
  log?: Logger;
  /** Seconds between comments that keep proxies from closing a quiet stream. */
  keepAliveSeconds?: number;
  sessions?: Partial<SessionLimits>;
}

/** The port's handler. */
export interface McpListener {
  /** Answers a request; never rejects. Not bound to an instance, so it can be handed to `Deno.serve` as it is. */
  readonly fetch: (request: Request) => Promise<Response>;
  /** Clients connected now, by transport. Clients of the stateless era are only there while a request runs. */
  readonly clients: () => { sse: number; streamable: number };
  /**
   * Refuses new requests, lets running tool calls finish for at most `graceMs`, then ends all sessions and streams.
   * Idempotent.
   */
  readonly close: (graceMs?: number) => Promise<void>;
}

/**
 * A session costs a few kilobytes, so that there can be many; half an hour covers the pauses of a conversation, and a
 * client whose stream broke has five minutes to come back.
 */
const SESSION_LIMITS: SessionLimits = { max: 1000, idleMs: 30 * 60_000, abandonedMs: 5 * 60_000 };

/** What web pages of listed origins may send and read besides what REST allows. */
const CORS = {
  methods: ["DELETE"],
  requestHeaders: [
    "X-Request-Id",
    "Mcp-Session-Id",
    "Mcp-Protocol-Version",
    "Mcp-Method",
    "Mcp-Name",
    "Last-Event-ID",
    "X-Agent-ID",
  ],
  exposedHeaders: ["Mcp-Session-Id", "X-Request-Id"],
};

/** Whether requests can be served now, as the REST port says it. Needs no key. */
async function readiness(runtime: Runtime): Promise<Response> {
  try {
    await ready(runtime);
    return probe(200, { status: "ready" });
  } catch (error) {
    if (!(error instanceof MemoryError)) throw error;
    return probe(503, { detail: error.message }, { "Retry-After": String(error.retryAfterSeconds ?? 1) });
  }
}

function probe(status: number, body: object, headers: Record<string, string> = {}): Response {
  return Response.json(body, { status, headers: { "Cache-Control": "no-store", ...headers } });
}

/** Prepares the handler of the MCP port. Opens nothing; close it when done. */
export function createMcpListener(runtime: Runtime, settings: McpListenerSettings): McpListener {
  const { serverName, log = createLogger("info", (line) => console.error(line)) } = settings;
  const access = createAccess(settings.access, CORS);
  const inFlight = new InFlight();
  const limits = { ...SESSION_LIMITS, ...settings.sessions };
  const shared = {
    createServer: () => createMcpServer(runtime, { serverName, log, surface: "mcp", inFlight }),
    maxBodyBytes: settings.access.maxBodyBytes,
    keepAliveMs: (settings.keepAliveSeconds ?? 15) * 1000,
    log,
  };
  const sse = new SseEndpoint({
    ...shared,
    maxSessions: limits.max,
    // Its answer comes over the stream, after that to the request that carried it; it counts by itself all the same.
    onMessage: (body) => {
      if (isCounted(body)) runtime.telemetry.requests.carriesMessage();
    },
  });
  const streamable = new StreamableEndpoint({ ...shared, limits });
  const { transports } = runtime.health;
  transports.set("SSE", () => ({ open: sse.size, limit: limits.max }));
  transports.set("Streamable HTTP", () => ({ open: streamable.size, limit: limits.max }));
  let closed: Promise<void> | undefined;

  const route = async (request: Request): Promise<Response> => {
    const url = new URL(request.url);
    const path = url.pathname.replace(/(?<=.)\/$/, "");
    const refusal = access.checkCaller(request);
    if (refusal) return refusal;
    if (path === "/health") return probe(200, { status: "ok" });
    if (path === "/health/ready") return await readiness(runtime);
    const denied = access.checkKey(request);
    if (denied) return denied;
    if (closed) return access.withCors(request, unavailable("The service is stopping"));
    switch (path) {
      case "/metrics":
        return await tellMetrics(runtime);
      case "/mcp":
        return access.withCors(request, await streamable.handle(request));
      case "/sse":
        return access.withCors(request, await sse.open(request));
      case "/messages":
        return access.withCors(request, await sse.post(request, url));
      default:
        return access.withCors(request, rpcError(404, RPC.other, "Not found: MCP is served at /mcp and /sse"));
    }
  };

  const answer = async (request: Request): Promise<Response> => {
    try {
      return await route(request);
    } catch (error) {
      const reference = runtime.telemetry.requests.id;
      log.error(`MCP request failed: ${error instanceof Error ? error.stack : String(error)}`, { request: reference });
      return rpcError(500, -32603, `Internal error; the log has it as request ${reference}`);
    }
  };

  const { metrics } = runtime.telemetry;
  metrics.observe("unimem_sessions", () => [[["sse"], sse.size], [["streamable"], streamable.size]]);

  return {
    fetch: (request) =>
      runtime.telemetry.requests.answer("mcp", operationOf(request), request, log, () => answer(request)),
    clients: () => ({ sse: sse.size, streamable: streamable.size }),
    close: (graceMs = 5000) =>
      closed ??= (async () => {
        await inFlight.idle(graceMs);
        await Promise.all([sse.close(), streamable.close()]);
      })(),
  };
}

/** Whether a message is a request that a server object counts. */
function isCounted(body: unknown): boolean {
  return typeof body === "object" && body !== null && "id" in body && "method" in body &&
    /^(tools|prompts|resources\/(list|read)$|completion)/.test(String(body.method));
}

/** What an HTTP request is for, where it carries no message that counts by itself. */
function operationOf({ method, url }: Request): string {
  switch (new URL(url).pathname.replace(/(?<=.)\/$/, "")) {
    case "/health":
      return "health";
    case "/metrics":
      return "metrics";
    case "/sse":
      return "stream";
    case "/messages":
      return "message";
    case "/mcp":
      return method === "GET" ? "stream" : method === "DELETE" ? "end_session" : "message";
    default:
      return "unknown";
  }
}

/** For a process that serves MCP alone; one that serves REST too tells the same there. */
async function tellMetrics({ telemetry: { metrics } }: Runtime): Promise<Response> {
  if (!metrics.enabled) return rpcError(404, RPC.other, "Not found: metrics are off (MCP_METRICS_ENABLED=false)");
  return new Response(await exposition(metrics), {
    headers: { "Content-Type": EXPOSITION_TYPE, "Cache-Control": "no-store" },
  });
}
