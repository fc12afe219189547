/**
 * The API key, as `Authorization: Bearer KEY` or `X-API-Key: KEY`.
 *
 * @module
 */

import { createHash, timingSafeEqual } from "node:crypto";
import type { Check } from "./access.ts";
import { refuse } from "./refusal.ts";

/** Refuses requests without `apiKey`; with null, none. */
export function createKeyCheck(apiKey: string | null): Check {
  if (apiKey === null) return () => null;
  const expected = digest(apiKey, "utf8");
  return (request) => {
    const presented = presentedKey(request);
    if (presented === null) {
      return unauthorized("authorization_required", "Authorization required. Provide a valid API key.", "Bearer");
    }
    // Digests have equal length whatever was sent, so the comparison takes the same time for every wrong key.
    // A header's characters are its bytes, so a key beyond ASCII arrives as the bytes of its UTF-8.
    if (timingSafeEqual(digest(presented, "latin1"), expected)) return null;
    return unauthorized("invalid_token", "The API key provided is invalid", 'Bearer error="invalid_token"');
  };
}

/** The key a request carries, or null. A Bearer token wins over `X-API-Key`. */
export function presentedKey(request: Request): string | null {
  const authorization = request.headers.get("authorization");
  const bearer = authorization === null ? null : /^Bearer +(\S.*)$/i.exec(authorization.trim());
  return bearer?.[1] ?? request.headers.get("x-api-key");
}

function unauthorized(error: string, error_description: string, challenge: string): Response {
  return refuse(401, { error, error_description }, { "WWW-Authenticate": challenge });
}

function digest(text: string, encoding: "utf8" | "latin1"): Uint8Array {
  return createHash("sha256").update(text, encoding).digest();
}
