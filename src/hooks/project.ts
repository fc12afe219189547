/**
 * Which space a project's memories belong to: that of its repository, by the address it is fetched from, or else by its
 * folder; or the one that the user chose. Nothing in the repository's own files counts.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { type HookFolder, infoOf, readText } from "./folder.ts";

/** A project. */
export interface Project {
  /** Address of the repository without user and protocol, or the folder's path. */
  key: string;
  /** Name of the space. */
  space: string;
}

/** Longest name taken from a project; a name that is cut gets a part of the key's hash. */
const MAX_NAME = 40;
/** Most folders above one that are looked at. */
const MAX_DEPTH = 64;

/** The project that a folder belongs to. @param chosen Spaces by project's key, as the user chose them. */
export function projectOf(folder: string, chosen: Readonly<Record<string, string>> = {}): Project {
  const root = repositoryOf(folder), key = (root && addressIn(root)) ?? root ?? resolve(folder);
  return { key, space: Object.hasOwn(chosen, key) ? chosen[key]! : spaceOf(key) };
}

/** A name for a project that is the same on every machine that has it, as far as its key is. */
function spaceOf(key: string): string {
  const name = basename(key).toLowerCase().replace(/\.git$/, "").replaceAll(/[^a-z0-9._-]+/g, "-")
    .replaceAll(/^[-.]+|[-.]+$/g, "").slice(0, MAX_NAME);
  const hash = createHash("sha256").update(key).digest("hex").slice(0, 8);
  return [name, hash].filter((part) => part !== "").join("-");
}

/** The folder that holds `.git`, at or above a folder; null without one. */
function repositoryOf(folder: string): string | null {
  let at = resolve(folder);
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    if (infoOf(join(at, ".git")) !== null) return at;
    if (dirname(at) === at) return null;
    at = dirname(at);
  }
  return null;
}

/** Where a repository is fetched from: `github.com/owner/name`; null where it says nothing. */
function addressIn(root: string): string | null {
  const config = readText(join(gitFolder(root), "config"));
  if (config === null) return null;
  let inOrigin = false;
  for (const line of config.split("\n", 10_000).map((text) => text.trim())) {
    if (line.startsWith("[")) inOrigin = line === '[remote "origin"]';
    else if (inOrigin && line.startsWith("url")) return plainAddress(line.slice(line.indexOf("=") + 1).trim());
  }
  return null;
}

/** The folder of a repository's settings. Of a worktree it is that of the repository it belongs to. */
function gitFolder(root: string): string {
  const own = join(root, ".git"), pointer = readText(own);
  if (pointer === null || !pointer.startsWith("gitdir:")) return own;
  const named = pointer.slice("gitdir:".length).trim(), folder = isAbsolute(named) ? named : resolve(root, named);
  const common = readText(join(folder, "commondir"))?.trim();
  return common === undefined ? folder : resolve(folder, common);
}

/** An address without what differs between those who fetch from it. */
function plainAddress(url: string): string | null {
  const scp = /^(?:[\w.-]{1,100}@)?([\w.-]{1,200}):(?!\/)(.{1,500})$/.exec(url);
  const text = scp ? `${scp[1]}/${scp[2]}` : url.replace(/^[a-z+]{1,20}:\/\/(?:[^@/]{0,200}@)?/i, "");
  return text.replace(/(?<!\/)\/{1,10}$/, "").replace(/\.git$/, "") || null;
}

/** Chosen spaces, by project's key. */
export function chosenSpaces({ path }: HookFolder): Record<string, string> {
  try {
    const found: unknown = JSON.parse(readText(join(path, "projects.json")) ?? "{}");
    return Object.fromEntries(Object.entries(found ?? {}).filter(([, space]) => typeof space === "string"));
  } catch {
    return {};
  }
}

/** Remembers the space that the user chose for a project; forgets it where that is null. */
export function chooseSpace(folder: HookFolder, key: string, space: string | null): void {
  const { [key]: _, ...others } = chosenSpaces(folder);
  folder.write("projects.json", JSON.stringify(space === null ? others : { ...others, [key]: space }));
}
