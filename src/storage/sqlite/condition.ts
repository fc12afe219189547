/**
 * What hinders an open database although it may answer: looked for on request, with nothing written unless a
 * write has failed before.
 *
 * @module
 */

import { errorText, MemoryError } from "../../errors.ts";
import type { StoreCondition, StoreIssue } from "../contract/maintenance.ts";
import { type Database, FAILURES, pluck, RESCUE, sqliteFailure } from "./database.ts";
import { SCHEMA_VERSION } from "./migrations.ts";
import type { WriteFailure } from "./write_failures.ts";
import type { WriteQueue } from "./write_queue.ts";

/** Milliseconds that another process may hold the lock before it counts as stuck; a transaction takes up to 30. */
const LOCK_PATIENCE = 1000;
/** Milliseconds after a failed write in which no trial is made, so that the state doesn't flap. */
const FAULT_HOLD = 3000;

const ACTIONS: Record<WriteFailure["kind"], string> = {
  full: "Free space on the disk that holds the database; writes work again by themselves",
  "read-only": "Make the database, its folder and its disk writable for the service",
  failing: "Look at the machine's log for faults of the disk, and at limits on file sizes",
  damaged: `${RESCUE[0]!.toUpperCase()}${RESCUE.slice(1)}`,
};

/** The condition of an open database. Throws `unavailable` when it can't be read. */
export async function conditionOf(database: Database, queue: WriteQueue): Promise<StoreCondition> {
  const { path, reader } = database, { opened } = queue;
  const file = await Deno.stat(path).catch(() => null);
  const wal = await Deno.stat(`${path}-wal`).then(({ size }) => size, () => 0);
  const troubles: StoreIssue[] = [];
  if (file === null || file.dev !== opened.dev || file.ino !== opened.ino) {
    troubles.push({
      kind: "replaced",
      severity: "unhealthy",
      message: file === null ? "The database file is gone" : "Another file has taken the database's place",
      action: "Put the file back, or restart the service; writes are refused until then",
    });
  }
  const trouble = damage(reader, queue) ?? await writable(database, queue);
  if (trouble !== null) troubles.push(trouble);
  return {
    issues: troubles,
    facts: { schema_version: SCHEMA_VERSION, size_bytes: (file?.size ?? 0) + wal, wal_bytes: wal },
  };
}

/** Reads from the file, not from what the connection remembers of it; and what other calls came upon. */
function damage(reader: Database["reader"], { faults }: WriteQueue): StoreIssue | null {
  try {
    reader.exec("PRAGMA shrink_memory");
    pluck(reader, "SELECT value FROM counters LIMIT 1");
  } catch (error) {
    if (sqliteFailure(errorText(error)) !== "damaged") throw error;
    faults.failed(error);
  }
  if (faults.damagedAt === null) return null;
  return {
    kind: "damaged",
    severity: "unhealthy",
    since: faults.damagedAt,
    message: "The database is damaged: writes are refused, so that nothing is lost in it",
    action: ACTIONS.damaged,
  };
}

/** Whether a write could be made now. */
async function writable({ writer }: Database, queue: WriteQueue): Promise<StoreIssue | null> {
  const { faults } = queue;
  if (!writer.isTransaction && !await free(writer, queue)) {
    return {
      kind: "locked",
      severity: "degraded",
      since: faults.lockedSince ?? Date.now(),
      message: "Another process keeps the database locked: reads work, writes don't",
      action: "End the process that writes to the database file, or wait until it is done",
    };
  }
  if (faults.fault !== null && Date.now() - faults.fault.last > FAULT_HOLD) await tryWrite(queue);
  const { fault } = faults;
  if (fault === null) return null;
  return {
    kind: fault.kind,
    severity: "degraded",
    since: fault.since,
    message: `Writes fail: ${FAILURES[fault.kind]}`,
    action: ACTIONS[fault.kind],
  };
}

/** Whether the lock for writing can be had; it is given back at once. */
async function free(writer: Database["writer"], queue: WriteQueue): Promise<boolean> {
  const { faults } = queue;
  for (const end = performance.now() + LOCK_PATIENCE;;) {
    try {
      if (writer.isTransaction || queue.isAlone) return true; // this process has it
      faults.watchLock(() => writer.exec("BEGIN IMMEDIATE"));
      writer.exec("ROLLBACK");
      return true;
    } catch (error) {
      // Any other fault shows in the writes themselves.
      if (sqliteFailure(errorText(error)) !== "locked") return faults.failed(error), true;
      if (performance.now() > end) return false;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}

/** Writes a page and commits it, to see whether writes work again. */
async function tryWrite(queue: WriteQueue): Promise<void> {
  try {
    await queue.probe();
  } catch (error) {
    if (!(error instanceof MemoryError)) throw error; // the queue has noted the fault
  }
}
