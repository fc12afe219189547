/**
 * Examines a database file from outside: beside a service that uses it, or without one. Writes nothing.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import { errorText, MemoryError } from "../../errors.ts";
import type { StoreExamination } from "../examination.ts";
import { type Database, FAILURES, pluck, refuseForeign, sqliteFailure } from "./database.ts";
import { refuseEmptied } from "./emptied.ts";
import { unescapeText } from "../escape.ts";
import { SCHEMA_VERSION } from "./migrations.ts";

/** Bytes of a write-ahead log above which something keeps it from being written back; it is cut at 64 MB otherwise. */
const LARGE_LOG = 256 * 2 ** 20;
/** Milliseconds that another process may hold the lock; a transaction takes up to 30. */
const LOCK_PATIENCE = 1000;
const MAGIC = "SQLite format 3\0";
/** Contents that are looked at, and characters of each. */
const TEXTS = 100, TEXT = 1000;

/** What to look at. */
export interface ExamineOptions {
  /** Whether to look for a lock by taking it for a moment; not beside a service, which tells of locks by itself. */
  tryLock: boolean;
}

/**
 * Examines the file.
 *
 * @throws {MemoryError} what is wrong with it: `unavailable` when it is locked or can't be read, else `configuration`.
 */
export async function examineFile(path: string, { tryLock }: ExamineOptions): Promise<StoreExamination> {
  const nothing = { memories: null, newest: null, model: null, texts: [], notes: {}, clock_ahead: null, warnings: [] };
  const size = await Deno.stat(path).then((file) => file.isFile ? file.size : -1, (error) => {
    if (error instanceof Deno.errors.NotFound) return null;
    throw fault(error);
  });
  if (size === null) return { ...nothing, message: "There is no database yet; the service makes it when it starts" };
  if (size === -1) throw new MemoryError("configuration", "Cannot use the database: its path is not a file");
  refuseEmptied(path);
  if (size > 0 && await beginning(path) !== MAGIC) {
    throw new MemoryError("configuration", "Cannot use the database: the file is not a SQLite database");
  }
  const wal = await Deno.stat(`${path}-wal`).then((file) => file.size, () => null);
  // Without a log no process has it open, and only a connection that may write cleans up after itself.
  const connections = [new DatabaseSync(path, { readOnly: wal !== null, timeout: LOCK_PATIENCE })];
  try {
    const reader = connections[0]!;
    refuseForeign(reader, path);
    const version = Number(pluck(reader, "PRAGMA user_version"));
    const check = String(pluck(reader, "PRAGMA quick_check"));
    if (check !== "ok") throw new MemoryError("unavailable", `Cannot rely on the database, it is damaged: ${check}`);
    if (tryLock && wal !== null) {
      const writer = new DatabaseSync(path, { timeout: LOCK_PATIENCE });
      connections.unshift(writer); // closed first, so that the last one to close can't write
      writer.exec("BEGIN IMMEDIATE; ROLLBACK");
    }
    const warnings = (wal ?? 0) < LARGE_LOG ? [] : [{
      message: `The write-ahead log has grown to ${Math.round(wal! / 2 ** 20)} MB`,
      action: "Look for a process that keeps an old read of the database open, and end it",
    }];
    return { ...nothing, ...contents(reader, version), warnings };
  } catch (error) {
    throw fault(error);
  } finally {
    for (const connection of connections) connection.close();
  }
}

/** What is in it, in the schema of this version or an older one. */
function contents(reader: Database["reader"], version: number) {
  if (version === 0) return { message: "The database is empty; the service fills it when it starts" };
  const memories = Number(pluck(reader, "SELECT count(*) AS value FROM memories"));
  const newest = pluck(reader, "SELECT max(created_at) AS value FROM memories");
  const model = reader.prepare(
    "SELECT m.id, m.name, m.dimensions FROM models m JOIN counters c ON c.name = 'active_model' AND c.value = m.number",
  ).get();
  const notes = hasNotes(reader) ? reader.prepare("SELECT name, value FROM notes").all() : [];
  const schema = version === SCHEMA_VERSION ? `schema ${version}` : `schema ${version}, the next start upgrades it`;
  return {
    message: `${memories} memories, ${schema}, every page checked`,
    memories,
    newest: typeof newest === "number" ? newest : null,
    texts: textsOf(reader),
    notes: Object.fromEntries(notes.map(({ name, value }) => [String(name), unescapeText(String(value))])),
    model: model === undefined
      ? null
      : { id: String(model.id), name: String(model.name), dimensions: Number(model.dimensions) },
  };
}

/** Schemas before notes came are examined too. */
function hasNotes(reader: Database["reader"]): boolean {
  return pluck(reader, "SELECT count(*) AS value FROM sqlite_schema WHERE type = 'table' AND name = 'notes'") === 1;
}

/** The beginnings of contents at places spread evenly over the table. */
function textsOf(reader: Database["reader"]): string[] {
  const first = Number(pluck(reader, "SELECT min(id) AS value FROM memories") ?? 0);
  const last = Number(pluck(reader, "SELECT max(id) AS value FROM memories") ?? -1);
  const at = reader.prepare(
    `SELECT substr(content, 1, ${TEXT}) AS text FROM memories WHERE id >= ? ORDER BY id LIMIT 1`,
  );
  const step = Math.max(1, Math.ceil((last - first + 1) / TEXTS)), texts: string[] = [];
  for (let id = first; id <= last; id += step) texts.push(String(at.get(id)!.text));
  return texts;
}

async function beginning(path: string): Promise<string> {
  const bytes = new Uint8Array(MAGIC.length);
  using file = await Deno.open(path).catch((error) => {
    throw fault(error);
  });
  await file.read(bytes);
  return new TextDecoder("latin1").decode(bytes);
}

function fault(error: unknown): MemoryError {
  if (error instanceof MemoryError) return error;
  if (error instanceof Deno.errors.PermissionDenied) {
    return new MemoryError("unavailable", "Cannot read the database: no permission", { cause: error });
  }
  const failure = sqliteFailure(errorText(error));
  const reason = failure === null ? errorText(error) : FAILURES[failure];
  return new MemoryError("unavailable", `Cannot use the database: ${reason}`, { cause: error });
}
