/**
 * `hook run`, without a command line parser: a prompt waits half a second for its hook, and this process starts in that.
 *
 * @module
 */

import { homedir } from "node:os";
import { errorText } from "../errors.ts";
import { HOOK_CLIENTS } from "../hooks/event.ts";
import { type HookCall, runHook } from "../hooks/hook.ts";
import { writeError, writeText } from "../output.ts";
import { reachWithoutSettings, workingFolder } from "./environment.ts";

/** The call behind the words of a command; null for words that the command line parser has to explain. */
export function hookCall([hook, run, ...words]: readonly string[]): Pick<HookCall, "client" | "event"> | null {
  const at = words.indexOf("--client"), client = HOOK_CLIENTS.find((name) => at >= 0 && name === words[at + 1]);
  const others = words.filter((_, i) => i !== at && i !== at + 1), [event = null] = others;
  if (hook !== "hook" || run !== "run" || client === undefined) return null;
  return others.length > 1 || event?.startsWith("-") ? null : { client, event };
}

/** Runs the hook. What is wrong with the settings is said without failing: other exit codes than 0 stop some clients. */
export async function runHookCall(call: Pick<HookCall, "client" | "event">, envFile: string | null): Promise<void> {
  let dataFolder: string;
  try {
    dataFolder = await dataFolderOf(envFile);
  } catch (error) {
    return writeError(`${errorText(error)}\n`);
  }
  const output = await runHook({
    ...call,
    dataFolder,
    input: new Response(Deno.stdin.readable).text(),
    cwd: workingFolder() ?? homedir(),
    home: homedir(),
  });
  if (output !== "") writeText(Deno.stdout, `${output}\n`);
}

async function dataFolderOf(envFile: string | null): Promise<string> {
  const simple = envFile === null ? reachWithoutSettings() : null;
  if (simple !== null) return simple.dataFolder;
  const { reachOf, settingsFrom } = await import("./settings.ts");
  return reachOf(settingsFrom(envFile).config(true)).dataFolder;
}
