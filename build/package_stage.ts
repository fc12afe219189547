/**
 * Lays out and packs the npm packages: one that people install, and one for each kind of machine with ONNX Runtime's
 * library, of which npm installs the one that fits.
 *
 * @module
 */

import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { APP, DENO_DIR, type EmbeddedFile, type FileSet, fileSet, MAIN, ROOT } from "./file_set.ts";
import { libraryManifest, type Machine, machinesOf, mainManifest, nodeName, type Project } from "./package_manifest.ts";
import { TARGETS } from "./targets.ts";
import { taskWords } from "./task.ts";

/** Flags of the task that the command fills in where it is started. */
const FILLED_IN = /^--(allow-run|deny-write)\b/;

/** A packed package. */
export interface Packed {
  name: string;
  /** Path of the tarball. */
  path: string;
  /** Bytes of the tarball, and of its files. */
  packed: number;
  unpacked: number;
}

/** What the command reads from the package about the program beside it. */
export interface ProgramFacts {
  version: string;
  /** Names the program's files by what is in them: two builds of one version don't share a folder. */
  id: string;
  /** How many files a machine gets, about. */
  files: number;
  machines: Record<string, Machine>;
  /** Flags of `deno run`. */
  flags: string[];
  /** Names inside the program's folder that it may not write to. */
  denyWrite: string[];
}

/** Lays all packages out in `folder`, which should be empty, and gives their folders. */
export async function stagePackages(folder: string, project: Project): Promise<string[]> {
  const targets = Object.values(TARGETS), machines = machinesOf(targets);
  const sets: FileSet[] = [];
  for (const target of targets) sets.push(await fileSet(target));
  const main = sets[0]!, isCommon = commonTo(sets);
  const own = join(folder, "unimem"), shared = main.files.filter(isCommon);
  await copyFiles(shared, join(own, "program"));
  await writeJson(join(own, "program", APP, "deno.lock"), main.lock);
  await writeJson(join(own, "program", APP, "import_map.json"), main.importMap);
  await completeLock(join(own, "program"));
  await writeJson(
    join(own, "program.json"),
    {
      version: project.version,
      id: await idOf(own),
      files: main.files.length + 2,
      machines,
      ...await programFlags(),
    } satisfies ProgramFacts,
  );
  await copyInto(fileURLToPath(new URL("./package_bin.mjs", import.meta.url)), join(own, "bin", "unimem.mjs"));
  await Deno.chmod(join(own, "bin", "unimem.mjs"), 0o755).catch(() => {}); // Windows has no modes
  await copyInto(join(ROOT, "LICENSE"), join(own, "LICENSE"));
  await copyInto(join(ROOT, "README.md"), join(own, "README.md"));
  await writeJson(join(own, "package.json"), mainManifest(project, machines));
  const folders = [own];
  for (const [i, target] of targets.entries()) {
    const place = join(folder, `unimem-${nodeName(target)}`);
    await copyFiles(sets[i]!.files.filter((file) => !isCommon(file)), join(place, "program"));
    // ONNX Runtime's package names its licence without holding its text.
    await copyInto(join(ROOT, "build", "package_onnxruntime_licence.txt"), join(place, "LICENSE"));
    await writeJson(join(place, "package.json"), libraryManifest(project, target));
    folders.push(place);
  }
  return folders;
}

/**
 * Lets Deno write the lock file as it would at the first start, which could then change the package's own file: the
 * program's is a link to it.
 */
async function completeLock(program: string): Promise<void> {
  const app = join(program, APP), denoDir = join(program, DENO_DIR);
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-remote", "--cached-only", "--no-prompt", "--config", join(app, "deno.json")],
      ...["--allow-env", "--allow-sys", `--allow-read=${program}`, join(app, MAIN), "version"],
    ],
    cwd: app,
    env: { DENO_DIR: denoDir, NO_COLOR: "1" },
  }).output();
  if (code !== 0) throw new Error(`Cannot complete the lock file: ${new TextDecoder().decode(stderr)}`);
  for await (const { name, isDirectory } of Deno.readDir(denoDir)) {
    if (name !== "npm") await Deno.remove(join(denoDir, name), { recursive: isDirectory });
  }
}

/** Whether a file is in every set. */
function commonTo(sets: readonly FileSet[]): (file: EmbeddedFile) => boolean {
  const places = sets.map(({ files }) => new Set(files.map(({ place }) => place)));
  return ({ place }) => places.every((set) => set.has(place));
}

/** Flags of the task `unimem`, so that the package may do what the task may, and no more. */
async function programFlags(): Promise<Pick<ProgramFacts, "flags" | "denyWrite">> {
  const words = await taskWords("unimem"), flags = words.filter((word) => word.startsWith("--"));
  const denied = flags.find((flag) => flag.startsWith("--deny-write="))!.slice("--deny-write=".length);
  return {
    flags: ["--frozen", "--cached-only", ...flags.filter((flag) => !FILLED_IN.test(flag))],
    denyWrite: denied.split(","),
  };
}

/** The first digits of a hash over the names and contents of all files. */
async function idOf(folder: string): Promise<string> {
  const hashes: string[] = [];
  for (const path of await filesBelow(folder)) {
    const hash = await crypto.subtle.digest("SHA-256", await Deno.readFile(path));
    hashes.push(`${relative(folder, path).replaceAll(sep, "/")} ${new Uint8Array(hash).toHex()}`);
  }
  const all = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(hashes.sort().join("\n")));
  return new Uint8Array(all).toHex().slice(0, 12);
}

/** Paths of the files in a folder and those below it. */
export async function filesBelow(folder: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    paths.push(...isDirectory ? await filesBelow(join(folder, name)) : [join(folder, name)]);
  }
  return paths;
}

async function copyFiles(files: readonly EmbeddedFile[], folder: string): Promise<void> {
  for (const { place, source } of files) await copyInto(source, join(folder, place));
}

async function copyInto(source: string | URL, path: string): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.copyFile(source, path);
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await Deno.writeTextFile(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** Packs staged packages into `folder` as npm does when it publishes. */
export async function packAll(staged: readonly string[], folder: string): Promise<Packed[]> {
  await Deno.mkdir(folder, { recursive: true });
  const { code, stdout, stderr } = await new Deno.Command(Deno.build.os === "windows" ? "npm.cmd" : "npm", {
    args: ["pack", "--json", "--ignore-scripts", "--pack-destination", folder, ...staged],
    stdin: "null",
  }).output();
  if (code !== 0) throw new Error(`Cannot pack: ${new TextDecoder().decode(stderr).trim()}`);
  const reports: { name: string; filename: string; size: number; unpackedSize: number; entryCount: number }[] = JSON
    .parse(new TextDecoder().decode(stdout));
  return await Promise.all(reports.map(async ({ name, filename, size, unpackedSize, entryCount }, i) => {
    const wanted = (await filesBelow(staged[i]!)).length;
    // npm leaves some names out by rules of its own.
    if (entryCount !== wanted) throw new Error(`Cannot pack ${name}: npm took ${entryCount} of ${wanted} files`);
    return { name, path: join(folder, filename), packed: size, unpacked: unpackedSize };
  }));
}

/** Facts of `deno.json`. */
export async function projectFacts(): Promise<Project> {
  const { version, license, repository } = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
  return { version, license, repository };
}

/** Bytes as people read them. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
