/**
 * The SQLite file of the Python mcp-memory-service. Its plain tables are read, not its vectors, so that the sqlite-vec
 * extension isn't needed; the vectors are made anew.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import { errorText, MemoryError } from "../errors.ts";
import type { Metadata } from "../memory/memory.ts";
import type { Entry } from "../operations/moving/import.ts";
import { entry, secondsOf, tagsOf } from "./importer.ts";

type Row = Record<string, unknown>;

/** Memories first, then its trash, then its links. The file is opened for reading only. */
export async function* readPythonSqlite(path: string): AsyncGenerator<Entry> {
  await Deno.stat(path); // SQLite tells less of a missing file
  using database = open(path);
  const columns = database.prepare("SELECT name FROM pragma_table_info('memories')").all().map(({ name }) => name);
  if (!columns.includes("content_hash") || !columns.includes("content")) {
    throw new MemoryError("invalid_input", `Cannot import "${path}": it has no table of memories`, { value: path });
  }
  const rows = (where: string) =>
    database.prepare(`SELECT rowid AS row, * FROM memories WHERE ${where} ORDER BY rowid`).iterate() as Iterable<Row>;
  const hasTrash = columns.includes("deleted_at");
  for (const row of rows(hasTrash ? "deleted_at IS NULL" : "1")) yield entryOf(row);
  if (hasTrash) { for (const row of rows("deleted_at IS NOT NULL")) yield entryOf(row); }
  yield* links(database);
}

function open(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path, { readOnly: true });
  } catch (cause) {
    throw new MemoryError("invalid_input", `Cannot open "${path}": ${errorText(cause)}`, { value: path, cause });
  }
}

function entryOf(row: Row): Entry {
  const place = `Row ${row.row}`;
  let metadata: Metadata;
  try {
    metadata = row.metadata ? JSON.parse(String(row.metadata)) : {};
  } catch {
    return { place, fault: "Cannot import it: its metadata is not JSON" };
  }
  const conversation = metadata.conversation_id;
  const memory = {
    content: String(row.content),
    content_hash: String(row.content_hash),
    tags: tagsOf(row.tags),
    memory_type: row.memory_type === null || row.memory_type === "" ? null : String(row.memory_type),
    metadata,
    conversation_id: typeof conversation === "string" && conversation !== "" ? conversation : null,
    created_at: secondsOf(row.created_at) ?? secondsOf(row.created_at_iso),
    updated_at: secondsOf(row.updated_at) ?? secondsOf(row.updated_at_iso),
    ...(typeof row.superseded_by === "string" && /^[0-9a-f]{64}$/i.test(row.superseded_by)
      ? { superseded: { by: row.superseded_by, at: secondsOf(row.updated_at) ?? 0, reason: "" } }
      : {}),
  };
  const deleted_at = secondsOf(row.deleted_at);
  return deleted_at === undefined
    ? entry(place, { kind: "memory", ...memory })
    : entry(place, { kind: "trashed", ...memory, deleted_at, reason: "deleted" });
}

/** The graph of newer versions; links whose memories are gone stay behind. */
function* links(database: DatabaseSync): Generator<Entry> {
  const columns = database.prepare("SELECT name FROM pragma_table_info('memory_graph')").all().map(({ name }) => name);
  if (!columns.includes("source_hash")) return;
  const type = columns.includes("relationship_type") ? "relationship_type" : "'related'";
  const rows = database.prepare(
    `SELECT g.source_hash AS source, g.target_hash AS target, ${type} AS type, g.created_at FROM memory_graph g ` +
      "JOIN memories s ON s.content_hash = g.source_hash JOIN memories t ON t.content_hash = g.target_hash " +
      (hasColumn(database, "deleted_at") ? "WHERE s.deleted_at IS NULL AND t.deleted_at IS NULL" : ""),
  ).iterate() as Iterable<Row>;
  for (const { source, target, type, created_at } of rows) {
    yield entry(`Link ${source} to ${target}`, {
      kind: "relation",
      source: String(source),
      target: String(target),
      type: String(type ?? "related"),
      created_at: secondsOf(created_at),
    });
  }
}

function hasColumn(database: DatabaseSync, name: string): boolean {
  return database.prepare("SELECT 1 FROM pragma_table_info('memories') WHERE name = ?").get(name) !== undefined;
}
