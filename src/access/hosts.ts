/**
 * The Host header. A web page can point a name of its own at 127.0.0.1 and then read answers as "same origin" (DNS
 * rebinding); the browser still sends that foreign name, so only expected names are served.
 *
 * @module
 */

import { type Check, refuse } from "./refusal.ts";

/** Names that always reach this machine; a rebinding page can't use them. */
const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]"];

/** Headers remembered; with a wildcard there is no end to those that are fine. */
const MAX_FINE = 100;

/** A host as a URL or a Host header names it. */
export interface Host {
  /** In lower case, without a last dot; IPv6 in brackets and in its shortest form. */
  name: string;
  /** Digits, 1 to 65535; null where the scheme's own is meant. */
  port: string | null;
}

/** The hosts that a listener serves. */
export interface Hosts {
  /** Refuses requests whose Host is malformed or not expected. */
  check: Check;
  /** Whether a name, on whichever port, is one of ours. A wildcard among the settings makes no name ours. */
  isOwn: (host: Host) => boolean;
}

/** Prepares the check for loopback names and those in `allowed`; `*` there stands for any. */
export function createHosts(allowed: readonly string[]): Hosts {
  const any = allowed.includes("*");
  const listed = allowed.map((text) => parseHost(text.trim()) ?? parseHost(`[${text.trim()}]`));
  const names = new Set(LOOPBACK_NAMES), pairs = new Set<string>();
  for (const host of listed) {
    if (host?.port === null) names.add(host.name);
    else if (host !== null) pairs.add(`${host.name}:${host.port}`);
  }
  const isOwn = ({ name, port }: Host) => names.has(name) || pairs.has(`${name}:${port}`);
  /** Headers that were found fine: clients use few, and reading one costs more than looking it up. */
  const fine = new Set<string>();
  const check: Check = (request) => {
    const text = hostHeader(request);
    if (fine.has(text)) return null;
    const host = hostOf(request);
    if (host !== null && (any || isOwn(host))) {
      if (fine.size < MAX_FINE) fine.add(text);
      return null;
    }
    const shown = text.slice(0, 100);
    if (any) return refuse(400, `Cannot read the Host header "${shown}": it is not a name with an optional port`);
    return refuse(403, `Cannot serve host "${shown}": it is not in MCP_ALLOWED_HOSTS`);
  };
  return { check, isOwn };
}

/** Whether a name always means this machine. */
export function isLoopback({ name }: Host): boolean {
  return LOOPBACK_NAMES.includes(name);
}

/** The host a request was sent to; null when it is malformed. */
export function hostOf(request: Request): Host | null {
  const text = hostHeader(request);
  return /^[!-~]+$/.test(text) ? parseHost(text) : null;
}

/** Reads `name`, `name:port`, `[address]` or `[address]:port`; null for anything else. */
export function parseHost(text: string): Host | null {
  const match = /^(\[[0-9a-f:.]+\]|[^\s\/\\?#@:,\[\]]+?)\.?(?::(\d{1,5}))?$/i.exec(text);
  if (match === null) return null;
  const port = match[2] === undefined ? null : Number(match[2]);
  if (port !== null && (port < 1 || port > 65535)) return null;
  try {
    // The platform's parser writes every form of an address in one way, and refuses what is no name.
    return { name: new URL(`http://${match[1]}/`).hostname, port: port === null ? null : String(port) };
  } catch {
    return null;
  }
}

function hostHeader(request: Request): string {
  const header = request.headers.get("host");
  if (header !== null) return header;
  // HTTP/2 and in-process requests carry it in the address only.
  return /^[a-z]+:\/\/([^\/?#]*)/i.exec(request.url)?.[1] ?? "";
}
