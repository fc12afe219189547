/**
 * Uploads as clients see them: their progress and what became of each file.
 *
 * @module
 */

import { z } from "zod";
import { isoTime } from "../../memory/schemas.ts";

export const UploadState = z.enum(["queued", "processing", "completed", "completed_with_errors", "failed", "stopped"])
  .describe("completed_with_errors: some files of a batch were not stored; errors names them.");
export type UploadState = z.infer<typeof UploadState>;

export const UploadedFile = z.object({
  filename: z.string(),
  status: UploadState,
  chunks_stored: z.int(),
  error: z.string().nullable(),
  warnings: z.array(z.string()).describe("What was left out, such as pages that hold no text."),
});
export type UploadedFile = z.infer<typeof UploadedFile>;

export const UploadStatus = z.object({
  upload_id: z.string(),
  status: UploadState,
  filename: z.string().describe("The file's name, or for a batch how many files it has."),
  file_size: z.int().describe("Bytes of all files."),
  chunks_processed: z.int().describe("Chunks that are ready to be stored."),
  chunks_stored: z.int(),
  total_chunks: z.int().describe("Chunks of the files read so far."),
  progress: z.number().describe("0 to 100."),
  errors: z.array(z.string()).describe("A text for each file that was not stored, naming it."),
  created_at: z.string(),
  completed_at: z.string().nullable(),
  documents: z.array(UploadedFile).describe("The files, in the order given."),
});
export type UploadStatus = z.infer<typeof UploadStatus>;

/** What is known of one file while it is worked on. */
export interface FileProgress {
  name: string;
  size: number;
  state: UploadState;
  processed: number;
  stored: number;
  total: number;
  error: string | null;
  warnings: string[];
}

/** An upload of this process. */
export interface UploadSession {
  id: string;
  /** The space its memories go to. */
  space: string;
  batch: boolean;
  files: FileProgress[];
  /** Unix seconds. */
  createdAt: number;
  completedAt: number | null;
}

const FINAL: ReadonlySet<UploadState> = new Set(["completed", "completed_with_errors", "failed", "stopped"]);

/** Whether nothing more will happen to it. */
export function isFinal(state: UploadState): boolean {
  return FINAL.has(state);
}

/** An upload's state, from those of its files. */
export function stateOf(files: readonly FileProgress[]): UploadState {
  const states = new Set(files.map((file) => file.state));
  if (states.size === 1) return [...states][0]!;
  if (states.has("queued") || states.has("processing")) return "processing";
  if (states.has("completed")) return "completed_with_errors";
  return states.has("stopped") ? "stopped" : "failed";
}

/** The name an upload goes by. */
export function uploadName(files: readonly { name: string }[], batch: boolean): string {
  return batch ? `Batch (${files.length} files)` : files[0]?.name ?? "Unknown file";
}

/** A session as clients see it. */
export function statusOf({ id, batch, files, createdAt, completedAt }: UploadSession): UploadStatus {
  const sum = (count: (file: FileProgress) => number) => files.reduce((all, file) => all + count(file), 0);
  return {
    upload_id: id,
    status: stateOf(files),
    filename: uploadName(files, batch),
    file_size: sum((file) => file.size),
    chunks_processed: sum((file) => file.processed),
    chunks_stored: sum((file) => file.stored),
    total_chunks: sum((file) => file.total),
    progress: Math.round(sum(shareDone) / files.length * 1000) / 10,
    errors: files.flatMap((file) => file.error === null ? [] : [file.error]),
    created_at: isoTime(createdAt),
    completed_at: completedAt === null ? null : isoTime(completedAt),
    documents: files.map((file) => ({
      filename: file.name,
      status: file.state,
      chunks_stored: file.stored,
      error: file.error,
      warnings: file.warnings,
    })),
  };
}

/** How far a file is, 0 to 1: a tenth for reading it, the rest for its vectors, all of it only when stored. */
function shareDone({ state, processed, total }: FileProgress): number {
  if (isFinal(state)) return 1;
  if (state === "queued" || total === 0) return 0;
  return 0.1 + 0.85 * processed / total;
}
