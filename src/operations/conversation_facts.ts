/**
 * What came of a conversation: memories that cite its turns.
 *
 * @module
 */

import { z } from "zod";
import { ConversationId, MemoryView, viewOf } from "../memory/schemas.ts";
import type { Relation } from "../storage/contract/relations.ts";
import { CITES } from "./candidates.ts";
import type { Runtime } from "./runtime.ts";

/** Turns read in one step, and in one call: more than anyone reads. */
const STEP = 500, MOST_READ = 10_000;

export const ConversationFactsInput = z.object({
  conversation_id: ConversationId,
  limit: z.int().min(1).max(200).default(50).describe("Most memories to answer with, 1 to 200."),
});
export type ConversationFactsInput = z.infer<typeof ConversationFactsInput>;

export const ConversationFactsOutput = z.object({
  facts: z.array(z.object({ turn: z.string().describe("content_hash of the turn it cites."), memory: MemoryView })),
  has_more: z.boolean().describe("Whether there are more than were asked for, or turns that were not looked at."),
});
export type ConversationFactsOutput = z.infer<typeof ConversationFactsOutput>;

/** The memories that cite turns of a conversation; replaced ones say so. */
export async function conversationFacts(
  { storage }: Runtime,
  { conversation_id, limit }: ConversationFactsInput,
): Promise<ConversationFactsOutput> {
  const cited: Relation[] = [];
  let read = 0, ended = false;
  while (!ended && read < MOST_READ && cited.length <= limit) {
    const { memories, total } = await storage.list({
      filter: { conversation_id },
      offset: read,
      limit: STEP,
      order: "oldest",
    });
    read += memories.length;
    ended = memories.length === 0 || read >= total;
    const places = new Map(memories.map(({ content_hash }, place) => [content_hash, place]));
    if (places.size === 0) break;
    // One more than asked for says that there are more.
    const found = await storage.relations({ hashes: [...places.keys()], types: [CITES], limit: limit + 1 });
    const within = found.filter(({ target }) => places.has(target));
    cited.push(...within.sort((a, b) => places.get(a.target)! - places.get(b.target)! || a.created_at - b.created_at));
  }
  const shown = cited.slice(0, limit), memories = await storage.getByHash(shown.map(({ source }) => source));
  return {
    facts: shown.flatMap(({ target }, i) => memories[i] ? [{ turn: target, memory: viewOf(memories[i]) }] : []),
    has_more: cited.length > limit || !ended,
  };
}
