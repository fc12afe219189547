/**
 * Deleting one memory.
 *
 * @module
 */

import { z } from "zod";
import { deletedEvents } from "./event_types.ts";
import { type HashInput, notFound } from "./get.ts";
import type { Runtime } from "./runtime.ts";

export { HashInput as DeleteInput } from "./get.ts";

export const DeleteOutput = z.object({
  success: z.boolean(),
  message: z.string(),
  content_hash: z.string(),
});
export type DeleteOutput = z.infer<typeof DeleteOutput>;

/**
 * Deletes the memory under a content_hash.
 *
 * @throws {MemoryError} `not_found`.
 */
export async function deleteMemory(runtime: Runtime, input: HashInput): Promise<DeleteOutput> {
  const [deleted] = await runtime.storage.delete([input.content_hash]);
  if (!deleted) throw notFound("delete", input.content_hash);
  runtime.events.publish(...deletedEvents([input.content_hash]));
  return { success: true, message: "Memory deleted successfully", content_hash: input.content_hash };
}
