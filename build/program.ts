/**
 * What programs of the build share: how they fetch packages, and how they end.
 *
 * @module
 */

import { MAIN, ROOT } from "./file_set.ts";

/** Fetches the packages of the lock file, as far as they aren't there. @throws {Error} with what Deno said. */
export async function fetchPackages(): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["cache", "--quiet", "--frozen", MAIN],
    cwd: ROOT,
    stdin: "null",
  }).output();
  if (!success) throw new Error(`Cannot fetch the packages of deno.lock: ${new TextDecoder().decode(stderr).trim()}`);
}

/** Runs a program to its end; what failed is one line on standard error, and the exit code 1. */
export async function runProgram(program: (args: string[]) => Promise<void>): Promise<void> {
  try {
    await program(Deno.args);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}
