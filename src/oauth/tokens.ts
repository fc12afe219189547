/**
 * Codes, tokens and secrets: 256 random bits behind a prefix that says what they are and which record they belong to.
 * Only their hashes are kept.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** Kinds by their prefixes: an authorization code, an access token, a refresh token. */
export type TokenKind = "umc" | "uma" | "umr";

const FORM = /^(umc|uma|umr)_([a-z0-9]{16})_([A-Za-z0-9_-]{43})$/;
const ID_CHARACTERS = "abcdefghijklmnopqrstuvwxyz234567";

/** A new token of a grant. */
export function newToken(kind: TokenKind, grant: string): string {
  return `${kind}_${grant}_${newSecret()}`;
}

/** 256 random bits, as 43 characters. */
export function newSecret(): string {
  return randomBytes(32).toString("base64url");
}

/** 80 random bits, as 16 characters. */
export function newId(): string {
  return Array.from(randomBytes(16), (byte) => ID_CHARACTERS[byte & 31]).join("");
}

/** Kind and grant of a token; null for any other text. */
export function readToken(text: string): { kind: TokenKind; grant: string } | null {
  const match = FORM.exec(text);
  return match === null ? null : { kind: match[1] as TokenKind, grant: match[2]! };
}

/** What is kept of a token: its SHA-256, as 43 characters. A token has too many bits to be guessed from it. */
export function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}

/** Whether two texts are equal, in a time that says nothing about where they differ. */
export function isEqual(a: string, b: string): boolean {
  const left = Buffer.from(a), right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Whether a verifier fits a challenge by S256, RFC 7636, section 4.6. */
export function fitsChallenge(verifier: string, challenge: string): boolean {
  return /^[A-Za-z0-9._~-]{43,128}$/.test(verifier) && isEqual(hashOf(verifier), challenge);
}
