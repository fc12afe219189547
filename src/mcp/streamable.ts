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
import type { Logger } from "../operations/logger.ts";
import { methodNotAllowed, type ReadBody, readJson, RPC, rpcError, sessionNotFound, unavailable } from "./rpc.ts";
import { releaseServer } from "./server.ts";
import { type Session, type SessionLimits, Sessions } from "./sessions.ts";

/** What the transport needs. */
export interface StreamableSettings {
  createServer: () => Server;
  readBody: ReadBody;
  limits: SessionLimits;
  /** Milliseconds between comments that keep proxies from closing a quiet stream. */
  keepAliveMs: number;
  log: Logger;
}

/** A client of the older era. */
interface StreamableSession extends Session {
  readonly transport: WebStandardStreamableHTTPServerTransport;
}

/** Serves Streamable HTTP clients. */
export class StreamableEndpoint {
  readonly #settings: StreamableSettings;
  readonly #sessions: Sessions<StreamableSession>;
  readonly #stateless: McpHttpHandler;

  constructor(settings: StreamableSettings) {
    this.#settings = settings;
    this.#sessions = new Sessions(settings.limits);
    this.#stateless = createMcpHandler(settings.createServer, {
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
  async handle(request: Request): Promise<Response> {
    switch (request.method) {
      case "POST":
        return await this.#post(request);
      case "GET":
        return await this.#listen(request);
      case "DELETE":
        return await this.#inSession(request, ({ transport }) => transport.handleRequest(request));
      default:
        return methodNotAllowed("GET, POST, DELETE");
    }
  }

  /** Ends all sessions and streams. */
  async close(): Promise<void> {
    await Promise.allSettled([this.#sessions.close(), this.#stateless.close()]);
  }

  async #post(request: Request): Promise<Response> {
    const read = await readJson(request, this.#settings.readBody);
    if (read instanceof Response) return read;
    // Read once: the SDK would clone the request to look at the body and then read it again.
    const options = { parsedBody: read.body };
    if (!await isLegacyRequest(request, read.body)) {
      return await this.#stateless.fetch(withoutSignal(request), options);
    }
    if (request.headers.has("mcp-session-id")) {
      return await this.#inSession(request, ({ transport }) => transport.handleRequest(request, options));
    }
    if (!opensSession(read.body)) return sessionMissing();
    return await this.#openSession((transport) => transport.handleRequest(request, options));
  }

  /** The stream for messages that answer no request. It also tells whether the client is still there. */
  async #listen(request: Request): Promise<Response> {
    return await this.#inSession(request, async (session) => {
      const response = await session.transport.handleRequest(request);
      return response.ok ? onEnd(response, this.#sessions.openStream(session).ended) : response;
    });
  }

  async #inSession(
    request: Request,
    run: (session: StreamableSession) => Promise<Response>,
  ): Promise<Response> {
    const id = request.headers.get("mcp-session-id");
    if (id === null) return sessionMissing();
    const session = this.#sessions.use(id);
    return session === undefined ? sessionNotFound() : await run(session);
  }

  async #openSession(
    initialize: (transport: WebStandardStreamableHTTPServerTransport) => Promise<Response>,
  ): Promise<Response> {
    const id = crypto.randomUUID();
    const server = this.#settings.createServer();
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => id,
      // No tool sends anything before its answer, so a stream for each call would only cost time.
      enableJsonResponse: true,
      keepAliveMs: this.#settings.keepAliveMs,
    });
    server.onclose = () => {
      releaseServer(server);
      this.#sessions.remove(id);
    };
    if (!this.#sessions.add({ id, transport, streams: 0, close: () => server.close() })) {
      return unavailable("Too many clients are connected");
    }
    await server.connect(transport);
    const response = await initialize(transport);
    // Refused, for example for its Accept header: nobody knows the id then.
    if (!response.headers.has("mcp-session-id")) await server.close();
    return response;
  }
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

/** The response, with `ended` called when its stream ends from either side. */
function onEnd(response: Response, ended: () => void): Response {
  const reader = response.body!.getReader();
  const body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const { done, value } = await reader.read();
      if (!done) return controller.enqueue(value);
      ended();
      controller.close();
    },
    cancel: (reason) => {
      ended();
      return reader.cancel(reason);
    },
  });
  return new Response(body, response);
}

function sessionMissing(): Response {
  return rpcError(400, RPC.other, "Bad Request: Mcp-Session-Id header is required");
}
