/**
 * Making a backup while the store is in use: a copy of the database file where there is one, an export with vectors
 * otherwise. The export fits every store; a snapshot of a Qdrant server fits only clusters of the same make.
 *
 * @module
 */

import { errorText, MemoryError } from "../../errors.ts";
import { makePrivateFile } from "../../private_files.ts";
import type { Snapshots } from "../../storage/contract/capabilities.ts";
import type { SnapshotFacts } from "../../storage/files.ts";
import { exportMemories } from "../moving/export.ts";
import { checkFile } from "../moving/import_file.ts";
import type { Runtime } from "../runtime.ts";
import { type Backup, type BackupFormat, freeName, publish, remove, rotate, sha256Of, withFolder } from "./folder.ts";

/** How a backup is made. */
export interface BackupOptions {
  folder: string;
  /** Backups left in the folder afterwards, this one included, ≥ 1; null keeps all. */
  keep: number | null;
  signal?: AbortSignal | undefined;
  /** Told how far it is: bytes, or memories for an export. */
  onProgress?: (done: number, total: number, unit: "bytes" | "memories") => void;
}

/** A new backup, and the older ones that were deleted for it. */
export interface BackupReport extends Backup {
  manifest: NonNullable<Backup["manifest"]>;
  deleted: string[];
}

/** Milliseconds between two looks at how large the copy is by now. */
const PROGRESS_MS = 200;

/**
 * Makes a backup and checks it. It has its name only when it is whole, checked and on disk; older backups are deleted
 * after that.
 *
 * @throws {MemoryError} `unavailable` when the store can't be read or the backup not written, `conflict` while another
 * process makes one.
 */
export async function createBackup(runtime: Runtime, options: BackupOptions): Promise<BackupReport> {
  const { folder, keep, onProgress } = options, state = runtime.backups;
  return await withFolder(folder, async () => {
    try {
      const backup = await writeBackup(runtime, {
        ...options,
        onProgress: (done, total, unit) => {
          state.running = { done, total, unit };
          onProgress?.(done, total, unit);
        },
      });
      return { ...backup, deleted: keep === null ? [] : await rotate(folder, keep) };
    } finally {
      state.running = null;
    }
  });
}

/** Makes one backup in a folder that is held already; `label` goes into the name and keeps rotation away. */
export async function writeBackup(
  runtime: Runtime,
  options: BackupOptions,
  label = "",
): Promise<Omit<BackupReport, "deleted">> {
  const { folder, signal } = options;
  const started = new Date();
  const part = `${freeName(folder, "db", started, label)}.part`;
  try {
    makePrivateFile(part);
    const { snapshots } = runtime.storage.capabilities;
    const copied = snapshots === undefined ? null : await snapshot(runtime, snapshots, part, options);
    const format: BackupFormat = copied === null ? "jsonl" : "db";
    const { memories, trashed, relations } = copied ?? await exportTo(runtime, part, options);
    const file = freeName(folder, format, started, label);
    const manifest = {
      format,
      created_at: started.getTime() / 1000,
      unimem: runtime.version,
      bytes: (await Deno.stat(part)).size,
      sha256: await sha256Of(part, signal),
      memories,
      trashed,
      relations,
    };
    await publish(part, file, manifest);
    return { file, format, created_at: manifest.created_at, bytes: manifest.bytes, manifest };
  } catch (error) {
    await remove(part, `${part}-journal`).catch(() => {}); // the next run removes it
    signal?.throwIfAborted();
    if (error instanceof MemoryError) throw error;
    throw new MemoryError("unavailable", `Cannot write a backup to "${folder}": ${errorText(error)}`, { cause: error });
  }
}

async function snapshot(
  { storage }: Runtime,
  snapshots: Snapshots,
  part: string,
  { signal, onProgress }: BackupOptions,
): Promise<SnapshotFacts> {
  if (onProgress === undefined) return await snapshots.snapshot(part, signal);
  const { size_bytes } = await storage.stats();
  const report = (size: number) => onProgress(size, size_bytes ?? size, "bytes");
  report(0);
  const timer = setInterval(() => Deno.stat(part).then(({ size }) => report(size), () => {}), PROGRESS_MS);
  try {
    return await snapshots.snapshot(part, signal);
  } finally {
    clearInterval(timer);
  }
}

async function exportTo(
  runtime: Runtime,
  part: string,
  { signal, onProgress }: BackupOptions,
): Promise<{ memories: number; trashed: number; relations: number }> {
  const encoder = new TextEncoder();
  {
    using handle = await Deno.open(part, { write: true, truncate: true });
    for await (const { text, done, total } of exportMemories(runtime, { vectors: true, trash: true })) {
      signal?.throwIfAborted();
      const bytes = encoder.encode(text);
      for (let at = 0; at < bytes.length;) at += await handle.write(bytes.subarray(at));
      onProgress?.(done, total, "memories");
    }
  }
  return await checkFile((await Deno.open(part)).readable, part);
}
