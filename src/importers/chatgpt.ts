/**
 * The `conversations.json` of a ChatGPT data export. A conversation is a tree, because messages can be edited and
 * answers made again; the branch that was open last is imported.
 *
 * @module
 */

import type { Entry } from "../operations/moving/import.ts";
import { secondsOf } from "./importer.ts";
import { Conversation } from "./conversation.ts";
import { leftOut, readConversations } from "./turns.ts";
import { listOf, objectOf, textOf } from "./values.ts";

type Fields = Record<string, unknown>;

/** Parts of messages that are words of a person or an assistant. */
const WORDS = new Set(["text", "multimodal_text", "code"]);

/** Each message of each conversation's current branch, oldest first. */
export async function* readChatGpt(path: string): AsyncGenerator<Entry> {
  const { conversations, notes } = await readConversations(
    path,
    "ChatGPT",
    ({ mapping }) => objectOf(mapping) !== null,
  );
  yield* notes;
  for (const [index, item] of conversations.entries()) yield* conversation(objectOf(item), `Conversation ${index + 1}`);
}

function* conversation(item: Fields | null, place: string): Generator<Entry> {
  const mapping = objectOf(item?.mapping), id = textOf(item?.conversation_id) ?? textOf(item?.id);
  if (item === null || mapping === null || id === undefined) {
    yield { place, fault: "Cannot import it: it has no id or no messages under `mapping`" };
    return;
  }
  const branch = branchOf(mapping, textOf(item.current_node));
  const turns = new Conversation("chatgpt", id, secondsOf(item.create_time) ?? 0, { title: textOf(item.title) });
  for (const [position, node] of branch.entries()) {
    const message = objectOf(node.message), at = `${place}, message ${position + 1}`;
    if (message === null) continue; // the root has none
    const role = objectOf(message.author)?.role, metadata = objectOf(message.metadata);
    const reason = unwanted(message, role, metadata);
    const text = reason === null ? wordsOf(objectOf(message.content)) : "";
    if (reason !== null) yield leftOut(at, reason);
    else if (text.trim() === "") yield leftOut(at, "messages without text");
    else {
      yield turns.entryOf({
        place: at,
        id: textOf(message.id) ?? textOf(node.id) ?? `${id}:${position}`,
        role: role as "user" | "assistant",
        text,
        at: secondsOf(message.create_time),
        facts: { model: textOf(metadata?.model_slug) },
      });
    }
  }
  const others = Object.values(mapping).filter((node) => objectOf(objectOf(node)?.message)).length -
    branch.filter((node) => objectOf(node.message)).length;
  for (let i = 0; i < others; i++) yield leftOut(place, "messages of other branches");
}

/** Why a message is no turn of the conversation, or null. */
function unwanted(message: Fields, role: unknown, metadata: Fields | null): string | null {
  if (role !== "user" && role !== "assistant") return `messages of the role ${String(role ?? "(none)").slice(0, 40)}`;
  if (metadata?.is_visually_hidden_from_conversation === true) return "hidden messages";
  const recipient = textOf(message.recipient) ?? "all";
  if (recipient !== "all") return "calls of tools";
  const type = textOf(objectOf(message.content)?.content_type) ?? "text";
  return WORDS.has(type) ? null : `contents of the type ${type.slice(0, 40)}`;
}

function wordsOf(content: Fields | null): string {
  const parts = listOf(content?.parts).map((part) => typeof part === "string" ? part : textOf(objectOf(part)?.text));
  return [textOf(content?.text), ...parts].filter((part) => part !== undefined && part !== "").join("\n\n");
}

/** From the root to the current node or, without one, to the newest leaf. */
function branchOf(mapping: Fields, current: string | undefined): Fields[] {
  const nodeAt = (id: unknown) => typeof id === "string" && Object.hasOwn(mapping, id) ? objectOf(mapping[id]) : null;
  const branch: Fields[] = [], seen = new Set<Fields>();
  let node = nodeAt(current) ?? newestLeaf(mapping, nodeAt);
  while (node !== null && !seen.has(node)) {
    seen.add(node);
    branch.push(node);
    node = nodeAt(node.parent);
  }
  return branch.reverse();
}

function newestLeaf(mapping: Fields, nodeAt: (id: unknown) => Fields | null): Fields | null {
  const seen = new Set<Fields>();
  let node = Object.values(mapping).map(objectOf).find((node) => node !== null && nodeAt(node.parent) === null) ?? null;
  while (node !== null && !seen.has(node)) {
    seen.add(node);
    const next: Fields | null = nodeAt(listOf(node.children).at(-1));
    if (next === null) return node;
    node = next;
  }
  return node;
}
