/**
 * The older HTTP+SSE transport: `GET /sse` opens a stream and names the address for messages, `POST /messages` takes
 * them, and answers come over the stream. The session is the stream: when the client goes, so does the session.
 *
 * @module
 */

import type { Server } from "@modelcontextprotocol/server";
import type { SSEServerTransport } from "@modelcontextprotocol/sdk/server/sse.js";
import type { Caller } from "../access/caller.ts";
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
import type { ToolProfile } from "../memory/tool_profile.ts";
import { clientName, type ConnectionQuota } from "./connection_quota.ts";
import { type CreateServer, releaseServer } from "./server.ts";
import { SseStream } from "./sse_stream.ts";
import type { StreamBuffers } from "./stream_buffers.ts";

/** What the transport needs. */
export interface SseSettings {
  createServer: CreateServer;
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
  /** What its client's latest request may work with. */
  runtime: Runtime;
}

/** How a client comes in. */
export interface SseClient {
  runtime: Runtime;
  profile: ToolProfile | undefined;
  /** `/s/NAME` in front of the path, or nothing. */
  prefix: string;
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
    client: SseClient,
  ): Promise<Response> {
    if (request.method !== "GET") return methodNotAllowed("GET");
    const leave = this.#settings.places.acquire(client.runtime.caller.address);
    if (leave === null) return unavailable("Too many clients are connected");
    try {
      return await this.#connect(client, leave);
    } catch (error) {
      leave();
      throw error;
    }
  }

  async #connect(
    { runtime, profile, prefix }: SseClient,
    leave: () => void,
  ): Promise<Response> {
    // Only clients of this transport need its package, which takes 30 ms and 5 MB to load.
    const { SSEServerTransport } = await import("@modelcontextprotocol/sdk/server/sse.js");
    const { address, ended } = runtime.caller;
    const server: Server = this.#settings.createServer(runtime, profile, () => session.runtime);
    const name = () => clientName(server.getClientVersion(), address);
    const stream = new SseStream(this.#settings.buffers, { transport: "sse", name });
    const transport = new SSEServerTransport(prefix + MESSAGES_PATH, stream.asServerResponse());
    const id = transport.sessionId;
    const session: SseSession = { transport, server, stream, runtime };
    const end = () => void server.close().catch(() => {});
    ended?.addEventListener("abort", end);
    server.onclose = () => {
      ended?.removeEventListener("abort", end);
      releaseServer(server);
      leave();
      this.#sessions.delete(id);
    };
    this.#sessions.set(id, session);
    await server.connect(transport);
    return stream.response();
  }

  /** `POST /messages?sessionId=…`. */
  async post(request: Request, url: URL, runtime: Runtime, authorise: Authorise): Promise<Response> {
    if (request.method !== "POST") return methodNotAllowed("POST");
    const id = url.searchParams.get("sessionId");
    if (id === null) return rpcError(400, RPC.invalidRequest, "Invalid Request: sessionId is missing from the address");
    const session = this.#sessions.get(id);
    if (session === undefined || session.runtime.caller.id !== runtime.caller.id) return sessionNotFound();
    const read = await readJson(request, this.#settings.readBody);
    if (read instanceof Response) return read;
    const own = inSpacesOf(session.runtime.caller, runtime);
    if (own === null) return sessionNotFound();
    const denied = authorise(read.body, own.caller);
    if (denied !== null) return denied;
    session.runtime = own;
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

/**
 * What a message's sender may work with in the spaces that its stream was opened in, whatever its own request names: the
 * rights may be others there. Null where it can't see them any more.
 */
function inSpacesOf({ scope: { write, read } }: Caller, runtime: Runtime): Runtime | null {
  const { scope } = runtime.caller;
  if (scope.write === write && String(scope.read) === String(read)) return runtime;
  return read === "all" ? null : runtime.inSpaces?.([write, ...read]) ?? null;
}
