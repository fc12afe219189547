/**
 * Uploading documents, one or many.
 *
 * @module
 */

import { z } from "zod";
import { CHUNK_OVERLAP, CHUNK_SIZE } from "../../documents/chunks.ts";
import { baseName, formatOf } from "../../documents/formats.ts";
import { MemoryError } from "../../errors.ts";
import { NewMemoryType, NewTagList } from "../../memory/schemas.ts";
import type { Runtime } from "../runtime.ts";
import { type KeptFile, uploadsOf } from "./queue.ts";
import type { FileProgress } from "./session.ts";
import { documentSettings, MAX_BATCH_FILES } from "./settings.ts";

/** What goes with an upload besides its files. */
export const UploadOptions = z.object({
  tags: NewTagList.default([]),
  chunk_size: z.int().min(CHUNK_SIZE.min).max(CHUNK_SIZE.max).nullish().describe("Longest chunk, in characters."),
  chunk_overlap: z.int().min(CHUNK_OVERLAP.min).max(CHUNK_OVERLAP.max).nullish()
    .describe("Characters a chunk repeats of the one before; at most half a chunk counts."),
  memory_type: NewMemoryType.default("document"),
});
export type UploadOptions = z.infer<typeof UploadOptions>;

/** A file as a client sent it, in memory or kept elsewhere; of its name only the last part of a path counts. */
export type UploadFile = { name: string } & ({ bytes: Uint8Array<ArrayBuffer> } | KeptFile);

export const UploadOutput = z.object({
  upload_id: z.string().describe("Asks for the status, and finds the chunks by the tag upload_id:…"),
  status: z.literal("queued"),
  message: z.string(),
});
export type UploadOutput = z.infer<typeof UploadOutput>;

/**
 * Takes a document; it is read and stored in the background, and removed from where it was kept then.
 *
 * @throws {MemoryError} `unsupported` for a type that can't be read, `too_large`, `overloaded` or `unavailable`.
 */
export async function upload(runtime: Runtime, file: UploadFile, options: UploadOptions): Promise<UploadOutput> {
  formatOf(file.name);
  const { maxBytes } = documentSettings(runtime).limits;
  const { size } = keptOf(file);
  if (size > maxBytes) {
    throw new MemoryError(
      "too_large",
      `Cannot read "${baseName(file.name)}": it has ${size} bytes; the limit is ${maxBytes}`,
      { field: "file", value: baseName(file.name) },
    );
  }
  const id = await queue(runtime, [file], options, false);
  return { upload_id: id, status: "queued", message: `Document ${baseName(file.name)} queued for processing` };
}

/**
 * Takes a batch of documents. A file that can't be read doesn't hold up the others; the status names it.
 *
 * @throws {MemoryError} `invalid_input` for an empty or too large batch, `overloaded` or `unavailable`.
 */
export async function uploadBatch(
  runtime: Runtime,
  files: UploadFile[],
  options: UploadOptions,
): Promise<UploadOutput> {
  if (files.length === 0 || files.length > MAX_BATCH_FILES) {
    throw new MemoryError(
      "invalid_input",
      `Cannot take a batch of ${files.length} files: send 1 to ${MAX_BATCH_FILES}`,
      {
        field: "files",
        value: files.length,
      },
    );
  }
  const id = await queue(runtime, files, options, true);
  return { upload_id: id, status: "queued", message: `Batch of ${files.length} documents queued for processing` };
}

async function queue(runtime: Runtime, files: UploadFile[], options: UploadOptions, batch: boolean): Promise<string> {
  // A store that is down is reported now, not in a status that may never be read.
  await runtime.storage.ping();
  const { chunkSize, chunkOverlap } = documentSettings(runtime);
  const id = crypto.randomUUID();
  uploadsOf(runtime).add({
    runtime,
    session: {
      id,
      space: runtime.caller.scope.write,
      batch,
      files: files.map(progressOf),
      createdAt: runtime.now(),
      completedAt: null,
    },
    files: files.map(keptOf),
    facts: {
      tags: options.tags,
      memoryType: options.memory_type,
      chunkSize: options.chunk_size ?? chunkSize,
      chunkOverlap: options.chunk_overlap ?? chunkOverlap,
    },
  });
  return id;
}

function keptOf(file: UploadFile): KeptFile {
  if (!("bytes" in file)) return file;
  const { bytes } = file;
  return { size: bytes.length, read: () => Promise.resolve(bytes), remove: () => Promise.resolve() };
}

function progressOf(file: UploadFile): FileProgress {
  return {
    name: baseName(file.name),
    size: keptOf(file).size,
    state: "queued",
    processed: 0,
    stored: 0,
    total: 0,
    error: null,
    warnings: [],
  };
}

/** Ends all uploads before the store closes; a line for each that ended early. */
export function stopUploads(runtime: Runtime): Promise<string[]> {
  return uploadsOf(runtime).stop();
}

/** Waits until all uploads are done. */
export function uploadsSettled(runtime: Runtime): Promise<void> {
  return uploadsOf(runtime).settled();
}
