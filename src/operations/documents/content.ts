/**
 * What a document holds: all its chunks in order, or those that answer a question.
 *
 * @module
 */

import { z } from "zod";
import type { Metadata } from "../../memory/memory.ts";
import { isoTime, MAX_PAGE_SIZE, Query } from "../../memory/schemas.ts";
import type { Runtime } from "../runtime.ts";
import { search } from "../search.ts";
import { uploadsOf } from "./queue.ts";
import { uploadName } from "./session.ts";
import { memoriesOfUpload, uploadTag } from "./stored.ts";

export const ContentInput = z.object({
  limit: z.int().min(1).max(10_000).default(1000).describe("Chunks in the answer, at most."),
  query: Query.nullish().describe("Answers with the chunks that match best, best first, instead of all in order."),
});
export type ContentInput = z.infer<typeof ContentInput>;

export const ContentChunk = z.object({
  content_hash: z.string(),
  content: z.string(),
  tags: z.array(z.string()),
  metadata: z.record(z.string(), z.unknown()),
  created_at: z.string(),
  chunk_index: z.int().nullable(),
  page: z.int().nullable(),
});
export const ContentOutput = z.object({
  status: z.enum(["success", "partial"]).describe("partial: nothing was found; error says why."),
  upload_id: z.string(),
  filename: z.string(),
  total_found: z.int(),
  memories: z.array(ContentChunk),
  error: z.string().optional(),
});
export type ContentOutput = z.infer<typeof ContentOutput>;

/** The chunks of an upload. An unknown upload is answered as existing clients expect: with nothing, and a reason. */
export async function documentContent(
  runtime: Runtime,
  upload_id: string,
  { limit, query }: ContentInput,
): Promise<ContentOutput> {
  const memories = query == null
    ? await memoriesOfUpload(runtime, upload_id)
    : await best(runtime, upload_id, query, limit);
  const session = uploadsOf(runtime).find(upload_id, runtime.caller.scope);
  const first = memories[0];
  const filename = session ? uploadName(session.files, session.batch) : first && nameOf(first.metadata);
  if (first === undefined) {
    return {
      status: query == null ? "partial" : "success",
      upload_id,
      filename: filename ?? `Document (upload_id: ${upload_id.slice(0, 8)}...)`,
      total_found: 0,
      memories: [],
      ...(query == null ? { error: `No memories found for upload_id: ${upload_id}` } : {}),
    };
  }
  // Files of a batch one after the other, each in its own order.
  const ordered = query == null ? memories.toSorted((a, b) => place(a.metadata) - place(b.metadata)) : memories;
  return {
    status: "success",
    upload_id,
    filename: filename!,
    total_found: memories.length,
    memories: ordered.slice(0, limit).map(({ content_hash, content, tags, metadata, created_at }) => ({
      content_hash,
      content,
      tags,
      metadata,
      created_at: isoTime(created_at ?? 0),
      chunk_index: whole(metadata.chunk_index),
      page: whole(metadata.page),
    })),
  };
}

type Found = { content_hash: string; content: string; tags: string[]; metadata: Metadata; created_at: number | null };

async function best(runtime: Runtime, uploadId: string, query: string, limit: number): Promise<Found[]> {
  const { results } = await search(runtime, {
    query,
    mode: "hybrid",
    page: 1,
    page_size: Math.min(limit, MAX_PAGE_SIZE),
    tags: [uploadTag(uploadId)],
    match_all: true,
  });
  return results.map(({ memory }) => ({ ...memory, metadata: memory.metadata as Metadata }));
}

function place(metadata: Metadata): number {
  return (whole(metadata.batch_index) ?? 0) * 1e7 + (whole(metadata.chunk_index) ?? 0);
}

function nameOf(metadata: Metadata): string {
  return typeof metadata.batch_size === "number"
    ? `Batch (${metadata.batch_size} files)`
    : String(metadata.source_file ?? "Unknown file");
}

function whole(value: unknown): number | null {
  return typeof value === "number" && Number.isInteger(value) ? value : null;
}
