/**
 * The sockets that servers listen on: opened, watched, and closed with time for running requests to finish.
 *
 * @module
 */

import type { Config, ListenSettings } from "../config.ts";
import { errorText, MemoryError } from "../errors.ts";
import type { Logger } from "../operations/logger.ts";
import type { Runtime } from "../operations/runtime.ts";

/** Milliseconds that running requests get to finish when the service stops. */
export const GRACE_MS = 5000;
/** Milliseconds of those after which they are cut, so that they are answered. */
const CUT_MS = 4000;
/** Milliseconds between two tries to listen on a port that is taken. */
const PORT_RETRY_MS = 5000;

/** Answers requests of one server. */
export type Handler = (request: Request, info: Deno.ServeHandlerInfo<Deno.NetAddr>) => Response | Promise<Response>;

/** A server and where it listens. */
export interface ServerSettings extends ListenSettings {
  /** As the health and the log name it: `REST`. */
  name: string;
  tls: Config["tls"];
  handle: Handler;
  /** Ends streams, which would last for ever otherwise, when the server stops. */
  endStreams: () => Promise<void>;
  /** Cuts requests whose bodies are still arriving. */
  cut: () => void;
  /** Called as soon as it listens. */
  onOpen?: (address: string) => void;
}

/** A listener that can be stopped. */
export interface Listener {
  /** Such as `http://127.0.0.1:8000`. */
  address: string;
  /** Whether it listens already. */
  open: boolean;
  stop(): Promise<void>;
}

/** Listens at once, or as soon as the port is free. Any other fault is thrown. */
export function listenWhenFree(runtime: Runtime, server: ServerSettings, log: Logger): Listener {
  const { name, host, port } = server, { health } = runtime;
  let listener: Listener | null = null, timer: ReturnType<typeof setTimeout> | undefined;
  const since = Date.now(), address = `${host}:${port}`;
  const attempt = () => {
    try {
      listener = listen(runtime, server);
    } catch (error) {
      const taken = error instanceof MemoryError && error.cause instanceof Deno.errors.AddrInUse;
      if (!taken) throw error;
      if (!health.listeners.has(name)) log.warning(`${error.message}; trying again until it is free`);
      health.listeners.set(name, { address, state: "lost", since, reason: `port ${port} is in use` });
      timer = setTimeout(() => {
        attempt();
        if (listener !== null) log.info(`${name} on ${listener.address}`);
      }, PORT_RETRY_MS);
    }
  };
  attempt();
  return {
    get address() {
      return listener?.address ?? address;
    },
    get open() {
      return listener !== null;
    },
    stop: async () => {
      clearTimeout(timer);
      await listener?.stop();
    },
  };
}

/**
 * Listens and tells the health so.
 *
 * @throws {MemoryError} `configuration` when the address can't be listened on; its cause is `Deno.errors.AddrInUse` when
 * another process has it.
 */
export function listen({ health }: Runtime, server: ServerSettings): Listener {
  const { name, host, port, hostVariable, portVariable, tls, handle, endStreams, cut } = server;
  let http: Deno.HttpServer<Deno.NetAddr>;
  try {
    http = Deno.serve({
      hostname: host.replace(/^\[(.*)\]$/, "$1"),
      port,
      onListen: () => {},
      ...(tls ? { cert: Deno.readTextFileSync(tls.certFile), key: Deno.readTextFileSync(tls.keyFile) } : {}),
    }, handle);
  } catch (error) {
    const reason = error instanceof Deno.errors.AddrInUse
      ? `port ${port} is in use; set ${portVariable} to another port`
      : `${errorText(error)}; check ${hostVariable} and ${portVariable}${tls ? " and the TLS files" : ""}`;
    throw new MemoryError("configuration", `Cannot listen on ${host}:${port}: ${reason}`, {
      cause: error,
      field: portVariable,
      value: port,
    });
  }
  const { hostname, port: bound } = http.addr;
  const address = `${tls ? "https" : "http"}://${hostname.includes(":") ? `[${hostname}]` : hostname}:${bound}`;
  health.listeners.set(name, { address, state: "open", since: Date.now() });
  const lost = () => {
    if (health.stopping) return;
    health.listeners.set(name, { address, state: "lost", since: Date.now(), reason: "it has ended" });
  };
  http.finished.then(lost, lost);
  server.onOpen?.(address);
  return {
    address,
    open: true,
    stop: async () => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const patience = new Promise<void>((resolve) => timer = setTimeout(resolve, GRACE_MS));
      const cutting = setTimeout(cut, CUT_MS);
      // Streams only end when they are ended; shutdown would wait for them for ever.
      const done = Promise.all([http.shutdown(), endStreams()]).then(() => http.finished);
      // Connections that hang are left to the end of the process: aborting a server that shuts down throws out of reach.
      await Promise.race([done, patience]);
      clearTimeout(timer);
      clearTimeout(cutting);
      done.catch(() => {});
    },
  };
}
