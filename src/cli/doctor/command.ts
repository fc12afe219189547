/**
 * `doctor`: checks each part and says what to do, beside a running service or without one.
 *
 * @module
 */

import type { Command } from "commander";
import { type CliContext, examples, Failed, show } from "../context.ts";
import type { NamedResult } from "./check.ts";
import type { PartState } from "../../operations/health/state.ts";
import { examineAll } from "./examine.ts";

/** How each state is shown to a person, and in JSON in lower case. */
const LABELS: Record<PartState, string> = {
  healthy: "ok",
  starting: "ok",
  off: "skipped",
  degraded: "warning",
  unhealthy: "FAILED",
};

/** Adds the command. */
export function addDoctor(program: Command, context: CliContext): void {
  program.command("doctor").description("check settings, ports, folders, store, model and machine, and say what to do")
    .option("--fix", "take other users' rights from the files that Unimem keeps")
    .option("--json", "print the result as JSON")
    .addHelpText("after", examples(["doctor", "doctor --fix", "doctor --json"]))
    .action(async ({ fix, json }: { fix?: boolean; json?: boolean }) => {
      const checks = await examineAll(context, fix), bad = checks.some(({ state }) => state === "unhealthy");
      show(context, json, { ok: !bad, checks: checks.map(shown) }, () => checks.flatMap(linesOf));
      if (bad) throw new Failed();
    });
}

function shown({ name, state, message, action }: NamedResult) {
  return { name, state: LABELS[state].toLowerCase(), message, action: action ?? null };
}

function linesOf({ name, state, message, action }: NamedResult): string[] {
  const line = `${LABELS[state].padEnd(8)}${name.padEnd(11)}${message}`;
  return action === undefined ? [line] : [line, `${" ".repeat(19)}→ ${action}`];
}
