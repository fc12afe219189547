/**
 * Changing a client's settings file: one entry, with all else, comments among it, left as it is.
 *
 * @module
 */

import { dirname } from "node:path";
import { applyEdits, modify, parse, type ParseError, printParseErrorCode } from "jsonc-parser";
import { errorText, MemoryError } from "../../errors.ts";
import { makePrivateFile, makePrivateFolder } from "../../private_files.ts";
import type { Settings } from "./clients.ts";

/** What a file would become. */
export interface Edit {
  text: string;
  /** `replaced`: it has an entry of this name that says something else. */
  outcome: "added" | "replaced" | "unchanged";
}

/**
 * The text with the settings in it.
 *
 * @param before The file's text; empty for a new one.
 * @throws {MemoryError} `conflict` for a text that can't be read, which is therefore left alone.
 */
export function edited(before: string, settings: Settings, file: string): Edit {
  if (settings.format === "json") return editedJson(before, settings.path, settings.entry, file);
  if (settings.format === "toml") return editedToml(before, settings.section, settings.text);
  const outcome = before === settings.text ? "unchanged" : before === "" ? "added" : "replaced";
  return { text: settings.text, outcome };
}

function editedJson(before: string, path: string[], entry: Record<string, unknown>, file: string): Edit {
  const text = before.trim() === "" ? "{}\n" : before, errors: ParseError[] = [];
  let found = parse(text, errors, { allowTrailingComma: true });
  const [fault] = errors;
  if (fault !== undefined || !isObject(found)) {
    const reason = fault === undefined
      ? "it holds no object"
      : `${printParseErrorCode(fault.error)} at ${fault.offset}`;
    throw new MemoryError("conflict", `Cannot change "${file}": it is not JSON that can be read: ${reason}`, {
      value: file,
    });
  }
  for (const name of path) found = isObject(found) ? found[name] : undefined;
  if (JSON.stringify(found) === JSON.stringify(entry)) return { text: before, outcome: "unchanged" };
  const indented = /^([ \t]+)"/m.exec(text)?.[1];
  const formattingOptions = { insertSpaces: !indented?.startsWith("\t"), tabSize: indented?.length ?? 2, eol: "\n" };
  return {
    // Put first, for at the end it would come between the last entry and the comment behind it.
    text: applyEdits(text, modify(text, path, entry, { formattingOptions, getInsertionIndex: () => 0 })),
    outcome: found === undefined ? "added" : "replaced",
  };
}

/** Sections end where the next one begins; tables below this one belong to it. */
function editedToml(before: string, section: string, body: string): Edit {
  const block = `[${section}]\n${body}\n`, lines = before.split("\n");
  const header = (line: string) => /^\s*\[\[?\s*([^\]]+?)\s*\]/.exec(line)?.[1]?.replaceAll(/["'\s]/g, "");
  const start = lines.findIndex((line) => header(line) === section);
  if (start < 0) {
    const gap = before === "" || before.endsWith("\n\n") ? "" : before.endsWith("\n") ? "\n" : "\n\n";
    return { text: before + gap + block, outcome: "added" };
  }
  let end = start + 1;
  for (; end < lines.length; end++) {
    const name = header(lines[end]!);
    if (name !== undefined && !name.startsWith(`${section}.`)) break;
  }
  const old = lines.slice(start, end).join("\n").trim();
  if (old === block.trim()) return { text: before, outcome: "unchanged" };
  const rest = lines.slice(end).join("\n");
  return { text: [...lines.slice(0, start), block + (rest === "" ? "" : `\n${rest}`)].join("\n"), outcome: "replaced" };
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

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
