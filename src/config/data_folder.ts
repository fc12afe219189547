/**
 * Where data is kept, and what commands need to reach a running service. Nothing here loads the table of settings: its
 * library takes longer to load than all else that a command does beside a service.
 *
 * @module
 */

import { isAbsolute, join } from "node:path";
import { valuesByName } from "./env_layers.ts";
import { expandHome, homeOf } from "./home.ts";

/** The machine, as far as it matters here. */
export interface Machine {
  os: string;
  timeZone?: string;
}

/** What commands need to reach a service. */
export interface Reach {
  /** Address of a service elsewhere, without a slash at its end, and the key for it; null for the one here. */
  server: string | null;
  key: string | null;
  /** The spaces that settings choose, the first one to write to; null where they don't. */
  spaces: readonly string[] | null;
  /** Folder for all data that has no place of its own. */
  baseDir: string;
  /** Folder of the store, where a service leaves its file. */
  dataFolder: string;
  /** The store as the service's file names it. */
  store: string;
  timeZone: string;
}

/** Settings that change how a service is reached, but for the data folder. */
const RELEVANT = /^(UNIMEM_|MCP_SPACE|MCP_TIME_ZONE|MCP_MEMORY_STORAGE|SQLITEVEC_PATH|MCP_QDRANT|QDRANT)/;

/**
 * The same as the settings say, for those who set nothing of it but the data folder, by its full path; null for all
 * others.
 *
 * @param isThere Whether there is something at a path.
 * @param places Folders where a `.env` would be read, or named in a message, besides the data folder.
 */
export function simpleReach(
  env: Readonly<Record<string, string | undefined>>,
  machine: Machine,
  isThere: (path: string) => boolean,
  places: readonly string[],
): Reach | null {
  const { timeZone } = machine, baseDir = dataFolder(env, machine);
  const isSimple = Object.keys(env).every((name) => !RELEVANT.test(name.toUpperCase()));
  if (!isSimple || timeZone === undefined || baseDir === null || !isAbsolute(baseDir)) return null;
  if ([...places, baseDir].some((folder) => isThere(join(folder, ".env")))) return null;
  const store = join(baseDir, "unimem.db");
  return { server: null, key: null, spaces: null, baseDir, dataFolder: baseDir, store, timeZone };
}

/** The folder that deployments use by default; null without a home. */
export function homeDataFolder(env: Readonly<Record<string, string | undefined>>, { os }: Machine): string | null {
  if (os === "windows" && env.LOCALAPPDATA) return join(env.LOCALAPPDATA, "mcp-memory");
  const home = homeOf(env);
  if (home === undefined) return null;
  if (os === "darwin") return join(home, "Library", "Application Support", "mcp-memory");
  if (os === "windows") return join(home, "AppData", "Local", "mcp-memory");
  return join(home, ".local", "share", "mcp-memory");
}

/** The data folder by what is set so far; null where none is set or the value is wrong, which `parseConfig` reports. */
export function dataFolder(env: Readonly<Record<string, string | undefined>>, machine: Machine): string | null {
  const set = valuesByName(env).get("MCP_MEMORY_BASE_DIR")?.trim() ?? "";
  if (set === "") return homeDataFolder(env, machine);
  try {
    return expandHome(set, homeOf(env));
  } catch {
    return null;
  }
}
