/**
 * Typed links between memories.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import type { RelateOutcome, Relation, RelationQuery } from "../contract/relations.ts";
import { prepareRows, rowsOf, type Value } from "./database.ts";
import { escapeText, unescapeText } from "../escape.ts";
import type { Work } from "./write_queue.ts";

const STORED = "EXISTS (SELECT 1 FROM memories WHERE content_hash = ?)";

/** Adds relations; for each what came of it. */
export function addRelationsWork(writer: DatabaseSync, relations: readonly Relation[]): Work<RelateOutcome[]> {
  const stored = writer.prepare(`SELECT 1 WHERE ${STORED} AND ${STORED}`);
  const insert = writer.prepare(
    "INSERT INTO relations (source, type, target, created_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
  );
  return function* () {
    const result: RelateOutcome[] = [];
    for (const { source, type, target, created_at } of relations) {
      const [from, to] = [escapeText(source), escapeText(target)];
      if (stored.get(from, to) === undefined) result.push("missing");
      else {
        const { changes } = insert.run(from, escapeText(type), to, created_at);
        result.push(changes === 1 ? "added" : "duplicate");
      }
      yield;
    }
    return { result, changed: 0 };
  };
}

/** Removes relations; for each, whether it was there. */
export function removeRelationsWork(
  writer: DatabaseSync,
  relations: readonly Omit<Relation, "created_at">[],
): Work<boolean[]> {
  const remove = writer.prepare("DELETE FROM relations WHERE source = ? AND type = ? AND target = ?");
  return function* () {
    const result: boolean[] = [];
    for (const { source, type, target } of relations) {
      result.push(remove.run(escapeText(source), escapeText(type), escapeText(target)).changes === 1);
      yield;
    }
    return { result, changed: 0 };
  };
}

/** Relations between stored memories, newest first. */
export function relationsOf(reader: DatabaseSync, { hashes, types, limit }: RelationQuery): Relation[] {
  const conditions: string[] = [], parameters: Value[] = [];
  const among = (column: string, list: string) => `${column} IN (SELECT value FROM json_each(${list}))`;
  if (hashes !== undefined) {
    // Two look-ups by key instead of one scan with OR.
    conditions.push(
      `(r.source, r.type, r.target) IN (SELECT source, type, target FROM relations WHERE ${among("source", "?")} ` +
        `UNION SELECT source, type, target FROM relations WHERE ${among("target", "?")})`,
    );
    const list = JSON.stringify(hashes.map(escapeText));
    parameters.push(list, list);
  }
  if (types !== undefined) {
    conditions.push(among("r.type", "?"));
    parameters.push(JSON.stringify(types.map(escapeText)));
  }
  const statement = prepareRows(
    reader,
    "SELECT r.source, r.target, r.type, r.created_at FROM relations r " +
      "JOIN memories s ON s.content_hash = r.source JOIN memories t ON t.content_hash = r.target " +
      (conditions.length > 0 ? `WHERE ${conditions.join(" AND ")} ` : "") +
      "ORDER BY r.created_at DESC, r.source, r.type, r.target LIMIT ?",
  );
  return rowsOf(statement, ...parameters, limit).map(([source, target, type, created_at]) => ({
    source: unescapeText(String(source)),
    target: unescapeText(String(target)),
    type: unescapeText(String(type)),
    created_at: Number(created_at),
  }));
}
