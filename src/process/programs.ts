/**
 * Other programs that a command runs.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { ownBinary } from "../own_binary.ts";

/** Whether this process has the right to run a program by itself. */
export function mayRun(command: string): boolean {
  return Deno.permissions.querySync({ name: "run", command }).state === "granted";
}

/**
 * Runs a program that has the terminal. This process may run its own binary alone, which then runs the program with the
 * right to run that one.
 */
export async function runProgram(
  [program, ...args]: readonly string[],
  shown: "all" | "errors" | "none" = "all",
): Promise<number> {
  const stdio = {
    stdin: "inherit",
    stdout: shown === "all" ? "inherit" : "null",
    stderr: shown === "none" ? "null" : "inherit",
  } as const;
  if (mayRun(program!)) return (await new Deno.Command(program!, { args, ...stdio }).spawn().status).code;
  if (Deno.build.standalone) throw new Error("this build may not run other programs");
  const child = fileURLToPath(new URL("./run_program.ts", import.meta.url));
  const flags = ["--quiet", "--no-config", "--no-lock", "--no-remote", "--no-npm", "--no-prompt"];
  const words = ["run", ...flags, `--allow-run=${program}`, child, program!, ...args];
  return (await new Deno.Command(ownBinary(), { args: words, ...stdio }).spawn().status).code;
}
