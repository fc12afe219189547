/**
 * Tidying the database file while it is in use.
 *
 * @module
 */

import type { Database } from "./database.ts";
import type { WriteQueue } from "./write_queue.ts";

/** Pages of the full-text index merged in one transaction, and how often at most. */
const PAGES_AT_ONCE = 64;
const MERGES_AT_MOST = 1000;

/**
 * Merges what the full-text index has in pieces, refreshes the query planner's figures and moves the write-ahead log
 * into the file. Leaves out VACUUM, which would hold up everyone: SQLite uses free pages again by itself.
 */
export async function optimise({ writer, reader }: Database, queue: WriteQueue): Promise<string> {
  const changes = writer.prepare("SELECT total_changes() AS value");
  const merge = writer.prepare("INSERT INTO content_words (content_words, rank) VALUES ('merge', ?)");
  let merges = 0;
  for (let done = false; !done && merges < MERGES_AT_MOST; merges++) {
    done = await queue.run(
      "merge the full-text index",
      // deno-lint-ignore require-yield -- a bounded number of pages
      function* () {
        const before = Number(changes.get()!.value);
        merge.run(PAGES_AT_ONCE);
        // One change is the command itself.
        return { result: Number(changes.get()!.value) - before < 2, changed: false, effects: [] };
      },
    );
  }
  await queue.run(
    "refresh statistics",
    // deno-lint-ignore require-yield -- looks at a bounded number of rows
    function* () {
      writer.exec("PRAGMA analysis_limit = 400; PRAGMA optimize");
      return { result: undefined, changed: false, effects: [] };
    },
  );
  // Not on the writer, which may be in the middle of someone's transaction.
  reader.exec("PRAGMA wal_checkpoint(PASSIVE)");
  return `Optimized the database: full-text index merged in ${merges} steps, statistics refreshed, log written back`;
}
