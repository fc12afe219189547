/**
 * The conversations that memories are turns of, last spoken in first.
 *
 * @module
 */

import { z } from "zod";
import { Instant } from "../memory/schemas.ts";
import type { Runtime } from "./runtime.ts";

/** Memories read in one step, and in one call. A call that finds too few conversations says where to go on. */
const STEP = 500, MOST_READ = 5000;
/** Conversations whose turns are counted at the same time. */
const AT_ONCE = 8;
/** Chunks of documents are kept as turns of a conversation each; those are no dialogues. */
const DOCUMENT = "document:";
const MAX_OPENING = 300, MAX_TAGS = 8;

export const ConversationsInput = z.object({
  limit: z.int().min(1).max(100).default(20).describe("Conversations to list, 1 to 100."),
  created_before: Instant.nullish().describe("Only conversations whose last turn came before this time."),
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
  })),
  next_before: z.number().nullable().describe("Pass as created_before to list older ones; null at the end."),
});
export type ConversationsOutput = z.infer<typeof ConversationsOutput>;

/** Conversations by their last turn, each once whatever the page. */
export async function conversations(runtime: Runtime, input: ConversationsInput): Promise<ConversationsOutput> {
  const { limit } = input, from = input.created_before ?? null, found = new Set<string>();
  let before = from, read = 0, ended = false;
  while (!ended && found.size < limit && read < MOST_READ) {
    const filter = { superseded: false, ...before === null ? {} : { created_before: before } };
    const { memories } = await runtime.storage.list({ filter, offset: 0, limit: STEP });
    read += memories.length;
    ended = memories.length < STEP;
    for (const { conversation_id, created_at } of memories) {
      if (found.size === limit) {
        ended = false;
        break;
      }
      before = created_at;
      if (conversation_id !== null && !conversation_id.startsWith(DOCUMENT)) found.add(conversation_id);
    }
  }
  const described = await inGroups([...found], AT_ONCE, (id) => describe(runtime, id, from));
  return { conversations: described.filter((one) => one !== null), next_before: ended ? null : before };
}

/** A conversation; null for one that belongs to an earlier page, since it goes on at `from` or later. */
async function describe(runtime: Runtime, conversation_id: string, from: number | null) {
  const filter = { conversation_id, superseded: false };
  const [{ memories: [first], total }, { memories: [last] }] = await Promise.all([
    runtime.storage.list({ filter, offset: 0, limit: 1, order: "oldest" }),
    runtime.storage.list({ filter, offset: 0, limit: 1 }),
  ]);
  if (first === undefined || last === undefined || from !== null && last.created_at >= from) return null;
  return {
    conversation_id,
    turns: total,
    first_at: first.created_at,
    last_at: last.created_at,
    opening: first.content.slice(0, MAX_OPENING).toWellFormed(),
    tags: first.tags.slice(0, MAX_TAGS),
  };
}

async function inGroups<T, R>(items: T[], size: number, run: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += size) {
    results.push(...await Promise.all(items.slice(at, at + size).map(run)));
  }
  return results;
}
