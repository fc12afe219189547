/**
 * Opens the database file: finds out what is there, refuses what isn't Unimem's, and brings the schema up to date.
 *
 * @module
 */

import { DatabaseSync, type StatementSync } from "node:sqlite";
import { dirname } from "node:path";
import { errorText, MemoryError } from "../../errors.ts";
import { makePrivateFile, makePrivateFolder } from "../../private_files.ts";
import { markUsed, refuseEmptied, unmarkRemoved } from "./emptied.ts";
import { APPLICATION_ID, MIGRATIONS, SCHEMA_VERSION } from "./migrations.ts";
import type { Pragmas } from "./pragmas.ts";
import { lockForUse, type StoreLock } from "./store_lock.ts";

/** Longest wait between two tries for a lock, in milliseconds. */
const LONGEST_WAIT = 50;

/** The file that was opened, to notice when another takes its place. */
export interface FileIdentity {
  dev: number;
  ino: number | null;
}

/** The connections to one file. */
export interface Database {
  path: string;
  /** Runs all transactions. */
  writer: DatabaseSync;
  /** Sees only what is committed. */
  reader: DatabaseSync;
  pragmas: Pragmas;
  /** Held until both connections are closed. */
  lock: StoreLock;
}

/** A value that SQLite takes or gives. */
export type Value = null | number | string | Uint8Array;

/**
 * Opens `path`, creating it and its folder when missing.
 *
 * @throws {MemoryError} `configuration` when the file can't be used: no database, another program's, written by a
 * newer version, no permission; `unavailable` when another process keeps it locked.
 */
export async function openDatabase(path: string, pragmas: Pragmas): Promise<Database> {
  if (path === "" || path.startsWith(":memory:") || path.startsWith("file:")) {
    throw new MemoryError("configuration", `Cannot open database "${path}": it takes the path of a file`, {
      value: path,
    });
  }
  const opened: DatabaseSync[] = [];
  const connect = () => {
    const connection = new DatabaseSync(path, { timeout: 0 });
    opened.push(connection);
    return connection;
  };
  let lock: StoreLock | undefined;
  try {
    makePrivateFolder(dirname(path));
    lock = await lockForUse(path, pragmas.busyTimeout);
    refuseEmptied(path);
    unmarkRemoved(path);
    makePrivateFile(path); // SQLite gives its log the mode of the database
    const writer = connect();
    const busy = { timeout: pragmas.busyTimeout, action: `Cannot open database "${path}"` };
    await retryWhileLocked(busy, () => refuseForeign(writer, path));
    await retryWhileLocked(busy, () => pragmas.statements.forEach((statement) => writer.exec(statement)));
    await retryWhileLocked(busy, () => migrate(writer, path));
    await retryWhileLocked(busy, () => noteUncleared(writer));
    markUsed(path);
    const reader = connect();
    await retryWhileLocked(busy, () => pragmas.statements.forEach((statement) => reader.exec(statement)));
    return { path, writer, reader, pragmas, lock };
  } catch (error) {
    for (const connection of opened) connection.close();
    lock?.release();
    throw openingError(error, path);
  }
}

/** Closes both connections and gives up the lock, whatever fails on the way. The last to close moves the log into the file. */
export function closeDatabase({ reader, writer, lock }: Database): void {
  try {
    reader.close();
  } finally {
    try {
      writer.close();
    } finally {
      lock.release();
    }
  }
}

/** Runs `attempt` again while another connection holds the lock it needs; gives the isolate back in between. */
export async function retryWhileLocked<T>(
  { timeout, action }: { timeout: number; action: string },
  attempt: () => T,
): Promise<T> {
  const deadline = performance.now() + timeout;
  for (let wait = 1;; wait = Math.min(wait * 2, LONGEST_WAIT)) {
    try {
      return attempt();
    } catch (error) {
      if (!/database (table )?is locked|database schema is locked/.test(errorText(error))) throw error;
      if (performance.now() > deadline) {
        throw new MemoryError("unavailable", `${action}: another process keeps the database locked`, {
          cause: error,
          retryAfterSeconds: 1,
        });
      }
      await new Promise((resolve) => setTimeout(resolve, wait * (0.5 + Math.random())));
    }
  }
}

/** A statement whose rows come as arrays, which takes half the time of objects. */
export function prepareRows(connection: DatabaseSync, sql: string): StatementSync {
  const statement = connection.prepare(sql) as StatementSync & { setReturnArrays(enabled: boolean): void };
  statement.setReturnArrays(true); // Node has it since 24; the types lag behind
  return statement;
}

/** All rows of a `prepareRows` statement. */
export function rowsOf(statement: StatementSync, ...parameters: Value[]): Value[][] {
  return statement.all(...parameters) as unknown as Value[][];
}

/** The first column of a query's first row. */
export function pluck(connection: DatabaseSync, sql: string, ...parameters: Value[]): Value | undefined {
  return (connection.prepare(sql).get(...parameters) as Record<string, Value> | undefined)?.[columnOf(sql)];
}

/** `pluck` queries name their column `value`, or are a pragma, whose column has its name. */
function columnOf(sql: string): string {
  return /^PRAGMA (\w+)$/.exec(sql)?.[1] ?? "value";
}

/**
 * Refuses a file that isn't Unimem's, or not one of this version or an older one.
 *
 * @throws {MemoryError} `configuration`.
 */
export function refuseForeign(connection: DatabaseSync, path: string): void {
  const application = pluck(connection, "PRAGMA application_id");
  const version = Number(pluck(connection, "PRAGMA user_version"));
  if (application === APPLICATION_ID) {
    if (version <= SCHEMA_VERSION) return;
    throw new MemoryError(
      "configuration",
      `Cannot open database "${path}": a newer version of Unimem wrote it (schema ${version}, this version knows ` +
        `${SCHEMA_VERSION}); update Unimem or choose another path`,
      { value: path },
    );
  }
  const tables = connection.prepare("SELECT name FROM sqlite_master").all().map((row) => String(row.name));
  if (application === 0 && version === 0 && tables.length === 0) return;
  const service = tables.includes("memories") && tables.includes("memory_embeddings");
  throw new MemoryError(
    "configuration",
    service
      ? `Cannot open database "${path}": it belongs to mcp-memory-service and stays as it is; choose another path and ` +
        `take its memories over with \`unimem import --from python-sqlite "${path}"\``
      : `Cannot open database "${path}": it belongs to another program; choose another path`,
    { value: path },
  );
}

/** Runs the missing steps in one transaction; a second process that came at the same moment finds none missing. */
function migrate(connection: DatabaseSync, path: string): void {
  if (pluck(connection, "PRAGMA user_version") === SCHEMA_VERSION) return;
  // A table that is made again takes nothing along that belongs to its rows. Has no effect within a transaction.
  const enforced = pluck(connection, "PRAGMA foreign_keys") === 1;
  connection.exec("PRAGMA foreign_keys = OFF");
  try {
    runSteps(connection, path);
  } finally {
    if (enforced) connection.exec("PRAGMA foreign_keys = ON");
  }
}

function runSteps(connection: DatabaseSync, path: string): void {
  connection.exec("BEGIN IMMEDIATE");
  try {
    refuseForeign(connection, path);
    const version = Number(pluck(connection, "PRAGMA user_version"));
    for (const step of MIGRATIONS.slice(version)) connection.exec(step);
    connection.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`);
  } catch (error) {
    connection.exec("ROLLBACK");
    throw error;
  }
}

/** Notes that free pages will keep what they held, where the settings switch `secure_delete` off. */
function noteUncleared(connection: DatabaseSync): void {
  if (pluck(connection, "PRAGMA secure_delete") === 1) return;
  connection.exec("UPDATE counters SET value = 1 WHERE name = 'uncleared' AND value = 0");
}

/** Why a file can't be opened, as `configuration`. */
export function openingError(error: unknown, path: string): MemoryError {
  if (error instanceof MemoryError) return error;
  const text = errorText(error);
  const refuse = (reason: string) =>
    new MemoryError("configuration", `Cannot open database "${path}": ${reason}`, { value: path, cause: error });
  if (/file is not a database/.test(text)) {
    return refuse(`the file is not a SQLite database; where it was one of Unimem's, ${RESCUE}`);
  }
  if (/malformed|disk image|vtable constructor failed/.test(text)) return refuse(`the file is damaged; ${RESCUE}`);
  if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) {
    return refuse("no permission to write there");
  }
  if (/readonly|read-only/i.test(text)) return refuse("the file or its folder is read-only");
  if (/unable to open database file/.test(text)) return refuse("the file or its folder can't be written or is no file");
  return refuse(text);
}

/** What a failed statement means to a caller: the store is there or it isn't; nothing in between is made up. */
export function storageError(error: unknown, action: string): MemoryError {
  if (error instanceof MemoryError) return error;
  const text = errorText(error), failure = sqliteFailure(text);
  if (failure === "full") {
    return new MemoryError("full", `Cannot ${action}: the store's disk is full; free space on it, then try again`, {
      cause: error,
    });
  }
  if (failure === "damaged") return damagedError(action, error);
  const outage = failure !== null || /disk|not open|closed/i.test(text);
  const reason = failure === null ? text : FAILURES[failure];
  return new MemoryError(outage ? "unavailable" : "internal", `Cannot ${action}: ${reason}`, {
    cause: error,
    ...(outage ? { retryAfterSeconds: 5 } : {}),
  });
}

/** The refusal of a call to a database that is known to be damaged. */
export function damagedError(action: string, cause?: unknown): MemoryError {
  return new MemoryError("unavailable", `Cannot ${action}: ${FAILURES.damaged}; ${RESCUE}`, { cause });
}

/** What to do about a damaged database. */
export const RESCUE = "bring out what can be read with `unimem export`, stop the service, then restore a backup, or " +
  "import that file into a new store";

/** What keeps a database from being written or read, in words for a client. */
export const FAILURES = {
  locked: "another process keeps the database locked",
  full: "the store's disk is full",
  "read-only": "the database can't be written",
  failing: "the store's disk fails",
  damaged: "the database is damaged",
} as const;

/** What a failure of SQLite says about the file; null when it says nothing. */
export function sqliteFailure(text: string): keyof typeof FAILURES | null {
  if (/locked/i.test(text)) return "locked";
  if (/disk is full/i.test(text)) return "full";
  if (/readonly|read-only|unable to open/i.test(text)) return "read-only";
  if (/i\/o error/i.test(text)) return "failing";
  return /malformed|not a database/i.test(text) ? "damaged" : null;
}
