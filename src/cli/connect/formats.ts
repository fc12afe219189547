/**
 * The formats of clients' settings: how each is read, and how an entry is put into a text of it with all else, comments
 * among it, left as it is.
 *
 * @module
 */

import { patch } from "@decimalturn/toml-patch";
import { parse as parseYaml } from "@std/yaml";
import {
  applyEdits,
  createScanner,
  findNodeAtLocation,
  modify,
  parse as parseJson,
  type ParseError,
  parseTree,
  printParseErrorCode,
  type SyntaxKind,
} from "jsonc-parser";
import { parse as parseToml, stringify as stringifyToml } from "smol-toml";
import { isMap, isScalar, parseDocument, stringify as stringifyYaml } from "yaml";

/** A format. */
export interface Format {
  name: string;
  /** Throws an `Error` that says where a text can't be read. An empty text reads as an empty object. */
  read(text: string): unknown;
  /** Ways of putting the entry in, the one whose text reads best first; one may throw, or damage the text. */
  ways: ((text: string, path: string[], entry: unknown) => string)[];
  /** Takes an entry out. */
  without: (text: string, path: string[]) => string;
}

/** jsonc-parser's kind of token; the enumeration has no values at run time. */
const COMMA: SyntaxKind.CommaToken = 5;

const json: Format = {
  name: "JSON",
  read: (text) => {
    if (text.trim() === "") return {};
    const errors: ParseError[] = [], value = parseJson(text, errors, { allowTrailingComma: true });
    const [fault] = errors;
    if (fault !== undefined) throw new Error(`${printParseErrorCode(fault.error)} at ${fault.offset}`);
    return value;
  },
  ways: [(before, path, entry) => {
    const text = before.trim() === "" ? "{}\n" : before, indented = /^([ \t]+)"/m.exec(text)?.[1];
    const formattingOptions = {
      insertSpaces: !indented?.startsWith("\t"),
      tabSize: indented?.length ?? 2,
      eol: lineEnd(text),
    };
    // Put first, for at the end it would come between the last entry and the comment behind it.
    return applyEdits(text, modify(text, path, entry, { formattingOptions, getInsertionIndex: () => 0 }));
  }],
  without: withoutMember,
};

/** Takes a member out with its comma and the lines that are empty then. jsonc-parser would take comments beside it too. */
function withoutMember(text: string, path: string[]): string {
  const root = parseTree(text, [], { allowTrailingComma: true }),
    member = root && findNodeAtLocation(root, path)?.parent;
  if (member?.parent?.children === undefined) return text;
  const siblings = member.parent.children, previous = siblings[siblings.indexOf(member) - 1];
  let start = member.offset;
  const end = start + member.length;
  const behind = commaAfter(text, end), before = previous && commaAfter(text, previous.offset + previous.length);
  const lineStart = text.lastIndexOf("\n", start - 1) + 1;
  let rest = behind === null ? text.slice(end) : text.slice(end, behind) + text.slice(behind + 1);
  if (text.slice(lineStart, start).trim() === "" && /^[ \t]*\r?\n/.test(rest)) {
    rest = rest.slice(rest.indexOf("\n") + 1);
    start = lineStart;
  } else rest = rest.replace(/^ /, "");
  const kept = behind === null && before !== undefined && before !== null
    ? text.slice(0, before) + text.slice(before + 1, start)
    : text.slice(0, start);
  return kept + rest;
}

/** Where a comma comes next, but for blanks and comments; null where something else does. */
function commaAfter(text: string, offset: number): number | null {
  const scanner = createScanner(text, true);
  scanner.setPosition(offset);
  return scanner.scan() === COMMA ? scanner.getTokenOffset() : null;
}

/** Whole numbers beyond what JavaScript holds come as `bigint`. */
const readToml = (text: string): unknown => parseToml(text, { integersAsBigInt: "asNeeded" });

const toml: Format = {
  name: "TOML",
  read: readToml,
  ways: [
    // A section of its own, at the end: wherever it stands, it says which table it is.
    (before, path, entry) => {
      const end = lineEnd(before), section = tomlSection(path, entry).replaceAll("\n", end);
      const gap = before === "" || before.endsWith(end + end) ? "" : before.endsWith(end) ? end : end + end;
      return before + gap + section;
    },
    // Inline tables and entries that are there already. Commas behind the last member are of TOML 1.1, which few read.
    (before, path, entry) => patch(before, withEntry(readToml(before), path, entry), { trailingComma: false }),
  ],
  without: (before, path) => patch(before, withoutEntry(readToml(before), path), { trailingComma: false }),
};

const yaml: Format = {
  name: "YAML",
  read: (text) => text.trim() === "" ? {} : parseYaml(text) ?? {},
  ways: [insertIntoYaml, (before, path, entry) => {
    const document = parseDocument(before);
    // An empty `mcpServers:` is null, which takes no members.
    for (let depth = 0; depth < path.length; depth++) {
      const at = path.slice(0, depth);
      if ((document.getIn(at) ?? null) === null) document.setIn(at, document.createNode({}));
    }
    document.setIn(path, document.createNode(entry));
    return document.toString({ lineWidth: 0 }).replaceAll(/(?<!\r)\n/g, lineEnd(before));
  }],
  without: (before, path) => {
    const document = parseDocument(before);
    document.deleteIn(path);
    return document.toString({ lineWidth: 0 }).replaceAll(/(?<!\r)\n/g, lineEnd(before));
  },
};

/** Puts the entry before the first one of its block, or with the block at the end: all other lines stay as they are. */
function insertIntoYaml(before: string, path: string[], entry: unknown): string {
  const [root, name] = path, end = lineEnd(before), document = parseDocument(before);
  const block = document.get(root!), lines = (value: unknown) => stringifyYaml(value, { lineWidth: 0 }).trimEnd();
  if (block === undefined) {
    const gap = before === "" || before.endsWith("\n") ? "" : end;
    return before + gap + lines({ [root!]: { [name!]: entry } }).replaceAll("\n", end) + end;
  }
  const first = isMap(block) && !block.flow ? block.items[0]?.key : undefined;
  if (!isScalar(first) || !first.range) throw new Error("There is no block with entries");
  const start = before.lastIndexOf("\n", first.range[0]) + 1, indent = before.slice(start, first.range[0]);
  if (indent.trim() !== "") throw new Error("Something stands before the first entry");
  const inserted = lines({ [name!]: entry }).split("\n").map((line) => indent + line + end).join("");
  return before.slice(0, start) + inserted + before.slice(start);
}

/** By the name that settings have for them. */
export const FORMATS = { json, toml, yaml } as const;

const lineEnd = (text: string) => text.includes("\r\n") ? "\r\n" : "\n";

/** The entry as a section, with tables of its own inline. */
function tomlSection(path: string[], entry: unknown): string {
  if (!isObject(entry)) throw new Error("A section holds names with values");
  const name = path.map((part) => /^[\w-]+$/.test(part) ? part : JSON.stringify(part)).join(".");
  const lines = Object.entries(entry).map(([key, value]) => {
    const plain = typeof value !== "object" || value === null || Array.isArray(value);
    if (plain) return stringifyToml({ [key]: value }).trimEnd();
    const members = Object.entries(value).map((member) => stringifyToml(Object.fromEntries([member])).trimEnd());
    return `${key} = { ${members.join(", ")} }`;
  });
  return `[${name}]\n${lines.join("\n")}\n`;
}

/** A copy of an object with the entry at a path. Throws an `Error` where something else stands on the way. */
export function withEntry(whole: unknown, path: string[], entry: unknown): Record<string, unknown> {
  if (whole !== undefined && whole !== null && !isObject(whole)) throw new Error(`Something stands before ${path}`);
  const copy: Record<string, unknown> = isObject(whole) ? { ...whole } : {}, [name, ...rest] = path;
  copy[name!] = rest.length === 0 ? entry : withEntry(copy[name!], rest, entry);
  return copy;
}

/** A copy of an object without the entry at a path. */
export function withoutEntry(whole: unknown, path: string[]): Record<string, unknown> {
  const copy: Record<string, unknown> = isObject(whole) ? { ...whole } : {}, [name, ...rest] = path;
  if (rest.length === 0) delete copy[name!];
  else if (isObject(copy[name!])) copy[name!] = withoutEntry(copy[name!], rest);
  return copy;
}

/** What stands at a path; undefined where nothing does. */
export function entryAt(whole: unknown, path: string[]): unknown {
  return path.reduce((at: unknown, name) => isObject(at) ? at[name] : undefined, whole);
}

/** An object, not a list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
