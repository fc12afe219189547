/**
 * Changing a client's settings file: one entry, with all else, comments among it, left as it is.
 *
 * @module
 */

import { dirname } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { errorText, MemoryError } from "../../errors.ts";
import { makePrivateFile, makePrivateFolder } from "../../private_files.ts";
import type { Settings } from "./client.ts";
import { entryAt, type Format, FORMATS, isObject, withEntry, withoutEntry } from "./formats.ts";

/** What a file would become. */
export interface Edit {
  text: string;
  /** `replaced`: it has an entry of this name that says something else. */
  outcome: "added" | "replaced" | "unchanged";
}

/** At the beginning of files that some editors write. */
const BYTE_ORDER_MARK = "\ufeff";

/**
 * The text with the settings in it. What it says is read again: nothing but the entry is another.
 *
 * @param before The file's text; empty for a new one.
 * @throws {MemoryError} `conflict` for a text that can't be read, or can't be changed without touching something else,
 * which is therefore left alone.
 */
export function edited(before: string, settings: Exclude<Settings, { format: "text" }>, file: string): Edit {
  if (settings.format === "file") {
    const outcome = before === settings.text ? "unchanged" : before === "" ? "added" : "replaced";
    return { text: settings.text, outcome };
  }
  const { path, entry } = settings, format = FORMATS[settings.format];
  const there = entryAt(readText(before.replace(BYTE_ORDER_MARK, ""), format, file), path);
  if (isDeepStrictEqual(plain(there), plain(entry))) return { text: before, outcome: "unchanged" };
  const text = changed(before, format, path, entry, file);
  return { text, outcome: there === undefined ? "added" : "replaced" };
}

/**
 * The text of a JSON file with values at paths, or without those that are undefined; all else as it is.
 *
 * @throws {MemoryError} as `edited`.
 */
export function editedValues(
  before: string,
  values: readonly { path: string[]; value: unknown }[],
  file: string,
): string {
  return values.reduce((text, { path, value }) => changed(text, FORMATS.json, path, value, file), before);
}

/**
 * The text without an entry; as it is where it has none.
 *
 * @throws {MemoryError} as `edited`.
 */
export function editedWithout(before: string, format: keyof typeof FORMATS, path: string[], file: string): string {
  return before.trim() === "" ? before : changed(before, FORMATS[format], path, undefined, file);
}

function changed(before: string, format: Format, path: string[], value: unknown, file: string): string {
  const mark = before.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK : "", text = before.slice(mark.length);
  const found = readText(text, format, file);
  if (isDeepStrictEqual(plain(entryAt(found, path)), plain(value))) return before;
  const ways = value === undefined ? [format.without] : format.ways;
  for (const way of ways) {
    try {
      const wanted = plain(value === undefined ? withoutEntry(found, path) : withEntry(found, path, value));
      const after = way(text, path, value);
      if (isDeepStrictEqual(plain(format.read(after)), wanted)) return mark + after;
    } catch { /* the next way may do */ }
  }
  throw new MemoryError(
    "conflict",
    `Cannot change "${file}" without touching something else in it: change ${path.join(".")} by hand`,
    { value: file },
  );
}

function readText(text: string, format: Format, file: string): Record<string, unknown> {
  let reason = "it holds no object", found: unknown;
  try {
    found = format.read(text);
  } catch (error) {
    reason = errorText(error).split("\n", 1)[0]!;
  }
  if (isObject(found)) return found;
  throw new MemoryError("conflict", `Cannot change "${file}": it is not ${format.name} that can be read: ${reason}`, {
    value: file,
  });
}

/** A value as what it says, whatever classes and prototypes its parser gives things. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return `${value}n`;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(plain);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]));
}

/** The file's text; empty where there is none. */
export async function readSettings(file: string): Promise<string> {
  try {
    return await Deno.readTextFile(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw new MemoryError("invalid_input", `Cannot read "${file}": ${errorText(error)}`, { value: file, cause: error });
  }
}

/** Removes a file in which nothing but what is ours stood. */
export async function removeSettings(file: string): Promise<void> {
  try {
    await Deno.remove(file);
  } catch (error) {
    throw new MemoryError("invalid_input", `Cannot remove "${file}": ${errorText(error)}`, {
      value: file,
      cause: error,
    });
  }
}

/**
 * Writes the file in one step, and keeps the old one beside it.
 *
 * @returns the copy's name; null for a new file.
 */
export async function writeSettings(file: string, text: string, now: Date): Promise<string | null> {
  try {
    makePrivateFolder(dirname(file));
    const there = await Deno.stat(file).catch(() => null);
    // A linked file stays linked.
    const target = there === null ? file : await Deno.realPath(file);
    let kept: string | null = null;
    if (there !== null) {
      kept = `${target}.${now.toISOString().replace(/[-:]|\.\d+/g, "")}.bak`;
      await Deno.copyFile(target, kept);
    }
    makePrivateFile(`${target}.part`); // it may hold a key
    await Deno.writeTextFile(`${target}.part`, text);
    if (there?.mode && Deno.build.os !== "windows") await Deno.chmod(`${target}.part`, there.mode & 0o777);
    await Deno.rename(`${target}.part`, target);
    return kept;
  } catch (error) {
    throw new MemoryError("invalid_input", `Cannot write "${file}": ${errorText(error)}`, {
      value: file,
      cause: error,
    });
  }
}
