/**
 * Clients that prove to be themselves by a key of theirs (`private_key_jwt`): a JSON web token that it signed (RFC 7523),
 * checked against the keys that their document holds or names.
 *
 * @module
 */

import * as jose from "jose";
import { OAuthError } from "./answers.ts";
import type { Client } from "./clients.ts";
import { verified } from "./issuer.ts";
import type { FetchDocument } from "./public_fetch.ts";

/** What `client_assertion_type` says of such a token. */
export const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/** Seconds for which a token may be good: it proves that the client is there now. */
const MAX_SECONDS = 3600;
/** Milliseconds for which keys at an address are kept, and between two looks for one that isn't among them. */
const KEYS_KEPT_MS = 10 * 60_000, KEYS_AGAIN_MS = 30_000;
/** Clients whose keys are kept, and tokens remembered, so that none counts twice. */
const MAX_KEPT = 100, MAX_SEEN = 10_000;

/** Checks such tokens. */
export class ClientAssertions {
  readonly #fetch: FetchDocument;
  readonly #now: () => number;
  readonly #clock: () => number;
  readonly #keys = new Map<string, { keys: jose.JSONWebKeySet; at: number }>();
  /** Ids of tokens that were taken, and until when they would be good. */
  readonly #seen = new Map<string, number>();

  /** @param now Unix seconds. @param clock Milliseconds that only grow. */
  constructor(fetch: FetchDocument, now: () => number, clock: () => number) {
    this.#fetch = fetch;
    this.#now = now;
    this.#clock = clock;
  }

  /**
   * Makes sure that the client made the token, for this server and not before.
   *
   * @param audiences Addresses that stand for this server.
   * @throws {OAuthError} `invalid_client`.
   */
  async check(client: Client, assertion: string, audiences: string[]): Promise<void> {
    if (client.keys === undefined) throw refused("the client names no keys");
    const demands: jose.JWTVerifyOptions = {
      issuer: client.id,
      subject: client.id,
      audience: audiences,
      requiredClaims: ["exp", "jti"],
      currentDate: new Date(this.#now() * 1000),
    };
    let payload: jose.JWTPayload;
    try {
      const keys = await this.#keysOf(client, KEYS_KEPT_MS);
      payload = await verified(assertion, jose.createLocalJWKSet(keys), demands).catch(async (error) => {
        if (!(error instanceof jose.errors.JWKSNoMatchingKey)) throw error;
        // The client may have changed its keys meanwhile.
        return await verified(assertion, jose.createLocalJWKSet(await this.#keysOf(client, KEYS_AGAIN_MS)), demands);
      });
    } catch (error) {
      throw refused(error instanceof jose.errors.JOSEError ? "the assertion is not good" : (error as Error).message);
    }
    const { exp = 0, jti = "" } = payload;
    if (exp > this.#now() + MAX_SECONDS) throw refused("the assertion is good for too long");
    const id = `${client.id} ${jti}`;
    this.#forget();
    if (this.#seen.has(id)) throw refused("the assertion came before");
    this.#seen.set(id, exp);
  }

  async #keysOf({ id, keys }: Client, keptMs: number): Promise<jose.JSONWebKeySet> {
    if (typeof keys !== "string") return keys!;
    const known = this.#keys.get(id);
    if (known !== undefined && this.#clock() - known.at < keptMs) return known.keys;
    const { status, text } = await this.#fetch(keys);
    if (status !== 200) throw new Error(`its keys can't be had: ${keys} answers ${status}`);
    const found = keySetOf(JSON.parse(text));
    if (found === null) throw new Error(`its keys can't be had: ${keys} holds none`);
    this.#keys.delete(id);
    this.#keys.set(id, { keys: found, at: this.#clock() });
    if (this.#keys.size > MAX_KEPT) this.#keys.delete(this.#keys.keys().next().value!);
    return found;
  }

  #forget(): void {
    const now = this.#now();
    if (this.#seen.size < MAX_SEEN / 2) return;
    for (const [id, until] of this.#seen) if (until <= now || this.#seen.size >= MAX_SEEN) this.#seen.delete(id);
  }
}

/** A set of public keys; null for anything else. */
export function keySetOf(value: unknown): jose.JSONWebKeySet | null {
  const { keys } = (value ?? {}) as { keys?: unknown };
  const isKey = (key: unknown) => typeof key === "object" && key !== null && typeof (key as jose.JWK).kty === "string";
  return Array.isArray(keys) && keys.length > 0 && keys.length <= 50 && keys.every(isKey) ? { keys } : null;
}

function refused(reason: string): OAuthError {
  return new OAuthError("invalid_client", `The client can't prove itself: ${reason}`, 401);
}
