/**
 * The grants of a store: made by consent, turned into tokens, renewed, looked up with every request, and revoked.
 *
 * @module
 */

import type { Caller } from "../access/caller.ts";
import { MemoryError } from "../errors.ts";
import type { StoreNotes } from "../storage/contract/notes.ts";
import { OAuthError } from "./answers.ts";
import { callerName, factsOf, Grant, type GrantFacts, isAlive, isSameInstallation } from "./grant.ts";
import { NoteList } from "./note_list.ts";
import { covers } from "./resources.ts";
import { lowerOf, rightOf, scopeOf } from "./scopes.ts";
import { fitsChallenge, hashOf, isEqual, newId, newToken, readToken } from "./tokens.ts";

/** Grants a store may have. A person made each. */
const MAX_GRANTS = 1000;
/** Milliseconds after which a revocation is seen here; half of what replicas may take. */
const FOLLOW_MS = 1000;
/** Seconds for which an unused refresh token lasts. */
export const REFRESH_SECONDS = 90 * 24 * 3600;
/** Access tokens of a grant in force at once: requests under way still have the one before. */
const MAX_ACCESS = 4;
/** Refresh tokens in force at once, of consents one after the other. */
const MAX_REFRESH = 4;
/** Spent refresh tokens remembered. */
const MAX_SPENT = 50;
const HOUR = 3600;
/** Tokens that were found good and are remembered as such. */
const MAX_VERIFIED = 1000;

/** How long what a grant gives lasts, in seconds. */
export interface Lifetimes {
  code: number;
  access: number;
}

/** What a person agreed to. */
export interface Consent {
  client_id: string;
  client_name: string;
  browser: string | null;
  redirect_uri: string;
  challenge: string;
  rights: Grant["rights"];
  spaces: Grant["spaces"];
  resource: string;
  approved_by: string;
  by_key?: true;
}

/** Who comes with a code or a refresh token, and what for. */
export interface Exchange {
  client_id: string;
  /** Whether it proved to be itself by its key. */
  byKey?: boolean;
  /** As the request names it, in one spelling; absent where it names none. */
  resource?: string | undefined;
  /** Asked for, to get less than was granted. */
  scope?: string | undefined;
  /** Called with a grant that ended because its code or its refresh token came a second time. */
  onReuse?: (grant: Grant) => void;
}

/** What the token endpoint answers. */
export interface TokenAnswer {
  access_token: string;
  token_type: "Bearer";
  expires_in: number;
  refresh_token: string;
  scope: string;
}

/** The grants of a store. */
export class Grants {
  readonly #list: NoteList<Grant>;
  readonly #now: () => number;
  readonly #lifetimes: Lifetimes;
  /** The signals of callers with open streams, by grant. */
  readonly #ended = new Map<string, AbortController>();
  /** Tokens that were found good, by their hashes and what for; as long as the list stays as it is. */
  readonly #verified = new Map<string, { caller: Omit<Caller, "channel">; until: number }>();
  #byId: ReadonlyMap<string, Grant> = new Map();
  #of: readonly Grant[] = [];

  /** @param now Unix seconds. @param clock Milliseconds that only grow. */
  constructor(notes: StoreNotes, lifetimes: Lifetimes, now: () => number, clock: () => number) {
    this.#list = new NoteList(notes, "oauth_grants", Grant, clock);
    this.#lifetimes = lifetimes;
    this.#now = now;
  }

  /** Those that are in force, newest first. */
  async list(): Promise<GrantFacts[]> {
    const grants = await this.#list.fresh(), now = this.#now();
    return grants.filter((grant) => grant.code.redeemed && isAlive(grant, now)).map(factsOf).reverse();
  }

  /** Ids of the clients that have one, or are about to. */
  async clients(): Promise<Set<string>> {
    return new Set((await this.#list.read(FOLLOW_MS)).map(({ client_id }) => client_id));
  }

  /** Makes a grant, and gives the code for it. @throws {MemoryError} `refused` where there are too many. */
  async create(consent: Consent): Promise<string> {
    const { challenge, ...rest } = consent, id = newId(), code = newToken("umc", id), now = this.#now();
    const grant: Grant = {
      ...rest,
      id,
      created_at: Math.floor(now),
      last_used: null,
      code: { hash: hashOf(code), expires_at: now + this.#lifetimes.code, challenge, redeemed: false },
      access: [],
      refresh: [],
      spent: [],
    };
    await this.#list.change((grants) => {
      const alive = grants.filter((other) => isAlive(other, now));
      if (alive.length >= MAX_GRANTS) {
        throw new MemoryError("refused", `Cannot make a grant: there are ${MAX_GRANTS}; revoke some`);
      }
      return { items: [...alive, grant], result: null };
    });
    return code;
  }

  /**
   * Exchanges a code for tokens. A code that comes a second time was stolen: what it gave ends (RFC 6749, 4.1.2). Where the
   * same program was given access before, this consent takes the place of the earlier one: sessions go on with new rights.
   *
   * @throws {OAuthError} `invalid_grant` for a code that doesn't fit who comes with it.
   */
  async redeem(code: string, verifier: string, redirectUri: string | undefined, by: Exchange): Promise<TokenAnswer> {
    const hash = hashOf(code), now = this.#now();
    return await this.#exchange("umc", code, by, (grants) => {
      const found = grants.find((grant) => isEqual(grant.code.hash, hash));
      if (found === undefined || found.client_id !== by.client_id) return null;
      needKey(found, by);
      if (found.code.redeemed) return { stolen: found };
      if (found.code.expires_at <= now) return null;
      // Before the code counts as used: who can't prove to have begun must not be able to end it for who can.
      if (redirectUri !== undefined && found.redirect_uri !== redirectUri) return null;
      if (!fitsChallenge(verifier, found.code.challenge)) return null;
      const earlier = grants.find((grant) =>
        grant !== found && grant.code.redeemed && isAlive(grant, now) && isSameInstallation(grant, found)
      );
      const { id, access, refresh, spent, created_at, last_used } = earlier ?? found;
      const merged = { ...found, id, access, refresh, spent, created_at, last_used };
      return {
        replaces: earlier === undefined ? [found] : [found, earlier],
        grant: {
          ...merged,
          code: { ...found.code, redeemed: true },
        },
      };
    });
  }

  /**
   * Exchanges a refresh token for new tokens. One that comes a second time was stolen, or stolen from who comes: the
   * grant ends, with all its tokens (RFC 9700, 4.14).
   */
  async refresh(token: string, by: Exchange): Promise<TokenAnswer> {
    const hash = hashOf(token), id = readToken(token)?.grant, now = this.#now();
    return await this.#exchange("umr", token, by, (grants) => {
      const found = grants.find((grant) => grant.id === id);
      if (found === undefined || found.client_id !== by.client_id) return null;
      needKey(found, by);
      if (found.spent.some((spent) => isEqual(spent, hash))) return { stolen: found };
      const used = found.refresh.find((refresh) => isEqual(refresh.hash, hash) && refresh.expires_at > now);
      if (used === undefined) return null;
      const refresh = found.refresh.filter((other) => other !== used);
      return { replaces: [found], grant: { ...found, refresh, spent: [...found.spent, hash].slice(-MAX_SPENT) } };
    });
  }

  /** Ends a grant; whether it was there. */
  async revoke(id: string): Promise<boolean> {
    const was = await this.#list.change((grants) => {
      const rest = grants.filter((grant) => grant.id !== id);
      return { items: rest.length === grants.length ? null : rest, result: rest.length < grants.length };
    });
    this.#follow(await this.#list.read(FOLLOW_MS));
    return was;
  }

  /** Ends all grants of a client. */
  async revokeClient(client: string): Promise<void> {
    await this.#list.change((grants) => {
      const rest = grants.filter(({ client_id }) => client_id !== client);
      return { items: rest.length === grants.length ? null : rest, result: null };
    });
    this.#follow(await this.#list.read(FOLLOW_MS));
  }

  /** Ends the grant that one of its tokens belongs to, for its client (RFC 7009); null where there is none. */
  async revokeToken(token: string, by: Pick<Exchange, "client_id" | "byKey">): Promise<Grant | null> {
    const read = readToken(token);
    const grant = (await this.#list.fresh()).find(({ id }) => id === read?.grant);
    if (grant === undefined || grant.client_id !== by.client_id) return null;
    needKey(grant, by);
    const hash = hashOf(token);
    const own = [...grant.access, ...grant.refresh];
    const isOwn = own.some((mine) => isEqual(mine.hash, hash)) || grant.spent.includes(hash);
    return isOwn && await this.revoke(grant.id) ? grant : null;
  }

  /**
   * The caller that an access token stands for; null where it stands for none.
   *
   * @param resource What the request is for.
   * @throws {MemoryError} `unavailable` while the store is away and what was known of it is too old.
   */
  async verify(token: string, resource: string): Promise<Omit<Caller, "channel"> | null> {
    const read = readToken(token);
    if (read?.kind !== "uma") return null;
    const hash = hashOf(token);
    // What isn't known may have been given by another process a moment ago.
    return this.#known(this.#follow(await this.#list.read(FOLLOW_MS)).get(read.grant), hash, resource) ??
      this.#known(this.#follow(await this.#list.fresh()).get(read.grant), hash, resource);
  }

  /** Looks for revocations now, and ends what belongs to them; for open streams, which make no requests. */
  async follow(): Promise<void> {
    if (this.#ended.size > 0) this.#follow(await this.#list.read(FOLLOW_MS / 2));
  }

  async #exchange(
    kind: "umc" | "umr",
    token: string,
    by: Exchange,
    check: (grants: readonly Grant[]) => { replaces: Grant[]; grant: Grant } | { stolen: Grant } | null,
  ): Promise<TokenAnswer> {
    if (readToken(token)?.kind !== kind) throw invalid(kind);
    const now = this.#now();
    let stolen: Grant | null = null;
    const done = await this.#list.change<TokenAnswer | null>((grants) => {
      const found = check(grants);
      stolen = found !== null && "stolen" in found ? found.stolen : null;
      if (found === null) return { items: null, result: null };
      if ("stolen" in found) return { items: grants.filter((other) => other !== found.stolen), result: null };
      const { grant, replaces } = found;
      if (by.resource !== undefined && !covers(grant.resource, by.resource)) {
        throw new OAuthError("invalid_target", "The grant is not for this resource");
      }
      const rights = narrowed(grant, by.scope), resource = by.resource ?? grant.resource;
      const access = newToken("uma", grant.id), refresh = newToken("umr", grant.id);
      const given = { hash: hashOf(access), expires_at: now + this.#lifetimes.access, rights, resource };
      const inForce = ({ expires_at }: { expires_at: number }) => expires_at > now;
      const renewed: Grant = {
        ...grant,
        access: [...grant.access.filter(inForce), given].slice(-MAX_ACCESS),
        refresh: [...grant.refresh.filter(inForce), { hash: hashOf(refresh), expires_at: now + REFRESH_SECONDS }]
          .slice(-MAX_REFRESH),
      };
      const answer: TokenAnswer = {
        access_token: access,
        token_type: "Bearer",
        expires_in: this.#lifetimes.access,
        refresh_token: refresh,
        scope: scopeOf(rights),
      };
      return { items: [...grants.filter((other) => !replaces.includes(other)), renewed], result: answer };
    });
    this.#follow(await this.#list.read(FOLLOW_MS));
    if (stolen !== null) by.onReuse?.(stolen);
    if (done === null) throw invalid(kind);
    return done;
  }

  #known(grant: Grant | undefined, hash: string, resource: string): Omit<Caller, "channel"> | null {
    if (grant === undefined) return null;
    const now = this.#now(), key = `${hash} ${resource}`, verified = this.#verified.get(key);
    if (verified !== undefined && verified.until > now) return verified.caller;
    const access = grant.access.find((access) => isEqual(access.hash, hash) && access.expires_at > now);
    if (access === undefined || !covers(access.resource, resource)) return null;
    this.#noteUse(grant, now);
    const caller = this.#callerOf(grant, access.rights);
    // Until the next hour at most, whose first use is noted.
    const until = Math.min(access.expires_at, (Math.floor(now / HOUR) + 1) * HOUR);
    if (this.#verified.size < MAX_VERIFIED) this.#verified.set(key, { caller, until });
    return caller;
  }

  /** The grants by id; ends the callers of those that have gone. */
  #follow(grants: readonly Grant[]): ReadonlyMap<string, Grant> {
    if (grants === this.#of) return this.#byId;
    this.#of = grants;
    this.#verified.clear();
    this.#byId = new Map(grants.map((grant) => [grant.id, grant]));
    for (const [id, controller] of this.#ended) {
      if (this.#byId.has(id)) continue;
      controller.abort();
      this.#ended.delete(id);
    }
    return this.#byId;
  }

  #callerOf({ id, client_name, spaces: { write, read } }: Grant, rights: Grant["rights"]): Omit<Caller, "channel"> {
    const ended = this.#ended.get(id) ?? new AbortController();
    this.#ended.set(id, ended);
    const all = read === "all";
    return {
      id: `grant:${id}`,
      name: callerName({ id, client_name }),
      kind: "grant",
      rights,
      scope: { write, read: all ? [write] : [...new Set([write, ...read])] },
      spaces: all ? "all" : [...new Set([write, ...read])],
      writes: all ? "all" : [write],
      ended: ended.signal,
    };
  }

  /** Notes the hour; that a store is away is no reason to turn a caller away. */
  #noteUse({ id, last_used }: Grant, now: number): void {
    const hour = Math.floor(now / HOUR) * HOUR;
    if (last_used !== null && last_used >= hour) return;
    this.#list.change((grants) => {
      const at = grants.findIndex((grant) => grant.id === id), grant = grants[at];
      if (grant === undefined || (grant.last_used ?? 0) >= hour) return { items: null, result: null };
      return { items: grants.with(at, { ...grant, last_used: hour }), result: null };
    }).catch(() => {});
  }
}

/** The right that is left when a client asks for less; asking for more changes nothing (RFC 6749, section 6). */
function narrowed({ rights }: Grant, scope: string | undefined): Grant["rights"] {
  if (scope === undefined) return rights;
  const asked = rightOf(scope);
  if (asked === null || lowerOf(asked, rights) !== asked) {
    throw new OAuthError("invalid_scope", `The scope is beyond what was granted: ${scopeOf(rights)}`);
  }
  return asked;
}

/** Who can't prove to be a client that has a key must neither get what is its own nor end it. */
function needKey({ by_key }: Grant, { byKey = false }: Pick<Exchange, "byKey">): void {
  if (by_key && !byKey) throw new OAuthError("invalid_client", "The client must prove itself by its key", 401);
}

function invalid(kind: "umc" | "umr"): OAuthError {
  const what = kind === "umc" ? "authorization code" : "refresh token";
  return new OAuthError("invalid_grant", `The ${what} is unknown, expired, used already, or not this client's`);
}
