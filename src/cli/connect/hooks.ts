/**
 * Hooks of the clients that have some: where each keeps them, what is put there, and what comes of it.
 *
 * @module
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import type { HookClient } from "../../hooks/event.ts";
import type { Place } from "../context.ts";
import { inHome, inProject } from "./client.ts";
import { entryAt, isObject } from "./formats.ts";
import { opencodePlugin, PLUGIN_MARK } from "./opencode_plugin.ts";

/** Where hooks are set up and what they do. */
interface HookPlace {
  file: (place: Place) => string;
  userFile?: (place: Place) => string;
  /** What the user has to do or to know besides. */
  note: string | null;
  /** What is done: at the session's start, at each prompt, and with what was said. */
  briefing: boolean;
  recall: boolean;
  capture: boolean;
  /** The page that says so, as it was read on `CHECKED`. */
  source: string;
}

/** Hooks as entries in lists, one for each event. */
export interface HookEntries extends HookPlace {
  /** The client's names of the events that are used. */
  events: readonly string[];
  /** An entry of an event's list. */
  entry: (words: readonly string[], event: string, place: Place) => Record<string, unknown>;
  /** What else stands in a new file. */
  fixed: Record<string, unknown>;
}

/** Hooks as a file of their own. */
export interface HookFile extends HookPlace {
  text: (words: readonly string[]) => string;
  /** What such a file begins with. */
  mark: string;
}

/** How a client takes hooks. */
export type HookSettings = HookEntries | HookFile;

/** Seconds after which a client gives a hook up; hooks end by themselves long before. */
const TIMEOUT_S = 10;
const EVENTS = ["SessionStart", "UserPromptSubmit", "Stop", "PreCompact"] as const;
const ALL = { briefing: true, recall: true, capture: true };

const nested = (words: readonly string[]) => ({
  hooks: [{ type: "command", command: shell(words), timeout: TIMEOUT_S }],
});

/** Clients whose hooks are set up, by the name that `connect` is given. */
export const CLIENT_HOOKS: Readonly<Record<HookClient, HookSettings>> = {
  "claude-code": {
    file: (place) => inProject(place, ".claude", "settings.json"),
    userFile: (place) => inHome(place, ".claude", "settings.json"),
    events: [...EVENTS, "SessionEnd"],
    entry: nested,
    fixed: {},
    note: null,
    ...ALL,
    source: "https://code.claude.com/docs/en/hooks",
  },
  codex: {
    file: (place) => inHome(place, ".codex", "hooks.json"),
    events: EVENTS,
    entry: nested,
    fixed: {},
    note:
      "Codex runs new hooks once you have reviewed and trusted them; older versions want codex_hooks = true under " +
      "[features] in config.toml",
    ...ALL,
    source: "https://developers.openai.com/codex/hooks",
  },
  "gemini-cli": {
    file: (place) => inHome(place, ".gemini", "settings.json"),
    events: ["SessionStart", "BeforeAgent", "AfterAgent", "PreCompress", "SessionEnd"],
    entry: (words) => ({ hooks: [{ type: "command", command: shell(words), timeout: TIMEOUT_S * 1000 }] }),
    fixed: {},
    note: null,
    ...ALL,
    source: "https://geminicli.com/docs/hooks/reference",
  },
  cursor: {
    file: (place) => inHome(place, ".cursor", "hooks.json"),
    events: ["sessionStart", "stop", "preCompact", "sessionEnd"],
    entry: (words) => ({ command: shell(words), timeout: TIMEOUT_S }),
    fixed: { version: 1 },
    note:
      "Cursor takes no context with a prompt: it gets the briefing when a session starts, and sessions are captured",
    ...ALL,
    recall: false,
    source: "https://cursor.com/docs/agent/hooks",
  },
  "copilot-cli": {
    file: (place) => inHome(place, ".copilot", "hooks", "unimem.json"),
    events: ["sessionStart", "agentStop", "preCompact", "sessionEnd"],
    entry: (words, event, { os }) => ({
      type: "command",
      // Its input doesn't name the event.
      ...os === "windows" ? { powershell: `& ${powerShell([...words, event])}` } : { bash: shell([...words, event]) },
      timeoutSec: TIMEOUT_S,
    }),
    fixed: { version: 1 },
    note:
      "Copilot CLI takes no context with a prompt: it gets the briefing when a session starts, and sessions are captured",
    ...ALL,
    recall: false,
    source: "https://docs.github.com/en/copilot/reference/hooks-reference",
  },
  opencode: {
    file: (place) => inHome(place, ".config", "opencode", "plugins", "unimem.js"),
    text: opencodePlugin,
    mark: PLUGIN_MARK,
    note: "OpenCode has plugins in place of hooks; what opencode run says last is captured when its session goes on",
    ...ALL,
    source: "https://opencode.ai/docs/plugins/",
  },
};

/**
 * The words of the command that a client's hook runs.
 *
 * @param dataFolder Folder of the store.
 * @param launcher Words that start a packaged program, whose modules Deno can't run by themselves; null in a checkout.
 */
export function hookWords(client: HookClient, dataFolder: string, launcher: readonly string[] | null): string[] {
  if (launcher !== null) return [...launcher, "hook", "run", "--client", client];
  // Named as a module and not as the folder above, all of which would be embedded in executables.
  const main = fileURLToPath(new URL("../../hooks/main.ts", import.meta.url)), root = join(main, "..", "..", "..");
  return [
    ...[Deno.execPath(), "run", "--quiet", "--no-prompt", "--cached-only", "--config", join(root, "deno.json")],
    ...["--allow-net", "--allow-env", "--allow-read", `--allow-write=${dataFolder}`],
    ...[main, "--client", client, "--data", dataFolder],
  ];
}

/** The lists of the file's events with our entry in each, in place of an earlier one; without it where `words` is null. */
export function withHooks(
  found: unknown,
  { events, entry, fixed }: HookEntries,
  words: readonly string[] | null,
  place: Place,
): { path: string[]; value: unknown }[] {
  const lists = events.map((event) => {
    const path = ["hooks", event], before = entryAt(found, path), list = Array.isArray(before) ? before : [];
    const others = list.filter((each) => !isOurs(each));
    return { path, value: words === null ? others : [...others, entry(words, event, place)] };
  }).filter(({ path, value }) => !isDeepStrictEqual(entryAt(found, path) ?? [], value));
  if (words !== null) {
    // A file with hooks is one that its client takes as it is.
    const missing = entryAt(found, ["hooks"]) === undefined
      ? Object.entries(fixed).filter(([name]) => entryAt(found, [name]) === undefined)
      : [];
    return [...missing.map(([name, value]) => ({ path: [name], value })), ...lists];
  }
  // An event without entries needs no list, and a file without events no hooks.
  const kept = Object.keys(entryAt(found, ["hooks"]) ?? {}).length;
  const emptied = lists.filter(({ value }) => value.length === 0);
  if (emptied.length > 0 && emptied.length === kept) return [{ path: ["hooks"], value: undefined }];
  return lists.map(({ path, value }) => ({ path, value: value.length === 0 ? undefined : value }));
}

/** Whether a file that our hooks went out of says nothing more than what came with them. */
export function isLeftEmpty(found: unknown, { fixed }: HookEntries): boolean {
  return isObject(found) && Object.entries(found).every(([name, value]) => isDeepStrictEqual(fixed[name], value));
}

/** Whether an entry runs our hook. */
function isOurs(entry: unknown): boolean {
  const hooks = isObject(entry) && Array.isArray(entry.hooks) ? entry.hooks : [entry];
  return hooks.some((hook) =>
    isObject(hook) && [hook.command, hook.bash, hook.powershell].some((command) =>
      typeof command === "string" &&
      (/src[\\/]hooks[\\/]main\.ts/.test(command) || command.includes(" hook run --client "))
    )
  );
}

const PLAIN = /^[\w@%+=:,./\\-]+$/;

function shell(words: readonly string[]): string {
  return words.map((word) => PLAIN.test(word) ? word : `"${word.replaceAll(/(["$`\\])/g, "\\$1")}"`).join(" ");
}

function powerShell(words: readonly string[]): string {
  return words.map((word) => PLAIN.test(word) ? word : `'${word.replaceAll("'", "''")}'`).join(" ");
}
