/**
 * The tasks of deno.json, as their shell hands them to Deno.
 *
 * @module
 */

import { join } from "node:path";
import { ROOT } from "./file_set.ts";

/** The running binary as Linux names it. */
export const OWN_IMAGE = "/proc/self/exe";

/** What a task asks its shell for: the path of the binary that runs it. */
const BINARY = /"\$\([^)]*\)"/;

/**
 * A task's words: variables, `deno`, its arguments.
 *
 * @param binary What the service may run; without it the running binary, as the task's shell finds it.
 */
export async function taskWords(
  name: string,
  binary: string = Deno.build.os === "linux" ? OWN_IMAGE : Deno.execPath(),
): Promise<string[]> {
  const manifest = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
  const command: string = manifest.tasks[name].command;
  return command.split(BINARY).join("\n").split(" ").map((word) => word.replace("\n", binary));
}
