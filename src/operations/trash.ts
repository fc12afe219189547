/**
 * The trash: what was deleted stays there for a while and comes back with one call.
 *
 * @module
 */

import { z } from "zod";
import { isoTime, MemoryKey, MemoryView, Page, PageSize, viewOf } from "../memory/schemas.ts";
import { TURN_TYPE } from "../memory/turn.ts";
import { storedEvents } from "./event_types.ts";
import { pageFacts } from "./filter.ts";
import { fullKeys } from "./keys.ts";
import { inGroups } from "./matching.ts";
import type { Runtime } from "./runtime.ts";

const DAY_SECONDS = 86_400;
/** Key of a restored turn's metadata: when it was restored, in Unix seconds. */
const RESTORED = "unimem_restored";
const IN_TRASH = { place: "trash", field: (index: number) => `content_hashes.${index}` } as const;

/** Unix seconds at which what is trashed now is deleted for good. */
export function trashedUntil(runtime: Runtime, deletedAt: number): number {
  return deletedAt + runtime.settings.trashDays * DAY_SECONDS;
}

export const TrashInput = z.object({ page: Page, page_size: PageSize });
export type TrashInput = z.infer<typeof TrashInput>;

export const TrashOutput = z.object({
  items: z.array(z.object({
    memory: MemoryView,
    deleted_at: z.number(),
    deleted_at_iso: z.string(),
    reason: z.string().describe("How it came here, such as deleted or merged into another memory."),
    kept_until_iso: z.string().describe("When it is deleted for good."),
  })),
  total: z.int(),
  page: z.int(),
  page_size: z.int(),
  has_more: z.boolean(),
  total_pages: z.int(),
});
export type TrashOutput = z.infer<typeof TrashOutput>;

/** A page of the trash, last deleted first. */
export async function trash(runtime: Runtime, { page, page_size }: TrashInput): Promise<TrashOutput> {
  const { items, total } = await runtime.storage.listTrash({ offset: (page - 1) * page_size, limit: page_size });
  return {
    items: items.map(({ memory, deleted_at, reason }) => ({
      memory: viewOf(memory),
      deleted_at,
      deleted_at_iso: isoTime(deleted_at),
      reason,
      kept_until_iso: isoTime(trashedUntil(runtime, deleted_at)),
    })),
    ...pageFacts(total, page, page_size),
  };
}

export const RestoreInput = z.object({
  content_hashes: z.array(MemoryKey).min(1).max(1000).describe("Memories to take back from the trash."),
});
export type RestoreInput = z.infer<typeof RestoreInput>;

export const RestoreOutput = z.object({
  success: z.boolean().describe("Whether all of them were in the trash."),
  message: z.string(),
  restored: z.array(z.string()),
  not_found: z.array(z.string()).describe("Keys the trash doesn't hold, or holds no longer."),
});
export type RestoreOutput = z.infer<typeof RestoreOutput>;

/** Takes memories back from the trash with all they had. */
export async function restore(runtime: Runtime, input: RestoreInput): Promise<RestoreOutput> {
  const hashes = [...new Set(await fullKeys(runtime, input.content_hashes, IN_TRASH))];
  const found: boolean[] = [];
  for await (const group of inGroups(hashes)) found.push(...await runtime.storage.restore(group));
  const restored = hashes.filter((_, i) => found[i]), not_found = hashes.filter((_, i) => !found[i]);
  const memories = (await runtime.storage.getByHash(restored)).filter((memory) => memory !== null);
  // A turn that was archived would be archived again the next day.
  for (const { content_hash, memory_type } of memories) {
    if (memory_type !== TURN_TYPE) continue;
    const now = runtime.now();
    await runtime.storage.update(content_hash, { metadata: { [RESTORED]: now } }, now);
  }
  runtime.events.publish(...storedEvents(memories));
  runtime.activity.changed("restore", restored);
  return {
    success: not_found.length === 0,
    message: `Restored ${restored.length} of ${hashes.length} memories`,
    restored,
    not_found,
  };
}

export const EmptyTrashInput = z.object({
  content_hashes: z.array(MemoryKey).max(1000).optional().describe("Only these; without it the whole trash."),
});
export type EmptyTrashInput = z.infer<typeof EmptyTrashInput>;

export const EmptyTrashOutput = z.object({ success: z.boolean(), message: z.string(), affected_count: z.int() });
export type EmptyTrashOutput = z.infer<typeof EmptyTrashOutput>;

/** Deletes for good what is in the trash, or what is named of it. */
export async function emptyTrash(runtime: Runtime, input: EmptyTrashInput): Promise<EmptyTrashOutput> {
  const keys = input.content_hashes, hashes = keys && await fullKeys(runtime, keys, IN_TRASH);
  const affected_count = await runtime.storage.emptyTrash(hashes === undefined ? {} : { hashes });
  runtime.activity.changed("empty_trash", [], null, affected_count);
  return { success: true, message: `Deleted ${affected_count} memories for good`, affected_count };
}
