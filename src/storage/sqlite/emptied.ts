/**
 * A database file that was cut to nothing: SQLite takes it for a new one and drops the log beside it. What tells it from
 * a file that is new is a log with something in it, and the mark in the lock's file of a store that was in use.
 *
 * @module
 */

import { MemoryError } from "../../errors.ts";

const MARK = new TextEncoder().encode("used\n");

/**
 * Refuses a file without a byte where a store was.
 *
 * @throws {MemoryError} `configuration`.
 */
export function refuseEmptied(path: string): void {
  if (sizeOf(path) !== 0) return;
  const traces = [
    ...isCutFromItsLog(path) ? ["its write-ahead log lies beside it"] : [],
    ...(sizeOf(`${path}.lock`) ?? 0) > 0 ? ["a store was in use there"] : [],
  ];
  if (traces.length === 0) return;
  throw new MemoryError(
    "configuration",
    `Cannot open database "${path}": the file is empty, but ${traces.join(" and ")}; restore a backup with ` +
      "`unimem restore latest --replace`, or remove the file and those beside it to begin with an empty store",
    { value: path },
  );
}

/** Whether a database has no byte, but a log with something in it, which SQLite would drop. */
export function isCutFromItsLog(path: string): boolean {
  return sizeOf(path) === 0 && (sizeOf(`${path}-wal`) ?? 0) > 0;
}

/** Marks the lock's file once there is a store. */
export function markUsed(path: string): void {
  if (sizeOf(`${path}.lock`) !== 0) return;
  try {
    using file = Deno.openSync(`${path}.lock`, { write: true });
    file.writeSync(MARK);
  } catch {
    // Windows refuses writes to a locked file; the log remains as a trace.
  }
}

/**
 * Takes the mark away where the database was removed: it is empty for a moment while a process makes a new one, and
 * others may open it then.
 */
export function unmarkRemoved(path: string): void {
  if (sizeOf(path) !== null || !sizeOf(`${path}.lock`)) return;
  try {
    Deno.truncateSync(`${path}.lock`);
  } catch {
    // Windows, as above.
  }
}

/** Bytes of a file; null where there is none. */
function sizeOf(path: string): number | null {
  try {
    return Deno.statSync(path).size;
  } catch {
    return null;
  }
}
