/**
 * Says what has a port that can't be listened on.
 *
 * @module
 */

import { dirname } from "node:path";
import type { Config, ListenSettings } from "../config.ts";
import { MemoryError } from "../errors.ts";
import { findService } from "../operations/service_file.ts";

/** Milliseconds that what has the port gets for an answer. */
const ASK_MS = 2000;
/** Ports that one alone may use, for an example. */
const MAX_PORT = 65_535;

/**
 * The error of `listen` with what has the port, where that is another Unimem; any other error as it is.
 *
 * @param dataFolder Folder of the store, where the service of that folder says what it is.
 */
export async function namingHolder(error: unknown, { http, mcp, tls }: Config, dataFolder: string) {
  if (!(error instanceof MemoryError) || !(error.cause instanceof Deno.errors.AddrInUse)) return error;
  const taken = [http, mcp].find(({ portVariable }) => portVariable === error.field);
  if (taken === undefined) return error;
  const own = await findService(dataFolder), there = urlOf(tls !== null, http);
  // What has the port may be anything, and gets no key.
  const holder = (own && await unimemOn(own.url, own.token, taken.port)) ??
    await unimemOn(there, null, taken.port, taken === http);
  const other = Math.min(taken.port + 10, MAX_PORT);
  const settings = `set ${taken.portVariable} to another port, such as ${other}`;
  // One that has the MCP port alone doesn't say what it is.
  const what = holder === null ? "another program" : holder;
  return new MemoryError(
    "configuration",
    `Cannot listen on ${taken.host}:${taken.port}: ${what} has port ${taken.port}; ${
      holder === null ? "" : "stop it, or "
    }${settings}`,
    { cause: error.cause, field: taken.portVariable, value: taken.port },
  );
}

/**
 * What a Unimem at this address says of itself, where it listens on the port; null for something else. Where its data is
 * goes to those with a key alone.
 *
 * @param isOn Whether the address has that port.
 */
async function unimemOn(url: string, key: string | null, port: number, isOn = false): Promise<string | null> {
  const liveness = await ask(`${url}/api/health`, null), version = liveness?.version;
  if (typeof version !== "string" || !("write_queue" in liveness!)) return null;
  const details = await ask(`${url}/api/health/detailed`, key) as Detailed | null;
  if (details === null) return isOn ? `Unimem ${version}, which asks for a key,` : null;
  const { listeners, storage, system } = details;
  if (!listeners.some(({ address }) => address.endsWith(`:${port}`))) return null;
  const { url: server, collection } = storage.details ?? {};
  const where = storage.database_path !== null
    ? dirname(storage.database_path)
    : server === undefined
    ? "another store"
    : `${server}/${collection}`;
  return `Unimem ${version}, process ${system.process_id ?? "unknown"}, over ${where},`;
}

interface Detailed {
  listeners: { address: string }[];
  storage: { database_path: string | null; details: { url?: string; collection?: string } | null };
  system: { process_id?: number };
}

async function ask(url: string, key: string | null): Promise<Record<string, unknown> | null> {
  try {
    const headers: HeadersInit = key === null ? {} : { authorization: `Bearer ${key}` };
    const answer = await fetch(url, { headers, signal: AbortSignal.timeout(ASK_MS) });
    const body: unknown = await answer.json();
    return answer.ok && typeof body === "object" ? body as Record<string, unknown> : null;
  } catch {
    return null; // not one of ours
  }
}

function urlOf(isSecure: boolean, { host, port }: ListenSettings): string {
  const name = /^(0\.0\.0\.0|\[?::\]?)$/.test(host) ? "127.0.0.1" : host;
  return `${isSecure ? "https" : "http"}://${name.includes(":") && !name.startsWith("[") ? `[${name}]` : name}:${port}`;
}
