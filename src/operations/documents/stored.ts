/**
 * Uploads as their memories tell them: what is known of an upload after a restart.
 *
 * @module
 */

import type { Memory, Metadata } from "../../memory/memory.ts";
import { isoTime } from "../../memory/schemas.ts";
import type { Runtime } from "../runtime.ts";
import { uploadName, type UploadStatus } from "./session.ts";
import { isAbandoned, type Unfinished, unfinishedDocuments } from "./unfinished.ts";

/** Documents looked at for the history. */
const HISTORY_DOCUMENTS = 1000;
/** Memories read at once. */
const PAGE = 500;

/** The tag all chunks of an upload carry. */
export function uploadTag(uploadId: string): string {
  return `upload_id:${uploadId}`;
}

/** All memories of an upload, oldest first. */
export async function memoriesOfUpload(runtime: Runtime, uploadId: string): Promise<Memory[]> {
  return await allOf(runtime, [uploadTag(uploadId)], (memory) => text(memory.metadata, "upload_id") === uploadId);
}

/** All memories of documents that carry any of the tags, oldest first. */
export async function documentMemoriesTagged(runtime: Runtime, tags: string[]): Promise<Memory[]> {
  return await allOf(runtime, tags, (memory) => text(memory.metadata, "upload_id") !== "");
}

async function allOf(runtime: Runtime, tags: string[], wanted: (memory: Memory) => boolean): Promise<Memory[]> {
  const found: Memory[] = [];
  for (let offset = 0;; offset += PAGE) {
    const filter = { tags: { values: tags, match: "any" as const } };
    const { memories, total } = await runtime.storage.list({ filter, offset, limit: PAGE, order: "oldest" });
    found.push(...memories.filter(wanted));
    if (memories.length === 0 || offset + PAGE >= total) return found;
  }
}

/** The state of an upload that this process doesn't remember; null when the store doesn't either. */
export async function storedUpload(runtime: Runtime, uploadId: string): Promise<UploadStatus | null> {
  const tags = { values: [uploadTag(uploadId)], match: "any" as const };
  const firsts = await runtime.storage.list({
    filter: { tags, metadata: { chunk_index: 0 } },
    offset: 0,
    limit: HISTORY_DOCUMENTS,
  });
  if (firsts.memories.length === 0) return null;
  const { total } = await runtime.storage.list({ filter: { tags }, offset: 0, limit: 0 });
  return statusFrom(uploadId, firsts.memories, total, await openDocuments(runtime));
}

/** The newest uploads in the store, newest first. */
export async function storedUploads(runtime: Runtime): Promise<UploadStatus[]> {
  const { memories } = await runtime.storage.list({
    filter: { metadata: { chunk_index: 0 } },
    offset: 0,
    limit: HISTORY_DOCUMENTS,
  });
  const byUpload = Map.groupBy(memories, (memory) => text(memory.metadata, "upload_id"));
  // Parts of a split memory have chunk indexes too.
  byUpload.delete("");
  const open = await openDocuments(runtime);
  return [...byUpload].map(([id, firsts]) => statusFrom(id, firsts, null, open));
}

/** Of each document that isn't whole, by `conversation_id`, whether it was left so. */
async function openDocuments({ storage, now }: Runtime): Promise<Map<string, boolean>> {
  const entries = await unfinishedDocuments(storage);
  return new Map(entries.map((entry: Unfinished) => [entry.conversation, isAbandoned(entry, now())]));
}

/**
 * @param firsts The first chunk of each stored document, in any order.
 * @param open By `openDocuments`.
 */
function statusFrom(
  uploadId: string,
  firsts: Memory[],
  stored: number | null,
  open: ReadonlyMap<string, boolean>,
): UploadStatus {
  const chunks = firsts.map((memory) => number(memory.metadata, "total_chunks"));
  const total = chunks.reduce((sum, count) => sum + count, 0);
  const { metadata } = firsts[0]!;
  const listed = metadata.batch_files;
  const batch = Array.isArray(listed);
  const names = batch ? listed.map(String) : firsts.map((memory) => text(memory.metadata, "source_file"));
  const present = new Map(firsts.map((memory, i) => [batch ? number(memory.metadata, "batch_index") - 1 : i, i]));
  const documents = names.map((filename, index): UploadStatus["documents"][number] => {
    const at = present.get(index);
    const isLeft = at === undefined ? undefined : open.get(firsts[at]!.conversation_id ?? "");
    const isWhole = at !== undefined && isLeft === undefined;
    return {
      filename,
      status: isWhole ? "completed" : isLeft === false ? "processing" : "failed",
      chunks_stored: isWhole ? chunks[at]! : 0,
      error: isWhole || isLeft === false
        ? null
        : isLeft
        ? `"${filename}" was not stored whole, and what there is of it will be removed`
        : `"${filename}" is not stored`,
      warnings: [],
    };
  });
  const isOpen = documents.some(({ status }) => status === "processing");
  const finished = documents.reduce((sum, document) => sum + document.chunks_stored, 0);
  const errors = documents.flatMap(({ error }) => error === null ? [] : [error]);
  return {
    upload_id: uploadId,
    status: isOpen
      ? "processing"
      : errors.length === 0
      ? "completed"
      : finished > 0
      ? "completed_with_errors"
      : "failed",
    filename: uploadName(names.map((name) => ({ name })), batch),
    file_size: firsts.reduce((sum, memory) => sum + number(memory.metadata, "file_size"), 0),
    chunks_processed: total,
    chunks_stored: stored ?? finished,
    total_chunks: total,
    progress: isOpen ? 95 : 100,
    errors,
    created_at: text(metadata, "extracted_at") || isoTime(firsts[0]!.created_at),
    completed_at: isOpen ? null : isoTime(Math.max(...firsts.map((memory) => memory.created_at))),
    documents,
  };
}

function text(metadata: Metadata, key: string): string {
  const value = metadata[key];
  return typeof value === "string" ? value : "";
}

function number(metadata: Metadata, key: string): number {
  const value = metadata[key];
  return typeof value === "number" ? value : 0;
}
