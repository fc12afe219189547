/**
 * What a process is told from outside, as far as it takes no table of settings to read it.
 *
 * @module
 */

import { availableParallelism } from "node:os";
import { basename, dirname, isAbsolute, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { type Reach, simpleReach } from "../config/data_folder.ts";
import { expandHome, homeOf } from "../config/home.ts";
import { MemoryError } from "../errors.ts";
import { statOf } from "../files.ts";

/** The folder of `deno.json`, where the task and its permissions are. */
export const PROJECT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Set by the command of the npm package: the words that start it, in JSON. */
export const LAUNCHER = "UNIMEM_LAUNCHER";

/** Folder of the `.env` that is read beside the program. */
export const PROGRAM = Deno.build.standalone ? dirname(Deno.execPath()) : PROJECT;

/** Takes `--env-file PATH` out of the arguments: settings are read before a command line parser is loaded. */
export function takeEnvFile(given: readonly string[]): { args: string[]; envFile: string | null } {
  const args = [...given], end = args.indexOf("--");
  const at = args.findIndex((arg, i) => (end === -1 || i < end) && /^--env-file(=|$)/.test(arg));
  if (at === -1) return { args, envFile: null };
  const [option, value] = args.splice(at, args[at] === "--env-file" ? 2 : 1);
  const path = option === "--env-file" ? value : option!.slice("--env-file=".length);
  if (path === undefined || path === "") {
    throw new MemoryError("configuration", "Cannot read --env-file: name the file, as in --env-file ./.env");
  }
  if (args.some((arg, i) => i >= at && (end === -1 || i < end) && /^--env-file(=|$)/.test(arg))) {
    throw new MemoryError("configuration", "Cannot read --env-file: it is given twice");
  }
  const full = expandHome(path, homeOf(Deno.env.toObject())), folder = taskCallersFolder();
  return { args, envFile: folder === null ? full : resolve(folder, full) };
}

/** The working folder; null where it was deleted. */
export function workingFolder(): string | null {
  try {
    return Deno.cwd();
  } catch {
    return null;
  }
}

/** The folder that `deno task` was called in, which it leaves for the project's; null without such a task. */
export function taskCallersFolder(): string | null {
  const before = Deno.env.get("INIT_CWD");
  return !Deno.build.standalone && workingFolder() === PROJECT && before !== undefined && isAbsolute(before)
    ? before
    : null;
}

/** Facts about this machine that defaults depend on. */
export function platform() {
  return { os: Deno.build.os, cores: availableParallelism(), timeZone: Temporal.Now.timeZoneId() };
}

/** How a service is reached, where nobody set anything of it but the data folder; null where the settings have to say it. */
export function reachWithoutSettings(): Reach | null {
  const folder = workingFolder();
  try {
    const places = [PROGRAM, ...folder === null ? [] : [folder]];
    return simpleReach(Deno.env.toObject(), platform(), (path) => statOf(path) !== undefined, places);
  } catch {
    return null; // a folder that can't be looked into, which the settings report
  }
}

const NPX = ["npx", "--yes", `deno@${Deno.version.deno}`];

/** Whether this Deno lies where npx keeps packages; they may be gone tomorrow. */
function isOfNpx(): boolean {
  return Deno.execPath().split(sep).includes("_npx");
}

/** The words that start this program, before the command. */
export function launcher(): string[] {
  if (Deno.build.standalone) return [Deno.execPath()];
  const words = Deno.env.get(LAUNCHER);
  if (words !== undefined) return JSON.parse(words);
  return [...isOfNpx() ? NPX : [Deno.execPath()], "task", "--quiet", "--cwd", PROJECT, "unimem"];
}

/** How a person starts a command, in as few words as it was most likely done. */
export function commandWords(): string {
  if (Deno.build.standalone) return basename(Deno.execPath());
  const words = Deno.env.get(LAUNCHER);
  if (words !== undefined) return words.startsWith('["npx"') ? JSON.parse(words).join(" ") : "unimem";
  return `${isOfNpx() ? NPX.join(" ") : "deno"} task unimem`;
}
