/**
 * Drops index terms that no memory has any more: words of deleted memories would otherwise stay in the file for good.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { prepareRows, rowsOf } from "./database.ts";
import { decodeNumbers } from "./terms.ts";

/** Rows read in one go. */
const ROWS_AT_ONCE = 512;

/** The number of terms dropped, within a transaction. Reads the terms of every memory. */
export function dropUnusedTerms(connection: DatabaseSync): number {
  const highest = Number(rowsOf(prepareRows(connection, "SELECT ifnull(max(number), 0) FROM terms"))[0]![0]);
  const used = usedTerms(connection, highest);
  const drop = connection.prepare("DELETE FROM terms WHERE number = ?");
  // The highest number stays, without its word: SQLite would give it to the next term, and an index in the memory of
  // another process may still have it. No term is empty.
  const clear = connection.prepare("UPDATE terms SET term = '' WHERE number = ? AND term <> ''");
  let dropped = 0;
  for (const [number] of pages(connection, "SELECT number FROM terms WHERE number > ? ORDER BY number")) {
    if (used[Number(number)] === 1) continue;
    dropped += Number((number === highest ? clear : drop).run(number!).changes);
  }
  // Drawn, so that no earlier value comes back: 52 bits, which a number holds exactly.
  if (dropped > 0) connection.exec("UPDATE counters SET value = random() >> 12 WHERE name = 'terms'");
  return dropped;
}

/** Which terms some memory has, as marks by number. */
function usedTerms(connection: DatabaseSync, highest: number): Uint8Array {
  const used = new Uint8Array(highest + 1);
  const rows = pages(
    connection,
    "SELECT memory_id, terms FROM memory_terms WHERE memory_id > ? ORDER BY memory_id",
  );
  for (const [, terms] of rows) {
    const pairs = decodeNumbers(terms as Uint8Array);
    for (let i = 0; i < pairs.length; i += 2) used[pairs[i]!] = 1;
  }
  return used;
}

/** Rows of a query that takes the first column's value to go on after. */
function* pages(connection: DatabaseSync, sql: string) {
  const statement = prepareRows(connection, `${sql} LIMIT ${ROWS_AT_ONCE}`);
  for (let rows = rowsOf(statement, 0); rows.length > 0; rows = rowsOf(statement, rows.at(-1)![0]!)) yield* rows;
}
