/**
 * Makes bundles for Claude Desktop: `deno task bundle [NAME…]`, for this machine by default, or `all`. A bundle holds the
 * npm packages as npm would install them on that machine, Deno among them.
 *
 * @module
 */

import { type Zippable, zipSync } from "fflate";
import { dirname, join, relative, sep } from "node:path";
import { ROOT } from "./file_set.ts";
import { bundleManifest, bundlePackages } from "./manifests.ts";
import { DENO_VERSION, nodeName } from "./package_manifest.ts";
import { filesBelow, megabytes, projectFacts, stagePackages } from "./package_stage.ts";
import { fetchPackages, runProgram } from "./program.ts";
import { type Target, TARGETS, targetsNamed } from "./targets.ts";

const OUTPUT = join(ROOT, "dist", "mcpb");
/** Attributes of files in archives made on POSIX: regular ones, that their owner may write to. */
const POSIX = 3, REGULAR = 0o100644, EXECUTABLE = 0o100755;

async function main(args: string[]): Promise<void> {
  const names = targetsNamed(args), staging = await Deno.makeTempDir({ prefix: "unimem-bundle-" });
  await fetchPackages();
  try {
    const packages = join(staging, "packages"), project = await projectFacts();
    await stagePackages(packages, project);
    await Deno.mkdir(OUTPUT, { recursive: true });
    for (const name of names) {
      const target = TARGETS[name]!, folder = join(staging, name);
      await layOutBundle(folder, packages, target);
      await Deno.writeTextFile(join(folder, "manifest.json"), JSON.stringify(bundleManifest(project, target), null, 2));
      const path = join(OUTPUT, `unimem-${project.version}-${nodeName(target)}.mcpb`), bytes = await zipOf(folder);
      await Deno.writeFile(path, bytes);
      console.log(`${path}: ${megabytes(bytes.length)}`);
      await Deno.remove(folder, { recursive: true });
    }
  } finally {
    await Deno.remove(staging, { recursive: true });
  }
}

/** Lays the packages out below `node_modules`. @param packages Folder of the staged packages. */
async function layOutBundle(folder: string, packages: string, target: Target): Promise<void> {
  for (const name of bundlePackages(target)) {
    const place = join(folder, "node_modules", ...name.split("/"));
    await Deno.mkdir(dirname(place), { recursive: true });
    if (name.startsWith("@deno/")) await fetchDeno(name, place);
    // Of the packages staged here only the common one goes into several bundles.
    else await copyFolder(join(packages, name), place);
  }
}

/** Fetches Deno for a machine, which may be another one, from where npm gets packages. */
async function fetchDeno(name: string, place: string): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "unimem-deno-" });
  try {
    const npm = Deno.build.os === "windows" ? "npm.cmd" : "npm";
    const said = await output(npm, ["pack", "--json", "--pack-destination", folder, `${name}@${DENO_VERSION}`]);
    const [{ filename }] = JSON.parse(said);
    await Deno.mkdir(place, { recursive: true });
    await output("tar", ["-xzf", join(folder, filename), "-C", place, "--strip-components=1"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function output(command: string, args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args, stdin: "null" }).output();
  if (!success) throw new Error(`${command} ${args[0]} failed: ${new TextDecoder().decode(stderr).trim()}`);
  return new TextDecoder().decode(stdout);
}

async function copyFolder(from: string, to: string): Promise<void> {
  for (const path of await filesBelow(from)) {
    const place = join(to, relative(from, path));
    await Deno.mkdir(dirname(place), { recursive: true });
    await Deno.copyFile(path, place);
  }
}

/** A folder as an archive. What may be run may be run again where it is unpacked. */
export async function zipOf(folder: string): Promise<Uint8Array> {
  const files: Zippable = {};
  for (const path of await filesBelow(folder)) {
    const name = relative(folder, path).replaceAll(sep, "/"), { mode } = await Deno.stat(path);
    // Windows knows no modes.
    const runs = mode === null ? /(^|\/)(deno|unimem\.mjs)$/.test(name) : (mode & 0o100) !== 0;
    const attrs = (runs ? EXECUTABLE : REGULAR) * 0x10000;
    files[name] = [await Deno.readFile(path), { os: POSIX, attrs }];
  }
  return zipSync(files);
}

if (import.meta.main) await runProgram(main);
