/**
 * The steps of an authorization, as a client and a browser take them one by one.
 *
 * @module
 */

import { assertEquals } from "@std/assert";

/** Sends a request to the service; redirects aren't followed. */
export type Ask = (path: string, init?: RequestInit) => Promise<Response>;

/** The admin key of the services under test. */
export const ADMIN_KEY = "an-admin-key-of-good-length";
export const REDIRECT = "http://127.0.0.1:7777/callback";

/** A registered client. */
export interface RegisteredClient {
  client_id: string;
  client_secret?: string;
  registration_access_token: string;
  registration_client_uri: string;
}

/** A consent page as a browser holds it. */
export interface OpenPage {
  status: number;
  html: string;
  headers: Headers;
  cookie: string;
  /** The hidden fields. */
  fields: Record<string, string>;
}

export interface Tokens {
  access_token: string;
  refresh_token: string;
  token_type: string;
  expires_in: number;
  scope: string;
}

/** A PKCE pair. */
export async function pkce(): Promise<{ verifier: string; challenge: string }> {
  const verifier = base64url(crypto.getRandomValues(new Uint8Array(32)));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return { verifier, challenge: base64url(new Uint8Array(digest)) };
}

export function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The steps against one service. */
export class Flow {
  readonly ask: Ask;

  constructor(ask: Ask) {
    this.ask = ask;
  }

  async register(metadata: Record<string, unknown> = {}): Promise<RegisteredClient> {
    const response = await this.ask("/oauth/register", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        client_name: "Tester",
        redirect_uris: [REDIRECT],
        token_endpoint_auth_method: "none",
        ...metadata,
      }),
    });
    const answer = await response.json();
    assertEquals(response.status, 201, JSON.stringify(answer));
    return answer;
  }

  /** Opens the page for a request. */
  async open(query: Record<string, string> | string): Promise<OpenPage> {
    const text = typeof query === "string" ? query : new URLSearchParams(query).toString();
    const response = await this.ask(`/oauth/authorize?${text}`);
    const html = await response.text();
    const fields = Object.fromEntries(
      [...html.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)"/g)].map((
        match,
      ) => [match[1]!, unescape(match[2]!)]),
    );
    const cookie = response.headers.get("set-cookie")?.split(";")[0] ?? "";
    return { status: response.status, html, headers: response.headers, cookie, fields };
  }

  /** Sends the page's form. */
  async send(
    page: Pick<OpenPage, "cookie" | "fields">,
    changes: Record<string, string> = {},
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const form = {
      rights: "write",
      write: "default",
      read: "",
      key: ADMIN_KEY,
      decision: "allow",
      ...page.fields,
      ...changes,
    };
    return await this.ask("/oauth/authorize", {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded", cookie: page.cookie, ...headers },
      body: new URLSearchParams(form).toString(),
      redirect: "manual",
    });
  }

  /** Asks a person who agrees; the answer that goes to the client. */
  async consent(query: Record<string, string>, changes: Record<string, string> = {}): Promise<URLSearchParams> {
    const page = await this.open(query);
    assertEquals(page.status, 200, page.html);
    const response = await this.send(page, changes);
    assertEquals(response.status, 303, await response.text());
    return new URL(response.headers.get("location")!).searchParams;
  }

  async post(path: string, form: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> {
    return await this.ask(path, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
      body: new URLSearchParams(form).toString(),
    });
  }

  /** Everything up to the tokens, for a client that is registered for it unless one is given. */
  async tokens(
    { query = {}, form = {}, client_id }: {
      query?: Record<string, string>;
      form?: Record<string, string>;
      client_id?: string;
    } = {},
  ): Promise<Tokens & { client_id: string; code: string; verifier: string }> {
    const id = client_id ?? (await this.register()).client_id, { verifier, challenge } = await pkce();
    const answer = await this.consent(authorization(id, challenge, query), form);
    const code = answer.get("code")!;
    const response = await this.redeem(id, code, verifier);
    const tokens = await response.json();
    assertEquals(response.status, 200, JSON.stringify(tokens));
    return { ...tokens, client_id: id, code, verifier };
  }

  async redeem(client_id: string, code: string, code_verifier: string, more: Record<string, string> = {}) {
    const form = { grant_type: "authorization_code", client_id, code, code_verifier, redirect_uri: REDIRECT, ...more };
    return await this.post("/oauth/token", form);
  }

  async refresh(client_id: string, refresh_token: string, more: Record<string, string> = {}) {
    return await this.post("/oauth/token", { grant_type: "refresh_token", client_id, refresh_token, ...more });
  }
}

/** An authorization request's parameters. */
export function authorization(
  client_id: string,
  code_challenge: string,
  more: Record<string, string> = {},
): Record<string, string> {
  return {
    response_type: "code",
    client_id,
    redirect_uri: REDIRECT,
    state: "the state",
    code_challenge,
    code_challenge_method: "S256",
    ...more,
  };
}

function unescape(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");
}
