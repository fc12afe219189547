/**
 * Deleting memories: to the trash, unless it is off or the caller wants them gone at once.
 *
 * @module
 */

import { z } from "zod";
import { MemoryKey } from "../memory/schemas.ts";
import type { Queued } from "../storage/contract/memories.ts";
import { deletedEvents } from "./event_types.ts";
import { notFound } from "./get.ts";
import { fullKey } from "./keys.ts";
import { inGroups } from "./matching.ts";
import { MAY_QUEUE, WHEN_BACK } from "./outbox.ts";
import type { Runtime } from "./runtime.ts";
import { trashedUntil } from "./trash.ts";

/** Whether to leave nothing behind. */
export const Permanent = z.boolean().default(false)
  .describe("Delete for good at once, past the trash.");

export const DeleteInput = z.object({ content_hash: MemoryKey, permanent: Permanent });
export type DeleteInput = z.input<typeof DeleteInput>;

export const DeleteOutput = z.object({
  success: z.boolean(),
  message: z.string(),
  content_hash: z.string(),
  restorable_until: z.number().nullable().optional()
    .describe("Unix seconds until which the trash keeps it; null when it is gone for good."),
  queued: z.boolean().optional().describe("True when the store is away: the deletion waits in the outbox."),
});
export type DeleteOutput = z.infer<typeof DeleteOutput>;

/**
 * Deletes the memory under a content_hash.
 *
 * @throws {MemoryError} `not_found`; `conflict` for a short key of several memories.
 */
export async function deleteMemory(runtime: Runtime, input: DeleteInput): Promise<DeleteOutput> {
  const { permanent = false } = input, content_hash = await fullKey(runtime, input.content_hash);
  const [deleted] = await remove(runtime, [content_hash], { permanent, reason: "deleted", mayQueue: true });
  if (!deleted) throw notFound("delete", content_hash);
  const isKept = !permanent && runtime.settings.trashDays > 0;
  return {
    success: true,
    message: deleted === "queued" ? `Deletion queued: ${WHEN_BACK}` : "Memory deleted successfully",
    content_hash,
    restorable_until: isKept ? trashedUntil(runtime, Date.now() / 1000) : null,
    ...(deleted === "queued" ? { queued: true } : {}),
  };
}

/** Deletes memories as every surface does it; for each, whether it was there, or whether that will show later. */
export async function remove(
  runtime: Runtime,
  hashes: readonly string[],
  { permanent, reason, mayQueue = false }: { permanent: boolean; reason: string; mayQueue?: boolean },
): Promise<(boolean | Queued)[]> {
  const { storage } = runtime, forGood = permanent || runtime.settings.trashDays === 0;
  const removed: (boolean | Queued)[] = [];
  for await (const group of inGroups(hashes)) {
    const trashing = { at: Date.now() / 1000, reason };
    removed.push(
      ...await (mayQueue
        ? forGood ? storage.delete(group, MAY_QUEUE) : storage.trash(group, trashing, MAY_QUEUE)
        : forGood
        ? storage.delete(group)
        : storage.trash(group, trashing)),
    );
  }
  const gone = hashes.filter((_, i) => removed[i] === true);
  runtime.events.publish(...deletedEvents(gone));
  runtime.activity.changed(forGood ? "delete" : "trash", gone, reason);
  return removed;
}
