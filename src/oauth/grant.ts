/**
 * A grant: what a person let one client do. Its code, its tokens and their order are kept with it, so that one
 * compare-and-set decides who of two that come with the same code or token gets something.
 *
 * @module
 */

import { z } from "zod";
import { RIGHTS } from "../access/caller.ts";

const Timed = z.object({
  /** See `hashOf`. */
  hash: z.string(),
  /** Unix seconds. */
  expires_at: z.number(),
});

export const Grant = z.object({
  id: z.string(),
  client_id: z.string(),
  client_name: z.string(),
  /** Distinguishes installations of a client that share its id: hash of a browser's cookie. */
  browser: z.string().nullable(),
  redirect_uri: z.string(),
  rights: z.enum(RIGHTS),
  spaces: z.object({
    /** Where it stores and changes. */
    write: z.string(),
    /** What else it reads. */
    read: z.union([z.array(z.string()), z.literal("all")]),
  }),
  /** What its tokens are for, see `resources.ts`. */
  resource: z.string(),
  /** Whether its client must prove itself by its key to get tokens. */
  by_key: z.literal(true).optional(),
  /** Name of the key by which the person signed in. */
  approved_by: z.string(),
  /** Unix seconds. */
  created_at: z.number(),
  /** Unix seconds, to the hour; null while no token was used. */
  last_used: z.number().nullable(),
  /** The code, with what its redeemer must prove; its hash stays after that, to know it again. */
  code: Timed.extend({ challenge: z.string(), redeemed: z.boolean() }),
  /** Access tokens in force, newest last; each may be for less than the grant. */
  access: z.array(Timed.extend({ rights: z.enum(RIGHTS), resource: z.string() })),
  /** Refresh tokens in force: one for each consent that went into the grant, newest last. */
  refresh: z.array(Timed),
  /** Hashes of refresh tokens that were exchanged already, newest last. */
  spent: z.array(z.string()),
});
/** A grant as the store has it. */
export type Grant = z.infer<typeof Grant>;

/** A grant as its owner sees it. */
export interface GrantFacts {
  id: string;
  /** See `callerName`. */
  name: string;
  client: string;
  client_id: string;
  rights: Grant["rights"];
  spaces: Grant["spaces"];
  resource: string;
  approved_by: string;
  /** Unix seconds. */
  created_at: number;
  last_used: number | null;
  /** When it ends unless it is used again. */
  expires_at: number;
}

/** Whether two grants are about the same program and address, so that the later one takes the place of the other. */
export function isSameInstallation(a: Grant, b: Grant): boolean {
  return a.client_id === b.client_id && a.resource === b.resource && a.browser === b.browser;
}

/** Whether a grant is still good for anything. @param now Unix seconds. */
export function isAlive(grant: Grant, now: number): boolean {
  return endOf(grant) > now;
}

/** What a person is shown. */
export function factsOf(grant: Grant): GrantFacts {
  const { id, client_name, client_id, rights, spaces, resource, approved_by, created_at, last_used } = grant;
  const facts = { rights, spaces, resource, approved_by, created_at, last_used, expires_at: endOf(grant) };
  return { id, name: callerName(grant), client: client_name, client_id, ...facts };
}

/**
 * Name under which a grant's caller goes, beside what it writes and in logs. No key can have a name like that, and no two
 * grants have the same: a program calls itself as it likes.
 */
export function callerName({ id, client_name }: Pick<Grant, "id" | "client_name">): string {
  return `${client_name} (${id.slice(0, 4)})`;
}

function endOf({ code, access, refresh }: Grant): number {
  return Math.max(code.redeemed ? 0 : code.expires_at, ...[...refresh, ...access].map(({ expires_at }) => expires_at));
}
