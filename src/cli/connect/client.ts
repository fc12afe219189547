/**
 * What `connect` knows of a client, and what it gives it.
 *
 * @module
 */

import { posix, win32 } from "node:path";
import type { Place } from "../context.ts";

/** How the service is reached. */
export type Server =
  /** `variable`: the variable that `key` refers to, where that isn't the key itself. */
  | { kind: "http"; url: string; key: string | null; variable?: string }
  | { kind: "stdio"; command: string; args: string[]; env: Record<string, string> };

/** What a client is given. */
export type Settings =
  /** An entry in a file of that format: `path` leads to it. */
  | { format: "json" | "toml" | "yaml"; path: string[]; entry: Record<string, unknown> }
  /** A file of its own. */
  | { format: "file"; text: string }
  /** What a person does or writes. */
  | { format: "text"; text: string };

/** A client. */
export interface Client {
  title: string;
  /** Its settings file; null where there is none that can be written without being named. */
  file: ((place: Place) => string) | null;
  /** The file for all projects of the user, where `file` is that of one project. */
  userFile?: (place: Place) => string;
  /** How its settings name a variable of the environment; null where they can't. */
  variable: ((name: string) => string) | null;
  /** Where the variable must be, if that isn't the client's environment. */
  variableIn?: string;
  /** Starts a command, and speaks to no URL. */
  stdioOnly?: boolean;
  /** Speaks to a URL, and starts no command. */
  httpOnly?: boolean;
  /** The page that says so, as it, or a copy of it, was read on `CHECKED`. */
  source: string;
  /** Whether the page couldn't be read that day: then it says what was known before. */
  unread?: true;
  settings(name: string, server: Server): Settings;
}

/** The day on which the pages were last read. */
export const CHECKED = "2026-11-27";

/** `${NAME}`, and `${env:NAME}`. */
export const braces = (name: string) => `\${${name}}`, envBraces = (name: string) => `\${env:${name}}`;

/** A path in the folder for settings of applications. */
export function inSettings(place: Place, ...names: string[]): string {
  if (place.os === "windows") {
    return win32.join(place.appData ?? win32.join(place.home, "AppData", "Roaming"), ...names);
  }
  return place.os === "darwin"
    ? posix.join(place.home, "Library", "Application Support", ...names)
    : posix.join(place.home, ".config", ...names);
}

/** A path in `~/.config`, on Windows in the folder for settings of applications. */
export function inConfig(place: Place, ...names: string[]): string {
  return place.os === "windows" ? inSettings(place, ...names) : posix.join(place.home, ".config", ...names);
}

/** A path in the user's home folder. */
export function inHome({ os, home }: Place, ...names: string[]): string {
  return (os === "windows" ? win32 : posix).join(home, ...names);
}

/** A path in the folder that the command was called in. */
export function inProject({ os, cwd }: Place, ...names: string[]): string {
  return (os === "windows" ? win32 : posix).join(cwd, ...names);
}

/** The member `headers` with the key; nothing without one. */
export const headersOf = (key: string | null) => key === null ? {} : { headers: { Authorization: `Bearer ${key}` } };

/** A command as nearly all clients write it. */
export const commandOf = ({ command, args, env }: Extract<Server, { kind: "stdio" }>) => ({
  command,
  args,
  ...Object.keys(env).length > 0 ? { env } : {},
});

/** How an entry differs from what most clients write. */
export interface EntryShape {
  /** What stands in every entry with a URL. */
  http?: Record<string, unknown>;
  /** What stands in every entry with a command. */
  stdio?: Record<string, unknown>;
}

/** An entry of the object at `root`; `url` is what the client calls the address. */
export function entryIn(root: string, url: string, { http = {}, stdio = {} }: EntryShape = {}): Client["settings"] {
  return (name, server) => ({
    format: "json",
    path: [root, name],
    entry: server.kind === "stdio"
      ? { ...stdio, ...commandOf(server) }
      : { ...http, [url]: server.url, ...headersOf(server.key) },
  });
}
