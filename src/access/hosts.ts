/**
 * The Host header. A web page can point a name of its own at 127.0.0.1 and then read answers as "same origin" (DNS
 * rebinding); the browser still sends that foreign name, so only expected names are served.
 *
 * @module
 */

import type { Check } from "./access.ts";
import { refuse } from "./refusal.ts";

/** Names that always reach this machine; a rebinding page can't use them. */
export const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]"];

/** Refuses requests whose Host is neither a loopback name nor in `allowed`. */
export function createHostCheck(allowed: readonly string[]): Check {
  if (allowed.includes("*")) return () => null;
  const names = new Set([...LOOPBACK_NAMES, ...allowed.map((name) => name.trim().toLowerCase())]);
  return (request) => {
    const host = hostOf(request);
    if (names.has(host) || names.has(host.replace(/:\d*$/, ""))) return null;
    return refuse(403, `Cannot serve host "${host.slice(0, 100)}": it is not in MCP_ALLOWED_HOSTS`);
  };
}

/** The name and port the client asked for, in lower case. */
export function hostOf(request: Request): string {
  // HTTP/2 and in-process requests carry it in the URL only.
  return (request.headers.get("host") ?? new URL(request.url).host).toLowerCase();
}
