/**
 * `doctor`: checks each part and says what to do, beside a running service or without one.
 *
 * @module
 */

import type { Command } from "commander";
import { type CliContext, examples, Failed, show } from "../context.ts";
import type { Check } from "./check.ts";
import { examineAll } from "./examine.ts";

const LABELS: Record<Check["state"], string> = { ok: "ok", warning: "warning", failed: "FAILED", skipped: "skipped" };

/** Adds the command. */
export function addDoctor(program: Command, context: CliContext): void {
  program.command("doctor").description("check settings, ports, folders, store, model and machine, and say what to do")
    .option("--fix", "take other users' rights from the files that Unimem keeps")
    .option("--json", "print the result as JSON")
    .addHelpText("after", examples(["doctor", "doctor --fix", "doctor --json"]))
    .action(async ({ fix, json }: { fix?: boolean; json?: boolean }) => {
      const checks = await examineAll(context, fix), bad = checks.some(({ state }) => state === "failed");
      show(context, json, { ok: !bad, checks }, () => checks.flatMap(linesOf));
      if (bad) throw new Failed();
    });
}

function linesOf({ name, state, message, action }: Check): string[] {
  const line = `${LABELS[state].padEnd(8)}${name.padEnd(11)}${message}`;
  return action === null ? [line] : [line, `${" ".repeat(19)}→ ${action}`];
}
