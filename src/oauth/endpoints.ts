/**
 * The endpoints of the authorization server that programs call: token, registration and revocation.
 *
 * @module
 */

import { decodeJwt } from "jose";
import { json, OAuthError, Parameters } from "./answers.ts";
import { ASSERTION_TYPE, type ClientAssertions } from "./client_assertion.ts";
import type { Client, RegisteredClients } from "./clients.ts";
import { isDocumentId } from "./client_documents.ts";
import type { OAuthEvent } from "./event.ts";
import { callerName, type Grant } from "./grant.ts";
import type { Grants } from "./grants.ts";
import { canonicalResource } from "./resources.ts";

/** What the endpoints work with. */
export interface EndpointParts {
  base: string;
  clients: RegisteredClients;
  assertions: ClientAssertions;
  /** The client that a document describes. @throws {OAuthError} */
  findDocument: (id: string) => Promise<Client>;
  grants: Grants;
  onEvent: (event: OAuthEvent) => void;
}

/** Exchanges a code or a refresh token (RFC 6749, 4.1.3 and 6). */
export async function token(request: Request, body: string, parts: EndpointParts): Promise<Response> {
  const { base, grants, onEvent } = parts, form = formOf(request, body);
  const grantType = form.need("grant_type");
  if (grantType !== "authorization_code" && grantType !== "refresh_token") {
    throw new OAuthError("unsupported_grant_type", "Only authorization_code and refresh_token are served");
  }
  const client = await authenticate(request, form, parts);
  const named = form.get("resource");
  const resource = named === undefined ? undefined : canonicalResource(base, named);
  if (resource === null) throw new OAuthError("invalid_target", "The resource is none of this service");
  const onReuse = (grant: Grant) =>
    onEvent({
      action: "oauthTokenReuse",
      outcome: "forbidden",
      caller: callerName(grant),
      kind: "grant",
      detail: `Grant ${grant.id} ended: its ${grantType === "refresh_token" ? "refresh token" : "code"} came twice`,
    });
  const by = { ...client, resource, scope: form.get("scope"), onReuse };
  if (grantType === "refresh_token") return json(await grants.refresh(form.need("refresh_token"), by));
  const code = form.need("code"), verifier = form.need("code_verifier");
  return json(await grants.redeem(code, verifier, form.get("redirect_uri"), by));
}

/** Ends what a token belongs to (RFC 7009): whatever the token, the answer is the same. */
export async function revoke(request: Request, body: string, parts: EndpointParts): Promise<Response> {
  const { grants, onEvent } = parts, form = formOf(request, body), token = form.need("token");
  const grant = await grants.revokeToken(token, await authenticate(request, form, parts));
  if (grant !== null) {
    const detail = `Grant ${grant.id} ended by its client`;
    onEvent({ action: "oauthRevoke", outcome: "ok", caller: callerName(grant), kind: "grant", detail });
  }
  return new Response(null, { status: 200, headers: { "Cache-Control": "no-store" } });
}

/** Registers a client (RFC 7591). */
export async function register(body: string, { base, clients, grants }: EndpointParts): Promise<Response> {
  return json(await clients.register(metadataIn(body), base, await grants.clients()), 201);
}

function metadataIn(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new OAuthError("invalid_client_metadata", "The body is not JSON");
  }
}

/** Shows a registration to the client that has its token, changes it, or removes it with what it was granted (RFC 7592). */
export async function registration(
  request: Request,
  id: string,
  body: () => Promise<string>,
  { base, clients, grants }: EndpointParts,
): Promise<Response> {
  const token = /^Bearer +(\S+)$/i.exec(request.headers.get("authorization") ?? "")?.[1] ?? "";
  if (request.method === "DELETE") {
    if (await clients.remove(id, token)) {
      await grants.revokeClient(id);
      return new Response(null, { status: 204 });
    }
  } else {
    const found = request.method === "PUT"
      ? await clients.update(id, token, metadataIn(await body()), base)
      : await clients.read(id, token, base);
    if (found !== null) return json(found);
  }
  throw new OAuthError("invalid_token", "The registration token is missing or wrong", 401, {
    "WWW-Authenticate": 'Bearer error="invalid_token"',
  });
}

/** The client that calls, once it has proved to be itself as far as it can. */
async function authenticate(
  request: Request,
  form: Parameters,
  { base, clients, assertions, findDocument }: EndpointParts,
): Promise<{ client_id: string; byKey?: boolean }> {
  const basic = basicOf(request), inForm = form.get("client_id"), assertion = form.get("client_assertion");
  if (assertion !== undefined) {
    if (form.need("client_assertion_type") !== ASSERTION_TYPE) {
      throw new OAuthError("invalid_request", `Only client_assertion_type=${ASSERTION_TYPE} is served`);
    }
    const client_id = inForm ?? subjectOf(assertion);
    if (basic !== null || form.get("client_secret") !== undefined) {
      throw new OAuthError("invalid_request", "The client proves itself in two ways");
    }
    if (!isDocumentId(client_id)) throw new OAuthError("invalid_client", "The client has no key here", 401);
    await assertions.check(await findDocument(client_id), assertion, [base, `${base}/oauth/token`]);
    return { client_id, byKey: true };
  }
  if (basic !== null && (form.get("client_secret") !== undefined || inForm !== undefined && inForm !== basic.id)) {
    throw new OAuthError("invalid_request", "The client proves itself in two ways");
  }
  const id = basic?.id ?? form.need("client_id"), secret = basic?.secret || form.get("client_secret");
  if (isDocumentId(id) ? secret === undefined : await clients.proves(id, secret)) return { client_id: id };
  throw new OAuthError("invalid_client", "The client is unknown, or its secret is missing or wrong", 401, {
    "WWW-Authenticate": "Basic",
  });
}

/** Whom a token says that it is of; what it says is checked later. */
function subjectOf(assertion: string): string {
  try {
    return decodeJwt(assertion).sub ?? "";
  } catch {
    throw new OAuthError("invalid_client", "The client_assertion is no JSON web token", 401);
  }
}

function basicOf(request: Request): { id: string; secret: string } | null {
  const encoded = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  if (encoded === undefined) return null;
  try {
    const text = atob(encoded), colon = text.indexOf(":");
    if (colon < 0) throw new Error();
    const decode = (part: string) => decodeURIComponent(part.replace(/\+/g, " "));
    return { id: decode(text.slice(0, colon)), secret: decode(text.slice(colon + 1)) };
  } catch {
    throw new OAuthError("invalid_request", "The Authorization header can't be read");
  }
}

/** The form in a body. What is secret must not be in an address, which logs keep. */
function formOf(request: Request, body: string): Parameters {
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/x-www-form-urlencoded\b/i.test(type)) {
    throw new OAuthError("invalid_request", "The body must be application/x-www-form-urlencoded");
  }
  return new Parameters(body);
}
