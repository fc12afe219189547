/**
 * What tokens are for (RFC 8707): the service as a whole, or one of its endpoints. A token for one address is worth
 * nothing at another.
 *
 * @module
 */

import { hostOf, isLoopback } from "../access/hosts.ts";

/** Endpoints that clients know by their address; what else there is belongs to the service as a whole. */
const ENDPOINTS = new Set(["/mcp", "/sse"]);
const SPACE_PATH = /^\/s\/([^/]+)(\/.*)$/;

/**
 * The address of the service without a slash at the end: the setting; or without one, for a request to this machine, the
 * name that it was sent to. Headers that proxies add have no say.
 */
export function baseOf(publicUrl: string | null, request: Request): string {
  if (publicUrl !== null) return publicUrl;
  const host = hostOf(request), scheme = request.url.startsWith("https:") ? "https" : "http";
  if (host === null || !isLoopback(host)) return `${scheme}://localhost`;
  return `${scheme}://${host.name}${host.port === null ? "" : `:${host.port}`}`;
}

/** The resource that a path of the service belongs to, with what the base has after its host or without it. */
export function resourceOf(base: string, path: string): string {
  const own = withoutPrefix(base, path), [, space, within] = SPACE_PATH.exec(own) ?? [];
  const rest = within ?? own, prefix = space === undefined ? "" : `/s/${space}`;
  const endpoint = rest === "/messages" ? "/sse" : rest.length > 1 ? rest.replace(/\/$/, "") : rest;
  return `${base}${prefix}${ENDPOINTS.has(endpoint) ? endpoint : ""}`;
}

/** A resource as a client named it, in one spelling; null when it is none of the service's. */
export function canonicalResource(base: string, text: string): string | null {
  if (text.length > 2000 || /[#\s\\]/.test(text) || !URL.canParse(text)) return null;
  const { href, search, username, password } = new URL(text);
  if (search !== "" || username !== "" || password !== "") return null;
  const plain = href.replace(/\/$/, "");
  return covers(base, plain) ? plain : null;
}

/** Whether what holds for one resource holds for another: it is the same one, or lies below it. */
export function covers(resource: string, other: string): boolean {
  if (!URL.canParse(resource) || !URL.canParse(other)) return false;
  const a = new URL(resource), b = new URL(other);
  if (a.protocol !== b.protocol || a.port !== b.port || !isSameName(a.hostname, b.hostname)) return false;
  const above = a.pathname.replace(/\/$/, "");
  return b.pathname === above || b.pathname.startsWith(`${above}/`);
}

/** The space in a resource's address; undefined without one. */
export function spaceOf(base: string, resource: string): string | undefined {
  return /^\/s\/([^/]+)/.exec(resource.slice(base.length))?.[1];
}

/** All loopback names are this machine. */
function isSameName(a: string, b: string): boolean {
  const local = (name: string) => isLoopback({ name, port: null });
  return a === b || local(a) && local(b);
}

/** A path without what the base has after its host. */
function withoutPrefix(base: string, path: string): string {
  const prefix = new URL(base).pathname.replace(/\/$/, "");
  return prefix !== "" && (path === prefix || path.startsWith(`${prefix}/`)) ? path.slice(prefix.length) || "/" : path;
}
