/**
 * Where backups go, how the scheduled ones fare, and how far one is that is being made.
 *
 * @module
 */

import type { StoreFiles } from "../../storage/files.ts";

/** Where backups go, and when. */
export interface BackupSettings {
  folder: string;
  /** Hours between two backups; 0 makes none by itself. */
  intervalHours: number;
  /** Backups left in the folder after a new one of the schedule. */
  keep: number;
}

/** How far a backup is. */
export interface BackupProgress {
  done: number;
  total: number;
  unit: "bytes" | "memories";
}

/** What a process knows of its backups. Times are Unix seconds. */
export interface BackupState {
  readonly settings: BackupSettings;
  /** Reads copies of the embedded store. */
  readonly files: Pick<StoreFiles, "verify">;
  /** Hours between two backups; null when none is scheduled. */
  interval_hours: number | null;
  /** When the newest backup in the folder was made, by whichever process or command; null while none is known. */
  last_success: number | null;
  /** Why the last try of the schedule failed; null after a success. */
  last_failure: { at: number; message: string } | null;
  /** The backup that this process makes now; null while it makes none. */
  running: BackupProgress | null;
}

/** The state of a service that has made no backup yet. */
export function initialBackupState(settings: BackupSettings, files: Pick<StoreFiles, "verify">): BackupState {
  return {
    settings,
    files,
    interval_hours: settings.intervalHours > 0 ? settings.intervalHours : null,
    last_success: null,
    last_failure: null,
    running: null,
  };
}
