/**
 * Makes the npm packages, and tries them: `deno task package [FOLDER] [--check]`. Publishes nothing.
 *
 * @module
 */

import { join, resolve } from "node:path";
import { MAIN, ROOT } from "./file_set.ts";
import { checkPackage } from "./package_check.ts";
import { megabytes, packAll, projectFacts, stagePackages } from "./package_stage.ts";

async function main(args: string[]): Promise<void> {
  const [given, ...more] = args.filter((arg) => arg !== "--check");
  if (more.length > 0 || given?.startsWith("-")) throw new Error("Usage: deno task package [FOLDER] [--check]");
  const { success } = await new Deno.Command(Deno.execPath(), { args: ["cache", "--frozen", MAIN], cwd: ROOT })
    .output();
  if (!success) throw new Error("Cannot fetch the packages of deno.lock");
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

if (import.meta.main) {
  try {
    await main(Deno.args);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}
