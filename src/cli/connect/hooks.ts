/**
 * Hooks in the settings of clients that have some: our commands beside those of others.
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

/** How a client takes hooks. */
export interface HookSettings {
  file: (place: Place) => string;
  userFile?: (place: Place) => string;
  /** The client's names of the events that are used. */
  events: readonly string[];
  /** An entry of an event's list. */
  entry: (command: string) => Record<string, unknown>;
  /** What else must stand in the file. */
  fixed: Record<string, unknown>;
  /** What the user has to do besides. */
  note: string | null;
}

/** Seconds after which a client gives a hook up; hooks end by themselves long before. */
const TIMEOUT_S = 10;
const EVENTS = ["SessionStart", "UserPromptSubmit", "Stop", "PreCompact"] as const;

const nested = (command: string) => ({ hooks: [{ type: "command", command, timeout: TIMEOUT_S }] });

/** Clients whose hooks are set up, by the name that `connect` is given. */
export const CLIENT_HOOKS: Partial<Record<HookClient, HookSettings>> = {
  "claude-code": {
    file: (place) => inProject(place, ".claude", "settings.json"),
    userFile: (place) => inHome(place, ".claude", "settings.json"),
    events: [...EVENTS, "SessionEnd"],
    entry: nested,
    fixed: {},
    note: null,
  },
  codex: {
    file: (place) => inHome(place, ".codex", "hooks.json"),
    events: EVENTS,
    entry: nested,
    fixed: {},
    note: "Codex runs hooks where config.toml has codex_hooks = true under [features]",
  },
  "gemini-cli": {
    file: (place) => inHome(place, ".gemini", "settings.json"),
    events: ["SessionStart", "BeforeAgent"],
    entry: (command) => ({ hooks: [{ type: "command", command, timeout: TIMEOUT_S * 1000 }] }),
    fixed: {},
    note: "Sessions of Gemini CLI are not captured yet; memories are recalled",
  },
};

/**
 * The command that a client's hook runs.
 *
 * @param dataFolder Folder of the store.
 * @param launcher Words that start a packaged program, whose modules Deno can't run by themselves; null in a checkout.
 */
export function hookCommand(client: HookClient, dataFolder: string, launcher: readonly string[] | null): string {
  const own = ["--client", client, "--data", dataFolder];
  if (launcher !== null) return shell([...launcher, "hook", "run", "--client", client]);
  // Named as a module and not as the folder above, all of which would be embedded in executables.
  const main = fileURLToPath(new URL("../../hooks/main.ts", import.meta.url)), root = join(main, "..", "..", "..");
  return shell([
    ...[Deno.execPath(), "run", "--quiet", "--no-prompt", "--cached-only", "--config", join(root, "deno.json")],
    ...["--allow-net", "--allow-env", "--allow-read", `--allow-write=${dataFolder}`],
    main,
    ...own,
  ]);
}

/** The lists of the file's events with our entry in each, in place of an earlier one; without it where `command` is null. */
export function withHooks(
  found: unknown,
  { events, entry }: HookSettings,
  command: string | null,
): { path: string[]; value: unknown[] }[] {
  return events.map((event) => {
    const path = ["hooks", event], before = entryAt(found, path), list = Array.isArray(before) ? before : [];
    const others = list.filter((each) => !isOurs(each));
    return { path, value: command === null ? others : [...others, entry(command)] };
  }).filter(({ path, value }) => !isDeepStrictEqual(entryAt(found, path) ?? [], value));
}

/** Whether an entry runs our hook. */
function isOurs(entry: unknown): boolean {
  const hooks = isObject(entry) && Array.isArray(entry.hooks) ? entry.hooks : [entry];
  return hooks.some((hook) =>
    isObject(hook) && typeof hook.command === "string" &&
    (/src[\\/]hooks[\\/]main\.ts/.test(hook.command) || hook.command.includes(" hook run --client "))
  );
}

function shell(words: string[]): string {
  return words.map((word) => /^[\w@%+=:,./\\-]+$/.test(word) ? word : `"${word.replaceAll(/(["$`\\])/g, "\\$1")}"`)
    .join(" ");
}
