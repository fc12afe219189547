/**
 * Tokens of an authorization server of the operator's choice: JSON web tokens, checked against the keys it publishes.
 *
 * @module
 */

import * as jose from "jose";
import type { Caller } from "../access/caller.ts";
import { errorText, MemoryError } from "../errors.ts";
import { isSpaceName } from "../memory/space.ts";
import { covers } from "./resources.ts";
import { rightOf } from "./scopes.ts";
import type { IssuerSettings } from "./settings.ts";

/**
 * Signatures with a public key. None with a shared one: a token that is signed with the published key as if it were a
 * secret must not pass.
 */
export const ALGORITHMS = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"],
  ...["EdDSA", "Ed25519", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"],
];
/** Seconds by which clocks may differ. */
const CLOCK_SECONDS = 30;
const TIMEOUT_MS = 5000, MAX_BYTES = 256 * 1024;
/** Milliseconds for which the issuer's metadata is kept, and after which it is asked again when it wasn't there. */
const KEPT_MS = 60 * 60_000, FAILED_MS = 5000;
/** Milliseconds for which its keys are kept, and between two looks for a key that isn't among them. */
const KEYS_KEPT_MS = 10 * 60_000, KEYS_AGAIN_MS = 30_000;

/**
 * The claims of a token that is signed with one of the keys.
 *
 * @param demands What its claims must be.
 * @throws {jose.errors.JOSEError} for any other token.
 */
export async function verified(
  token: string,
  keys: jose.JWTVerifyGetKey,
  demands: jose.JWTVerifyOptions,
): Promise<jose.JWTPayload> {
  const options = { ...demands, algorithms: ALGORITHMS, clockTolerance: CLOCK_SECONDS };
  try {
    return (await jose.jwtVerify(token, keys, options)).payload;
  } catch (error) {
    if (!(error instanceof jose.errors.JWKSMultipleMatchingKeys)) throw error;
    // The token doesn't say which of several keys it is signed with.
    for await (const key of error) {
      try {
        return (await jose.jwtVerify(token, key, options)).payload;
      } catch (wrong) {
        if (!(wrong instanceof jose.errors.JWSSignatureVerificationFailed)) throw wrong;
      }
    }
    throw error;
  }
}

/** An issuer's tokens. */
export class Issuer {
  readonly #settings: IssuerSettings;
  readonly #fetch: typeof fetch;
  readonly #clock: () => number;
  #keys: jose.RemoteJWKSet | null = null;
  #keysAddress = "";
  #askedAt = -Infinity;
  #asking: Promise<jose.RemoteJWKSet> | null = null;
  #failure: MemoryError | null = null;

  /** @param clock Milliseconds that only grow. */
  constructor(settings: IssuerSettings, fetcher: typeof fetch, clock: () => number) {
    this.#settings = settings;
    this.#fetch = fetcher;
    this.#clock = clock;
  }

  /** Address of the issuer. */
  get address(): string {
    return this.#settings.issuer;
  }

  /**
   * The caller that a token stands for; null when it is not good here.
   *
   * @param resource What the request is for.
   * @throws {MemoryError} `unavailable` while the issuer's keys can't be had.
   */
  async verify(token: string, resource: string): Promise<Omit<Caller, "channel"> | null> {
    if (!looksSigned(token)) return null;
    const keys = await this.#published();
    let payload: jose.JWTPayload;
    try {
      payload = await verified(token, keys, { issuer: this.#settings.issuer, requiredClaims: ["exp", "aud"] });
    } catch (error) {
      if (isOutage(error)) throw unavailable(this.#settings.issuer, error);
      return null;
    }
    // Bound to a key of the client's, which a bearer doesn't show (RFC 9449, RFC 8705).
    if (payload.cnf !== undefined || !this.#isForUs(payload.aud, resource)) return null;
    return this.#callerOf(payload);
  }

  #isForUs(audience: string | string[] | undefined, resource: string): boolean {
    const named = typeof audience === "string" ? [audience] : audience ?? [];
    return named.some((each) => this.#settings.audience.includes(each) || covers(each, resource));
  }

  #callerOf(payload: jose.JWTPayload): Omit<Caller, "channel"> | null {
    const { rightsClaim, rights, spacesClaim } = this.#settings;
    const words = wordsOf(payload[rightsClaim] ?? (rightsClaim === "scope" ? payload.scp : undefined));
    const right = rightOf(words.flatMap((word) => Object.hasOwn(rights, word) ? [rights[word]!] : []).join(" "));
    const claimed = spacesClaim === null ? undefined : payload[spacesClaim];
    const spaces = claimed === undefined ? [...this.#settings.spaces] : wordsOf(claimed);
    if (right === null || spaces.length === 0) return null;
    const name = [payload.sub, payload.client_id, payload.azp].find((each) => typeof each === "string" && each !== "");
    const caller = { id: `issuer:${name ?? ""}`, name: `${String(name ?? "unknown").slice(0, 100)} (issuer)` };
    const ended = { kind: "grant" as const, rights: right };
    if (spaces.includes("*")) {
      const write = spaces.find((each) => each !== "*") ?? "default";
      if (!isSpaceName(write)) return null;
      return { ...caller, ...ended, scope: { write, read: [write] }, spaces: "all", writes: "all" };
    }
    if (!spaces.every(isSpaceName)) return null;
    const read = [...new Set(spaces)], write = read[0]!;
    return { ...caller, ...ended, scope: { write, read }, spaces: read, writes: [write] };
  }

  /** The issuer's keys, found by its metadata. */
  async #published(): Promise<jose.RemoteJWKSet> {
    const since = this.#clock() - this.#askedAt;
    if (this.#keys !== null && since < KEPT_MS) return this.#keys;
    if (this.#failure !== null && since < FAILED_MS) throw this.#failure;
    try {
      return await (this.#asking ??= this.#discover().finally(() => this.#asking = null));
    } catch (error) {
      this.#askedAt = this.#clock();
      this.#failure = unavailable(this.#settings.issuer, error);
      // Where they were is better known than nothing: a restart of the issuer must not end what works.
      if (this.#keys !== null) return this.#keys;
      throw this.#failure;
    }
  }

  async #discover(): Promise<jose.RemoteJWKSet> {
    const { issuer } = this.#settings;
    let fault: unknown = null;
    for (const address of metadataAddresses(issuer)) {
      try {
        const metadata = await this.#json(address);
        if (metadata.issuer !== issuer) throw new Error(`${address} is of another issuer`);
        const { jwks_uri } = metadata;
        if (typeof jwks_uri !== "string" || !isSafe(jwks_uri)) throw new Error(`${address} names no safe jwks_uri`);
        this.#askedAt = this.#clock();
        this.#failure = null;
        if (this.#keys === null || jwks_uri !== this.#keysAddress) {
          this.#keysAddress = jwks_uri;
          this.#keys = jose.createRemoteJWKSet(new URL(jwks_uri), {
            timeoutDuration: TIMEOUT_MS,
            cooldownDuration: KEYS_AGAIN_MS,
            cacheMaxAge: KEYS_KEPT_MS,
            [jose.customFetch]: (url, options) => this.#fetch(url, options),
          });
        }
        return this.#keys;
      } catch (error) {
        fault = error;
      }
    }
    throw fault;
  }

  async #json(address: string): Promise<Record<string, unknown>> {
    const response = await this.#fetch(address, {
      headers: { Accept: "application/json" },
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${address} answers ${response.status}`);
    if (text.length > MAX_BYTES) throw new Error(`${address} is too long`);
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) throw new Error(`${address} is no JSON object`);
    return value as Record<string, unknown>;
  }
}

/** Whether an issuer's address may be used: https, or a server of this machine. */
export function isSafe(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname, hash, username } = new URL(address);
  if (hash !== "" || username !== "") return false;
  return protocol === "https:" || protocol === "http:" && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(hostname);
}

/** Where an issuer's metadata may be (RFC 8414, OpenID Connect Discovery). */
function metadataAddresses(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer), path = pathname.replace(/\/$/, "");
  return [
    ...new Set([
      `${origin}/.well-known/oauth-authorization-server${path}`,
      `${origin}/.well-known/openid-configuration${path}`,
      `${origin}${path}/.well-known/openid-configuration`,
    ]),
  ];
}

/** Whether a text has the form of a signed token. */
export function looksSigned(token: string): boolean {
  return token.length >= 100 && token.length < 16_384 &&
    /^eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/.test(token);
}

/** Whether the keys couldn't be had, rather than the token being wrong. */
function isOutage(error: unknown): boolean {
  if (error instanceof jose.errors.JWKSTimeout) return true;
  if (error instanceof jose.errors.JOSEError) {
    // What the server of the keys answered; jose has no code of its own for it.
    return error.code === "ERR_JOSE_GENERIC" || error.code === "ERR_JWKS_INVALID";
  }
  return true;
}

function wordsOf(claim: unknown): string[] {
  const words = typeof claim === "string" ? claim.split(/[ ,]/) : Array.isArray(claim) ? claim : [];
  return words.filter((word): word is string => typeof word === "string" && word !== "");
}

function unavailable(issuer: string, cause: unknown): MemoryError {
  const message = `Cannot check a token: the issuer ${issuer} can't be reached or gives no keys (${errorText(cause)})`;
  return new MemoryError("unavailable", message, { cause, retryAfterSeconds: 5 });
}
