/**
 * Lays the files of an executable out in a folder, from which Deno can run or compile the program and nothing else.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { APP, DENO_DIR, type FileSet, MAIN } from "./file_set.ts";
import type { Target } from "./targets.ts";
import { OWN_IMAGE, taskWords } from "./task.ts";

/** A laid out program. */
export interface Layout {
  /** Path of the program's folder. */
  app: string;
  /** Path of Deno's folder for it. */
  denoDir: string;
  /** Bytes of all embedded files. */
  bytes: number;
}

/** Copies the files into `folder`, which should be empty. */
export async function layOut({ files, lock, importMap }: FileSet, folder: string): Promise<Layout> {
  let bytes = 0;
  for (const { place, source } of files) {
    const path = join(folder, place);
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.copyFile(source, path);
    bytes += (await Deno.stat(path)).size;
  }
  const app = join(folder, APP);
  await Deno.writeTextFile(join(app, "deno.lock"), JSON.stringify(lock));
  await Deno.writeTextFile(join(app, "import_map.json"), JSON.stringify(importMap));
  return { app, denoDir: join(folder, DENO_DIR), bytes };
}

/**
 * Permissions and engine flags of the tasks, which are built in. An executable runs itself to parse documents. Its path
 * isn't known yet: Linux names the running binary anywhere, the other systems don't, so that it may run any there.
 */
export async function runFlags({ triple }: Target): Promise<string[]> {
  const words = (await taskWords("unified", OWN_IMAGE)).filter((word) =>
    /^--(allow|no-prompt|no-remote|v8-flags)/.test(word)
  );
  return triple.includes("linux") ? words : words.map((word) => word.startsWith("--allow-run=") ? "--allow-run" : word);
}

/**
 * Compiles a laid out program.
 *
 * @param runtime path of a runtime to build in; Deno downloads the target's own unless told otherwise.
 * @throws {Error} with what Deno said when it fails.
 */
export async function compile(
  layout: Layout,
  { workers, folders }: FileSet,
  target: Target,
  output: string,
  runtime?: string,
): Promise<void> {
  const included = [...workers, ...folders, "LICENSE"].flatMap((path) => ["--include", path]);
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["compile", "--quiet", "--no-check", "--cached-only", "--self-extracting"],
      ...["--target", target.triple, "--app-name", "unimem", "--output", output],
      ...included,
      ...await runFlags(target),
      MAIN,
    ],
    cwd: layout.app,
    env: { DENO_DIR: layout.denoDir, NO_COLOR: "1", ...(runtime === undefined ? {} : { DENORT_BIN: runtime }) },
  }).output();
  if (code !== 0) throw new Error(`Cannot compile for ${target.triple}: ${new TextDecoder().decode(stderr)}`);
}
