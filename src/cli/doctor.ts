/**
 * `doctor`: checks each part and says what to do.
 *
 * @module
 */

import type { Command } from "commander";
import { errorText } from "../errors.ts";
import { type CliContext, examples, Failed, show, withRuntime } from "./context.ts";

/** Adds the command. */
export function addDoctor(program: Command, context: CliContext): void {
  program.command("doctor").description("check settings, store and model, and say what to do")
    .option("--json", "print the result as JSON").addHelpText("after", examples(["doctor", "doctor --json"]))
    .action(async ({ json }: { json?: boolean }) => {
      const checks = await examine(context), failed = checks.some(({ ok }) => !ok);
      show(
        context,
        json,
        { ok: !failed, checks },
        () => checks.map(({ ok, name, detail }) => `${ok ? "ok    " : "FAILED"}  ${name.padEnd(8)}  ${detail}`),
      );
      if (failed) throw new Failed();
    });
}

interface Check {
  name: string;
  ok: boolean;
  detail: string;
}

/** Each part on its own, so that one fault doesn't hide another. */
async function examine(context: CliContext): Promise<Check[]> {
  const checks: Check[] = [];
  const look = async (name: string, run: () => Promise<string>) => {
    try {
      checks.push({ name, ok: true, detail: await run() });
      return true;
    } catch (error) {
      checks.push({ name, ok: false, detail: errorText(error) });
      return false;
    }
  };
  if (!await look("settings", () => Promise.resolve(`store ${context.config().storage.backend}`))) return checks;
  await look("store", () =>
    withRuntime(context, async ({ storage, embeddings }) => {
      await storage.ping();
      await look("model", async () => {
        const { name, dimensions } = await embeddings.configured.ready();
        return `${name}, ${dimensions} dimensions`;
      });
      return `${(await storage.stats()).total_memories} memories`;
    }));
  return checks;
}
