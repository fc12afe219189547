/**
 * Writes what other places say of the project: `deno task manifests [FOLDER]`. The plugin for Claude Code always; the
 * MCP registry's entry and Homebrew's formula into `dist/publish` or FOLDER once the project has an address and its
 * packages are in `dist/npm`. Publishes nothing.
 *
 * @module
 */

import { join, resolve } from "node:path";
import { ROOT } from "./file_set.ts";
import { formula, pluginManifest, serverManifest } from "./manifests.ts";
import { projectFacts } from "./package_stage.ts";
import { runProgram } from "./program.ts";

/** Where the plugin's manifest is. */
export const PLUGIN_FILE = "integrations/claude-code/.claude-plugin/plugin.json";

async function main(args: string[]): Promise<void> {
  const project = await projectFacts(), output = resolve(args[0] ?? join(ROOT, "dist", "publish"));
  await write(join(ROOT, PLUGIN_FILE), jsonOf(pluginManifest(project)));
  if (project.repository === "") {
    throw new Error("Cannot make server.json and unimem.rb: repository in deno.json is empty");
  }
  const tarball = join(ROOT, "dist", "npm", `unimem-${project.version}.tgz`);
  const bytes = await Deno.readFile(tarball).catch(() => {
    throw new Error(`Cannot make unimem.rb: there is no ${tarball}; deno task package makes it`);
  });
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  await Deno.mkdir(output, { recursive: true });
  await write(join(output, "server.json"), jsonOf(serverManifest(project)));
  await write(join(output, "unimem.rb"), formula(project, digest));
}

const jsonOf = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

async function write(path: string, text: string): Promise<void> {
  await Deno.writeTextFile(path, text);
  console.log(path);
}

if (import.meta.main) await runProgram(main);
