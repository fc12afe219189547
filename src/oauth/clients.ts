/**
 * Clients: programs that ask a person for access. Some publish what they are at an `https:` address, which is their id;
 * others register. Neither has any access by that.
 *
 * @module
 */

import type { JSONWebKeySet } from "jose";
import { z } from "zod";
import type { StoreNotes } from "../storage/contract/notes.ts";
import { OAuthError } from "./answers.ts";
import { NoteList } from "./note_list.ts";
import { faultOf } from "./redirects.ts";
import { hashOf, isEqual, newId, newSecret } from "./tokens.ts";

/** Registered clients that no grant names; the oldest of more go first, since anybody may register. */
const MAX_WITHOUT_GRANT = 300;
const MAX_REDIRECTS = 20;

/** A client, however it became known. */
export interface Client {
  id: string;
  /** As the client calls itself. */
  name: string;
  redirect_uris: readonly string[];
  /** How it proves itself at the token endpoint. */
  auth: "none" | "client_secret_basic" | "client_secret_post" | "private_key_jwt";
  /** Public keys of one that proves itself by a key, or the address that has them. */
  keys?: JSONWebKeySet | string;
  /** Host that vouches for it; null for one that registered, which may call itself as it likes. */
  host: string | null;
}

const RedirectUri = z.string().superRefine((uri, context) => {
  const fault = faultOf(uri);
  if (fault !== null) context.addIssue({ code: "custom", message: `${JSON.stringify(uri.slice(0, 200))} ${fault}` });
});

/** What clients say of themselves, registered (RFC 7591) or published; the rest of it is passed over. */
export const ClientMetadata = z.object({
  client_name: z.string().max(200).optional(),
  redirect_uris: z.array(RedirectUri).min(1).max(MAX_REDIRECTS),
  token_endpoint_auth_method: z.enum(["none", "client_secret_basic", "client_secret_post"]).optional(),
  grant_types: z.array(z.string().max(100)).max(20).optional(),
  response_types: z.array(z.string().max(100)).max(20).optional(),
  scope: z.string().max(1000).optional(),
});

const Registered = z.object({
  id: z.string(),
  name: z.string(),
  redirect_uris: z.array(z.string()),
  auth: z.enum(["none", "client_secret_basic", "client_secret_post"]),
  scope: z.string().optional(),
  /** Hash of the secret; null for a client without one. */
  secret: z.string().nullable(),
  /** Hash of the token by which the client reads and removes its registration. */
  registration: z.string(),
  /** Unix seconds. */
  created_at: z.number(),
});
type Registered = z.infer<typeof Registered>;

/** The clients that registered. */
export class RegisteredClients {
  readonly #list: NoteList<Registered>;
  readonly #now: () => number;

  /** @param now Unix seconds. @param clock Milliseconds that only grow. */
  constructor(notes: StoreNotes, now: () => number, clock: () => number) {
    this.#list = new NoteList(notes, "oauth_clients", Registered, clock);
    this.#now = now;
  }

  /** The client with an id; null without one. */
  async find(id: string): Promise<Client | null> {
    const found = await this.#find(id);
    return found === undefined ? null : clientOf(found);
  }

  /**
   * Registers a client.
   *
   * @param granted Ids of clients that grants name, whose registrations stay.
   * @returns what it is answered; the only time that the secrets are seen.
   * @throws {OAuthError} for metadata that can't be.
   */
  async register(metadata: unknown, base: string, granted: ReadonlySet<string>): Promise<Record<string, unknown>> {
    const { facts, auth } = factsIn(metadata);
    const secret = auth === "none" ? null : newSecret(), registration = newSecret();
    const record: Registered = {
      id: `mcp_client_${newId()}`,
      ...facts,
      secret: secret === null ? null : hashOf(secret),
      registration: hashOf(registration),
      created_at: Math.floor(this.#now()),
    };
    await this.#list.change((items) => ({ items: [...withRoom(items, granted), record], result: null }));
    return {
      ...answerOf(record, base),
      ...secretIn(secret),
      registration_access_token: registration,
    };
  }

  /** What a client registered, for one that has its registration token; null for any other (RFC 7592). */
  async read(id: string, token: string, base: string): Promise<Record<string, unknown> | null> {
    const found = await this.#find(id);
    return found !== undefined && isEqual(hashOf(token), found.registration) ? answerOf(found, base) : null;
  }

  /**
   * Takes what a client says of itself now in place of what it registered, for one that has its registration token; null
   * for any other (RFC 7592).
   *
   * @throws {OAuthError} for metadata that can't be.
   */
  async update(id: string, token: string, metadata: unknown, base: string): Promise<Record<string, unknown> | null> {
    const { client_id, client_secret } = (metadata ?? {}) as Record<string, unknown>;
    const found = await this.#find(id);
    if (found === undefined || !isEqual(hashOf(token), found.registration)) return null;
    if (client_id !== id) throw new OAuthError("invalid_client_metadata", "client_id: it must be that of the client");
    const isOwn = found.secret !== null && typeof client_secret === "string" &&
      isEqual(hashOf(client_secret), found.secret);
    if (client_secret !== undefined && !isOwn) {
      throw new OAuthError("invalid_client_metadata", "client_secret: a client can't choose its own");
    }
    const { facts, auth } = factsIn(metadata);
    const secret = auth === "none" || found.secret !== null ? null : newSecret();
    const kept = auth === "none" ? null : secret === null ? found.secret : hashOf(secret);
    const record: Registered = {
      ...facts,
      id,
      secret: kept,
      registration: found.registration,
      created_at: found.created_at,
    };
    const done = await this.#list.change((items) => {
      const at = items.findIndex((item) => item.id === id);
      return { items: at < 0 ? null : items.with(at, record), result: at >= 0 };
    });
    return done ? { ...answerOf(record, base), ...secretIn(secret) } : null;
  }

  /** Removes a registration for a client that has its token; whether it did. */
  async remove(id: string, token: string): Promise<boolean> {
    return await this.#list.change((items) => {
      const found = items.find((item) => item.id === id);
      const mine = found !== undefined && isEqual(hashOf(token), found.registration);
      return { items: mine ? items.filter((item) => item !== found) : null, result: mine };
    });
  }

  /** Whether a client's secret is this one; a client without one has nothing to prove. */
  async proves(id: string, secret: string | undefined): Promise<boolean> {
    const found = await this.#find(id);
    if (found === undefined) return false;
    if (found.secret === null) return secret === undefined;
    return secret !== undefined && isEqual(hashOf(secret), found.secret);
  }

  async #find(id: string): Promise<Registered | undefined> {
    const known = (await this.#list.read(2000)).find((item) => item.id === id);
    // It may have registered with another process just now.
    return known ?? (await this.#list.fresh()).find((item) => item.id === id);
  }
}

/** Parses what a client says of itself. @throws {OAuthError} naming the first fault. */
export function parse(metadata: unknown): z.infer<typeof ClientMetadata> {
  const parsed = ClientMetadata.safeParse(metadata);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!, path = issue.path.join(".");
  const code = path.startsWith("redirect_uris") ? "invalid_redirect_uri" : "invalid_client_metadata";
  throw new OAuthError(code, path === "" ? issue.message : `${path}: ${issue.message}`);
}

/** What is kept of what a client says of itself. @throws {OAuthError} for what is not served. */
function factsIn(metadata: unknown) {
  const wanted = parse(metadata), auth = wanted.token_endpoint_auth_method ?? "client_secret_basic";
  if (wanted.response_types !== undefined && !wanted.response_types.includes("code")) {
    throw new OAuthError("invalid_client_metadata", "response_types: only code is served");
  }
  if (wanted.grant_types !== undefined && !wanted.grant_types.includes("authorization_code")) {
    throw new OAuthError("invalid_client_metadata", "grant_types: authorization_code is the one that gives tokens");
  }
  const scope = wanted.scope === undefined ? {} : { scope: wanted.scope };
  return { auth, facts: { name: nameOf(wanted.client_name), redirect_uris: wanted.redirect_uris, auth, ...scope } };
}

function secretIn(secret: string | null): Record<string, unknown> {
  return secret === null ? {} : { client_secret: secret, client_secret_expires_at: 0 };
}

/** Names of other callers, which a program must not go by. */
const RESERVED = /^(local|anonymous|mcp_api_key|unimem)$/i;

/** A client's name as a page shows it: one line, without characters that turn text around or hide. */
export function nameOf(name: string | undefined): string {
  const plain = (name ?? "").normalize("NFC").replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "").replace(/\s+/g, " ").trim();
  if (RESERVED.test(plain)) return `A program called "${plain}"`;
  return [...plain].slice(0, 80).join("") || "A program without a name";
}

function clientOf({ id, name, redirect_uris, auth }: Registered): Client {
  return { id, name, redirect_uris, auth, host: null };
}

function answerOf(client: Registered, base: string): Record<string, unknown> {
  return {
    client_id: client.id,
    client_id_issued_at: client.created_at,
    client_name: client.name,
    redirect_uris: client.redirect_uris,
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: client.auth,
    ...client.scope === undefined ? {} : { scope: client.scope },
    registration_client_uri: `${base}/oauth/register/${client.id}`,
  };
}

/** The list with room for one more. */
function withRoom(items: readonly Registered[], granted: ReadonlySet<string>): readonly Registered[] {
  const idle = items.filter(({ id }) => !granted.has(id));
  if (idle.length < MAX_WITHOUT_GRANT) return items;
  const dropped = new Set(idle.slice(0, idle.length - MAX_WITHOUT_GRANT + 1));
  return items.filter((item) => !dropped.has(item));
}
