/**
 * `briefing`: what an agent should know when a session starts.
 *
 * @module
 */

import type { Command } from "commander";
import type { BriefingOutput } from "../operations/briefing.ts";
import { type ClientContext, examples, printable, show } from "./context.ts";
import { orNone, withService } from "./remote.ts";

/** Adds the command. */
export function addBriefing(program: Command, context: ClientContext): void {
  program.command("briefing").description("what to know when a session starts, as agents are given it")
    .option("--json", "print it with its parts as JSON")
    .addHelpText("after", examples(["briefing", "briefing --json"]))
    .action(async ({ json }: { json?: boolean }) => {
      const result = await withService(context, {}, (service) => service.call<BriefingOutput>("briefing"))
        .catch(orNone({ text: "" }));
      show(context, json, result, () => [result.text === "" ? "Nothing is remembered yet" : printable(result.text)]);
    });
}
