/**
 * The files of an executable: exactly what the program loads, on one kind of machine.
 *
 * @module
 */

import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type ImportMap, type Lock, pruneImportMap, pruneLock } from "./lock.ts";
import { isNeeded, neededPackages, type Package, sourceOf } from "./packages.ts";
import type { Target } from "./targets.ts";

/** The project's folder. */
export const ROOT: string = fileURLToPath(new URL("..", import.meta.url));
/** The program, inside the project. */
export const MAIN = "src/main.ts";
/** Folder of the program and its data in a layout. */
export const APP = "app";
/** Deno's folder in a layout. It holds packages as Deno keeps them, and nothing else to begin with. */
export const DENO_DIR = "deno_dir";
const PACKAGES = `${DENO_DIR}/npm/registry.npmjs.org`;

/** A file that is embedded. */
export interface EmbeddedFile {
  /** Where it lies in a layout, with slashes. */
  place: string;
  source: string | URL;
}

/** Everything an executable is made from. */
export interface FileSet {
  files: EmbeddedFile[];
  /** Modules that nothing imports but a worker is started with, inside `APP`. */
  workers: string[];
  /** Folders that are read as data, inside `APP`. */
  folders: string[];
  /** Tell Deno which packages there are; the executable has the same facts in another form. */
  lock: Lock;
  importMap: ImportMap;
}

interface Module {
  specifier: string;
  npmPackage?: string;
  /** What it imports; `code` is missing where only types are. */
  dependencies?: { code?: { specifier: string } }[];
}

interface Graph {
  roots: string[];
  modules: Module[];
  redirects: Record<string, string>;
  npmPackages: Record<string, Package>;
}

/** The files for one kind of machine. */
export async function fileSet(target: Target): Promise<FileSet> {
  const modules = new Set<string>(["deno.json"]), folders = new Set<string>(), workers: string[] = [];
  const roots = new Set<string>(), packages: Record<string, Package> = {};
  const waiting = [MAIN];
  for (let entry = waiting.shift(); entry !== undefined; entry = waiting.shift()) {
    const graph = await graphOf(entry);
    Object.assign(packages, graph.npmPackages);
    for (const { specifier, npmPackage } of loadedModules(graph)) {
      if (npmPackage !== undefined) roots.add(npmPackage);
      if (!specifier.startsWith("file:")) continue;
      const path = inProject(fileURLToPath(specifier));
      if (modules.has(path)) continue;
      modules.add(path);
      for (const found of await referencesOf(path)) {
        if (!found.endsWith(".ts")) folders.add(found);
        else if (!workers.includes(found)) workers.push(found), waiting.push(found);
      }
    }
  }
  const needed = neededPackages(roots, packages), keys = new Set(needed.keys());
  const data = (await Promise.all([...folders].map((folder) => filesIn(join(ROOT, folder), folder)))).flat();
  const app = [...modules, ...data, "LICENSE"].map((path) => ({ place: `${APP}/${path}`, source: join(ROOT, path) }));
  const files = (await Promise.all([...needed.values()].map((found) => filesOf(found, target)))).flat();
  return {
    files: [...app, ...files],
    workers,
    folders: [...folders],
    lock: pruneLock(await readJson("deno.lock"), keys),
    importMap: pruneImportMap(await readJson("import_map.json"), keys),
  };
}

/** The modules that run, without those that only have types for others. */
function loadedModules({ roots, modules, redirects }: Graph): Iterable<Module> {
  const byName = new Map(modules.map((module) => [module.specifier, module])), loaded = new Set<Module>();
  const waiting = [...roots];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const module = byName.get(redirects[name] ?? name);
    if (module === undefined || loaded.has(module)) continue;
    loaded.add(module);
    for (const { code } of module.dependencies ?? []) if (code) waiting.push(code.specifier);
  }
  return loaded;
}

/** What a module names as files rather than importing it: workers and folders of data. */
async function referencesOf(path: string): Promise<string[]> {
  const text = await Deno.readTextFile(join(ROOT, path));
  return [...text.matchAll(/new URL\("([^"]+)", import\.meta\.url\)/g)]
    .map(([, reference]) => inProject(join(ROOT, dirname(path), reference!)));
}

async function graphOf(entry: string): Promise<Graph> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", entry],
    cwd: ROOT,
  }).output();
  if (code !== 0) throw new Error(`Cannot read the modules of ${entry}: ${new TextDecoder().decode(stderr)}`);
  return JSON.parse(new TextDecoder().decode(stdout));
}

async function filesOf(found: Package, target: Target): Promise<EmbeddedFile[]> {
  const place = `${PACKAGES}/${found.name}/${found.version}`;
  const paths = await filesIn(found.localPath, "");
  return paths.filter((path) => isNeeded(found.name, path, target))
    .map((path) => ({ place: `${place}/${path}`, source: sourceOf(found, path) }));
}

/** Paths of the files in a folder and those below it, with `prefix` in place of the folder. */
async function filesIn(folder: string, prefix: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = prefix === "" ? name : `${prefix}/${name}`;
    paths.push(...isDirectory ? await filesIn(join(folder, name), path) : [path]);
  }
  return paths.sort();
}

async function readJson<T>(path: string): Promise<T> {
  return JSON.parse(await Deno.readTextFile(join(ROOT, path)));
}

function inProject(path: string): string {
  const inside = relative(ROOT, path).replaceAll(sep, "/");
  if (inside.startsWith("..")) throw new Error(`Cannot embed ${pathToFileURL(path)}: it is outside the project`);
  return inside;
}
