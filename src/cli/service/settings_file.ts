/**
 * The file of settings that a service is started with: those of the environment and of `--env-file`, which a service
 * manager doesn't know.
 *
 * @module
 */

import { join, resolve } from "node:path";
import { isRelativePath, parseEnvText } from "../../config.ts";
import { errorText, MemoryError } from "../../errors.ts";
import { textIn } from "../../files.ts";
import type { ClientContext } from "../context.ts";

/** What the file is, and is to be. */
export interface SettingsFile {
  path: string;
  /** Whether it says so already. */
  isKept: boolean;
  text: string;
  /** The text without secrets. */
  shown: string;
}

const HEAD = "# Settings of the service, by unimem service install. It reads them at its start.\n";
/** Settings of commands, which no service reads. */
const OF_COMMANDS: readonly string[] = ["UNIMEM_SERVER", "UNIMEM_API_KEY"];
const QUOTES = ["", "'", '"', "`"];

/**
 * The file in the data folder. What it sets and the environment doesn't set stays: an installation from another terminal
 * must not take a key away.
 *
 * @throws {MemoryError} `configuration` for a file that can't be read, or a value that can't be written.
 */
export function settingsFile(context: ClientContext): SettingsFile {
  const path = join(context.config().baseDir, "service.env"), before = textOf(path), origins = context.origins();
  const kept = parseEnvText(before).values, values = { ...kept, ...settingsHere(context) };
  const isKept = before !== "" && JSON.stringify(kept) === JSON.stringify(values);
  // What is no setting may be anything.
  const isShown = (name: string) => origins.some((setting) => setting.name === name && !setting.secret);
  const textWith = (line: (name: string, value: string) => string) =>
    HEAD + Object.entries(values).map(([name, value]) => `${line(name, value)}\n`).join("");
  return {
    path,
    isKept,
    text: isKept ? before : textWith(lineOf),
    shown: textWith((name, value) => isShown(name) ? lineOf(name, value) : `${name}=(secret)`),
  };
}

function settingsHere(context: ClientContext): Record<string, string> {
  const environment = context.environment(), values: Record<string, string> = {};
  for (const { name, origin } of context.origins()) {
    const value = environment[name];
    // The service reads `.env` files by itself.
    if (value === undefined || origin === ".env" || origin === "default" || OF_COMMANDS.includes(name)) continue;
    values[name] = isRelativePath(name, value) ? resolve(value) : value;
  }
  return values;
}

/** In the first form that reads as the same value. */
function lineOf(name: string, value: string): string {
  for (const quote of QUOTES) {
    const line = `${name}=${quote}${value}${quote}`, { values, malformed } = parseEnvText(`${line}\n`);
    if (values[name] === value && malformed.length === 0 && Object.keys(values).length === 1) return line;
  }
  throw new MemoryError("configuration", `Cannot write ${name} into a file of settings: its value has every quote`, {
    field: name,
  });
}

function textOf(path: string): string {
  try {
    return textIn(path) ?? "";
  } catch (error) {
    throw new MemoryError("configuration", `Cannot read "${path}": ${errorText(error)}`, { cause: error });
  }
}
