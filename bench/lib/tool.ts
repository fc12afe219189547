/**
 * Runs a script of `tools/` in a process of its own, where it disturbs nothing that is measured here.
 *
 * @module
 */

/** Seconds a tool may take. */
const LIMIT_MS = 900_000;

/**
 * Runs a tool and gives what it prints as JSON; its progress goes to standard error.
 *
 * @throws {Error} when it fails or takes too long.
 */
export async function runTool<T>(name: string, args: string[], env: Record<string, string> = {}): Promise<T> {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      // All access, since some tools read what Linux says of a process in /proc.
      "--allow-all",
      "--config",
      new URL("../../deno.json", import.meta.url).pathname,
      new URL(`../tools/${name}`, import.meta.url).pathname,
      ...args,
    ],
    env,
    stdin: "null",
    stderr: "inherit",
    signal: AbortSignal.timeout(LIMIT_MS),
  }).output();
  if (!success) throw new Error(`${name} failed`);
  return JSON.parse(new TextDecoder().decode(stdout));
}
