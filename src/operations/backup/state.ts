/**
 * Where scheduled backups go, and how they fare.
 *
 * @module
 */

/** Where backups go, and when. */
export interface BackupSettings {
  folder: string;
  /** Hours between two backups; 0 makes none by itself. */
  intervalHours: number;
  /** Backups left in the folder after a new one. */
  keep: number;
}

/** How the scheduled backups go, for the health report. Times are Unix seconds. */
export interface BackupState {
  /** Hours between two backups; null when none is scheduled. */
  interval_hours: number | null;
  /** When the newest backup in the folder was made, by whichever process or command; null while none is known. */
  last_success: number | null;
  /** Why the last try failed; null after a success. */
  last_failure: { at: number; message: string } | null;
  running: boolean;
}

/** The state of a service that has made no backup yet. */
export function initialBackupState({ intervalHours }: Pick<BackupSettings, "intervalHours">): BackupState {
  return {
    interval_hours: intervalHours > 0 ? intervalHours : null,
    last_success: null,
    last_failure: null,
    running: false,
  };
}
