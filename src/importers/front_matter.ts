/**
 * The block of YAML before a note, and the words in the note that stand for links and tags.
 *
 * @module
 */

import { parse } from "@std/yaml";
import { frontMatterOf } from "../documents/front_matter.ts";
import { errorText } from "../errors.ts";
import type { Json, Metadata } from "../memory/memory.ts";

/** Longest block that is read, in characters, and most values in it; aliases of YAML can make many of few. */
const LONGEST = 64 * 1024, MOST_VALUES = 5000;

/** A note taken apart. */
export interface Note {
  fields: Metadata;
  body: string;
  /** Why the block is no YAML, when it isn't one; it stays in the body then. */
  fault?: string;
}

/** Takes the front matter off a note. Dates in it stay the texts they were written as. */
export function splitNote(text: string): Note {
  const whole = text.startsWith("\ufeff") ? text.slice(1) : text;
  const block = frontMatterOf(whole);
  if (block === null) return { fields: {}, body: whole };
  if (block.end - block.start > LONGEST) {
    return { fields: {}, body: whole, fault: `Cannot read its front matter: it has over ${LONGEST} characters` };
  }
  try {
    const value = new Copy().of(parse(whole.slice(block.start, block.end), { schema: "core" }));
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    if (!isObject && value !== null) throw new Error("it is no mapping");
    return { fields: isObject ? value : {}, body: whole.slice(block.after) };
  } catch (error) {
    const reason = errorText(error).split("\n", 1)[0]!.slice(0, 120);
    return { fields: {}, body: whole, fault: `Cannot read its front matter: ${reason}` };
  }
}

/** Copies values of YAML as JSON, up to a number of them. */
class Copy {
  #left = MOST_VALUES;

  of(value: unknown): Json {
    if (--this.#left < 0) throw new Error(`it has over ${MOST_VALUES} values`);
    if (Array.isArray(value)) return value.map((item) => this.of(item));
    if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
    if (typeof value === "object" && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.of(item)]));
    }
    return typeof value === "string" || typeof value === "boolean" || value === null ? value : String(value);
  }
}

/** Tags as notes have them: a list, names between commas or blanks, with or without `#`; numbers count as names. */
export function noteTags(value: Json | undefined): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => typeof item === "object" ? [] : [nameIn(String(item))]);
  return value === undefined || value === null || typeof value === "object" ? [] : namesIn(String(value));
}

function namesIn(text: string): string[] {
  const names = text.includes(",") ? text.split(",") : text.includes("#") ? text.split(/\s/) : [text];
  return names.map(nameIn).filter((name) => name !== "");
}

function nameIn(text: string): string {
  return text.trim().replace(/^#/, "");
}

/** The markup in a note's text that has a meaning of its own. */
export interface Markings {
  /** Names of inline tags such as `#project/alpha`, without the `#`. */
  tags: string[];
  /** Targets of wiki links, without headings and shown names. */
  links: string[];
}

/** Reads tags and links outside of code. Linear in the text: each pattern is bounded by the line or the brackets. */
export function markingsOf(text: string): Markings {
  const tags = new Set<string>(), links = new Set<string>();
  let fence: string | null = null;
  for (const line of text.split("\n")) {
    const start = line.trimStart(), mark = start.startsWith("```") ? "```" : start.startsWith("~~~") ? "~~~" : null;
    if (mark !== null && (fence === null || fence === mark)) {
      fence = fence === null ? mark : null;
      continue;
    }
    if (fence !== null) continue;
    const words = line.includes("`") ? withoutCode(line) : line;
    for (const word of words.split(/[\s(]/)) {
      const tag = word.startsWith("#") ? tagIn(word) : null;
      if (tag !== null) tags.add(tag);
    }
    for (const link of linksIn(words)) links.add(link);
  }
  return { tags: [...tags], links: [...links] };
}

/** A tag has a letter in it, so that `#12` stays a number. */
function tagIn(word: string): string | null {
  const name = /^#([\p{L}\p{N}_/-]+)/u.exec(word)?.[1];
  return name !== undefined && /[\p{L}_]/u.test(name) ? withoutSlashes(name) : null;
}

/** Without slashes at the end. A pattern would look through a run of them once for each of its slashes. */
function withoutSlashes(name: string): string {
  let end = name.length;
  while (name[end - 1] === "/") end--;
  return name.slice(0, end);
}

/** Every second part between backticks is code. */
function withoutCode(line: string): string {
  const parts = line.split("`");
  return parts.filter((_, index) => index % 2 === 0 || index === parts.length - 1).join(" ");
}

function linksIn(line: string): string[] {
  const links: string[] = [];
  for (let at = line.indexOf("[["); at >= 0; at = line.indexOf("[[", at + 2)) {
    const end = line.indexOf("]]", at);
    if (end < 0) break;
    const inside = line.slice(line.lastIndexOf("[[", end) + 2, end);
    const target = inside.split("|", 1)[0]!.split("#", 1)[0]!.trim();
    if (target !== "") links.push(target);
    at = end;
  }
  return links;
}
