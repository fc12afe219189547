/**
 * `optimize`: tidies the store.
 *
 * @module
 */

import type { Command } from "commander";
import { type ClientContext, examples, show } from "./context.ts";
import { withService } from "./remote.ts";

/** Adds the command. */
export function addOptimize(program: Command, context: ClientContext): void {
  program.command("optimize").description("tidy the store; what was deleted is in none of its files then")
    .option("--json", "print the result as JSON").addHelpText("after", examples(["optimize"]))
    .action(async ({ json }: { json?: boolean }) => {
      const input = { operation: "optimize_db" };
      const done = await withService(context, {}, (service) => service.call<{ message: string }>("maintain", input));
      show(context, json, done, () => [done.message]);
    });
}
