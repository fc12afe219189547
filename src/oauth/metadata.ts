/**
 * What clients learn of the authorization server (RFC 8414) and of what it protects (RFC 9728).
 *
 * @module
 */

import { RIGHTS } from "../access/caller.ts";
import { ALGORITHMS } from "./issuer.ts";
import { resourceOf } from "./resources.ts";

/** Prefixes of their addresses. What a resource or an issuer has after its host comes behind them. */
export const SERVER_METADATA = "/.well-known/oauth-authorization-server";
export const OPENID_METADATA = "/.well-known/openid-configuration";
export const RESOURCE_METADATA = "/.well-known/oauth-protected-resource";
const SCOPES = [...RIGHTS];
const AUTH_METHODS = ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"];

/** The metadata of the built-in server. @param base Its address, which is the issuer. */
export function serverMetadata(base: string): Record<string, unknown> {
  return {
    issuer: base,
    authorization_endpoint: `${base}/oauth/authorize`,
    token_endpoint: `${base}/oauth/token`,
    registration_endpoint: `${base}/oauth/register`,
    revocation_endpoint: `${base}/oauth/revoke`,
    scopes_supported: SCOPES,
    response_types_supported: ["code"],
    response_modes_supported: ["query"],
    grant_types_supported: ["authorization_code", "refresh_token"],
    token_endpoint_auth_methods_supported: AUTH_METHODS,
    token_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
    revocation_endpoint_auth_methods_supported: AUTH_METHODS,
    revocation_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
    code_challenge_methods_supported: ["S256"],
    authorization_response_iss_parameter_supported: true,
    client_id_metadata_document_supported: true,
  };
}

/**
 * The same where OpenID Connect has it: clients look there too, and below a proxy's path it is the only address that needs
 * no rule for the host's root. No id tokens are made, and no keys are published; these members are what readers of such a
 * document insist on.
 */
export function openidMetadata(base: string): Record<string, unknown> {
  return {
    ...serverMetadata(base),
    jwks_uri: `${base}/oauth/jwks`,
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
  };
}

/**
 * The metadata of a resource. @param issuer Address of the server whose tokens it takes.
 *
 * @param suffix What follows the prefix in the metadata's address: the path of the resource.
 */
export function resourceMetadata(base: string, issuer: string, suffix: string): Record<string, unknown> {
  return {
    resource: resourceOf(base, suffix || "/"),
    authorization_servers: [issuer],
    scopes_supported: SCOPES,
    bearer_methods_supported: ["header"],
    resource_name: "Unimem",
  };
}

/** Address of the metadata of what a path belongs to; the path as the service sees it, without the prefix of a proxy. */
export function resourceMetadataAddress(base: string, path: string): string {
  const { origin, pathname } = new URL(resourceOf(base, path));
  return `${origin}${RESOURCE_METADATA}${pathname === "/" ? "" : pathname}`;
}
