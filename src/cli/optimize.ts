/**
 * `optimize`: tidies the store.
 *
 * @module
 */

import type { Command } from "commander";
import { maintain } from "../operations/maintain.ts";
import { type CliContext, examples, show, withRuntime } from "./context.ts";

/** Adds the command. */
export function addOptimize(program: Command, context: CliContext): void {
  program.command("optimize").description("tidy the store; what was deleted is in none of its files then")
    .option("--json", "print the result as JSON").addHelpText("after", examples(["optimize"]))
    .action(async ({ json }: { json?: boolean }) => {
      const done = await withRuntime(context, (runtime) => maintain(runtime, "optimize_db"));
      show(context, json, done, () => [done.message]);
    });
}
