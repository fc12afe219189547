/**
 * Moving memories to another space of the same store. Runs inside transactions of the write queue.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { fold } from "../../memory/fold.ts";
import type { MoveOutcome } from "../contract/spaces.ts";
import { escapeText } from "../escape.ts";
import { prepareRows, rowsOf, type Value } from "./database.ts";
import type { Records } from "./records.ts";
import { MEMORY_COLUMNS } from "./rows.ts";
import { SpaceNumbers } from "./space_numbers.ts";
import type { Work } from "./write_queue.ts";

/** Memories moved in one transaction. */
export const MOVED_AT_ONCE = 200;

/** One move, of which `moveWork` makes a part. */
export interface Move {
  from: string;
  to: string;
  /** content_hash of all that are to be moved, those of other parts too. */
  all: ReadonlySet<string>;
}

/**
 * Moves memories, each to a row of its own: indexes rely on it that a row never changes its space.
 *
 * @param hashes Each once.
 */
export function moveWork(
  writer: DatabaseSync,
  records: Records,
  hashes: readonly string[],
  { from, to, all }: Move,
): Work<MoveOutcome[]> {
  const find = prepareRows(writer, "SELECT id, content FROM memories WHERE content_hash = ? AND space = ?");
  const copy = writer.prepare(
    `INSERT INTO memories (${MEMORY_COLUMNS}, revision, space) SELECT ${MEMORY_COLUMNS}, ?, ? FROM memories WHERE id = ?`,
  );
  const addWords = writer.prepare("INSERT INTO content_words (rowid, content) VALUES (?, ?)");
  const taken = ["memory_terms", "vectors"].map((table) =>
    writer.prepare(`UPDATE ${table} SET memory_id = ? WHERE memory_id = ?`)
  );
  const dropTrashed = writer.prepare("DELETE FROM trash WHERE content_hash = ? AND space = ?");
  const makeCurrent = writer.prepare("UPDATE memories SET superseded = NULL WHERE id = ?");
  const successor = prepareRows(writer, "SELECT superseded ->> '$.by' FROM memories WHERE id = ?");
  const links = prepareRows(
    writer,
    "SELECT source, type, target, created_at FROM relations WHERE space = ?1 AND source = ?2 UNION " +
      "SELECT source, type, target, created_at FROM relations WHERE space = ?1 AND target = ?2",
  );
  const link = writer.prepare(
    "INSERT INTO relations (source, type, target, created_at, space) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
  );
  return function* (revision) {
    const spaces = new SpaceNumbers(writer), source = spaces.find(from), target = spaces.make(to, null);
    const kept = new Set([...all].map(escapeText)), result: MoveOutcome[] = [];
    const idIn = (hash: string, space: number) => rowsOf(find, hash, space)[0]?.[0];
    for (const hash of hashes) {
      const key = escapeText(hash), [id, content] = rowsOf(find, key, source)[0] ?? [];
      if (id === undefined) {
        result.push("missing");
        continue;
      }
      // What belongs to another part is moved or was: until then the relation stays unseen.
      const isThere = (other: Value) => kept.has(String(other)) || idIn(String(other), target) !== undefined;
      for (const row of rowsOf(links, source, key)) {
        if (isThere(row[0]!) && isThere(row[2]!)) link.run(...row, target);
      }
      if (idIn(key, target) !== undefined) {
        result.push("duplicate");
        const trashing = { at: Date.now() / 1000, reason: `duplicate of the memory in space "${to}"` };
        yield* records.leave(hash, source, all, trashing, revision);
        yield;
        continue;
      }
      const moved = Number(copy.run(revision, target, id).lastInsertRowid);
      for (const table of taken) table.run(moved, id);
      addWords.run(moved, fold(String(content)));
      dropTrashed.run(key, target);
      const by = rowsOf(successor, moved)[0]![0];
      if (by != null && !isThere(by)) makeCurrent.run(moved);
      yield* records.leave(hash, source, all, null, revision);
      result.push("moved");
      yield;
    }
    return { result, changed: result.filter((outcome) => outcome !== "missing").length };
  };
}
