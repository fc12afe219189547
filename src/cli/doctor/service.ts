/**
 * Looks for a running service on the configured ports, and asks it for its health.
 *
 * @module
 */

import type { Config, ListenSettings } from "../../config.ts";
import type { PartHealth } from "../../operations/health/state.ts";
import { failed, type NamedResult, ok, warning } from "./check.ts";

const PATIENCE_MS = 5000;

/** What was found on the ports. */
export interface FoundService {
  /** Whether a Unimem runs here that uses the configured store. */
  running: boolean;
  /** The checks of its parts that have something to tell. */
  parts: NamedResult[];
  ports: NamedResult[];
}

/** The answer of a service's health, as far as it is read here. */
interface Detailed {
  version: string;
  parts: (Omit<PartHealth, "since"> & { since: string })[];
  storage: { database_path: string | null; details: { url?: string; collection?: string } | null };
}

/** Tries the ports and asks the process that listens there. */
export async function findService(config: Config): Promise<FoundService> {
  const { http, mcp } = config, ports: NamedResult[] = [];
  let detailed: Detailed | null = null;
  if (http.enabled && !free(http)) {
    const answer = await ask(config, http, "/api/health");
    if (!answer.ok || !String(answer.body?.version ?? "")) ports.push(taken("REST", http));
    else {
      const more = await ask(config, http, "/api/health/detailed");
      detailed = more.ok ? more.body as unknown as Detailed : null;
      ports.push(
        detailed !== null && !sameStore(detailed, config)
          ? failed("listeners", `Another Unimem, over another store, listens on port ${http.port}`, change(http))
          : detailed === null
          ? warning(
            "listeners",
            `A Unimem listens on port ${http.port} and refuses the key`,
            "Set MCP_API_KEY to its key",
          )
          : ok("listeners", `Unimem ${detailed.version} serves REST on port ${http.port}`),
      );
    }
  }
  if (mcp.transport === "http" && !free(mcp)) {
    const answer = await ask(config, mcp, "/health");
    ports.push(
      answer.ok && answer.body?.status === "ok"
        ? ok("listeners", `Unimem serves MCP on port ${mcp.port}`)
        : taken("MCP", mcp),
    );
  }
  if (ports.length === 0) ports.push(ok("listeners", "The ports are free; no service runs here"));
  const running = detailed !== null && sameStore(detailed, config);
  const parts = running
    ? detailed!.parts.filter(({ state }) => state === "degraded" || state === "unhealthy")
      .map(({ since: _, action, ...part }) => ({ ...part, ...(action === null ? {} : { action }) }))
    : [];
  return { running, parts, ports };
}

/** Whether the address can be listened on; it is for a moment. */
function free({ host, port }: ListenSettings): boolean {
  if (port === 0) return true;
  try {
    Deno.listen({ hostname: host.replace(/^\[(.*)\]$/, "$1"), port }).close();
    return true;
  } catch {
    return false;
  }
}

async function ask(
  { tls, access }: Config,
  { host, port }: ListenSettings,
  path: "/api/health" | "/api/health/detailed" | "/health",
): Promise<{ ok: boolean; body: Record<string, unknown> | null }> {
  const name = /^(0\.0\.0\.0|\[?::\]?)$/.test(host) ? "127.0.0.1" : host;
  // Another program may have the port, which must not get the key.
  const key = path === "/api/health/detailed" ? access.apiKey : null;
  try {
    const response = await fetch(`${tls ? "https" : "http"}://${name}:${port}${path}`, {
      headers: key === null ? {} : { authorization: `Bearer ${key}` },
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const text = await response.text();
    return { ok: response.ok, body: JSON.parse(text) };
  } catch {
    return { ok: false, body: null }; // not one of ours
  }
}

function sameStore({ storage }: Detailed, { storage: configured }: Config): boolean {
  if (configured.backend === "sqlite") {
    // A store that can't be read tells no path.
    return storage.database_path === null || storage.database_path === configured.path;
  }
  return storage.details?.collection === undefined || storage.details.collection === configured.collection;
}

function taken(name: string, settings: ListenSettings): NamedResult {
  return failed("listeners", `Port ${settings.port} of ${name} is taken by another program`, change(settings));
}

function change({ portVariable }: ListenSettings): string {
  return `End the program that has the port, or set ${portVariable} to another one`;
}
