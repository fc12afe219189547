/**
 * Runs a real Qdrant server for tests. `QDRANT_BIN` names its executable; without it the tests that need one are reported
 * as ignored.
 *
 * @module
 */

import { until } from "./process.ts";

/** Path of the server's executable; undefined where there is none. */
export const QDRANT_BIN = Deno.env.get("QDRANT_BIN");

/** How to start a server. */
export interface QdrantOptions {
  /** Folder of the data; a new one by default. */
  folder?: string;
  port?: number;
  env?: Record<string, string>;
  args?: string[];
}

/** A running server. */
export interface Qdrant extends AsyncDisposable {
  url: string;
  port: number;
  folder: string;
  pid: number;
  kill(signal: Deno.Signal): void;
  /** Ends the server and keeps its data. */
  stop(signal?: Deno.Signal): Promise<void>;
}

/** A port nobody listens on at the moment. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}

/** Starts a server on free ports and waits until it answers. */
export async function startQdrant(options: QdrantOptions = {}): Promise<Qdrant> {
  const folder = options.folder ?? await Deno.makeTempDir({ prefix: "unimem-qdrant-" });
  const port = options.port ?? freePort(), url = `http://127.0.0.1:${port}`;
  const child = new Deno.Command(QDRANT_BIN!, {
    cwd: folder,
    args: options.args ?? [],
    env: {
      QDRANT__SERVICE__HOST: "127.0.0.1",
      QDRANT__SERVICE__HTTP_PORT: String(port),
      QDRANT__SERVICE__GRPC_PORT: String(freePort()),
      QDRANT__STORAGE__STORAGE_PATH: `${folder}/storage`,
      QDRANT__STORAGE__SNAPSHOTS_PATH: `${folder}/snapshots`,
      QDRANT__TELEMETRY_DISABLED: "true",
      QDRANT__LOG_LEVEL: "ERROR",
      ...options.env,
    },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  let running = true;
  child.status.then(() => running = false);
  const stop = async (signal: Deno.Signal = "SIGKILL") => {
    if (running) child.kill(signal);
    await child.status;
  };
  const ready = () =>
    fetch(`${url}/readyz`).then(async (answer) => (await answer.body?.cancel(), answer.ok), () => false);
  await until(ready, (answer) => answer || !running, "Qdrant to start");
  return {
    url,
    port,
    folder,
    pid: child.pid,
    kill: (signal) => child.kill(signal),
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      if (options.folder === undefined) await Deno.remove(folder, { recursive: true });
    },
  };
}
