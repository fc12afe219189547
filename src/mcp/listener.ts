/**
 * The MCP port: routes requests to the transports, after the same access checks as the REST port.
 *
 * @module
 */

import { type AccessSettings, createAccess } from "../access/access.ts";
import { BodyReader } from "../access/body.ts";
import { secured } from "../access/headers.ts";
import { needOfMessages, needOfOperation } from "../access/rights.ts";
import { spacePath } from "../access/space.ts";
import { MemoryError } from "../errors.ts";
import { profileOf, type ToolProfile } from "../memory/tool_profile.ts";
import { ready } from "../operations/health/health.ts";
import { noteRefused } from "../operations/audit/refused.ts";
import { callerRuntime } from "../operations/caller_runtime.ts";
import { clientOf, MAX_CLIENTS, sharePerAddress } from "../operations/address.ts";
import { createLogger, type Logger } from "../operations/logger.ts";
import type { ServiceRuntime } from "../operations/runtime.ts";
import { noteWrongKey } from "../operations/wrong_key.ts";
import { exposition, EXPOSITION_TYPE } from "../telemetry/exposition.ts";
import type { Endpoints } from "./endpoints.ts";
import { InFlight } from "./in_flight.ts";
import { type Authorise, RPC, rpcError, unavailable } from "./rpc.ts";
import type { SessionLimits } from "./sessions.ts";

/** How the port serves. What is left out has the defaults below. */
export interface McpListenerSettings {
  access: AccessSettings;
  /** Name that clients get. */
  serverName: string;
  log?: Logger;
  /** Seconds between comments that keep proxies from closing a quiet stream. */
  keepAliveSeconds?: number;
  sessions?: Partial<SessionLimits>;
}

/** The port's handler. */
export interface McpListener {
  /** Answers a request; never rejects. Not bound to an instance, so it can be handed to `Deno.serve` as it is. */
  readonly fetch: (request: Request, info?: { remoteAddr: Deno.Addr }) => Promise<Response>;
  /** Clients connected now, by transport. Clients of the stateless era are only there while a request runs. */
  readonly clients: () => { sse: number; streamable: number };
  /**
   * Refuses new requests, lets running tool calls finish for at most `graceMs`, then ends all sessions and streams.
   * Idempotent.
   */
  readonly close: (graceMs?: number) => Promise<void>;
}

/**
 * Half an hour covers the pauses of a conversation, and a
 * client whose stream broke has five minutes to come back.
 */
const SESSION_LIMITS = { max: MAX_CLIENTS, idleMs: 30 * 60_000, abandonedMs: 5 * 60_000 };

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
    "X-Unimem-Space",
  ],
  exposedHeaders: ["Mcp-Session-Id", "X-Request-Id"],
};

/** Whether requests can be served now, as the REST port says it. Needs no key. */
async function readiness(runtime: ServiceRuntime): Promise<Response> {
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
export function createMcpListener(runtime: ServiceRuntime, settings: McpListenerSettings): McpListener {
  const { serverName, log = createLogger("info", (line) => console.error(line)) } = settings;
  const { basePath = "" } = settings.access;
  const access = createAccess(settings.access, CORS, {
    listeners: () => runtime.health.addresses(),
    onWrongKey: noteWrongKey(runtime, "mcp", log),
    onRefused: noteRefused(runtime, "mcp"),
    channel: "mcp",
  });
  const inFlight = new InFlight(), bodies = settings.access.bodies ?? new BodyReader();
  const max = settings.sessions?.max ?? SESSION_LIMITS.max;
  const limits: SessionLimits = {
    ...SESSION_LIMITS,
    maxPerAddress: settings.access.maxPerAddress ?? sharePerAddress(max),
    ...settings.sessions,
  };
  let opened: Endpoints | undefined, opening: Promise<Endpoints> | undefined;
  /** A service whose clients all use REST does without the MCP packages. */
  const endpoints = (): Promise<Endpoints> =>
    opening ??= (async () => {
      try {
        const { openEndpoints } = await import("./endpoints.ts");
        return opened = openEndpoints(runtime, {
          serverName,
          log,
          inFlight,
          readBody: (request) => bodies.read(request, settings.access.maxBodyBytes),
          keepAliveMs: (settings.keepAliveSeconds ?? 15) * 1000,
          limits,
        });
      } catch (error) {
        opening = undefined;
        throw error;
      }
    })();
  const clients = () => ({ sse: opened?.sse.size ?? 0, streamable: opened?.streamable.size ?? 0 });
  const { transports } = runtime.health;
  transports.set("SSE", () => ({ open: clients().sse, limit: limits.max }));
  transports.set("Streamable HTTP", () => ({ open: clients().streamable, limit: limits.max }));
  let closed: Promise<void> | undefined;

  const serve = async (handle: (endpoints: Endpoints) => Promise<Response>): Promise<Response> => {
    const both = await endpoints();
    return closed ? stopping() : await handle(both);
  };

  const route = async (request: Request, address: string | undefined): Promise<Response> => {
    const { path, prefix } = spacePath(pathOf(request), basePath),
      isProbe = path === "/health" || path === "/health/ready";
    const isPublic = isProbe || (settings.access.endpoints?.serves(path) ?? false);
    // Even a GET changes something here: it opens a stream or a session.
    const refusal = access.checkCaller(request, {
      probe: isProbe,
      guarded: !isPublic && path !== "/metrics",
      address,
    });
    if (refusal) return refusal;
    const answered = access.answerPublic(request, path, address, (maxBytes) => bodies.read(request, maxBytes));
    if (answered !== null) return await answered;
    if (path === "/health") return probe(200, { status: "ok" });
    if (path === "/health/ready") return await readiness(runtime);
    const caller = await access.identify(request, address, prefix);
    if (caller instanceof Response) return caller;
    if (closed) return access.withCors(request, stopping());
    const profile = askedProfile(request);
    if (profile instanceof Response) return access.withCors(request, profile);
    const bound = callerRuntime(runtime, caller);
    const authorise: Authorise = (body, within) => access.authorise(request, within, needOfMessages(body));
    switch (path) {
      case "/metrics":
        return access.authorise(request, caller, needOfOperation("metrics")) ?? await tellMetrics(runtime);
      case "/mcp":
        return access.withCors(request, await serve(({ streamable }) => streamable.handle(request, bound, authorise)));
      case "/sse":
        return access.withCors(
          request,
          await serve(({ sse }) => sse.open(request, { runtime: bound, profile, prefix: basePath + prefix })),
        );
      case "/messages":
        return access.withCors(
          request,
          await serve(({ sse }) => sse.post(request, new URL(request.url), bound, authorise)),
        );
      default:
        return access.withCors(request, rpcError(404, RPC.other, "Not found: MCP is served at /mcp and /sse"));
    }
  };

  const answer = async (request: Request, address: string | undefined): Promise<Response> => {
    try {
      return await route(request, address);
    } catch (error) {
      const reference = runtime.telemetry.requests.id;
      log.error(`MCP request failed: ${error instanceof Error ? error.stack : String(error)}`, { request: reference });
      return rpcError(500, -32603, `Internal error; the log has it as request ${reference}`);
    }
  };

  const { metrics } = runtime.telemetry;
  metrics.observe("unimem_sessions", () => {
    const { sse, streamable } = clients();
    return [[["sse"], sse], [["streamable"], streamable]];
  });

  return {
    fetch: (request, info) =>
      runtime.telemetry.requests.answer(
        "mcp",
        operationOf(request, basePath),
        request,
        log,
        async () => secured(request, await bodies.answering(request, () => answer(request, addressOf(info)))),
      ),
    clients,
    close: (graceMs = 5000) =>
      closed ??= (async () => {
        await inFlight.idle(graceMs);
        // One whose packages can't be loaded has nothing to close.
        const used = await opening?.catch(() => undefined);
        await Promise.all([used?.sse.close(), used?.streamable.close()]);
      })(),
  };
}

function addressOf(info: { remoteAddr: Deno.Addr } | undefined): string | undefined {
  const address = info?.remoteAddr;
  return address !== undefined && "hostname" in address ? clientOf(address.hostname) : undefined;
}

/** The tools that a client asks for, or the answer to one that names none there are. */
function askedProfile(request: Request): ToolProfile | undefined | Response {
  try {
    return profileOf(request);
  } catch (error) {
    if (!(error instanceof MemoryError)) throw error;
    return rpcError(400, RPC.invalidParams, error.message);
  }
}

function stopping(): Response {
  return unavailable("The service is stopping");
}

/** What an HTTP request is for, where it carries no message that counts by itself. */
function operationOf(request: Request, basePath: string): string {
  const { method } = request;
  switch (spacePath(pathOf(request), basePath).path) {
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

/** The path, without a slash at its end. `URL` would throw on what some Host headers make of the address. */
function pathOf({ url }: Request): string {
  const path = /^[a-z]+:\/\/[^\/?#]*([^?#]*)/i.exec(url)?.[1] || "/";
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}

/** For a process that serves MCP alone; one that serves REST too tells the same there. */
async function tellMetrics({ telemetry: { metrics } }: ServiceRuntime): Promise<Response> {
  if (!metrics.enabled) return rpcError(404, RPC.other, "Not found: metrics are off (MCP_METRICS_ENABLED=false)");
  return new Response(await exposition(metrics), {
    headers: { "Content-Type": EXPOSITION_TYPE, "Cache-Control": "no-store" },
  });
}
