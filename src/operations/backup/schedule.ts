/**
 * Backups that the running service makes by itself, every so many hours.
 *
 * @module
 */

import { errorText, MemoryError } from "../../errors.ts";
import type { Job } from "../background/background.ts";
import type { Logger } from "../logger.ts";
import type { Runtime } from "../runtime.ts";
import type { BackupSettings } from "./state.ts";

/** Name of the job, by which health leaves it to the part of the backups. */
export const BACKUP_JOB = "make the scheduled backup";
/** Milliseconds between two looks, and after a failure until the next try, which may write as much again. */
const LOOK_MS = 60_000, RETRY_MS = 15 * 60_000;
const HOUR_MS = 3_600_000;

/**
 * The background job, unless none is wanted: looks now and then whether the newest backup in the folder is older than the
 * interval, and makes one if so. A restart, or a backup made by hand, doesn't disturb that.
 */
export function backupJob(
  runtime: Runtime,
  { folder, keep, intervalHours }: BackupSettings,
  log: Logger,
  { lookMs = LOOK_MS, now = Date.now } = {},
): Job[] {
  const state = runtime.backups;
  if (intervalHours <= 0) return [];
  let failed: { at: number; error: unknown } | null = null;

  const run = async (signal: AbortSignal) => {
    if (failed !== null && now() < failed.at + RETRY_MS) throw failed.error;
    try {
      // Loaded here, so that a service without a schedule doesn't pay for it.
      const [{ createBackup }, { listBackups }] = await Promise.all([import("./create.ts"), import("./folder.ts")]);
      state.last_success = (await listBackups(folder))[0]?.created_at ?? null;
      if (state.last_success === null || now() >= state.last_success * 1000 + intervalHours * HOUR_MS) {
        const { file, created_at, manifest } = await createBackup(runtime, { folder, keep, signal });
        state.last_success = created_at;
        log.info(`Backed up ${manifest.memories} memories to ${file}`);
      }
      failed = state.last_failure = null;
    } catch (error) {
      // Somebody else makes the backup that is due; the next look finds it.
      if (signal.aborted || (error instanceof MemoryError && error.code === "conflict")) return;
      failed = { at: now(), error };
      state.last_failure = { at: now() / 1000, message: errorText(error) };
      throw error;
    }
  };
  return [{ name: BACKUP_JOB, everyMs: lookMs, run }];
}
