/**
 * The spaces that a request names, by a path `/s/NAME/…` or the header `X-Unimem-Space`: the one that it writes to first,
 * and others that it reads too after commas.
 *
 * @module
 */

import { isSpaceName } from "../memory/space.ts";
import type { Caller } from "./caller.ts";
import { refuse } from "./refusal.ts";

/** Most spaces that a request reads. */
const MAX_CHOSEN = 32;
const HEADER = "x-unimem-space";

/** A path without the space it names. */
export interface SpacePath {
  /** The path after `/s/NAME`. */
  path: string;
  /** `/s/NAME`, or nothing. */
  prefix: string;
}

/**
 * Takes the space from the beginning of a path.
 *
 * @param base What the service's public address has after its host, such as `/memory`, where a proxy left it in the path.
 */
export function spacePath(path: string, base = ""): SpacePath {
  if (base !== "" && (path === base || path.startsWith(`${base}/`))) path = path.slice(base.length) || "/";
  if (!path.startsWith("/s/")) return { path, prefix: "" };
  const end = path.indexOf("/", 3);
  return end < 0 ? { path, prefix: "" } : { path: path.slice(end), prefix: path.slice(0, end) };
}

/** The caller with the spaces that a request names; the answer 404 where it can't see one of them. */
export function withChosenSpaces(caller: Caller, request: Request, prefix: string): Caller | Response {
  const header = request.headers.get(HEADER)?.trim() || undefined;
  const named = prefix === "" ? undefined : namesIn(prefix.slice(3));
  if (header === undefined && named === undefined) return caller;
  const chosen = named ?? namesIn(header!);
  if (named !== undefined && header !== undefined && namesIn(header).join() !== named.join()) {
    return refuse(400, `Cannot tell which space is meant: the path names ${shown(named)}, ${HEADER} another one`);
  }
  return choose(caller, chosen) ?? refuse(404, `Cannot find space ${shown(chosen)}`);
}

/** The caller with the first of these spaces to write to, and all of them to read; null where it can't see one. */
export function choose(caller: Caller, names: readonly string[]): Caller | null {
  const read = [...new Set(names)], [write] = read;
  if (write === undefined || read.length > MAX_CHOSEN || !read.every(isSpaceName)) return null;
  if (caller.spaces !== "all" && !read.every((name) => caller.spaces.includes(name))) return null;
  const rights = caller.writes === "all" || caller.writes.includes(write) ? caller.rights : "read";
  return { ...caller, rights, scope: { write, read } };
}

/** Names separated by commas, also as a path has them. */
export function namesIn(text: string): string[] {
  try {
    return decodeURIComponent(text).split(",").map((name) => name.trim());
  } catch {
    return [""]; // no name of a space
  }
}

function shown(names: readonly string[]): string {
  return JSON.stringify(names.join(",").slice(0, 200).toWellFormed());
}
