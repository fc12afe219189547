/**
 * Requests from web pages. A browser names the page's origin; other origins than the service's own are refused unless
 * the settings list them, and listed ones get the CORS headers they need.
 *
 * @module
 */

import type { Check, CorsFacts } from "./access.ts";
import { hostOf, LOOPBACK_NAMES } from "./hosts.ts";
import { refuse } from "./refusal.ts";

/** The origin check and the headers of one listener. */
interface Cors {
  /** Refuses foreign origins with 403 and answers preflights of listed ones. */
  check: Check;
  /** Adds the headers to `response` and gives it back. */
  decorate: (request: Request, response: Response) => Response;
}

/** Prepares the check for the listed origins; `*` stands for any. */
export function createCors(origins: readonly string[], facts: CorsFacts): Cors {
  const any = origins.includes("*");
  const listed = new Set(origins.map((origin) => origin.trim().toLowerCase().replace(/\/$/, "")));
  const methods = ["GET", "HEAD", "POST", ...facts.methods].join(", ");
  const requestHeaders = ["Content-Type", "Authorization", "X-API-Key", ...facts.requestHeaders].join(", ");
  const exposed = facts.exposedHeaders.join(", ");
  const isListed = (origin: string) => any || listed.has(origin.toLowerCase());

  const decorate = (request: Request, response: Response): Response => {
    if (origins.length === 0) return response;
    response.headers.append("Vary", "Origin");
    const origin = request.headers.get("origin");
    if (origin === null || !isListed(origin)) return response;
    // The origin itself even for "*": the answer then also fits requests with an Authorization header everywhere.
    response.headers.set("Access-Control-Allow-Origin", origin);
    if (exposed !== "") response.headers.set("Access-Control-Expose-Headers", exposed);
    return response;
  };

  const check: Check = (request) => {
    const origin = request.headers.get("origin");
    if (origin === null) return null;
    if (!sameHost(origin, request) && !isLoopback(origin) && !isListed(origin)) {
      return refuse(403, `Cannot serve origin "${origin.slice(0, 100)}": it is not in MCP_CORS_ORIGINS`);
    }
    if (request.method !== "OPTIONS" || !request.headers.has("access-control-request-method")) return null;
    const preflight = new Response(null, { status: 204 });
    if (isListed(origin)) {
      preflight.headers.set("Access-Control-Allow-Methods", methods);
      preflight.headers.set("Access-Control-Allow-Headers", requestHeaders);
      preflight.headers.set("Access-Control-Max-Age", "600");
    }
    return decorate(request, preflight);
  };
  return { check, decorate };
}

/**
 * Whether the page came from this machine, such as a local inspector. It gets no CORS headers unless it is listed, so
 * that it can call with simple requests but not read across origins.
 */
function isLoopback(origin: string): boolean {
  const match = /^https?:\/\/([^/]+?)(?::\d+)?$/i.exec(origin);
  return match !== null && LOOPBACK_NAMES.includes(match[1]!.toLowerCase());
}

/** Whether the page came from the host and port it now calls; the scheme may differ behind a TLS proxy. */
function sameHost(origin: string, request: Request): boolean {
  const match = /^https?:\/\/([^/]+)$/i.exec(origin);
  return match !== null && match[1]!.toLowerCase() === hostOf(request);
}
