/**
 * The endpoints of both HTTP transports, and through them the MCP packages: nothing else that serves the port loads
 * these, which take 9 MB and 30 ms.
 *
 * @module
 */

import type { ToolProfile } from "../memory/tool_profile.ts";
import type { Logger } from "../operations/logger.ts";
import type { Runtime, ServiceRuntime } from "../operations/runtime.ts";
import type { InFlight } from "./in_flight.ts";
import { ConnectionQuota } from "./connection_quota.ts";
import type { ReadBody } from "./rpc.ts";
import { createMcpServer } from "./server.ts";
import type { SessionLimits } from "./sessions.ts";
import { SseEndpoint } from "./sse.ts";
import { StreamBuffers } from "./stream_buffers.ts";
import { StreamableEndpoint } from "./streamable.ts";

/** What both transports need. */
export interface EndpointSettings {
  /** Name that clients get. */
  serverName: string;
  log: Logger;
  /** Counts tool calls, so that a stop can wait for them. */
  inFlight: InFlight;
  readBody: ReadBody;
  /** Milliseconds between comments that keep proxies from closing a quiet stream. */
  keepAliveMs: number;
  limits: SessionLimits;
}

/** Both transports. */
export interface Endpoints {
  readonly sse: SseEndpoint;
  readonly streamable: StreamableEndpoint;
}

/** Prepares both transports. Close each when done. */
export function openEndpoints({ telemetry }: ServiceRuntime, settings: EndpointSettings): Endpoints {
  const { serverName, log, inFlight, readBody, keepAliveMs, limits } = settings;
  const shared = {
    createServer: (runtime: Runtime, profile: ToolProfile | undefined, current?: () => Runtime) =>
      createMcpServer(runtime, { serverName, log, surface: "mcp", inFlight, profile, current }),
    readBody,
    keepAliveMs,
    log,
    buffers: new StreamBuffers(({ name, transport, unread, total }) => {
      telemetry.metrics.counter("unimem_streams_ended_total").with(transport).add();
      const figures = `it left ${unread} bytes unread, all clients together ${total}`;
      log.warning(`Ended the ${transport} stream of ${name}: ${figures}`, { transport, client: name });
    }),
  };
  const sse = new SseEndpoint({
    ...shared,
    places: new ConnectionQuota(limits),
    // Its answer comes over the stream, after that to the request that carried it; it counts by itself all the same.
    onMessage: (body) => {
      if (isCounted(body)) telemetry.requests.carriesMessage();
    },
  });
  return { sse, streamable: new StreamableEndpoint({ ...shared, limits, places: new ConnectionQuota(limits) }) };
}

/** Whether a message is a request that a server object counts. */
function isCounted(body: unknown): boolean {
  return typeof body === "object" && body !== null && "id" in body && "method" in body &&
    /^(tools|prompts|resources\/(list|read)$|completion)/.test(String(body.method));
}
