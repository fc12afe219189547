/**
 * The REST and the MCP server of a process, listening.
 *
 * @module
 */

// First, because its packages give zod's schemas the methods that describe them in OpenAPI, and only those made later.
import { createApp } from "../http/app.ts";
import { createMcpListener } from "../mcp/listener.ts";
import type { AccessSettings } from "../access/access.ts";
import type { Config } from "../config.ts";
import type { HttpSettings } from "../http/endpoint.ts";
import type { Logger } from "../operations/logger.ts";
import type { ServiceRuntime } from "../operations/runtime.ts";
import { GRACE_MS, type Handler, listen, type Listener, listenWhenFree } from "./listeners.ts";

/**
 * Serves REST.
 *
 * @param patient Whether to go on while the port is taken, and to take it when it is free.
 * @param onOpen Called with the address as soon as it listens.
 */
export function startRest(
  runtime: ServiceRuntime,
  config: Config,
  settings: HttpSettings,
  patient: boolean,
  log: Logger,
  onOpen: (address: string) => void,
): Listener {
  const app = createApp(runtime, { ...settings, log });
  const handle: Handler = (request, { remoteAddr }) => app.fetch(request, { clientIp: remoteAddr.hostname });
  const events = runtime.events.stats();
  runtime.health.transports.set("events", () => {
    return { open: runtime.events.stats().total_connections, limit: events.max_connections };
  });
  const server = {
    name: "REST",
    ...config.http,
    tls: config.tls,
    handle,
    endStreams: () => Promise.resolve(runtime.events.close()),
    cut: () => settings.bodies?.cut(),
    onOpen,
  };
  return patient ? listenWhenFree(runtime, server, log) : listen(runtime, server);
}

/** Serves MCP over HTTP. */
export function startMcp(runtime: ServiceRuntime, config: Config, access: AccessSettings, log: Logger): Listener {
  const mcp = createMcpListener(runtime, {
    access,
    serverName: config.serverName,
    keepAliveSeconds: config.http.heartbeatSeconds,
    log,
  });
  const server = {
    name: "MCP",
    ...config.mcp,
    tls: config.tls,
    handle: mcp.fetch,
    endStreams: () => mcp.close(GRACE_MS),
    cut: () => access.bodies?.cut(),
  };
  return listen(runtime, server);
}
