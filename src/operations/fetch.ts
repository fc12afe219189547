/**
 * One memory by its key, with the turns around it.
 *
 * @module
 */

import type { MemoryView } from "../memory/schemas.ts";
import { type Surroundings, surroundings } from "./context.ts";
import { get, type HashInput } from "./get.ts";
import type { Runtime } from "./runtime.ts";

/** A memory and at most `context` turns on each side of it; null outside a conversation. */
export async function fetchMemory(
  runtime: Runtime,
  { content_hash, context }: HashInput & { context: number },
): Promise<{ memory: MemoryView; around: Surroundings | null }> {
  const memory = await get(runtime, { content_hash });
  const [around] = await surroundings(runtime, [memory], context);
  return { memory, around: around ?? null };
}
