/**
 * The hook as a program of its own, which starts without the service's parts: `main.ts --client NAME --data FOLDER [EVENT]`.
 *
 * @module
 */

import { HOOK_CLIENTS, type HookClient } from "./event.ts";
import { runHook } from "./hook.ts";

/** The value behind an option; null without it. */
function option(args: readonly string[], name: string): string | null {
  const at = args.indexOf(name);
  return at < 0 ? null : args[at + 1] ?? null;
}

if (import.meta.main) {
  const { args } = Deno, client = HOOK_CLIENTS.find((name) => name === option(args, "--client"));
  const dataFolder = option(args, "--data"), budget = option(args, "--budget");
  const event = args.find((arg, i) => !arg.startsWith("--") && !args[i - 1]?.startsWith("--")) ?? null;
  if (client !== undefined && dataFolder !== null) {
    const call: { client: HookClient; event: string | null } = { client, event };
    const output = await runHook({
      ...call,
      dataFolder,
      input: new Response(Deno.stdin.readable).text(),
      cwd: Deno.cwd(),
      home: Deno.env.get("HOME") ?? Deno.env.get("USERPROFILE"),
      budgetMs: budget === null ? undefined : Number(budget),
    });
    if (output !== "") console.log(output);
  }
  Deno.exit(0);
}
