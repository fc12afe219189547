/**
 * Clients whose id is the address of a document that says what they are (client id metadata documents). The document's
 * host vouches for them.
 *
 * @module
 */

import { OAuthError } from "./answers.ts";
import { keySetOf } from "./client_assertion.ts";
import { type Client, nameOf, parse } from "./clients.ts";
import type { FetchDocument } from "./public_fetch.ts";

/** Documents kept, and for how many milliseconds at least and at most. */
const MAX_KEPT = 100, LEAST_MS = 5 * 60_000, MOST_MS = 24 * 60 * 60_000;
/** Milliseconds for which an address that gave none isn't asked again. */
const FAILED_MS = 30_000;
/** Fetched at once: anybody may name an address. */
const MAX_AT_ONCE = 8;

interface Kept {
  client: Client | OAuthError;
  until: number;
}

/** Whether an id is an address of such a document. */
export function isDocumentId(id: string): boolean {
  if (!id.startsWith("https://") || id.length > 1000 || /[#\s\\]/.test(id) || !URL.canParse(id)) return false;
  const { href, pathname, username, password } = new URL(id);
  // As the parser writes it: without `..`, without a default port, with the host in lower case.
  return href === id && pathname.length > 1 && username === "" && password === "";
}

/** Clients by the addresses of their documents. */
export class ClientDocuments {
  readonly #fetch: FetchDocument;
  readonly #clock: () => number;
  readonly #kept = new Map<string, Kept>();
  readonly #running = new Map<string, Promise<Client>>();

  /** @param clock Milliseconds that only grow. */
  constructor(fetch: FetchDocument, clock: () => number) {
    this.#fetch = fetch;
    this.#clock = clock;
  }

  /**
   * The client that a document describes.
   *
   * @throws {OAuthError} `invalid_client` where there is none, or it is wrong.
   */
  async find(id: string): Promise<Client> {
    const kept = this.#kept.get(id);
    if (kept !== undefined && kept.until > this.#clock()) {
      if (kept.client instanceof OAuthError) throw kept.client;
      return kept.client;
    }
    const running = this.#running.get(id);
    if (running !== undefined) return await running;
    if (this.#running.size >= MAX_AT_ONCE) {
      throw new OAuthError("temporarily_unavailable", "Too many clients are looked up at once: try again", 503);
    }
    const started = this.#load(id).finally(() => this.#running.delete(id));
    this.#running.set(id, started);
    return await started;
  }

  async #load(id: string): Promise<Client> {
    try {
      const { client, maxAge } = await this.#read(id);
      this.#keep(id, client, Math.min(MOST_MS, Math.max(LEAST_MS, (maxAge ?? 0) * 1000)));
      return client;
    } catch (error) {
      const refused = error instanceof OAuthError ? error : invalid(id, (error as Error).message);
      this.#keep(id, refused, FAILED_MS);
      throw refused;
    }
  }

  async #read(id: string): Promise<{ client: Client; maxAge: number | null }> {
    const { status, contentType, maxAge, text } = await this.#fetch(id);
    if (status !== 200) throw new Error(`it answers ${status}`);
    if (!/^application\/(?:[\w.-]+\+)?json\b/i.test(contentType)) throw new Error("it is not JSON");
    const document = parseObject(text);
    if (document.client_id !== id) throw new Error("its client_id is not its address");
    if ("client_secret" in document) throw new Error("it has a secret");
    const byKey = document.token_endpoint_auth_method === "private_key_jwt";
    const { client_name, redirect_uris, token_endpoint_auth_method = "none" } = parse({
      ...document,
      token_endpoint_auth_method: byKey ? "none" : document.token_endpoint_auth_method,
    });
    if (token_endpoint_auth_method !== "none") throw new Error("it wants to prove itself by a secret");
    const client: Client = { id, name: nameOf(client_name), redirect_uris, auth: "none", host: new URL(id).host };
    if (!byKey) return { client, maxAge };
    const { jwks, jwks_uri } = document;
    const keys = jwks_uri === undefined
      ? keySetOf(jwks)
      : typeof jwks_uri === "string" && URL.canParse(jwks_uri) && jwks_uri;
    if (!keys) throw new Error("it wants to prove itself by a key and names none");
    return { client: { ...client, auth: "private_key_jwt", keys }, maxAge };
  }

  #keep(id: string, client: Client | OAuthError, ms: number): void {
    this.#kept.delete(id);
    this.#kept.set(id, { client, until: this.#clock() + ms });
    if (this.#kept.size > MAX_KEPT) this.#kept.delete(this.#kept.keys().next().value!);
  }
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error("it is not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error("it is not a JSON object");
  return value as Record<string, unknown>;
}

function invalid(id: string, reason: string): OAuthError {
  return new OAuthError("invalid_client", `The client's document ${id} can't be used: ${reason}`, 401);
}
