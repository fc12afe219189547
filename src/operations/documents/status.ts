/**
 * The state of one upload, and the list of all.
 *
 * @module
 */

import { z } from "zod";
import { MemoryError } from "../../errors.ts";
import type { Runtime } from "../runtime.ts";
import { uploadsOf } from "./queue.ts";
import { statusOf, UploadStatus } from "./session.ts";
import { storedUpload, storedUploads } from "./stored.ts";

/** Most uploads in the history. */
const HISTORY = 500;

export const HistoryOutput = z.object({ uploads: z.array(UploadStatus) });
export type HistoryOutput = z.infer<typeof HistoryOutput>;

/**
 * The state of an upload. After a restart it is what its memories tell.
 *
 * @throws {MemoryError} `not_found`.
 */
export async function uploadStatus(runtime: Runtime, uploadId: string): Promise<UploadStatus> {
  const session = uploadsOf(runtime).find(uploadId, runtime.caller.scope);
  const status = session ? statusOf(session) : await storedUpload(runtime, uploadId);
  if (status === null) throw unknownUpload(uploadId);
  return status;
}

/** The newest uploads of this process and in the store, newest first. */
export async function uploadHistory(runtime: Runtime): Promise<HistoryOutput> {
  const queue = uploadsOf(runtime);
  const stored = await storedUploads(runtime);
  const remembered = queue.sessions(runtime.caller.scope).map(statusOf);
  const known = new Set(remembered.map((upload) => upload.upload_id));
  const others = stored.filter(({ upload_id }) => !known.has(upload_id) && !queue.isHidden(upload_id));
  const uploads = [...remembered, ...others].sort((a, b) => a.created_at < b.created_at ? 1 : -1);
  return { uploads: uploads.slice(0, HISTORY) };
}

/** The error for an id under which nothing was uploaded, in the words existing clients know. */
export function unknownUpload(uploadId: string): MemoryError {
  return new MemoryError("not_found", "Upload session not found", { field: "upload_id", value: uploadId });
}
