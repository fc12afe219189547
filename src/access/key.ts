/**
 * Tokens of requests: `Authorization: Bearer TOKEN` or `X-API-Key: TOKEN`, never in an address, which logs and histories
 * keep. A token is the key of the settings, or one that a verifier knows.
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import { createHash, timingSafeEqual } from "node:crypto";
import { MemoryError } from "../errors.ts";
import { adminKeyCaller, anonymousCaller, type Caller, guestCaller, RIGHTS, unsureCaller } from "./caller.ts";
import { refuse } from "./refusal.ts";
import type { WrongKeys } from "./wrong_keys.ts";

/** Knows some tokens: the keys of the store, or those of an OAuth server. */
export interface TokenVerifier {
  /**
   * Whether it knows any. While none of a service's verifiers does, requests need no token. `unknown` while what would
   * tell can't be reached.
   */
  readonly accepts: "none" | "some" | "unknown";
  /** Resolves once `accepts` is known, or can't be found out now. Never rejects; absent where it is always known. */
  settle?(): Promise<void>;
  /**
   * The caller that a token stands for; null for a token that it doesn't know. Channel and address are filled in by who
   * asks.
   *
   * @throws {MemoryError} `unavailable` while it can't tell, `overloaded` where the caller sent too many requests.
   */
  verify(token: string, request: Request): Promise<Caller | null>;
  /**
   * Whether a token has the form of those that it knows, which have too many bits to be guessed: one that it doesn't know
   * has expired or was revoked, and is no guess.
   */
  isUnguessable?(token: string): boolean;
}

/** What identifying a caller needs. */
export interface IdentifySettings {
  /** The key of the settings, or null. */
  apiKey: string | null;
  verifiers: readonly TokenVerifier[];
  /** Whether requests without a token are served although there are keys. */
  anonymous: boolean;
  /** Parameters of `WWW-Authenticate` besides `error`, such as where a token comes from. */
  challenge: (request: Request) => Readonly<Record<string, string>>;
  channel: Caller["channel"];
  wrongKeys: WrongKeys;
  /** Called for every wrong key that was compared. */
  onWrongKey: (address: string | undefined) => void;
}

/** The caller behind a request, or the refusal of one that has no right to be served. */
export type Identify = (request: Request, address?: string) => Caller | Response | Promise<Caller | Response>;

/**
 * Identifies callers by their tokens, and refuses for a time those of addresses that sent too many wrong ones.
 *
 * @returns the check; its `address` is undefined for requests that came over no socket, which never have to wait.
 */
export function createIdentify(settings: IdentifySettings): Identify {
  const { apiKey, verifiers, anonymous, channel, wrongKeys, onWrongKey } = settings;
  const expected = apiKey === null ? null : digest(apiKey, "utf8");
  const unidentified = anonymousCaller(channel),
    guest = guestCaller(channel),
    unsure = unsureCaller(channel),
    admin = adminKeyCaller(channel);
  const challenge = (request: Request, error?: string) =>
    challengeOf({ ...error === undefined ? {} : { error }, ...settings.challenge(request) });

  const isOpen = () => expected === null && verifiers.every(({ accepts }) => accepts === "none");
  const isUnknown = () => expected === null && !verifiers.some(({ accepts }) => accepts === "some");

  const withoutToken = async (request: Request): Promise<Caller | Response> => {
    if (isUnknown()) await Promise.all(verifiers.map((verifier) => verifier.settle?.()));
    if (isOpen()) return unidentified;
    if (anonymous && expected === null) return guest;
    if (isUnknown()) return unsure;
    const text = "Authorization required. Provide a valid API key.";
    return unauthorized("authorization_required", text, challenge(request));
  };

  /** The caller that a verifier knows by the token; null where none does. */
  const known = async (token: string, request: Request): Promise<Caller | Response | null> => {
    try {
      for (const verifier of verifiers) {
        const caller = await verifier.verify(token, request);
        if (caller !== null) return caller;
      }
      return null;
    } catch (error) {
      if (error instanceof MemoryError && error.code === "unavailable") return unavailable(error);
      if (error instanceof MemoryError && error.code === "overloaded") return tooManyRequests(error);
      throw error;
    }
  };

  const withToken = async (token: string, request: Request, address: string | undefined) => {
    // Digests have equal length whatever was sent, so the comparison takes the same time for every wrong key.
    // A header's characters are its bytes, so a key beyond ASCII arrives as the bytes of its UTF-8.
    const given = digest(token, "latin1"), wait = address === undefined ? null : wrongKeys.wait(address);
    if (wait?.guessing) return tooMany(wait.seconds);
    const caller = expected !== null && timingSafeEqual(given, expected) ? admin : await known(token, request);
    if (caller instanceof Response) return caller;
    if (caller !== null) {
      if (address !== undefined) wrongKeys.trust(address);
      return caller;
    }
    // By now it is known that none is needed.
    if (isOpen()) return unidentified;
    if (!verifiers.some((verifier) => verifier.isUnguessable?.(token))) {
      if (wait !== null && wait.seconds > 0) return tooMany(wait.seconds);
      if (address !== undefined) wrongKeys.add(address, given.toString("base64"));
      onWrongKey(address);
    }
    return unauthorized("invalid_token", "The API key provided is invalid", challenge(request, "invalid_token"));
  };

  /** Of a service that asks for no token. One that it doesn't know harms nothing: many clients send some. */
  const withNeedlessToken = async (token: string, request: Request) => await known(token, request) ?? unidentified;

  return (request, address) => {
    const token = presentedToken(request);
    if (isOpen()) return token === null ? unidentified : withNeedlessToken(token, request);
    return token === null ? withoutToken(request) : withToken(token, request, address);
  };
}

/** Names why a caller's right isn't enough (RFC 6750), so that a client can ask its user for more. */
export function insufficientScope(scope: string, more: Readonly<Record<string, string>> = {}): Response {
  const error_description = `This needs the right "${scope}", which the caller doesn't have`;
  // Its own scope last: what is asked for in general isn't enough here.
  const header = challengeOf({ ...more, error: "insufficient_scope", scope: scopeOf(scope.split(" ")[0]!) });
  return refuse(403, { error: "insufficient_scope", error_description }, { "WWW-Authenticate": header });
}

/** The names of a right and of those it includes, which clients are to ask for together. */
function scopeOf(right: string): string {
  return RIGHTS.slice(0, RIGHTS.findIndex((each) => each === right) + 1).join(" ");
}

/** The token a request carries, or null. A Bearer token wins over `X-API-Key`. */
function presentedToken(request: Request): string | null {
  const authorization = request.headers.get("authorization");
  const bearer = authorization === null ? null : /^Bearer +(\S.*)$/i.exec(authorization.trim());
  return bearer?.[1] ?? request.headers.get("x-api-key");
}

/** A Bearer challenge; values are quoted, and hold neither quotes nor backslashes. */
function challengeOf(parameters: Readonly<Record<string, string>>): string {
  const listed = Object.entries(parameters).map(([name, value]) => `${name}="${value}"`);
  return ["Bearer", listed.join(", ")].filter((part) => part !== "").join(" ");
}

function tooMany(seconds: number): Response {
  const error_description = `Too many wrong API keys came from this address: try again in ${seconds} seconds`;
  return refuse(429, { error: "too_many_wrong_keys", error_description }, { "Retry-After": String(seconds) });
}

function tooManyRequests({ message, retryAfterSeconds = 1 }: MemoryError): Response {
  return refuse(429, { error: "too_many_requests", error_description: message }, {
    "Retry-After": String(retryAfterSeconds),
  });
}

function unavailable({ message, retryAfterSeconds = 2 }: MemoryError): Response {
  return refuse(503, message, { "Retry-After": String(retryAfterSeconds) });
}

function unauthorized(error: string, error_description: string, challenge: string): Response {
  return refuse(401, { error, error_description }, { "WWW-Authenticate": challenge });
}

function digest(text: string, encoding: "utf8" | "latin1"): Buffer {
  return createHash("sha256").update(text, encoding).digest();
}
