/**
 * Builds the documentation's site from `docs/`: `deno task site FOLDER`. The generator is what `npm ci` puts into
 * `docs/.vitepress`; the site needs no network, and any server of files can show it.
 *
 * @module
 */

import { relative, resolve } from "node:path";

const ROOT = new URL("../", import.meta.url).pathname;
const GENERATOR = new URL("../docs/.vitepress/node_modules/.bin/vitepress", import.meta.url).pathname;

/** @throws {Error} when the folder lies in the project, the generator isn't installed, or a link leads nowhere. */
export async function buildSite(folder: string): Promise<void> {
  const target = resolve(folder);
  if (!relative(ROOT, target).startsWith("..")) {
    throw new Error(`Cannot build the site into ${target}: it lies in the project; name a folder outside of it`);
  }
  try {
    await Deno.stat(GENERATOR);
  } catch (cause) {
    throw new Error("Cannot build the site without its generator: run npm ci in docs/.vitepress first", { cause });
  }
  const { success, stdout, stderr } = await new Deno.Command(GENERATOR, {
    args: ["build", "docs", "--outDir", target],
    cwd: ROOT,
    stdin: "null",
  }).output();
  const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  if (!success) throw new Error(`Cannot build the site: ${said}`);
}

if (import.meta.main) {
  const [folder] = Deno.args;
  if (folder === undefined) {
    console.error("Cannot build the site: name the folder that it goes to");
    Deno.exit(2);
  }
  await buildSite(folder);
  console.log(`The site is in ${resolve(folder)}`);
}
