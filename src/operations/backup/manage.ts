/**
 * Backups of the running service: listed, made, checked and read, for those who may do everything in all spaces.
 *
 * @module
 */

import { basename } from "node:path";
import { z } from "zod";
import { MemoryError } from "../../errors.ts";
import { isoTime } from "../../memory/schemas.ts";
import { WHOLE_STORE } from "../../storage/contract/scope.ts";
import type { Runtime } from "../runtime.ts";
import { createBackup } from "./create.ts";
import { type Backup, backupNamed, listBackups } from "./folder.ts";
import { verifyBackup } from "./verify.ts";

const count = () => z.int().nullable();

export const BackupView = z.object({
  name: z.string().describe("Name of the file in the folder of backups."),
  format: z.enum(["db", "jsonl"]).describe("db: a copy of the database file; jsonl: an export with vectors."),
  created_at: z.number().describe("Unix seconds."),
  created_at_iso: z.string(),
  bytes: z.int(),
  memories: count().describe("Null, as the fields below, where the file beside the backup is missing."),
  trashed: count(),
  relations: count(),
  sha256: z.string().nullable(),
  unimem: z.string().nullable().describe("Version that made it."),
});
export type BackupView = z.infer<typeof BackupView>;

export const BackupsOutput = z.object({
  backups: z.array(BackupView).describe("Newest first."),
  folder: z.string().describe("Where they are, on the machine of the service."),
  interval_hours: z.number().nullable().describe(
    "Hours between two backups that the service makes by itself; null: none.",
  ),
  keep: z.int().describe("Backups that stay after one that the service made by itself."),
  running: z.object({ done: z.int(), total: z.int(), unit: z.enum(["bytes", "memories"]) }).nullable()
    .describe("How far the backup is that this process makes now."),
  last_failure: z.object({ at: z.number(), message: z.string() }).nullable()
    .describe("Why the last backup that the service tried to make by itself failed; null after a success."),
});
export type BackupsOutput = z.infer<typeof BackupsOutput>;

/**
 * The backups in the folder.
 *
 * @throws {MemoryError} `unavailable` when the folder can't be read.
 */
export async function backupList({ backups }: Pick<Runtime, "backups">): Promise<BackupsOutput> {
  const { settings: { folder, keep }, interval_hours, running, last_failure } = backups;
  const found = await listBackups(folder);
  return { backups: found.map(viewOf), folder, interval_hours, keep, running, last_failure };
}

/**
 * Makes a backup of the whole store and checks it. None is deleted for it.
 *
 * @throws {MemoryError} `conflict` while one is being made, `unavailable` when it can't be written.
 */
export async function makeBackup(runtime: Runtime, signal: AbortSignal): Promise<BackupView> {
  const { backups, spaces } = runtime;
  if (spaces === undefined) {
    throw new MemoryError("refused", "Cannot make a backup: the caller may not do everything in all spaces");
  }
  const whole = { ...runtime, storage: spaces.within(WHOLE_STORE) };
  const made = await createBackup(whole, { folder: backups.settings.folder, keep: null, signal });
  backups.last_success = made.created_at;
  runtime.activity.describe(basename(made.file));
  return viewOf(made);
}

export const BackupCheckOutput = z.object({
  name: z.string(),
  sound: z.boolean().describe("Whether it is whole, unchanged, and can be restored."),
  message: z.string().describe("What it holds, or what is wrong with it."),
  checksum: z.enum(["matches", "missing"]).nullable().describe(
    "missing: none was written beside it, so that a changed text would not be noticed; null for one that isn't sound.",
  ),
});
export type BackupCheckOutput = z.infer<typeof BackupCheckOutput>;

/**
 * Reads all of a backup.
 *
 * @throws {MemoryError} `not_found` where there is none of that name.
 */
export async function checkBackup(runtime: Runtime, name: string, signal: AbortSignal): Promise<BackupCheckOutput> {
  const { settings: { folder }, files } = runtime.backups, file = await backupNamed(folder, name);
  runtime.activity.describe(name);
  try {
    const { memories, trashed, relations, checksum } = await verifyBackup(files, file, signal);
    const message = `It is sound: ${memories} memories, ${trashed} in the trash, ${relations} relations`;
    return { name, sound: true, message, checksum };
  } catch (error) {
    if (!(error instanceof MemoryError) || error.code !== "invalid_input") throw error;
    return { name, sound: false, message: error.message, checksum: null };
  }
}

/**
 * Opens a backup. Closing the file is the caller's.
 *
 * @throws {MemoryError} `not_found` where there is none of that name, `unavailable` when it can't be read.
 */
export async function openBackup(runtime: Runtime, name: string): Promise<Deno.FsFile> {
  const path = await backupNamed(runtime.backups.settings.folder, name);
  runtime.activity.describe(name);
  return await Deno.open(path);
}

function viewOf({ file, format, created_at, bytes, manifest }: Backup): BackupView {
  const { memories = null, trashed = null, relations = null, sha256 = null, unimem = null } = manifest ?? {};
  const created_at_iso = isoTime(created_at);
  return {
    name: basename(file),
    format,
    created_at,
    created_at_iso,
    bytes,
    memories,
    trashed,
    relations,
    sha256,
    unimem,
  };
}
