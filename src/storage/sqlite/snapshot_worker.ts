/**
 * The worker that copies a database and looks through the copy, both of which take seconds in one call of SQLite.
 *
 * @module
 */

/// <reference lib="deno.worker" />

import { backup, DatabaseSync } from "node:sqlite";
import { errorText } from "../../errors.ts";
import { lowerThreadPriority } from "../../tuning/thread_priority.ts";
import type { SnapshotFacts } from "../files.ts";
import { pluck } from "./database.ts";
import { APPLICATION_ID, SCHEMA_VERSION } from "./migrations.ts";

/** A file to look through; `from` is copied there first. `thorough` reads every page. */
export interface SnapshotTask {
  file: string;
  from?: string;
  thorough: boolean;
}

/** What came of it. `unsound` is about the file looked at, `failed` about everything else. */
export type SnapshotAnswer = { facts: SnapshotFacts } | { unsound: string } | { failed: string };

/** Milliseconds to wait for another process's lock. */
const PATIENCE_MS = 15_000;
/** Pages copied in one step: more than a database can have. */
const ALL_PAGES = 2 ** 31 - 1;
/** Faults that a message lists. */
const FAULTS_LISTED = 3;

self.onmessage = async ({ data }: MessageEvent<SnapshotTask>) => self.postMessage(await run(data));

async function run({ file, from, thorough }: SnapshotTask): Promise<SnapshotAnswer> {
  lowerThreadPriority();
  try {
    if (from !== undefined) await copy(from, file);
  } catch (error) {
    return { failed: errorText(error) };
  }
  try {
    return look(file, thorough);
  } catch (error) {
    return { unsound: errorText(error) };
  }
}

/**
 * Copies within one read transaction, so that what others write meanwhile neither shows nor makes SQLite start again.
 * VACUUM INTO would attach the copy, which Deno allows only to a process that may do everything.
 */
async function copy(from: string, to: string): Promise<void> {
  const source = new DatabaseSync(from, { timeout: PATIENCE_MS });
  try {
    source.exec("BEGIN");
    pluck(source, "PRAGMA schema_version"); // the transaction begins with the first read
    await backup(source, to, { rate: ALL_PAGES });
    source.exec("COMMIT");
  } finally {
    source.close();
  }
  // Without a log, the copy is one file that can be read from a read-only disk too.
  const target = new DatabaseSync(to, { timeout: PATIENCE_MS });
  try {
    target.exec("PRAGMA journal_mode = DELETE");
  } finally {
    target.close();
  }
}

function look(file: string, thorough: boolean): SnapshotAnswer {
  const copy = new DatabaseSync(file, { readOnly: true, timeout: PATIENCE_MS });
  try {
    if (pluck(copy, "PRAGMA application_id") !== APPLICATION_ID) return { unsound: "it is no database of Unimem" };
    const schema = Number(pluck(copy, "PRAGMA user_version"));
    if (schema > SCHEMA_VERSION) {
      return { unsound: `a newer version of Unimem wrote it (schema ${schema}, this version knows ${SCHEMA_VERSION})` };
    }
    if (thorough) {
      const faults = copy.prepare(`PRAGMA quick_check(${FAULTS_LISTED})`).all().map((row) => String(row.quick_check));
      if (faults.join() !== "ok") return { unsound: `it is damaged: ${faults.join("; ")}` };
    }
    const tables = new Set(copy.prepare("SELECT name FROM sqlite_master").all().map((row) => String(row.name)));
    // A table that a later version added is missing in older files.
    const count = (table: string) =>
      tables.has(table) ? Number(pluck(copy, `SELECT count(*) AS value FROM ${table}`)) : 0;
    return {
      facts: { schema, memories: count("memories"), trashed: count("trash"), relations: count("relations") },
    };
  } finally {
    copy.close();
  }
}
