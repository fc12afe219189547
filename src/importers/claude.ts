/**
 * The `conversations.json` of a Claude data export.
 *
 * @module
 */

import type { Entry } from "../operations/moving/import.ts";
import { secondsOf } from "./importer.ts";
import { Conversation } from "./conversation.ts";
import { leftOut, readConversations } from "./turns.ts";
import { listOf, objectOf, textOf } from "./values.ts";

/** Each message of each conversation, oldest first. */
export async function* readClaude(path: string): AsyncGenerator<Entry> {
  const { conversations, notes } = await readConversations(
    path,
    "Claude",
    ({ chat_messages }) => Array.isArray(chat_messages),
  );
  yield* notes;
  for (const [index, item] of conversations.entries()) {
    yield* conversation(objectOf(item), `Conversation ${index + 1}`);
  }
}

function* conversation(item: Record<string, unknown> | null, place: string): Generator<Entry> {
  const id = textOf(item?.uuid);
  if (item === null || id === undefined || !Array.isArray(item.chat_messages)) {
    yield { place, fault: "Cannot import it: it has no uuid or no chat_messages" };
    return;
  }
  const turns = new Conversation("claude", id, secondsOf(item.created_at) ?? 0, { title: textOf(item.name) });
  for (const [position, value] of item.chat_messages.entries()) {
    const message = objectOf(value), at = `${place}, message ${position + 1}`;
    if (message?.sender !== "human" && message?.sender !== "assistant") {
      yield leftOut(at, "messages of an unknown sender");
      continue;
    }
    const text = wordsOf(message);
    if (text === "") yield leftOut(at, "messages without text");
    else {
      yield turns.entryOf({
        place: at,
        id: textOf(message.uuid) ?? `${id}:${position}`,
        role: message.sender === "human" ? "user" : "assistant",
        text,
        at: secondsOf(message.created_at),
      });
    }
    for (const _ of [...listOf(message.attachments), ...listOf(message.files)]) yield leftOut(at, "attached files");
  }
}

/** The text blocks; older exports have one text beside or instead of them. */
function wordsOf(message: Record<string, unknown>): string {
  const blocks = listOf(message.content).map(objectOf).filter((block) => block?.type === "text");
  const text = blocks.map((block) => textOf(block?.text)).filter((part) => part !== undefined).join("\n\n");
  return text.trim() === "" ? (textOf(message.text) ?? "").trim() : text;
}
