/**
 * Makes executables: `deno task compile [NAME…]`, for this machine by default, or `all`.
 *
 * @module
 */

import { join } from "node:path";
import { fileSet, ROOT } from "./file_set.ts";
import { compile, layOut } from "./layout.ts";
import { megabytes } from "./package_stage.ts";
import { fetchPackages, runProgram } from "./program.ts";
import { TARGETS, targetsNamed } from "./targets.ts";

const OUTPUT = join(ROOT, "dist");

/** Makes the executables, one after the other, and prints their sizes. */
async function main(args: string[]): Promise<void> {
  const names = targetsNamed(args);
  await fetchPackages();
  for (const name of names) {
    const target = TARGETS[name]!, folder = await Deno.makeTempDir({ prefix: "unimem-compile-" });
    const output = join(OUTPUT, target.triple.includes("windows") ? `${name}.exe` : name);
    try {
      const files = await fileSet(target), layout = await layOut(files, folder);
      await compile(layout, files, target, output);
      console.log(`${output}: ${megabytes((await Deno.stat(output)).size)}, of which files ${megabytes(layout.bytes)}`);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }
}

if (import.meta.main) await runProgram(main);
