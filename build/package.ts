/**
 * Makes the npm packages, and tries them: `deno task package [FOLDER] [--check]`. Publishes nothing.
 *
 * @module
 */

import { join, resolve } from "node:path";
import { ROOT } from "./file_set.ts";
import { checkPackage } from "./package_check.ts";
import { megabytes, packAll, projectFacts, stagePackages } from "./package_stage.ts";
import { fetchPackages, runProgram } from "./program.ts";

async function main(args: string[]): Promise<void> {
  const [given, ...more] = args.filter((arg) => arg !== "--check");
  if (more.length > 0 || given?.startsWith("-")) throw new Error("Usage: deno task package [FOLDER] [--check]");
  await fetchPackages();
  const output = resolve(given ?? join(ROOT, "dist", "npm"));
  const staging = await Deno.makeTempDir({ prefix: "unimem-package-" });
  try {
    const project = await projectFacts(), packed = await packAll(await stagePackages(staging, project), output);
    for (const { path, packed: size, unpacked } of packed) {
      console.log(`${path}: ${megabytes(size)}, unpacked ${megabytes(unpacked)}`);
    }
    if (project.repository === "") {
      console.log("These packages are private, which npm refuses to publish: repository in deno.json is empty");
    }
    if (args.includes("--check")) {
      await checkPackage(packed, console.log);
    }
  } finally {
    await Deno.remove(staging, { recursive: true });
  }
}

if (import.meta.main) await runProgram(main);
