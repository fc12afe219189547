/**
 * Where settings come from: the environment and the `.env` files that are trusted. One in the folder a command happens
 * to run in is not: a cloned repository could send the store elsewhere with it.
 *
 * @module
 */

import { join } from "node:path";
import { errorText, MemoryError } from "../errors.ts";
import { type EnvText, parseEnvText } from "./env_file.ts";
import { isOAuth } from "./unknown.ts";

/** Values from one place. */
export interface EnvLayer {
  origin: "environment" | "--env-file" | ".env";
  /** Path of the file; null for the environment. */
  file: string | null;
  values: Readonly<Record<string, string | undefined>>;
}

/** Everything settings are read from. */
export interface EnvLayers {
  /** The first one that sets a name wins. */
  layers: readonly EnvLayer[];
  /** Lines of files that set nothing, such as `line 3 of /srv/.env`. */
  malformed: readonly string[];
  /** A `.env` in the working folder that is not read though it holds settings, and their names. */
  ignored: { path: string; names: readonly string[] } | null;
}

/** The world outside, as `main.ts` hands it over. */
export interface EnvSources {
  environment: Readonly<Record<string, string | undefined>>;
  /** Path given by `--env-file`. */
  named: string | null;
  /** Folder of `deno.json`, or of the executable. */
  program: string;
  /** The working folder; null where it is gone. */
  cwd: string | null;
  /** The data folder as the layers so far set it; null where they don't and there is no home. */
  dataFolder: (layers: readonly EnvLayer[]) => string | null;
  isSetting: (name: string) => boolean;
  files: EnvFiles;
}

/** Access to files. */
export interface EnvFiles {
  read(path: string): string;
  /** Undefined where nothing is. @throws where that can't be seen. */
  stat(path: string): { isFile: boolean; isDirectory: boolean; size: number } | undefined;
  /** The path without links. */
  real(path: string): string;
}

/** Bytes of the largest file that is looked into without being asked to. */
const MAX_BYTES = 1 << 20;

/**
 * Reads every layer.
 *
 * @throws {MemoryError} `configuration` for a file that is there but can't be read: settings would be missing unnoticed.
 */
export function readEnvLayers(sources: EnvSources): EnvLayers {
  const { environment, named, program, cwd, files } = sources;
  const layers: EnvLayer[] = [{ origin: "environment", file: null, values: environment }], malformed: string[] = [];
  const read = new Set<string>();
  const add = (origin: EnvLayer["origin"], path: string, text: EnvText | null) => {
    if (text === null || read.has(files.real(path))) return;
    read.add(files.real(path));
    layers.push({ origin, file: path, values: text.values });
    malformed.push(...text.malformed.map((line) => `line ${line} of ${path}`));
  };
  if (named !== null) add("--env-file", named, namedFile(files, named));
  const beside = join(program, ".env");
  add(".env", beside, foundFile(files, beside));
  const folder = sources.dataFolder(layers);
  if (folder !== null) {
    const path = join(folder, ".env");
    add(".env", path, foundFile(files, path));
    if (sources.dataFolder(layers) !== folder) {
      throw new MemoryError(
        "configuration",
        `Cannot use MCP_MEMORY_BASE_DIR of ${path}: a file that lies in the data folder can't name another one; ` +
          `set it in the environment or by --env-file`,
      );
    }
  }
  return { layers, malformed, ignored: cwd === null ? null : ignoredFile(sources, join(cwd, ".env"), read) };
}

/** The values of all layers, names in capitals. */
export function mergeLayers(layers: readonly EnvLayer[]): Record<string, string> {
  const merged: Record<string, string> = {};
  for (const { values } of layers.toReversed()) Object.assign(merged, Object.fromEntries(valuesByName(values)));
  return merged;
}

/** The exact spelling wins where several spellings of a name are set. */
export function valuesByName(env: Readonly<Record<string, string | undefined>>): Map<string, string> {
  const byName = new Map<string, string>();
  for (const [name, value] of Object.entries(env)) {
    const upper = name.toUpperCase();
    if (value !== undefined && (name === upper || !byName.has(upper))) byName.set(upper, value);
  }
  return byName;
}

function namedFile(files: EnvFiles, path: string): EnvText {
  try {
    if (files.stat(path)?.isDirectory) throw new Error("it is a folder");
    return parseEnvText(files.read(path));
  } catch (error) {
    throw new MemoryError("configuration", `Cannot read --env-file ${path}: ${errorText(error)}`, { cause: error });
  }
}

/** A file that is read where it is there. Anything but a file by this name, such as a Python environment, is no `.env`. */
function foundFile(files: EnvFiles, path: string): EnvText | null {
  try {
    const stat = files.stat(path);
    if (stat === undefined || !stat.isFile) return null;
    if (stat.size > MAX_BYTES) throw new Error(`it has more than ${MAX_BYTES} bytes`);
    return parseEnvText(files.read(path));
  } catch (error) {
    throw new MemoryError("configuration", `Cannot read ${path}: ${errorText(error)}`, { cause: error });
  }
}

/** What a file that is not read would have set. One that can't be read never set anything. */
function ignoredFile({ files, isSetting }: EnvSources, path: string, read: ReadonlySet<string>): EnvLayers["ignored"] {
  try {
    const stat = files.stat(path);
    if (stat === undefined || !stat.isFile || stat.size > MAX_BYTES || read.has(files.real(path))) return null;
    const { values } = parseEnvText(files.read(path));
    // Without those for OAuth, a store that they were to guard would come up open.
    const names = Object.keys(values).filter((name) => isSetting(name) || isOAuth(name.toUpperCase()));
    return names.length > 0 ? { path, names } : null;
  } catch {
    return null;
  }
}
