/**
 * Runs `unimem COMMAND` to its end in a process of its own, and fills stores for it.
 *
 * @module
 */

import { openStorage } from "../../src/storage/factory.ts";
import { spawn, testEnvironment, within } from "../helpers/process.ts";
import { embedded, MODEL } from "../storage/fixtures.ts";

export { inFolder } from "../helpers/folder.ts";

/** How a command ended. */
export interface Ended {
  code: number;
  out: string;
  err: string;
}

/** Runs a command over the data folder `folder`. */
export function unimem(folder: string, ...args: string[]): Promise<Ended> {
  return unimemIn(testEnvironment(folder), ...args);
}

/** Runs a command in an environment. */
export async function unimemIn(env: Record<string, string>, ...args: string[]): Promise<Ended> {
  return await ended(await spawn(args, env, { stdout: "piped" }), `unimem ${args.join(" ")}`);
}

/** Waits for the end of a child whose output is piped. */
export async function ended(child: Deno.ChildProcess, what: string): Promise<Ended> {
  const { code, stdout, stderr } = await within(child.output(), what);
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

/** The JSON that a command printed which must have succeeded. */
export async function json(folder: string, ...args: string[]) {
  const { code, out, err } = await unimem(folder, ...args, "--json");
  if (code !== 0) throw new Error(`unimem ${args.join(" ")} ended with ${code}: ${out}${err}`);
  return JSON.parse(out);
}

/** Puts memories with vectors into the store of a data folder. */
export async function fill(folder: string, count: number): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const storage = await openStorage({ backend: "sqlite", path: `${folder}/unimem.db` });
  await storage.registerModel(MODEL);
  for (let at = 0; at < count; at += 1000) {
    await storage.store(Array.from({ length: Math.min(1000, count - at) }, (_, i) => {
      const content = `Fact ${at + i}: ${"words and more words ".repeat(10)}`;
      return embedded(at + i, { content, created_at: 1_700_000_000 + at + i });
    }));
  }
  await storage.close();
}
