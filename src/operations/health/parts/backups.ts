/**
 * Backups, where the service makes them by itself: how old the newest is.
 *
 * @module
 */

import { definePart, type Finding } from "../part.ts";

/** Intervals after which a backup counts as overdue: one may be late, or be made while the service is off. */
const OVERDUE = 2;
const HOUR_MS = 3_600_000;

/** What is known of the backups. */
export interface BackupFacts {
  /** Hours between two; 0 where none are made. */
  intervalHours: number;
  /** Unix milliseconds of the newest; null when there is none. */
  newest: number | null;
  /** Why the last try failed; null when it didn't. */
  error: string | null;
  /** Unix milliseconds since which backups have been expected. */
  expectedSince: number;
}

/** What is said of the backups. @param now Unix milliseconds. */
export function judgeBackups({ intervalHours, newest, error, expectedSince }: BackupFacts, now: number): Finding {
  if (intervalHours === 0) return { state: "off", message: "None are made by the service" };
  const age = newest === null ? "there is none yet" : `the newest is ${hours(now - newest)} old`;
  const action = "Check the rights and the room of the backup folder, and the log; the next try comes by itself";
  if (error !== null) return { state: "degraded", message: `The last backup failed: ${error}; ${age}`, action };
  if (now - Math.max(newest ?? 0, expectedSince) > OVERDUE * intervalHours * HOUR_MS) {
    return { state: "degraded", message: `No backup was made in time; ${age}`, action };
  }
  return { state: "healthy", message: `Every ${intervalHours} hours; ${age}` };
}

export const backups = definePart({
  name: "backups",
  judge(_, { runtime: { backups: { interval_hours, last_success, last_failure }, startedAt }, now }) {
    const newest = last_success === null ? null : last_success * 1000;
    const error = last_failure?.message ?? null;
    return judgeBackups({ intervalHours: interval_hours ?? 0, newest, error, expectedSince: startedAt }, now);
  },
});

function hours(milliseconds: number): string {
  const count = milliseconds / HOUR_MS;
  return count < 48 ? `${count.toFixed(1)} hours` : `${Math.round(count / 24)} days`;
}
