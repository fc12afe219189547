/**
 * The conversations that memories are turns of, last spoken in first.
 *
 * @module
 */

import { z } from "zod";
import { DOCUMENT_CONVERSATION } from "../memory/document_conversation.ts";
import type { Memory } from "../memory/memory.ts";
import { Instant } from "../memory/schemas.ts";
import type { Runtime } from "./runtime.ts";

/** Memories read in one step, and in one call. A call that finds too few conversations says where to go on. */
const STEP = 500, MOST_READ = 5000;
/** Conversations whose turns are counted at the same time. */
const AT_ONCE = 8;
const MAX_OPENING = 300, MAX_TAGS = 8, MAX_FACT = 256;

export const ConversationsInput = z.object({
  limit: z.int().min(1).max(100).default(20).describe("Conversations to list, 1 to 100."),
  created_before: Instant.nullish().describe("Only conversations whose last turn came before this time."),
  client: z.string().min(1).max(MAX_FACT).nullish().describe("Only conversations held in this program."),
  project: z.string().min(1).max(MAX_FACT).nullish().describe("Only conversations about this project."),
});
export type ConversationsInput = z.infer<typeof ConversationsInput>;

export const ConversationsOutput = z.object({
  conversations: z.array(z.object({
    conversation_id: z.string(),
    turns: z.int(),
    first_at: z.number().describe("When its first turn was created, in Unix seconds."),
    last_at: z.number().describe("When its last turn was created, in Unix seconds."),
    opening: z.string().describe(`The first ${MAX_OPENING} characters of its first turn.`),
    tags: z.array(z.string()).describe("Tags of its first turn."),
    client: z.string().nullable().describe(
      "The program it was held in, from the turns' metadata `client` or `source` or the program that stored them.",
    ),
    project: z.string().nullable().describe("What it was about, from the turns' metadata `project`: often a folder."),
    model: z.string().nullable().describe("The model that answered, from the turns' metadata `model`."),
    title: z.string().nullable().describe("From the turns' metadata `title`."),
  })),
  next_before: z.number().nullable().describe("Pass as created_before to list older ones; null at the end."),
});
export type ConversationsOutput = z.infer<typeof ConversationsOutput>;

/** Conversations by their last turn, each once whatever the page. */
export async function conversations(runtime: Runtime, input: ConversationsInput): Promise<ConversationsOutput> {
  const { limit, client, project } = input, from = input.created_before ?? null, found = new Set<string>();
  let before = from, read = 0, ended = false;
  while (!ended && found.size < limit && read < MOST_READ) {
    const filter = { superseded: false, ...before === null ? {} : { created_before: before } };
    const { memories } = await runtime.storage.list({ filter, offset: 0, limit: STEP });
    read += memories.length;
    ended = memories.length < STEP;
    for (const memory of memories) {
      const { conversation_id } = memory;
      if (found.size === limit) {
        ended = false;
        break;
      }
      before = memory.created_at;
      if (conversation_id === null || conversation_id.startsWith(DOCUMENT_CONVERSATION)) continue;
      if (client != null && clientOf(memory) !== client) continue;
      if (project != null && fact(memory, "project") !== project) continue;
      found.add(conversation_id);
    }
  }
  const described = await inGroups([...found], AT_ONCE, (id) => describe(runtime, id, from));
  return { conversations: described.filter((one) => one !== null), next_before: ended ? null : before };
}

/** A conversation; null for one that belongs to an earlier page, since it goes on at `from` or later. */
async function describe(runtime: Runtime, conversation_id: string, from: number | null) {
  const filter = { conversation_id, superseded: false };
  const [{ memories: firsts, total }, { memories: [last] }] = await Promise.all([
    // Who asks names no model; who answers does.
    runtime.storage.list({ filter, offset: 0, limit: 2, order: "oldest" }),
    runtime.storage.list({ filter, offset: 0, limit: 1 }),
  ]);
  const [first] = firsts;
  if (first === undefined || last === undefined || from !== null && last.created_at >= from) return null;
  const turns = [...firsts, last], among = (of: (turn: Memory) => string | null) => turns.map(of).find(Boolean) ?? null;
  return {
    conversation_id,
    turns: total,
    first_at: first.created_at,
    last_at: last.created_at,
    opening: first.content.slice(0, MAX_OPENING).toWellFormed(),
    tags: first.tags.slice(0, MAX_TAGS),
    client: among(clientOf),
    project: among((turn) => fact(turn, "project")),
    model: among((turn) => fact(turn, "model")),
    title: among((turn) => fact(turn, "title")),
  };
}

/** The program that a turn was said in. */
function clientOf(turn: Memory): string | null {
  return fact(turn, "client") ?? fact(turn, "source") ?? turn.writer?.client?.name ?? null;
}

/** What a turn's metadata says; null where that is no text. */
function fact({ metadata }: Memory, key: string): string | null {
  const value = Object.hasOwn(metadata, key) ? metadata[key] : null;
  return typeof value === "string" && value.trim() !== "" ? value.slice(0, MAX_FACT).toWellFormed() : null;
}

async function inGroups<T, R>(items: T[], size: number, run: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += size) {
    results.push(...await Promise.all(items.slice(at, at + size).map(run)));
  }
  return results;
}
