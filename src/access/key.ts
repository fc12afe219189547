/**
 * The API key, as `Authorization: Bearer KEY` or `X-API-Key: KEY`.
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import { createHash, timingSafeEqual } from "node:crypto";
import { refuse } from "./refusal.ts";
import type { WrongKeys } from "./wrong_keys.ts";

/** Keys shorter than this are warned of: a generated one has more, and what people make up is guessed. */
export const SHORT_KEY = 16;
/** Keys shorter than this are refused where others than this machine can reach the service. */
export const TOO_SHORT_KEY = 8;

/** Where wrong keys are noted. */
export interface WrongKeyNotes {
  wrongKeys: WrongKeys;
  /** Called for every wrong key that was compared. */
  onWrongKey: (address: string | undefined) => void;
}

/**
 * Refuses requests without `apiKey`, and for a time those of addresses that sent too many wrong ones; with null, none.
 *
 * @returns the check; its `address` is undefined for requests that came over no socket, which never have to wait.
 */
export function createKeyCheck(
  apiKey: string | null,
  { wrongKeys, onWrongKey }: WrongKeyNotes,
): (request: Request, address?: string) => Response | null {
  if (apiKey === null) return () => null;
  const expected = digest(apiKey, "utf8");
  return (request, address) => {
    const presented = presentedKey(request);
    if (presented === null) {
      return unauthorized("authorization_required", "Authorization required. Provide a valid API key.", "Bearer");
    }
    // Digests have equal length whatever was sent, so the comparison takes the same time for every wrong key.
    // A header's characters are its bytes, so a key beyond ASCII arrives as the bytes of its UTF-8.
    const given = digest(presented, "latin1"), wait = address === undefined ? null : wrongKeys.wait(address);
    if (wait?.guessing) return tooMany(wait.seconds);
    if (timingSafeEqual(given, expected)) {
      if (address !== undefined) wrongKeys.trust(address);
      return null;
    }
    if (wait !== null && wait.seconds > 0) return tooMany(wait.seconds);
    if (address !== undefined) wrongKeys.add(address, given.toString("base64"));
    onWrongKey(address);
    return unauthorized("invalid_token", "The API key provided is invalid", 'Bearer error="invalid_token"');
  };
}

/** The key a request carries, or null. A Bearer token wins over `X-API-Key`. */
function presentedKey(request: Request): string | null {
  const authorization = request.headers.get("authorization");
  const bearer = authorization === null ? null : /^Bearer +(\S.*)$/i.exec(authorization.trim());
  return bearer?.[1] ?? request.headers.get("x-api-key");
}

function tooMany(seconds: number): Response {
  const error_description = `Too many wrong API keys came from this address: try again in ${seconds} seconds`;
  return refuse(429, { error: "too_many_wrong_keys", error_description }, { "Retry-After": String(seconds) });
}

function unauthorized(error: string, error_description: string, challenge: string): Response {
  return refuse(401, { error, error_description }, { "WWW-Authenticate": challenge });
}

function digest(text: string, encoding: "utf8" | "latin1"): Buffer {
  return createHash("sha256").update(text, encoding).digest();
}
