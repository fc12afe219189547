/**
 * Makes executables: `deno task compile [NAME…]`, for this machine by default, or `all`.
 *
 * @module
 */

import { join } from "node:path";
import { fileSet, MAIN, ROOT } from "./file_set.ts";
import { compile, layOut } from "./layout.ts";
import { TARGETS, thisMachine } from "./targets.ts";

const OUTPUT = join(ROOT, "dist");

/** Makes the executables, one after the other, and prints their sizes. */
async function main(args: string[]): Promise<void> {
  const own = thisMachine();
  const names = args.includes("all") ? Object.keys(TARGETS) : args.length > 0 ? args : own === undefined ? [] : [own];
  const wrong = names.find((name) => TARGETS[name] === undefined);
  if (wrong !== undefined || names.length === 0) {
    throw new Error(
      `Cannot compile ${wrong ?? "for this machine"}; name one of ${Object.keys(TARGETS).join(", ")}, all`,
    );
  }
  const { success } = await new Deno.Command(Deno.execPath(), { args: ["cache", "--frozen", MAIN], cwd: ROOT })
    .output();
  if (!success) throw new Error("Cannot fetch the packages of deno.lock");
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

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}

if (import.meta.main) {
  try {
    await main(Deno.args);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}
