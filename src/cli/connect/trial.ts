/**
 * Whether a client would get through: the service is called, or started, as its settings say, and one memory is stored,
 * found and deleted for good.
 *
 * @module
 */

import { Client, StreamableHTTPClientTransport, type Transport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { errorText, MemoryError } from "../../errors.ts";
import { ownBinary } from "../../own_binary.ts";
import { VERSION } from "../../version.ts";
import type { Server } from "./client.ts";

/** What came of it. */
export interface Trial {
  /** Milliseconds until it was connected, and for the three calls. */
  connected_ms: number;
  called_ms: number;
  /** Name and version by which the server calls itself. */
  server: string;
}

/** Milliseconds that each step may take; a service that is started loads its model first. */
const STEP_MS = 30_000;

/**
 * Tries a connection.
 *
 * @throws {MemoryError} `unavailable` that says which step failed, and with what.
 */
export async function tryConnection(server: Server): Promise<Trial> {
  const client = new Client({ name: "unimem-connect", version: VERSION }), began = performance.now();
  const step = async <T>(action: string, work: Promise<T>): Promise<T> => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer came within ${STEP_MS / 1000} seconds`)), STEP_MS);
    });
    try {
      return await Promise.race([work, late]);
    } catch (cause) {
      throw new MemoryError("unavailable", `Cannot ${action}: ${errorText(cause)}`, { cause });
    } finally {
      clearTimeout(timer);
    }
  };
  const call = async (action: string, name: string, args: Record<string, unknown>) => {
    const result = await step(action, client.callTool({ name, arguments: args }));
    const text = result.content.map((part) => part.type === "text" ? part.text : "").join("\n");
    if (result.isError) throw new MemoryError("unavailable", `Cannot ${action}: ${text}`);
    return text;
  };
  try {
    await step(
      server.kind === "http" ? `reach ${server.url}` : "start the service",
      client.connect(transportOf(server)),
    );
    const connected = performance.now(), word = `trial${crypto.randomUUID().replaceAll("-", "")}`;
    const { name, version } = client.getServerVersion() ?? { name: "unknown", version: "" };
    const content = `Unimem tries a connection: ${word}`;
    const stored = await call("store a memory", "store_memory", { content, tags: ["unimem-trial"] });
    const hash = /[0-9a-f]{64}/.exec(stored)?.[0];
    if (hash === undefined) throw new MemoryError("unavailable", `Cannot store a memory: the answer was ${stored}`);
    try {
      const found = await call("find the memory", "search", { query: word, mode: "exact" });
      if (!found.includes(word)) throw new MemoryError("unavailable", "Cannot find the memory that was stored");
    } finally {
      await call("delete the memory", "delete_memory", { content_hash: hash, permanent: true });
    }
    const milliseconds = (from: number, to: number) => Math.round(to - from);
    return {
      connected_ms: milliseconds(began, connected),
      called_ms: milliseconds(connected, performance.now()),
      server: `${name} ${version}`.trim(),
    };
  } finally {
    await client.close().catch(() => {}); // what failed before says more
  }
}

function transportOf(server: Server): Transport {
  if (server.kind === "http") {
    const headers: HeadersInit = server.key === null ? {} : { Authorization: `Bearer ${server.key}` };
    return new StreamableHTTPClientTransport(new URL(server.url), { requestInit: { headers } });
  }
  const { command, args, env } = server;
  // What npx would fetch is the Deno that runs here, and the only program that this process may run.
  const isByNpx = command === "npx" && args[1] === `deno@${Deno.version.deno}`;
  return new StdioClientTransport({
    command: isByNpx || command === Deno.execPath() ? ownBinary() : command,
    args: isByNpx ? args.slice(2) : args,
    env: { ...Deno.env.toObject(), ...env },
    stderr: "ignore",
  });
}
