/**
 * A program of one of the commands that load neither a store nor a model by themselves, so that it starts at once.
 *
 * @module
 */

import { inherit, newProgram, runProgram } from "./base.ts";
import { CLIENT_COMMANDS } from "./client_names.ts";
import type { ClientContext } from "./context.ts";

/**
 * Runs the command; see `runCommand`. What it changes, the service notes in the audit log.
 *
 * @param name The command's first word.
 */
export async function runClientCommand(
  name: string,
  args: readonly string[],
  given: ClientContext,
): Promise<void> {
  const { program, context } = newProgram(given), add = await CLIENT_COMMANDS[name]!();
  add(program, context);
  inherit(program);
  await runProgram(program, args);
}
