/**
 * Removing documents, by upload or by tags.
 *
 * @module
 */

import { z } from "zod";
import type { Memory } from "../../memory/memory.ts";
import { TagList } from "../../memory/schemas.ts";
import { remove } from "../delete.ts";
import type { Runtime } from "../runtime.ts";
import { uploadsOf } from "./queue.ts";
import { uploadName } from "./session.ts";
import { unknownUpload } from "./status.ts";
import { documentMemoriesTagged, memoriesOfUpload, storedUpload } from "./stored.ts";

export const RemoveOutput = z.object({
  status: z.literal("success"),
  upload_id: z.string(),
  filename: z.string(),
  memories_deleted: z.int(),
  message: z.string(),
});
export type RemoveOutput = z.infer<typeof RemoveOutput>;

export const RemoveByTagsInput = TagList.pipe(z.array(z.string()).min(1));
export const RemoveByTagsOutput = z.object({
  status: z.literal("success"),
  tags: z.array(z.string()),
  memories_deleted: z.int(),
  affected_uploads: z.array(z.string()).describe("Ids of the uploads that lost memories."),
  message: z.string(),
});
export type RemoveByTagsOutput = z.infer<typeof RemoveByTagsOutput>;

/**
 * Removes an upload, with its memories by default. One that is still being read ends first.
 *
 * @throws {MemoryError} `not_found`.
 */
export async function removeUpload(
  runtime: Runtime,
  { upload_id, remove_from_memory }: { upload_id: string; remove_from_memory: boolean },
): Promise<RemoveOutput> {
  const queue = uploadsOf(runtime), { scope } = runtime.caller;
  const session = queue.find(upload_id, { ...scope, read: [scope.write] });
  const filename = session
    ? uploadName(session.files, session.batch)
    : (await storedUpload(runtime, upload_id))?.filename;
  await queue.forget(upload_id, scope);
  const memories = await memoriesOfUpload(runtime, upload_id);
  if (filename === undefined && memories.length === 0) throw unknownUpload(upload_id);
  if (!remove_from_memory) queue.hide(upload_id);
  const name = filename ?? "Unknown file";
  const deleted = remove_from_memory ? await trashAll(runtime, memories, `document ${name} removed`) : 0;
  return {
    status: "success",
    upload_id,
    filename: name,
    memories_deleted: deleted,
    message: remove_from_memory
      ? `Document '${name}' removed successfully`
      : `Document '${name}' removed from the history; its ${memories.length} memories stay`,
  };
}

/** Removes what documents left under any of the tags. Memories that no document made stay, whatever their tags. */
export async function removeByTags(runtime: Runtime, tags: string[]): Promise<RemoveByTagsOutput> {
  const memories = await documentMemoriesTagged(runtime, tags);
  const deleted = await trashAll(runtime, memories, `documents tagged ${tags.join(", ")} removed`);
  return {
    status: "success",
    tags,
    memories_deleted: deleted,
    affected_uploads: [...new Set(memories.map((memory) => String(memory.metadata.upload_id)))],
    message: `Deleted ${deleted} memories matching tags`,
  };
}

/** Deletes as every surface does it, so that a removed document can be restored for a while. */
async function trashAll(runtime: Runtime, memories: Memory[], reason: string): Promise<number> {
  const hashes = memories.map((memory) => memory.content_hash);
  return (await remove(runtime, hashes, { permanent: false, reason })).filter(Boolean).length;
}
