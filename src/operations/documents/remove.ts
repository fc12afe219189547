/**
 * Removing documents, by upload or by tags.
 *
 * @module
 */

import { z } from "zod";
import { TagList } from "../../memory/schemas.ts";
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
 * Removes an upload, with its memories unless told otherwise. One that is still being read ends first.
 *
 * @throws {MemoryError} `not_found`.
 */
export async function removeUpload(
  runtime: Runtime,
  { upload_id, remove_from_memory }: { upload_id: string; remove_from_memory: boolean },
): Promise<RemoveOutput> {
  const queue = uploadsOf(runtime);
  const session = queue.find(upload_id);
  const filename = session
    ? uploadName(session.files, session.batch)
    : (await storedUpload(runtime, upload_id))?.filename;
  await queue.forget(upload_id, !remove_from_memory);
  const memories = await memoriesOfUpload(runtime, upload_id);
  if (filename === undefined && memories.length === 0) throw unknownUpload(upload_id);
  const name = filename ?? "Unknown file";
  const deleted = remove_from_memory ? await deleteAll(runtime, memories.map((memory) => memory.content_hash)) : 0;
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
  const deleted = await deleteAll(runtime, memories.map((memory) => memory.content_hash));
  return {
    status: "success",
    tags,
    memories_deleted: deleted,
    affected_uploads: [...new Set(memories.map((memory) => String(memory.metadata.upload_id)))],
    message: `Deleted ${deleted} memories matching tags`,
  };
}

/** In one transaction, so that no document is left in part. */
async function deleteAll(runtime: Runtime, hashes: string[]): Promise<number> {
  if (hashes.length === 0) return 0;
  return (await runtime.storage.delete(hashes)).filter(Boolean).length;
}
