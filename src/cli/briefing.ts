/**
 * `briefing`: what an agent should know when a session starts.
 *
 * @module
 */

import type { Command } from "commander";
import { briefing } from "../operations/briefing.ts";
import { type CliContext, examples, printable, show, withRuntime } from "./context.ts";

/** Adds the command. */
export function addBriefing(program: Command, context: CliContext): void {
  program.command("briefing").description("what to know when a session starts, as agents are given it")
    .option("--json", "print it with its parts as JSON")
    .addHelpText("after", examples(["briefing", "briefing --json"]))
    .action(async ({ json }: { json?: boolean }) => {
      const result = await withRuntime(context, briefing);
      show(context, json, result, () => [result.text === "" ? "Nothing is remembered yet" : printable(result.text)]);
    });
}
