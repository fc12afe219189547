/**
 * Typed links between memories.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import type { RelateOutcome, Relation, RelationQuery } from "../contract/relations.ts";
import { prepareRows, rowsOf } from "./database.ts";
import { escapeText, unescapeText } from "../escape.ts";
import { type Reach, within } from "./reach.ts";
import { spaceName } from "./rows.ts";
import { SpaceNumbers } from "./space_numbers.ts";
import type { Work } from "./write_queue.ts";

const STORED = "EXISTS (SELECT 1 FROM memories WHERE content_hash = ? AND space = ?)";

/**
 * Adds relations between memories of one space; for each what came of it.
 *
 * @param spaceOf Name of a relation's space.
 */
export function addRelationsWork(
  writer: DatabaseSync,
  relations: readonly Relation[],
  spaceOf: (relation: Pick<Relation, "space">) => string,
): Work<RelateOutcome[]> {
  const stored = writer.prepare(`SELECT 1 WHERE ${STORED} AND ${STORED}`);
  const insert = writer.prepare(
    "INSERT INTO relations (space, source, type, target, created_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
  );
  return function* () {
    const result: RelateOutcome[] = [], spaces = new SpaceNumbers(writer);
    for (const relation of relations) {
      const { source, type, target, created_at } = relation, space = spaces.find(spaceOf(relation));
      const [from, to] = [escapeText(source), escapeText(target)];
      if (stored.get(from, space, to, space) === undefined) result.push("missing");
      else {
        const { changes } = insert.run(space, from, escapeText(type), to, created_at);
        result.push(changes === 1 ? "added" : "duplicate");
      }
      yield;
    }
    return { result, changed: 0 };
  };
}

/** Removes relations; for each, whether it was there. `spaceOf` as for `addRelationsWork`. */
export function removeRelationsWork(
  writer: DatabaseSync,
  relations: readonly Omit<Relation, "created_at">[],
  spaceOf: (relation: Pick<Relation, "space">) => string,
): Work<boolean[]> {
  const remove = writer.prepare("DELETE FROM relations WHERE source = ? AND type = ? AND target = ? AND space = ?");
  return function* () {
    const result: boolean[] = [], spaces = new SpaceNumbers(writer);
    for (const relation of relations) {
      const { source, type, target } = relation, space = spaces.find(spaceOf(relation));
      const { changes } = remove.run(escapeText(source), escapeText(type), escapeText(target), space);
      result.push(changes === 1);
      yield;
    }
    return { result, changed: 0 };
  };
}

/** Relations between stored memories of the spaces in reach, newest first. */
export function relationsOf(
  reader: DatabaseSync,
  { hashes, types, limit }: RelationQuery,
  reach: Reach,
): Relation[] {
  const spaces = within("r.space", reach), conditions = [spaces.sql], parameters = spaces.parameters;
  const among = (column: string, list: string) => `${column} IN (SELECT value FROM json_each(${list}))`;
  if (hashes !== undefined) {
    // Two look-ups by key instead of one scan with OR.
    conditions.push(
      "(r.source, r.type, r.target, r.space) IN (" +
        `SELECT source, type, target, space FROM relations WHERE ${among("source", "?")} UNION ` +
        `SELECT source, type, target, space FROM relations WHERE ${among("target", "?")})`,
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
    `SELECT r.source, r.target, r.type, r.created_at, ${spaceName("r.space")} FROM relations r ` +
      "JOIN memories s ON s.content_hash = r.source AND s.space = r.space " +
      "JOIN memories t ON t.content_hash = r.target AND t.space = r.space " +
      `WHERE ${conditions.join(" AND ")} ` +
      "ORDER BY r.created_at DESC, r.source, r.type, r.target LIMIT ?",
  );
  return rowsOf(statement, ...parameters, limit).map(([source, target, type, created_at, space]) => ({
    source: unescapeText(String(source)),
    target: unescapeText(String(target)),
    type: unescapeText(String(type)),
    created_at: Number(created_at),
    ...(space == null ? {} : { space: String(space) }),
  }));
}
