/**
 * Requests from web pages. A browser names the page's origin, and says how it relates to the address called. Pages of
 * other origins must not change anything, not even with the simple requests that browsers send without asking first:
 * a page on another port of this machine is another origin too. Listed origins get the CORS headers they need.
 *
 * @module
 */

import { type Host, hostOf, type Hosts, isLoopback, parseHost } from "./hosts.ts";
import { refuse } from "./refusal.ts";

/** CORS headers of a listener. */
export interface CorsFacts {
  /** Methods besides GET, HEAD and POST. */
  methods: readonly string[];
  /** Request headers besides `Content-Type`, `Authorization` and `X-API-Key`. */
  requestHeaders: readonly string[];
  /** Response headers pages may read. */
  exposedHeaders: readonly string[];
}

/** The origin check and the headers of one listener. */
interface Cors {
  /**
   * Refuses foreign origins with 403 and answers preflights of listed ones.
   *
   * @param guarded Whether the request may change something. Pages of this machine may send others, whose answers they
   * can't read.
   */
  check: (request: Request, guarded: boolean) => Response | null;
  /** Adds the headers to `response` and gives it back. */
  decorate: (request: Request, response: Response) => Response;
}

/** An origin of a web page over HTTP. */
interface Origin extends Host {
  scheme: "http" | "https";
  port: string;
}

const DEFAULT_PORT = { http: "80", https: "443" } as const;
/** Methods that change nothing, RFC 9110. */
const SAFE_METHODS = ["GET", "HEAD", "OPTIONS"];

/**
 * Prepares the check for the listed origins; `*` stands for any.
 *
 * @param listeners Addresses this process listens on now, such as `http://127.0.0.1:8000`.
 */
export function createCors(
  origins: readonly string[],
  facts: CorsFacts,
  hosts: Hosts,
  listeners: () => Iterable<string>,
): Cors {
  const any = origins.includes("*");
  const listed = new Set(origins.map(canonical));
  const methods = ["GET", "HEAD", "POST", ...facts.methods].join(", ");
  const requestHeaders = ["Content-Type", "Authorization", "X-API-Key", ...facts.requestHeaders].join(", ");
  const exposed = facts.exposedHeaders.join(", ");
  const isListed = (origin: string) => any || listed.has(canonical(origin));

  /** A page of the other server of this process, under a name of ours. */
  const isListener = (origin: Origin) =>
    hosts.isOwn(origin) && [...listeners()].some((address) => {
      const listener = parseOrigin(address);
      return listener !== null && listener.scheme === origin.scheme && listener.port === origin.port;
    });

  const isAllowed = (request: Request, guarded: boolean): boolean => {
    const text = request.headers.get("origin"), site = request.headers.get("sec-fetch-site");
    // The `Sec-Fetch-Site` of requests by the page itself and of those that no page made.
    const isOwnSite = site === null || /^(same-origin|none)$/i.test(site);
    if (text === null) return isOwnSite || !guarded;
    if (isListed(text)) return true;
    const origin = parseOrigin(text);
    if (origin === null) return false;
    return isOwnSite && isSameHost(origin, request) || isListener(origin) || !guarded && isLoopback(origin);
  };

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

  const check = (request: Request, guarded: boolean): Response | null => {
    const origin = request.headers.get("origin");
    const asked = request.method === "OPTIONS" ? request.headers.get("access-control-request-method") : null;
    if (!isAllowed(request, guarded || !isSafe(asked ?? request.method))) return refusal(request);
    if (origin === null || asked === null) return null;
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

/** Whether a browser's headers show that a page sent the request, rather than a script or an SDK. */
export function isFromBrowser(request: Request): boolean {
  return request.headers.has("origin") || request.headers.has("sec-fetch-site");
}

function isSafe(method: string): boolean {
  return SAFE_METHODS.includes(method.toUpperCase());
}

/** Names the setting, and the value that would let the page call. */
function refusal(request: Request): Response {
  const origin = request.headers.get("origin")?.slice(0, 300);
  if (origin === undefined) {
    const site = request.headers.get("sec-fetch-site")?.slice(0, 100);
    const page = parseOrigin(request.headers.get("referer") ?? "");
    const value = page === null ? "the page's origin, such as https://app.example.com," : addressOf(page);
    return refuse(403, `Cannot serve a page of another site ("${site}"): add ${value} to MCP_CORS_ORIGINS to allow it`);
  }
  if (origin === "null") {
    const advice = "serve it from a web server and add that one's address to MCP_CORS_ORIGINS to allow it";
    return refuse(403, `Cannot serve origin "null", a page without an address: ${advice}`);
  }
  return refuse(
    403,
    `Cannot serve origin "${origin}": add ${canonical(origin)} to MCP_CORS_ORIGINS to allow its pages`,
  );
}

/**
 * Whether the page came from the host and port it now calls. A proxy with TLS may stand between the two, so that an
 * https page fits a service without it; where the request is known to have come over TLS, an http page never fits.
 */
function isSameHost(origin: Origin, request: Request): boolean {
  const host = hostOf(request);
  if (host === null) return false;
  const overTls = /^https:/i.test(request.url) || /^\s*https\b/i.test(request.headers.get("x-forwarded-proto") ?? "");
  if (overTls && origin.scheme !== "https") return false;
  return host.name === origin.name && (host.port ?? DEFAULT_PORT[origin.scheme]) === origin.port;
}

/** Reads an origin or an address; null for one that no web server has, such as `null` or `file://`. */
function parseOrigin(text: string): Origin | null {
  const match = /^(https?):\/\/([^\/?#]+)/i.exec(text);
  const host = match === null ? null : parseHost(match[2]!);
  if (host === null) return null;
  const scheme = match![1]!.toLowerCase() as Origin["scheme"];
  return { name: host.name, scheme, port: host.port ?? DEFAULT_PORT[scheme] };
}

/** One way to write an origin: lower case, no default port, no slash at the end. Names keep a last dot. */
function canonical(text: string): string {
  const plain = text.trim().toLowerCase().replace(/\/$/, "");
  return /^https?:\/\/[^\/?#@]+$/.test(plain) && URL.canParse(plain) ? new URL(plain).origin : plain;
}

function addressOf({ scheme, name, port }: Origin): string {
  return `${scheme}://${name}${port === DEFAULT_PORT[scheme] ? "" : `:${port}`}`;
}
