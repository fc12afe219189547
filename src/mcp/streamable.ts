/**
 * Streamable HTTP at `/mcp`, in both eras of the protocol: up to 2025-11-25 a client initializes a session and names it
 * in `Mcp-Session-Id`; from 2026-07-28 on every request stands alone.
 *
 * @module
 */

import {
  createMcpHandler,
  isLegacyRequest,
  type McpHttpHandler,
  type Server,
  WebStandardStreamableHTTPServerTransport,
} from "@modelcontextprotocol/server";
import { profileOf, type ToolProfile } from "../memory/tool_profile.ts";
import type { Caller } from "../access/caller.ts";
import type { Logger } from "../operations/logger.ts";
import type { Runtime } from "../operations/runtime.ts";
import {
  type Authorise,
  methodNotAllowed,
  type ReadBody,
  readJson,
  RPC,
  rpcError,
  sessionNotFound,
  unavailable,
} from "./rpc.ts";
import { clientName, type ConnectionQuota } from "./connection_quota.ts";
import { type CreateServer, releaseServer } from "./server.ts";
import { type Session, type SessionLimits, Sessions } from "./sessions.ts";
import { pipeInto, type StreamBuffers } from "./stream_buffers.ts";

/** What the transport needs. */
export interface StreamableSettings {
  createServer: CreateServer;
  readBody: ReadBody;
  limits: SessionLimits;
  /** Places for streams of clients without a session. */
  places: ConnectionQuota;
  buffers: StreamBuffers;
  /** Milliseconds between comments that keep proxies from closing a quiet stream. */
  keepAliveMs: number;
  log: Logger;
}

/** A client of the older era. */
interface StreamableSession extends Session {
  readonly transport: WebStandardStreamableHTTPServerTransport;
  readonly server: Server;
  /** What its client's latest request may work with. */
  runtime: Runtime;
}

/** A request with what its caller may work with. */
interface Call {
  request: Request;
  runtime: Runtime;
  authorise: Authorise;
}

/** Serves Streamable HTTP clients. */
export class StreamableEndpoint {
  readonly #settings: StreamableSettings;
  readonly #sessions: Sessions<StreamableSession>;
  readonly #stateless: McpHttpHandler;
  /** The runtimes of requests without a session, until their server objects are made. */
  readonly #runtimes = new WeakMap<Request, Runtime>();

  constructor(settings: StreamableSettings) {
    this.#settings = settings;
    this.#sessions = new Sessions(settings.limits);
    this.#stateless = createMcpHandler(({ requestInfo }) => {
      return settings.createServer(this.#runtimes.get(requestInfo!)!, profileOf(requestInfo));
    }, {
      legacy: "reject",
      keepAliveMs: settings.keepAliveMs,
      onerror: (error) => settings.log.debug(`MCP: ${error.message}`),
    });
  }

  /** Sessions of older clients now. */
  get size(): number {
    return this.#sessions.size;
  }

  /** Any request to `/mcp`. */
  async handle(request: Request, runtime: Runtime, authorise: Authorise): Promise<Response> {
    const call = { request, runtime, authorise };
    switch (request.method) {
      case "POST":
        return await this.#post(call);
      case "GET":
        return await this.#listen(call);
      case "DELETE":
        return await this.#inSession(call, ({ transport }) => transport.handleRequest(request));
      default:
        return methodNotAllowed("GET, POST, DELETE");
    }
  }

  /** Ends all sessions and streams. */
  async close(): Promise<void> {
    await Promise.allSettled([this.#sessions.close(), this.#stateless.close()]);
  }

  async #post(call: Call): Promise<Response> {
    const { request, runtime, authorise } = call;
    const read = await readJson(request, this.#settings.readBody);
    if (read instanceof Response) return read;
    const denied = authorise(read.body, runtime.caller);
    if (denied !== null) return denied;
    // Read once: the SDK would clone the request to look at the body and then read it again.
    const options = { parsedBody: read.body };
    if (!await isLegacyRequest(request, read.body)) {
      const alone = withoutSignal(request);
      this.#runtimes.set(alone, runtime);
      const response = await this.#stateless.fetch(alone, options);
      return await this.#stream(await withStatus(response, read.body), runtime.caller);
    }
    // A client that initialises again may still name a session that has ended.
    if (request.headers.has("mcp-session-id") && !(opensSession(read.body) && !this.#isOpen(call))) {
      return await this.#inSession(call, ({ transport }) => transport.handleRequest(request, options));
    }
    if (!opensSession(read.body)) return sessionMissing();
    const begun = withoutSession(request);
    return await this.#openSession(runtime, profileOf(request), (transport) => transport.handleRequest(begun, options));
  }

  #isOpen({ request, runtime }: Call): boolean {
    return this.#find(request.headers.get("mcp-session-id") ?? "", runtime) !== undefined;
  }

  /** The session of that id, if it is this caller's in the same spaces. It gets the rights that the caller has by now. */
  #find(id: string, runtime: Runtime): StreamableSession | undefined {
    const session = this.#sessions.get(id);
    if (session === undefined || !isSameCaller(session.runtime.caller, runtime.caller)) return undefined;
    session.runtime = runtime;
    return this.#sessions.use(id);
  }

  /** The stream for messages that answer no request. It also tells whether the client is still there. */
  async #listen(call: Call): Promise<Response> {
    const { request, runtime: { caller: { address } } } = call;
    return await this.#inSession(call, async (session) => {
      const response = await session.transport.handleRequest(request);
      if (!response.ok) return response;
      const name = () => clientName(session.server.getClientVersion(), address);
      return this.#bounded(response, name, this.#sessions.openStream(session).ended);
    });
  }

  /** The answer to a client without a session, which takes a place if it is a stream. */
  async #stream(response: Response, { address, ended }: Caller): Promise<Response> {
    if (!response.headers.get("content-type")?.startsWith("text/event-stream")) return response;
    const leave = this.#settings.places.acquire(address);
    if (leave !== null) return this.#bounded(response, () => clientName(undefined, address), leave, ended);
    await response.body?.cancel();
    return unavailable("Too many clients are connected");
  }

  /**
   * The response, with bounds for what its client leaves unread; `onEnd` is called when it ends from either side, or
   * because its caller has `ended`.
   */
  #bounded(response: Response, name: () => string, onEnd: () => void, ended?: AbortSignal): Response {
    const source = response.body!;
    const end = () => stream.end();
    ended?.addEventListener("abort", end);
    const stream = this.#settings.buffers.open({ transport: "streamable", name }, () => {
      ended?.removeEventListener("abort", end);
      onEnd();
      void reading.cancel();
    });
    const reading = pipeInto(stream, source);
    return new Response(stream.body, response);
  }

  async #inSession(
    { request, runtime }: Call,
    run: (session: StreamableSession) => Promise<Response>,
  ): Promise<Response> {
    const id = request.headers.get("mcp-session-id");
    if (id === null) return sessionMissing();
    const session = this.#find(id, runtime);
    return session === undefined ? sessionNotFound() : await this.#sessions.during(session, () => run(session));
  }

  async #openSession(
    runtime: Runtime,
    profile: ToolProfile | undefined,
    initialize: (transport: WebStandardStreamableHTTPServerTransport) => Promise<Response>,
  ): Promise<Response> {
    const id = crypto.randomUUID(), { address, ended } = runtime.caller;
    const server: Server = this.#settings.createServer(runtime, profile, () => session.runtime);
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => id,
      // No tool sends anything before its answer, so a stream for each call would only cost time.
      enableJsonResponse: true,
      keepAliveMs: this.#settings.keepAliveMs,
    });
    const session: StreamableSession = {
      ...{ id, address, transport, server, runtime },
      streams: 0,
      close: () => server.close(),
    };
    const end = () => void server.close().catch(() => {});
    ended?.addEventListener("abort", end);
    server.onclose = () => {
      ended?.removeEventListener("abort", end);
      releaseServer(server);
      this.#sessions.remove(id);
    };
    if (!this.#sessions.add(session)) {
      return unavailable("Too many clients are connected");
    }
    await server.connect(transport);
    const response = await initialize(transport);
    // Refused, for example for its Accept header: no client knows the id then.
    if (!response.headers.has("mcp-session-id")) await server.close();
    return response;
  }
}

/** Whether requests come from the same caller, in the same spaces. */
function isSameCaller(a: Caller, b: Caller): boolean {
  return a.id === b.id && a.scope.write === b.scope.write && String(a.scope.read) === String(b.scope.read);
}

/** Methods that are answered; the status of others is looked at. */
const METHODS = new Set([
  ...["server/discover", "ping", "tools/list", "tools/call", "resources/list", "resources/templates/list"],
  ...["resources/read", "prompts/list", "prompts/get", "completion/complete", "subscriptions/listen"],
]);

/** In the newer era a method that isn't there is 404 (SEP-2575), so that load balancers and proxies see it too. */
async function withStatus(response: Response, body: unknown): Promise<Response> {
  const method = typeof body === "object" && body !== null && "method" in body ? String(body.method) : "";
  const isJson = response.headers.get("content-type")?.startsWith("application/json") ?? false;
  if (!response.ok || !isJson || METHODS.has(method)) return response;
  const text = await response.text();
  const isMissing = (JSON.parse(text) as { error?: { code?: number } }).error?.code === RPC.methodNotFound;
  return new Response(text, { status: isMissing ? 404 : response.status, headers: response.headers });
}

/** Whether a body holds an initialize request; everything else about it is for the transport to check. */
function opensSession(body: unknown): boolean {
  return (Array.isArray(body) ? body : [body]).some((message) =>
    typeof message === "object" && message !== null && "method" in message && message.method === "initialize"
  );
}

/**
 * The request without its body and with a signal that never fires. Deno's own signal also fires after success, and
 * warns on standard error when it is looked at. Nothing needs it: streams notice by themselves that a client has gone,
 * and a store that was asked for is finished.
 */
function withoutSignal({ url, method, headers }: Request): Request {
  return new Request(url, { method, headers });
}

/** The request without the id of a session. */
function withoutSession(request: Request): Request {
  if (!request.headers.has("mcp-session-id")) return request;
  const headers = new Headers(request.headers);
  headers.delete("mcp-session-id");
  return new Request(request.url, { method: request.method, headers });
}

function sessionMissing(): Response {
  return rpcError(400, RPC.other, "Bad Request: Mcp-Session-Id header is required");
}
