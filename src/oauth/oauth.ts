/**
 * OAuth on a listener: metadata, the authorization server's endpoints, and who stands behind a token.
 *
 * @module
 */

import type { Caller } from "../access/caller.ts";
import type { TokenVerifier } from "../access/key.ts";
import type { EndpointContext, PublicEndpoints } from "../access/public_endpoints.ts";
import { MemoryError } from "../errors.ts";
import type { StoreNotes } from "../storage/contract/notes.ts";
import { json, OAuthError } from "./answers.ts";
import { RedirectedError, redirectError } from "./authorize.ts";
import { ClientAssertions } from "./client_assertion.ts";
import { ClientDocuments, isDocumentId } from "./client_documents.ts";
import { type Client, RegisteredClients } from "./clients.ts";
import { askForConsent, takeConsent } from "./consent.ts";
import { CONSENT_STYLE, faultPage } from "./consent_page.ts";
import type { OAuthEvent } from "./event.ts";
import { type EndpointParts, register, registration, revoke, token } from "./endpoints.ts";
import { Grants } from "./grants.ts";
import { Issuer, looksSigned } from "./issuer.ts";
import {
  OPENID_METADATA,
  openidMetadata,
  RESOURCE_METADATA,
  resourceMetadata,
  resourceMetadataAddress,
  SERVER_METADATA,
  serverMetadata,
} from "./metadata.ts";
import { type FetchDocument, publicFetch } from "./public_fetch.ts";
import { RateLimit } from "./rate_limit.ts";
import { baseOf, resourceOf } from "./resources.ts";
import { DEFAULT_SCOPE } from "./scopes.ts";
import type { OAuthSettings } from "./settings.ts";
import { readToken } from "./tokens.ts";

/** Bytes of a body at these endpoints. */
const MAX_BODY_BYTES = 64 * 1024;
/** Registrations and lookups of clients that one address may ask for in a minute. */
const MAX_A_MINUTE = 60, MINUTE_MS = 60_000;

/** What the server tells, and what differs in tests. */
export interface OAuthOptions {
  onEvent?: (event: OAuthEvent) => void;
  /** Fetches the documents of clients; over https from public addresses by default. */
  fetchDocument?: FetchDocument;
  /** Fetches what the issuer publishes. */
  fetch?: typeof fetch;
  /** Unix seconds. */
  now?: () => number;
  /** Milliseconds that only grow. */
  clock?: () => number;
}

/** OAuth for the listeners of a process. */
export class OAuth implements TokenVerifier, PublicEndpoints {
  readonly accepts = "some";
  readonly grants: Grants;
  readonly #settings: OAuthSettings;
  readonly #clients: RegisteredClients;
  readonly #documents: ClientDocuments;
  readonly #assertions: ClientAssertions;
  readonly #issuer: Issuer | null;
  readonly #limit: RateLimit;
  readonly #onEvent: (event: OAuthEvent) => void;

  constructor(notes: StoreNotes, settings: OAuthSettings, options: OAuthOptions = {}) {
    const { now = () => Date.now() / 1000, clock = () => performance.now() } = options;
    const { codeSeconds: code = 600, accessSeconds: access = 3600 } = settings.server ?? {};
    this.#settings = settings;
    this.#onEvent = options.onEvent ?? (() => {});
    this.grants = new Grants(notes, { code, access }, now, clock);
    this.#clients = new RegisteredClients(notes, now, clock);
    const fetchDocument = options.fetchDocument ?? publicFetch();
    this.#documents = new ClientDocuments(fetchDocument, clock);
    this.#assertions = new ClientAssertions(fetchDocument, now, clock);
    this.#issuer = settings.issuer === null ? null : new Issuer(settings.issuer, options.fetch ?? fetch, clock);
    this.#limit = new RateLimit(MAX_A_MINUTE, MINUTE_MS, clock);
  }

  /** Whether a path is one of OAuth's own, which need no token. */
  serves(path: string): boolean {
    if (isBelow(path, RESOURCE_METADATA)) return true;
    return this.#settings.server !== null &&
      (isBelow(path, SERVER_METADATA) || isBelow(path, OPENID_METADATA) || path.startsWith("/oauth/"));
  }

  /** The caller behind a token, for what the request is for. */
  async verify(token: string, request: Request): Promise<Caller | null> {
    const resource = resourceOf(baseOf(this.#settings.publicUrl, request), pathOf(request));
    const caller = await (this.#issuer ?? this.grants).verify(token, resource);
    // The listener puts its own channel in.
    return caller === null ? null : { ...caller, channel: "rest" };
  }

  /** What refusals tell a client: where it learns how to get a token, and for what to ask. */
  challenge(request: Request): Readonly<Record<string, string>> {
    const base = baseOf(this.#settings.publicUrl, request);
    return { resource_metadata: resourceMetadataAddress(base, pathOf(request)), scope: DEFAULT_SCOPE };
  }

  /** Whether it has the form of an access token: too many bits to be guessed, or a signature. */
  isUnguessable(token: string): boolean {
    return this.#issuer === null ? readToken(token) !== null : looksSigned(token);
  }

  async answer(request: Request, path: string, context: EndpointContext): Promise<Response> {
    const base = baseOf(this.#settings.publicUrl, request), isPage = path === "/oauth/authorize";
    try {
      return await this.#route(request, path, base, context);
    } catch (error) {
      if (error instanceof RedirectedError) return redirectError(error, base);
      const fault = error instanceof MemoryError ? ofMemoryError(error) : error;
      if (!(fault instanceof OAuthError)) throw error;
      return isPage ? faultPage(fault.message, fault.status) : fault.response;
    }
  }

  async #route(request: Request, path: string, base: string, context: EndpointContext): Promise<Response> {
    const { method } = request;
    if (isBelow(path, RESOURCE_METADATA)) {
      const suffix = path.slice(RESOURCE_METADATA.length);
      return only("GET", method) ?? published(resourceMetadata(base, this.#issuer?.address ?? base, suffix));
    }
    if (isBelow(path, SERVER_METADATA)) return only("GET", method) ?? published(serverMetadata(base));
    if (isBelow(path, OPENID_METADATA)) return only("GET", method) ?? published(openidMetadata(base));
    const parts: EndpointParts = {
      base,
      clients: this.#clients,
      assertions: this.#assertions,
      findDocument: (id) => this.#findClient(id, context),
      grants: this.grants,
      onEvent: (event) => this.#onEvent({ ...event, address: context.address }),
    };
    const body = async () => new TextDecoder().decode(await context.readBody(MAX_BODY_BYTES));
    const own = path.slice("/oauth/".length);
    switch (own) {
      case "authorize":
        return only("GET, POST", method) ?? await this.#authorize(request, base, body, context);
      case "style.css":
        return only("GET", method) ??
          new Response(CONSENT_STYLE, {
            headers: { "Content-Type": "text/css; charset=utf-8", "Cache-Control": "no-cache" },
          });
      case "jwks":
        return only("GET", method) ?? published({ keys: [] });
      case "token":
        return only("POST", method) ?? await token(request, await body(), parts);
      case "revoke":
        return only("POST", method) ?? await revoke(request, await body(), parts);
      case "register":
        return only("POST", method) ?? this.#limited(context) ?? await register(await body(), parts);
    }
    const id = /^register\/(mcp_client_[a-z0-9]{16})$/.exec(own)?.[1];
    if (id !== undefined) return only("GET, PUT, DELETE", method) ?? await registration(request, id, body, parts);
    return Response.json({ detail: "Not Found" }, { status: 404 });
  }

  async #authorize(
    request: Request,
    base: string,
    body: () => Promise<string>,
    context: EndpointContext,
  ): Promise<Response> {
    const settings = {
      base,
      findClient: (id: string) => this.#findClient(id, context),
      signIn: context.signIn,
      grant: (consent: Parameters<Grants["create"]>[0]) => this.grants.create(consent),
      onEvent: (event: OAuthEvent) => this.#onEvent({ ...event, address: context.address }),
    };
    if (request.method === "POST") return await takeConsent(request, await body(), settings);
    const query = request.url.indexOf("?");
    return await askForConsent(query < 0 ? "" : request.url.slice(query + 1), settings);
  }

  async #findClient(id: string, context: EndpointContext): Promise<Client> {
    if (isDocumentId(id)) {
      const limited = this.#limited(context);
      if (limited !== null) throw new OAuthError("temporarily_unavailable", "Too many requests: wait a minute", 429);
      return await this.#documents.find(id);
    }
    const client = await this.#clients.find(id);
    if (client === null) {
      throw new OAuthError("invalid_client", "The client is not known here: it must register again", 401);
    }
    return client;
  }

  #limited({ address }: EndpointContext): Response | null {
    const seconds = address === undefined ? 0 : this.#limit.wait(address);
    if (seconds === 0) return null;
    const description = `Too many requests from this address: try again in ${seconds} seconds`;
    return json({ error: "temporarily_unavailable", error_description: description }, 429, {
      "Retry-After": String(seconds),
    });
  }
}

const STATUS: Partial<Record<MemoryError["code"], number>> = {
  ...{ too_large: 413, timed_out: 408, invalid_input: 400, refused: 400 },
  ...{ overloaded: 429, unavailable: 503, full: 507 },
};

/** What a client can make of an error of the store or the body; other errors are the listener's to answer. */
function ofMemoryError(error: MemoryError): OAuthError | MemoryError {
  const status = STATUS[error.code];
  if (status === undefined) return error;
  const isPassing = status === 429 || status === 503;
  const headers = isPassing ? { "Retry-After": String(error.retryAfterSeconds ?? 2) } : {};
  return new OAuthError(isPassing ? "temporarily_unavailable" : "invalid_request", error.message, status, headers);
}

function published(metadata: Record<string, unknown>): Response {
  return Response.json(metadata, { headers: { "Cache-Control": "no-cache" } });
}

function only(methods: string, method: string): Response | null {
  const allowed = methods.split(", ");
  if (allowed.includes(method) || method === "HEAD" && allowed.includes("GET")) return null;
  return Response.json({ detail: "Method Not Allowed" }, { status: 405, headers: { Allow: methods } });
}

function isBelow(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`);
}

/** The path of a request. `URL` would throw on what some Host headers make of the address. */
function pathOf({ url }: Request): string {
  return /^[a-z]+:\/\/[^\/?#]*([^?#]*)/i.exec(url)?.[1] || "/";
}
