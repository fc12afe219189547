/**
 * The turns of a conversation around a memory.
 *
 * @module
 */

import { z } from "zod";
import { type MemoryView, viewOf } from "../memory/schemas.ts";
import type { Runtime } from "./runtime.ts";

/** Most turns on each side. */
const MAX_CONTEXT = 10;

export const ContextTurns = z.int().min(0).max(MAX_CONTEXT)
  .describe("Turns of the same conversation to give before and after each result, 0 to 10.");

/** Turns around a memory, in the order they were said. */
export interface Surroundings {
  before: MemoryView[];
  after: MemoryView[];
}

/** At most `count` turns before and after each memory; null for one outside a conversation. */
export async function surroundings(
  runtime: Runtime,
  memories: readonly Pick<MemoryView, "content_hash" | "conversation_id" | "created_at">[],
  count: number,
): Promise<(Surroundings | null)[]> {
  return await Promise.all(memories.map(async ({ content_hash, conversation_id, created_at }) => {
    if (conversation_id === null || created_at === null || count === 0) return null;
    const filter = { conversation_id }, page = { offset: 0, limit: count + 1 };
    const [before, after] = await Promise.all([
      runtime.storage.list({ ...page, filter: { ...filter, created_before: created_at } }),
      runtime.storage.list({ ...page, filter: { ...filter, created_from: created_at }, order: "oldest" }),
    ]);
    const others = (turns: typeof before) =>
      turns.memories.filter((turn) => turn.content_hash !== content_hash).slice(0, count).map(viewOf);
    return { before: others(before).reverse(), after: others(after) };
  }));
}
