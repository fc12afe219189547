/**
 * `grants`: what people let programs do by OAuth.
 *
 * @module
 */

import type { Command } from "commander";
import type { z } from "zod";
import type { GrantList, RevokedGrant } from "../operations/grants.ts";
import { type ClientContext, examples, show } from "./context.ts";
import { orNone, withService } from "./remote.ts";

interface Options {
  json?: boolean;
}

/** Adds the command. */
export function addGrants(program: Command, context: ClientContext): void {
  const grants = program.command("grants").description("programs that were given access by OAuth")
    .addHelpText("after", examples(["grants list", "grants revoke k3v9q2m7x4c8b6n5"]));

  grants.command("list").description("who has access, to what, and since when").option("--json", "print it as JSON")
    .addHelpText("after", examples(["grants list", "grants list --json"]))
    .action(async ({ json }: Options) => {
      const found = await withService(context, {}, (service) => service.call<z.infer<typeof GrantList>>("listGrants"))
        .catch(orNone({ grants: [] }));
      show(
        context,
        json,
        found,
        () =>
          found.grants.length === 0 ? ["No program has access by OAuth"] : found.grants.map((grant) => {
            const { write, read } = grant.spaces;
            const spaces = read === "all" ? "all spaces" : [write, ...read].join(", ");
            const used = grant.last_used === null ? "not used yet" : `used ${day(grant.last_used)}`;
            return `${grant.id}  ${grant.name}  ${grant.rights}  ${spaces}  since ${day(grant.created_at)}, ${used}`;
          }),
      );
    });

  grants.command("revoke <ids...>").description("take access back, at once")
    .option("--json", "print the result as JSON")
    .addHelpText("after", examples(["grants revoke k3v9q2m7x4c8b6n5"]))
    .action(async (ids: string[], { json }: Options) => {
      const revoked = await withService(context, {}, async (service) => {
        const done: string[] = [];
        for (const id of ids) done.push((await service.call<z.infer<typeof RevokedGrant>>("revokeGrant", { id })).id);
        return done;
      });
      show(context, json, { revoked }, () => revoked.map((id) => `Revoked ${id}`));
    });
}

/** The day of a time in Unix seconds. */
function day(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}
