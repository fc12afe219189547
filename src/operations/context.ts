/**
 * The turns of a conversation around a memory.
 *
 * @module
 */

import { z } from "zod";
import { type MemoryView, viewOf } from "../memory/schemas.ts";
import type { Memory } from "../memory/memory.ts";
import type { Turn } from "../storage/contract/memories.ts";
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

/**
 * At most `count` turns before and after each memory; null for one outside a conversation. A turn that a newer memory
 * replaced is left out unless it is asked for: nothing beside it would say that it no longer holds.
 */
export async function surroundings(
  runtime: Runtime,
  memories: readonly Pick<MemoryView, "content_hash" | "conversation_id" | "created_at" | "space">[],
  count: number,
  includeSuperseded = false,
): Promise<(Surroundings | null)[]> {
  const turns = memories.map(({ content_hash, conversation_id, created_at, space }): Turn | null =>
    conversation_id === null || created_at === null || count === 0
      ? null
      : { content_hash, conversation_id, created_at, ...space === undefined ? {} : { space } }
  );
  const asked = turns.filter((turn) => turn !== null);
  const around = (asked.length === 0 ? [] : await runtime.storage.neighbours(asked, count)).values();
  return turns.map((turn) => {
    if (turn === null) return null;
    const { before, after } = around.next().value!;
    const shown = (turns: Memory[]) =>
      turns.filter(({ superseded }) => includeSuperseded || superseded === undefined).map(viewOf);
    return { before: shown(before), after: shown(after) };
  });
}
