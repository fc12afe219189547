/**
 * The worker that writes everything with words in it again, so that nothing of what was deleted is left in the file:
 * `secure_delete` overwrites rows where they lie, but not the copies that SQLite leaves behind when it moves rows between
 * pages, and the full-text index keeps the words of deleted memories. VACUUM would do the same and is forbidden by Deno to
 * a process with limited rights, for it attaches a second file.
 *
 * @module
 */

/// <reference lib="deno.worker" />

import { DatabaseSync } from "node:sqlite";
import { errorText } from "../../errors.ts";
import { pluck } from "./database.ts";
import { addFold } from "./text_scans.ts";
import { dropUnusedTerms } from "./unused_terms.ts";

/** What was done, or why nothing was. */
export type RewriteAnswer = { terms: number; emptied: boolean } | { failed: string };

/** Milliseconds to wait for another process's write, and for its reading before the log is emptied. */
const PATIENCE_MS = 15_000, READING_PATIENCE_MS = 5000;
/** Tables that hold words in plain columns; their order is kept. */
const TABLES = [
  { name: "memories", order: "id" },
  { name: "trash", order: "rowid" },
  { name: "relations", order: "source, type, target" },
  { name: "terms", order: "number" },
  { name: "spaces", order: "number" },
];
/** Bytes of one row of zeros, and those of a page that hold no content: more than SQLite takes. */
const ZEROS = 2 ** 22, PAGE_OVERHEAD = 64;

self.onmessage = ({ data: path }: MessageEvent<string>) => {
  let answer: RewriteAnswer;
  try {
    answer = rewrite(path);
  } catch (error) {
    answer = { failed: errorText(error) };
  }
  self.postMessage(answer);
};

function rewrite(path: string): RewriteAnswer {
  const connection = new DatabaseSync(path, { timeout: PATIENCE_MS });
  try {
    // Without foreign keys, so that emptying a table doesn't take along what belongs to its rows.
    connection.exec("PRAGMA foreign_keys = OFF; PRAGMA secure_delete = ON; PRAGMA synchronous = NORMAL");
    connection.exec("PRAGMA temp_store = MEMORY; BEGIN IMMEDIATE");
    clearFreePages(connection);
    const terms = dropUnusedTerms(connection);
    rewriteTables(connection);
    rewriteWords(connection);
    forgetSamples(connection);
    connection.exec("COMMIT");
    connection.exec(`PRAGMA busy_timeout = ${READING_PATIENCE_MS}`);
    return { terms, emptied: connection.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get()!.busy === 0 };
  } finally {
    connection.close(); // takes back what isn't committed
  }
}

/** Overwrites free pages where they may hold what was deleted: takes all of them, and gives them back as zeros. */
function clearFreePages(connection: DatabaseSync): void {
  if (pluck(connection, "SELECT value FROM counters WHERE name = 'uncleared'") === 0) return;
  const size = Number(pluck(connection, "PRAGMA page_size")) - PAGE_OVERHEAD;
  connection.exec("CREATE TABLE cleared (zeros BLOB NOT NULL)");
  const fill = connection.prepare("INSERT INTO cleared VALUES (zeroblob(?))");
  for (let pages; (pages = Number(pluck(connection, "PRAGMA freelist_count"))) > 0;) {
    fill.run(Math.min(pages * size, ZEROS));
  }
  connection.exec("DROP TABLE cleared; UPDATE counters SET value = 0 WHERE name = 'uncleared'");
}

/** Empties each table, which overwrites all its pages, and fills it again from a copy. */
function rewriteTables(connection: DatabaseSync): void {
  const triggers = connection.prepare("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all();
  for (const { name } of triggers) connection.exec(`DROP TRIGGER ${name}`);
  for (const { name, order } of TABLES) {
    connection.exec(`
      CREATE TABLE copied AS SELECT * FROM ${name} ORDER BY ${order};
      DELETE FROM ${name};
      INSERT INTO ${name} SELECT * FROM copied ORDER BY rowid;
      DROP TABLE copied;
    `);
  }
  for (const { sql } of triggers) connection.exec(String(sql));
}

function rewriteWords(connection: DatabaseSync): void {
  const sql = String(pluck(connection, "SELECT sql AS value FROM sqlite_master WHERE name = 'content_words'"));
  connection.exec(`DROP TABLE content_words; ${sql}`);
  addFold(connection);
  connection.exec("INSERT INTO content_words (rowid, content) SELECT id, fold(content) FROM memories ORDER BY id");
}

/** Drops the planner's samples of index entries, which hold terms: `PRAGMA optimize` may keep those of deleted ones. */
function forgetSamples(connection: DatabaseSync): void {
  if (connection.prepare("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat4'").get() === undefined) return;
  connection.exec("DELETE FROM sqlite_stat4");
}
