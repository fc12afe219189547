/**
 * Authorization requests (RFC 6749, 4.1.1, with what OAuth 2.1 and MCP ask for): what they say, and the answers that go
 * back to the client.
 *
 * @module
 */

import type { Right } from "../access/caller.ts";
import { describable, OAuthError, type OAuthErrorCode, Parameters } from "./answers.ts";
import type { Client } from "./clients.ts";
import { isRegistered } from "./redirects.ts";
import { canonicalResource } from "./resources.ts";
import { DEFAULT_SCOPE, rightOf } from "./scopes.ts";

/** Longest request, in characters. */
const MAX_LENGTH = 8000;

/** A request that a person may be asked about. */
export interface AuthorizationRequest {
  /** The request's query, by which it is read again when the form comes. */
  text: string;
  client: Client;
  redirectUri: string;
  state: string | undefined;
  challenge: string;
  /** The most that the client asks for. */
  right: Right;
  resource: string;
}

/** A fault that the client gets at its redirect URI. */
export class RedirectedError extends Error {
  override readonly name = "RedirectedError";
  readonly code: OAuthErrorCode;
  readonly to: Pick<AuthorizationRequest, "redirectUri" | "state">;

  constructor(code: OAuthErrorCode, description: string, to: RedirectedError["to"]) {
    super(description);
    this.code = code;
    this.to = to;
  }
}

/**
 * Reads a request.
 *
 * @throws {OAuthError} for the person: who asks, or where the answer goes, can't be trusted, so that nothing is sent there.
 * @throws {RedirectedError} for the client.
 */
export async function readAuthorization(
  text: string,
  base: string,
  findClient: (id: string) => Promise<Client>,
): Promise<AuthorizationRequest> {
  if (text.length > MAX_LENGTH) throw new OAuthError("invalid_request", "The request is too long");
  const parameters = new Parameters(text);
  const client = await findClient(parameters.need("client_id"));
  const given = parameters.get("redirect_uri");
  // A client with one address may leave it out; with several it must say which.
  const redirectUri = given ?? (client.redirect_uris.length === 1 ? client.redirect_uris[0]! : undefined);
  if (redirectUri === undefined) throw new OAuthError("invalid_request", "The parameter redirect_uri is missing");
  if (!isRegistered(redirectUri, client.redirect_uris)) {
    throw new OAuthError("invalid_request", "The redirect_uri is none of those that the client has");
  }
  const states = new URLSearchParams(text).getAll("state");
  const to = { redirectUri, state: states.length === 1 ? states[0] || undefined : undefined };
  try {
    return { text, client, ...to, ...readRest(parameters, base) };
  } catch (error) {
    if (error instanceof OAuthError) throw new RedirectedError(error.code, error.message, to);
    throw error;
  }
}

function readRest(
  parameters: Parameters,
  base: string,
): Pick<AuthorizationRequest, "challenge" | "right" | "resource"> {
  parameters.get("state");
  for (const name of ["request", "request_uri"]) {
    if (parameters.has(name)) throw new OAuthError("invalid_request", `The parameter ${name} is not supported`);
  }
  if (parameters.need("response_type") !== "code") {
    throw new OAuthError("unsupported_response_type", "Only response_type=code is served");
  }
  if ((parameters.get("response_mode") ?? "query") !== "query") {
    throw new OAuthError("invalid_request", "Only response_mode=query is served");
  }
  const challenge = parameters.get("code_challenge");
  if (challenge === undefined) throw new OAuthError("invalid_request", "PKCE is required: code_challenge is missing");
  // Without a method RFC 7636 means plain, which shows the verifier to everyone who sees the request.
  if (parameters.get("code_challenge_method") !== "S256") {
    throw new OAuthError("invalid_request", "PKCE is required with code_challenge_method=S256");
  }
  if (!/^[A-Za-z0-9_-]{43}$/.test(challenge)) {
    throw new OAuthError("invalid_request", "The code_challenge is no SHA-256 as base64url");
  }
  const right = rightOf(parameters.get("scope") ?? DEFAULT_SCOPE);
  if (right === null) throw new OAuthError("invalid_scope", "None of the scopes read, write and admin is asked for");
  const named = parameters.get("resource"), resource = named === undefined ? base : canonicalResource(base, named);
  if (resource === null) throw new OAuthError("invalid_target", "The resource is none of this service");
  return { challenge, right, resource };
}

/** Sends the person back to the client, with the answer. @param base The issuer, which the answer names (RFC 9207). */
export function redirect(
  { redirectUri, state }: Pick<AuthorizationRequest, "redirectUri" | "state">,
  base: string,
  answer: Record<string, string>,
): Response {
  const query = new URLSearchParams({ ...answer, ...state === undefined ? {} : { state }, iss: base });
  // Appended as text: a URL object would rewrite what the client registered.
  const location = `${redirectUri}${redirectUri.includes("?") ? "&" : "?"}${query}`;
  return new Response(null, { status: 303, headers: { Location: location, "Cache-Control": "no-store" } });
}

/** Reports a fault to the client. */
export function redirectError({ code, message, to }: RedirectedError, base: string): Response {
  return redirect(to, base, { error: code, error_description: describable(message) });
}
