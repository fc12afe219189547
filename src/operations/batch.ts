/**
 * Changing or deleting several memories by their keys, with a result for each.
 *
 * @module
 */

import { z } from "zod";
import { MemoryKey, NewTagList, TagList } from "../memory/schemas.ts";
import type { MemoryPatch } from "../memory/memory.ts";
import type { Queued } from "../storage/contract/memories.ts";
import { Permanent, remove } from "./delete.ts";
import { checkChanges } from "./check_changes.ts";
import { updatedEvents } from "./event_types.ts";
import { fullKeys } from "./keys.ts";
import { inGroups } from "./matching.ts";
import { MAY_QUEUE, WHEN_BACK } from "./outbox.ts";
import type { Runtime } from "./runtime.ts";
import { patchOf, UpdateFields } from "./update.ts";

/** Most memories in one call. */
const MAX_BATCH = 1000;

/** How messages name the fields of these keys. */
const IN_LIST = { field: (index: number) => `content_hashes.${index}` };
const IN_UPDATES = { field: (index: number) => `updates.${index}.content_hash` };

const Hashes = z.array(MemoryKey).min(1).max(MAX_BATCH);

export const DeleteBatchInput = z.object({ content_hashes: Hashes, permanent: Permanent });
export type DeleteBatchInput = z.infer<typeof DeleteBatchInput>;

export const UpdateBatchInput = z.object({
  updates: z.array(UpdateFields.extend({ content_hash: MemoryKey })).min(1).max(MAX_BATCH),
});
export type UpdateBatchInput = z.infer<typeof UpdateBatchInput>;

export const TagBatchInput = z.object({
  content_hashes: Hashes,
  add_tags: NewTagList.default([]).describe("Put on each memory that lacks them."),
  remove_tags: TagList.default([]).describe("Taken off each memory that has them."),
}).refine(
  ({ add_tags, remove_tags }) => add_tags.length + remove_tags.length > 0,
  "must add or remove at least one tag",
);
export type TagBatchInput = z.infer<typeof TagBatchInput>;

export const BatchOutput = z.object({
  success: z.boolean().describe("Whether every memory was there."),
  message: z.string(),
  total: z.int(),
  succeeded: z.int(),
  failed: z.int(),
  queued: z.int().optional().describe("Changes that wait in the outbox, when there are any: the store is away."),
  results: z.array(z.object({
    index: z.int(),
    content_hash: z.string(),
    success: z.boolean(),
    error: z.string().nullable(),
    queued: z.boolean().optional(),
  })).describe("A result for each memory, in order."),
});
export type BatchOutput = z.infer<typeof BatchOutput>;

/** Deletes memories; those that aren't there are named. */
export async function deleteBatch(runtime: Runtime, input: DeleteBatchInput): Promise<BatchOutput> {
  const { permanent } = input, content_hashes = await fullKeys(runtime, input.content_hashes, IN_LIST);
  const removed = await remove(runtime, content_hashes, { permanent, reason: "deleted", mayQueue: true });
  return outcome("Deleted", content_hashes, removed);
}

/**
 * Changes tags, type and metadata of memories; fields that are absent or null stay.
 *
 * @throws {MemoryError} `invalid_input`, before anything is changed, for what no new memory may have.
 */
export async function updateBatch(runtime: Runtime, { updates }: UpdateBatchInput): Promise<BatchOutput> {
  const hashes = await fullKeys(runtime, updates.map(({ content_hash }) => content_hash), IN_UPDATES);
  const patches = updates.map((update, i) => ({ content_hash: hashes[i]!, patch: patchOf(update) }));
  await checkChanges(runtime, patches, (index) => `updates.${index}.`);
  const changed = await patchAll(runtime, patches, { mayQueue: true });
  return outcome("Updated", hashes, changed);
}

/** Puts tags on memories and takes tags off them, whatever else they carry. */
export async function tagBatch(runtime: Runtime, input: TagBatchInput): Promise<BatchOutput> {
  const { add_tags, remove_tags } = input, content_hashes = await fullKeys(runtime, input.content_hashes, IN_LIST);
  const changed = await patchAll(
    runtime,
    content_hashes.map((content_hash) => ({ content_hash, patch: { add_tags, remove_tags } })),
    { mayQueue: true },
  );
  return outcome("Updated", content_hashes, changed);
}

/** Changes memories, as many in one transaction as the store takes; for each, whether it was there or is queued. */
export async function patchAll(
  runtime: Runtime,
  items: readonly { content_hash: string; patch: MemoryPatch }[],
  { mayQueue = false }: { mayQueue?: boolean } = {},
): Promise<(boolean | Queued)[]> {
  const { storage } = runtime, found: (boolean | Queued)[] = [], fields = new Set<string>();
  for await (const group of inGroups(items)) {
    // Asked for in one turn, so that the store can gather them.
    const memories = await Promise.all(
      group.map(({ content_hash, patch }) =>
        mayQueue
          ? storage.update(content_hash, patch, runtime.now(), MAY_QUEUE)
          : storage.update(content_hash, patch, runtime.now())
      ),
    );
    for (const { patch } of group) Object.keys(patch).forEach((key) => fields.add(key.replace(/^(add|remove)_/, "")));
    const changed = memories.filter((memory) => memory !== null && memory !== "queued");
    runtime.events.publish(...updatedEvents(changed, [...fields]));
    found.push(...memories.map((memory) => memory === "queued" ? memory : memory !== null));
  }
  const changed = items.filter((_, i) => found[i] === true).map(({ content_hash }) => content_hash);
  runtime.activity.changed("update", changed, [...fields].join(", "));
  return found;
}

function outcome(done: string, hashes: readonly string[], found: readonly (boolean | Queued)[]): BatchOutput {
  const total = hashes.length, queued = found.filter((each) => each === "queued").length;
  const succeeded = found.filter(Boolean).length;
  return {
    success: succeeded === total,
    message: queued > 0
      ? `${done} ${succeeded - queued} of ${total} memories; ${queued} are queued: ${WHEN_BACK}`
      : `${done} ${succeeded} of ${total} memories`,
    total,
    succeeded,
    failed: total - succeeded,
    ...(queued > 0 ? { queued } : {}),
    results: hashes.map((content_hash, index) => ({
      index,
      content_hash,
      success: found[index] !== false,
      error: found[index] ? null : `Memory with hash ${content_hash} not found`,
      ...(found[index] === "queued" ? { queued: true } : {}),
    })),
  };
}
