/**
 * The older HTTP+SSE transport: `GET /sse` opens a stream and names the address for messages, `POST /messages` takes
 * them, and answers come over the stream. The session is the stream: when the client goes, so does the session.
 *
 * @module
 */

import type { Server } from "@modelcontextprotocol/server";
import type { SSEServerTransport } from "@modelcontextprotocol/sdk/server/sse.js";
import { methodNotAllowed, type ReadBody, readJson, RPC, rpcError, sessionNotFound, unavailable } from "./rpc.ts";
import type { ToolProfile } from "../memory/tool_profile.ts";
import { clientName, type ConnectionQuota } from "./connection_quota.ts";
import { releaseServer } from "./server.ts";
import { SseStream } from "./sse_stream.ts";
import type { StreamBuffers } from "./stream_buffers.ts";

/** What the transport needs. */
export interface SseSettings {
  createServer: (profile: ToolProfile | undefined) => Server;
  readBody: ReadBody;
  /** Told of a message before it is handled. */
  onMessage: (body: unknown) => void;
  /** Places for streams. */
  places: ConnectionQuota;
  buffers: StreamBuffers;
  /** Milliseconds between comments that keep proxies from closing a quiet stream. */
  keepAliveMs: number;
}

interface SseSession {
  transport: SSEServerTransport;
  server: Server;
  stream: SseStream;
}

/** Where clients post their messages. */
const MESSAGES_PATH = "/messages";

/** Serves HTTP+SSE clients. */
export class SseEndpoint {
  readonly #settings: SseSettings;
  readonly #sessions = new Map<string, SseSession>();
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(settings: SseSettings) {
    this.#settings = settings;
    this.#timer = setInterval(() => {
      for (const { stream } of this.#sessions.values()) stream.comment("keepalive");
    }, settings.keepAliveMs);
    this.#timer.unref();
  }

  /** Clients connected now. */
  get size(): number {
    return this.#sessions.size;
  }

  /** `GET /sse`. */
  async open(
    request: Request,
    address: string | undefined,
    profile: ToolProfile | undefined,
  ): Promise<Response> {
    if (request.method !== "GET") return methodNotAllowed("GET");
    const leave = this.#settings.places.acquire(address);
    if (leave === null) return unavailable("Too many clients are connected");
    try {
      return await this.#connect(address, profile, leave);
    } catch (error) {
      leave();
      throw error;
    }
  }

  async #connect(
    address: string | undefined,
    profile: ToolProfile | undefined,
    leave: () => void,
  ): Promise<Response> {
    // Only clients of this transport need its package, which takes 30 ms and 5 MB to load.
    const { SSEServerTransport } = await import("@modelcontextprotocol/sdk/server/sse.js");
    const server = this.#settings.createServer(profile);
    const name = () => clientName(server.getClientVersion(), address);
    const stream = new SseStream(this.#settings.buffers, { transport: "sse", name });
    const transport = new SSEServerTransport(MESSAGES_PATH, stream.asServerResponse());
    const id = transport.sessionId;
    server.onclose = () => {
      releaseServer(server);
      leave();
      this.#sessions.delete(id);
    };
    this.#sessions.set(id, { transport, server, stream });
    await server.connect(transport);
    return stream.response();
  }

  /** `POST /messages?sessionId=…`. */
  async post(request: Request, url: URL): Promise<Response> {
    if (request.method !== "POST") return methodNotAllowed("POST");
    const id = url.searchParams.get("sessionId");
    if (id === null) return rpcError(400, RPC.invalidRequest, "Invalid Request: sessionId is missing from the address");
    const session = this.#sessions.get(id);
    if (session === undefined) return sessionNotFound();
    const read = await readJson(request, this.#settings.readBody);
    if (read instanceof Response) return read;
    try {
      // The newer SDK's server reads the request where the older one's transport has fields of its own.
      this.#settings.onMessage(read.body);
      await session.transport.handleMessage(read.body, { request } as object);
    } catch {
      return rpcError(400, RPC.invalidRequest, "Invalid Request: the body is not a JSON-RPC message");
    }
    return new Response("Accepted", { status: 202 });
  }

  /** Ends all streams. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.allSettled([...this.#sessions.values()].map(({ server }) => server.close()));
  }
}
