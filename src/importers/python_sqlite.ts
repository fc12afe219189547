/**
 * The SQLite file of the Python mcp-memory-service. Its plain tables are read, not its vectors, so that the sqlite-vec
 * extension isn't needed; vectors are computed again.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import { errorText, MemoryError } from "../errors.ts";
import { contentHash } from "../memory/hash.ts";
import type { Metadata } from "../memory/memory.ts";
import type { Entry } from "../operations/moving/import.ts";
import { entry, type ImporterOptions, secondsOf, tagsOf } from "./importer.ts";
import { contentOf, metadataOf, parsePythonJson, storeIn } from "./python.ts";

type Row = Record<string, unknown>;

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Memories first, then its trash, its beliefs and its links. The file is opened for reading only. */
export async function* readPythonSqlite(
  path: string,
  { ownersBy }: ImporterOptions = {},
): AsyncGenerator<Entry> {
  await Deno.stat(path); // SQLite tells less of a missing file
  using database = open(path);
  const columns = memoryColumns(database, path);
  if (!columns.includes("content_hash") || !columns.includes("content")) {
    throw new MemoryError("invalid_input", `Cannot import "${path}": it has no table of memories`, { value: path });
  }
  // As bytes, because node:sqlite ends a text at its first NUL.
  const contents = "CAST(content AS BLOB) AS content_bytes, CAST(metadata AS BLOB) AS metadata_bytes";
  const rows = (where: string) =>
    database.prepare(
      `SELECT rowid AS row, *, ${columns.includes("metadata") ? contents : contents.split(",")[0]} FROM memories ` +
        `WHERE ${where} ORDER BY rowid`,
    ).iterate() as Iterable<Row>;
  const successor = database.prepare("SELECT * FROM memories WHERE content_hash = ?");
  const created = (hash: string) => {
    const row = successor.get(hash);
    return secondsOf(row?.created_at) ?? secondsOf(row?.created_at_iso);
  };
  const hasTrash = columns.includes("deleted_at");
  const owned = (row: Row): Entry => ({
    ...entryOf(row, created),
    owner: ownersBy === undefined ? undefined : storeIn({ store: row.store }),
  });
  for (const row of rows(hasTrash ? "deleted_at IS NULL" : "1")) yield owned(row);
  if (hasTrash) { for (const row of rows("deleted_at IS NOT NULL")) yield owned(row); }
  yield* beliefs(database);
  yield* links(database);
}

function open(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path, { readOnly: true });
  } catch (cause) {
    throw new MemoryError("invalid_input", `Cannot open "${path}": ${errorText(cause)}`, { value: path, cause });
  }
}

/** The first look into the file, at which SQLite notices that it is none of its own. */
function memoryColumns(database: DatabaseSync, path: string): string[] {
  try {
    return columnsOf(database, "memories");
  } catch (cause) {
    throw new MemoryError("invalid_input", `Cannot read "${path}": ${errorText(cause)}`, { value: path, cause });
  }
}

function columnsOf(database: DatabaseSync, table: string): string[] {
  return database.prepare("SELECT name FROM pragma_table_info(?)").all(table).map(({ name }) => String(name));
}

function entryOf(row: Row, createdAt: (hash: string) => number | undefined): Entry {
  const place = `Row ${row.row}`, notes: (string | undefined)[] = [];
  const text = textOf(row.content_bytes), json = textOf(row.metadata_bytes) ?? "";
  if (text === null) return { place, fault: "Cannot import it: its content is not UTF-8" };
  const read = json === null || json === "" ? { value: {} } : parsePythonJson(json);
  if ("fault" in read) return { place, fault: "Cannot import it: its metadata is not JSON" };
  const metadata = metadataOf(read.value), given = String(row.content_hash ?? "");
  const { content, hash = contentHash(text), note } = contentOf(
    text,
    /^[0-9a-f]{64}$/i.test(given) ? given : undefined,
  );
  notes.push("note" in read ? read.note : undefined, note);
  const conversation = metadata.conversation_id;
  const store = storeIn({ store: row.store });
  if (store !== undefined) metadata.store = store;
  const created_at = secondsOf(row.created_at) ?? secondsOf(row.created_at_iso);
  const by = typeof row.superseded_by === "string" && /^[0-9a-f]{64}$/i.test(row.superseded_by)
    ? row.superseded_by
    : null;
  const memory = {
    content,
    content_hash: hash,
    tags: tagsOf(row.tags),
    memory_type: row.memory_type === null || row.memory_type === "" ? null : String(row.memory_type),
    metadata,
    conversation_id: typeof conversation === "string" && conversation !== "" ? conversation : null,
    created_at,
    updated_at: secondsOf(row.updated_at) ?? secondsOf(row.updated_at_iso),
    // The service keeps no time of the change: the older memory held until the newer was stored.
    ...(by === null ? {} : { superseded: { by, at: Math.max(createdAt(by) ?? 0, created_at ?? 0), reason: "" } }),
  };
  const deleted_at = secondsOf(row.deleted_at);
  const found = deleted_at === undefined
    ? entry(place, { kind: "memory", ...memory })
    : entry(place, { kind: "trashed", ...memory, deleted_at, reason: "deleted" });
  const present = notes.filter((note) => note !== undefined);
  return present.length === 0 ? found : { ...found, note: present.join("; ") };
}

/** Text of a column that was read as bytes; null when it isn't UTF-8, "" for NULL. */
function textOf(bytes: unknown): string | null {
  if (!(bytes instanceof Uint8Array)) return "";
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}

/** What newer versions derived from memories, with links to what it was derived from and what speaks against it. */
function* beliefs(database: DatabaseSync): Generator<Entry> {
  const columns = columnsOf(database, "beliefs");
  if (!columns.includes("belief_hash") || !columns.includes("content")) return;
  const links: Entry[] = [];
  for (const row of database.prepare("SELECT * FROM beliefs ORDER BY rowid").iterate() as Iterable<Row>) {
    const place = `Belief ${row.id}`;
    const read = parsePythonJson(String(row.metadata ?? "{}"));
    if ("fault" in read) {
      yield { place, fault: "Cannot import it: its metadata is not JSON" };
      continue;
    }
    const { content } = contentOf(String(row.content), undefined),
      content_hash = contentHash(content, { belief: true });
    const metadata: Metadata = { ...metadataOf(read.value), belief_status: String(row.status ?? "") };
    if (typeof row.confidence === "number") metadata.confidence = row.confidence;
    yield entry(place, {
      kind: "memory",
      content,
      content_hash,
      tags: ["belief"],
      memory_type: "belief",
      metadata,
      created_at: secondsOf(row.created_at),
      updated_at: secondsOf(row.updated_at),
    });
    for (const [column, type] of [["derived_from", "derived_from"], ["contradicted_by", "contradicted_by"]] as const) {
      for (const target of hashesIn(row[column])) {
        links.push(entry(`${place}: ${type}`, { kind: "relation", source: content_hash, target, type }));
      }
    }
  }
  yield* links;
}

function hashesIn(value: unknown): string[] {
  const read = parsePythonJson(String(value ?? "[]"));
  const list = "value" in read && Array.isArray(read.value) ? read.value : [];
  return list.filter((hash) => typeof hash === "string" && /^[0-9a-f]{64}$/i.test(hash));
}

/** The graph of newer versions; links whose memories are gone stay behind. */
function* links(database: DatabaseSync): Generator<Entry> {
  const columns = columnsOf(database, "memory_graph");
  if (!columns.includes("source_hash")) return;
  const type = columns.includes("relationship_type") ? "relationship_type" : "'related'";
  const rows = database.prepare(
    `SELECT g.source_hash AS source, g.target_hash AS target, ${type} AS type, g.created_at FROM memory_graph g ` +
      "JOIN memories s ON s.content_hash = g.source_hash JOIN memories t ON t.content_hash = g.target_hash " +
      (columnsOf(database, "memories").includes("deleted_at")
        ? "WHERE s.deleted_at IS NULL AND t.deleted_at IS NULL"
        : ""),
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
