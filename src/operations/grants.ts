/**
 * What people let programs do by OAuth: looking through it, and taking it back.
 *
 * @module
 */

import { z } from "zod";
import { RIGHTS } from "../access/caller.ts";
import { MemoryError } from "../errors.ts";
import { Grants } from "../oauth/grants.ts";
import type { Runtime } from "./runtime.ts";

/** Id of a grant. */
export const GrantId = z.string().regex(/^[a-z0-9]{16}$/, "must be the id of a grant, 16 letters and digits");

/** A grant in force. */
export const GrantView = z.object({
  id: z.string(),
  name: z.string().describe("Name that stands beside what it writes."),
  client: z.string().describe("Name of the program, as it calls itself."),
  client_id: z.string(),
  rights: z.enum(RIGHTS),
  spaces: z.object({
    write: z.string().describe("Where it stores and changes."),
    read: z.union([z.array(z.string()), z.literal("all")]).describe(
      "What it reads besides; `all` for every space, to write to as well.",
    ),
  }),
  resource: z.string().describe("Address that its tokens are for."),
  approved_by: z.string().describe("Name of the key by which the owner agreed."),
  created_at: z.number().describe("Unix seconds."),
  last_used: z.number().nullable().describe("Unix seconds, to the hour; null while it wasn't used."),
  expires_at: z.number().describe("Unix seconds at which it ends unless it is renewed."),
});
/** All of them. */
export const GrantList = z.object({ grants: z.array(GrantView) });
/** What became of one. */
export const RevokedGrant = z.object({ id: z.string(), revoked: z.literal(true) });

/** The grants in force, newest first. */
export async function listGrants(runtime: Runtime): Promise<z.infer<typeof GrantList>> {
  return { grants: await grantsOf(runtime).list() };
}

/**
 * Takes a grant back: its tokens are good for nothing from now on, everywhere within two seconds.
 *
 * @throws {MemoryError} `not_found` where there is none with that id.
 */
export async function revokeGrant(runtime: Runtime, id: string): Promise<z.infer<typeof RevokedGrant>> {
  if (!GrantId.safeParse(id).success || !await grantsOf(runtime).revoke(id)) {
    throw new MemoryError("not_found", `Cannot find grant "${id.slice(0, 100)}"`, { field: "id", value: id });
  }
  return { id, revoked: true };
}

/** The grants of the store; nothing here makes tokens, so that their lifetimes don't matter. */
function grantsOf({ storage }: Runtime): Grants {
  return new Grants(storage, { code: 0, access: 0 }, () => Date.now() / 1000, () => performance.now());
}
