/**
 * Hooks in clients' files: shown, put in, and taken out again.
 *
 * @module
 */

import { MemoryError } from "../../errors.ts";
import { HOOK_CLIENTS } from "../../hooks/event.ts";
import { type ClientContext, dataFolderOf } from "../context.ts";
import { editedValues, readSettings, removeSettings, writeSettings } from "./edit.ts";
import { FORMATS } from "./formats.ts";
import { CLIENT_HOOKS, type HookEntries, type HookFile, hookWords, isLeftEmpty, withHooks } from "./hooks.ts";

/** What the client's file of hooks would become. */
export interface HookPlan {
  file: string;
  before: string;
  /** Null where nothing would be left of it. */
  text: string | null;
  note: string | null;
}

/** What was done to it. */
export interface HookOutcome {
  file: string;
  outcome: "unchanged" | "changed";
  /** The copy of the file as it was; null without one. */
  kept: string | null;
  lines: string[];
}

/**
 * Plans to set a client's hooks up, or to take them out.
 *
 * @throws {MemoryError} `invalid_input` for a client without hooks, `conflict` for a file that is to be left alone.
 */
export async function planHooks(
  context: ClientContext,
  id: string,
  { user }: { user?: boolean },
  removes: boolean,
): Promise<HookPlan> {
  const client = HOOK_CLIENTS.find((name) => name === id);
  if (client === undefined) {
    throw new MemoryError(
      "invalid_input",
      `Cannot set hooks of ${id}: only ${HOOK_CLIENTS.join(", ")} have some that are known; for other clients ` +
        "connect agents-md gives instructions that agents follow",
    );
  }
  const hooks = CLIENT_HOOKS[client], { place } = context;
  const file = (user ? hooks.userFile ?? hooks.file : hooks.file)(place), before = await readSettings(file);
  const words = removes ? null : hookWords(client, dataFolderOf(context), place.packaged ? place.launcher : null);
  const text = "text" in hooks ? ownFile(before, hooks, words, file) : entriesIn(before, hooks, words, file, place);
  return { file, before, text, note: removes ? null : hooks.note };
}

/** The text of a file that is all ours. */
function ownFile(before: string, { text, mark }: HookFile, words: readonly string[] | null, file: string) {
  if (before !== "" && !before.startsWith(mark)) {
    throw new MemoryError("conflict", `Cannot change "${file}": it was not made by connect`, { value: file });
  }
  return words === null ? before === "" ? "" : null : text(words);
}

/** The text of a file that others write to as well. */
function entriesIn(
  before: string,
  hooks: HookEntries,
  words: readonly string[] | null,
  file: string,
  place: ClientContext["place"],
): string | null {
  const read = (text: string): unknown => {
    try {
      return FORMATS.json.read(text.replace("\ufeff", ""));
    } catch {
      return {}; // what is wrong with it is reported by the edit
    }
  };
  const changes = withHooks(read(before), hooks, words, place);
  const text = editedValues(before, changes, file);
  return words === null && changes.length > 0 && isLeftEmpty(read(text), hooks) ? null : text;
}

/** Does what was planned. */
export async function carryOut({ file, before, text, note }: HookPlan): Promise<HookOutcome> {
  if (text === null) {
    await removeSettings(file);
    return { file, outcome: "changed", kept: null, lines: [`Removed ${file}, in which nothing else stood`] };
  }
  const kept = text === before ? null : await writeSettings(file, text, new Date());
  return {
    file,
    outcome: text === before ? "unchanged" : "changed",
    kept,
    lines: [
      text === before ? `${file} says so already` : `Wrote ${file}`,
      ...kept === null ? [] : [`The old file is ${kept}`],
      ...note === null ? [] : [note],
    ],
  };
}
