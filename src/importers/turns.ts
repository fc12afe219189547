/**
 * Exports of conversations, as assistants make them.
 *
 * @module
 */

import { MemoryError } from "../errors.ts";
import { type Entry, parseJson } from "../operations/moving/import.ts";
import { readText } from "./text_file.ts";
import { listOf, objectOf } from "./values.ts";

/**
 * The list of conversations in a `conversations.json`, and notes on how the file was read.
 *
 * @param program Whose export it is, for messages.
 * @param isConversation Whether an item of the list is one of this program's conversations; at least one must be.
 * @throws {MemoryError} `invalid_input` for a file that isn't such an export.
 */
export async function readConversations(
  path: string,
  program: string,
  isConversation: (item: Record<string, unknown>) => boolean,
): Promise<{ conversations: unknown[]; notes: Entry[] }> {
  const { text, notes } = await readText(path), read = parseJson(text);
  if ("fault" in read) {
    throw new MemoryError("invalid_input", `Cannot import "${path}": ${read.fault}`, { value: path });
  }
  const conversations = listOf(objectOf(read.value)?.conversations ?? read.value);
  if (!conversations.map(objectOf).some((item) => item !== null && isConversation(item))) {
    throw new MemoryError("invalid_input", `Cannot import "${path}": it holds no conversations of ${program}`, {
      value: path,
    });
  }
  return { conversations, notes };
}

/** Something of the source that is no memory; `reason` completes "left out:". */
export function leftOut(place: string, reason: string): Entry {
  return { place, left: reason };
}
