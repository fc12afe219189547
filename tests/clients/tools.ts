/**
 * Runs the tests of a client in its own language, against a service that is started for them.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { start, testEnvironment } from "../helpers/process.ts";

/** Whether a file is there. */
export function exists(file: URL): boolean {
  try {
    Deno.statSync(file);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Runs a command, with what it wrote, and fails the test when it fails. */
export async function succeeds(
  command: string,
  args: string[],
  { cwd, env = {} }: { cwd: URL | string; env?: Record<string, string> },
): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(command, { args, cwd, env: { NO_COLOR: "1", ...env } })
    .output();
  const text = new TextDecoder().decode(stdout);
  assertEquals(code, 0, `${command} ${args.join(" ")}:\n${text}\n${new TextDecoder().decode(stderr)}`);
  return text;
}

/** Gives `use` the address of a service over a store of its own. */
export async function withService(use: (url: string, folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "unimem-test-" });
  try {
    await using service = await start("http", testEnvironment(folder));
    await use(service.http, folder);
    service.kill("SIGTERM");
    await service.exit();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
