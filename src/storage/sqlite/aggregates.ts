/**
 * Figures over many memories, from the columns of the in-memory index; the length of contents from the rows.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import type { ContentSizes, ValueCount } from "../storage.ts";
import { prepareRows, rowsOf } from "./database.ts";
import type { MemoryIndex } from "./memory_index.ts";
import type { Pacer } from "./pacer.ts";

/** Row ids covered by one step of a scan. */
const IDS_AT_ONCE = 2048;

/** Slots that pass, oldest first; `marks` is null for all. */
function* passing(index: MemoryIndex, marks: Uint8Array | null): Generator<number> {
  for (const slot of index.order.slots) if (marks === null || marks[slot] === 1) yield slot;
}

/** Memories created in each span between two edges. */
export function histogram(index: MemoryIndex, marks: Uint8Array | null, edges: number[]): number[] {
  const counts = new Array<number>(Math.max(0, edges.length - 1)).fill(0);
  let span = -1;
  for (const slot of passing(index, marks)) {
    const created = index.created[slot]!;
    while (span + 1 < edges.length && created >= edges[span + 1]!) span++;
    if (span >= counts.length) break;
    if (span >= 0) counts[span]!++;
  }
  return counts;
}

/** Values of a field with their number of memories. */
export function values(index: MemoryIndex, marks: Uint8Array | null, field: "tags" | "memory_type"): ValueCount[] {
  const byKey = new Map<number, { count: number; latest: number }>();
  // Oldest first, so the last one seen is the latest. Lists of tags are counted as wholes and taken apart once.
  for (const slot of passing(index, marks)) {
    const key = field === "tags" ? index.tagSetAt(slot) : index.typeAt(slot);
    const found = byKey.get(key);
    if (found === undefined) byKey.set(key, { count: 1, latest: index.created[slot]! });
    else {
      found.count++;
      found.latest = index.created[slot]!;
    }
  }
  const byValue = new Map<string | null, ValueCount>();
  for (const [key, { count, latest }] of byKey) {
    for (const value of field === "tags" ? index.tagSetNames(key) : [index.typeName(key)]) {
      const found = byValue.get(value);
      if (found === undefined) byValue.set(value, { value, count, latest });
      else {
        found.count += count;
        found.latest = Math.max(found.latest, latest);
      }
    }
  }
  return [...byValue.values()].sort((a, b) => b.count - a.count || byName(a.value, b.value));
}

/** Lengths of contents; read in steps, for every row is looked at. */
export async function sizes(reader: DatabaseSync, limit: number, pacer: Pacer): Promise<ContentSizes> {
  // The length stands in the row's header, so contents aren't read.
  const statement = prepareRows(
    reader,
    "SELECT content_hash, octet_length(content) AS bytes, sum(octet_length(content)) OVER () " +
      "FROM memories WHERE id > ? AND id <= ? ORDER BY bytes DESC LIMIT ?",
  );
  const last = Number(rowsOf(prepareRows(reader, "SELECT ifnull(max(id), 0) FROM memories"))[0]![0]);
  let total_bytes = 0, largest: { content_hash: string; bytes: number }[] = [];
  for (let from = 0; from < last; from += IDS_AT_ONCE) {
    const rows = rowsOf(statement, from, from + IDS_AT_ONCE, Math.max(1, limit));
    total_bytes += Number(rows[0]?.[2] ?? 0);
    largest.push(...rows.map((row) => ({ content_hash: String(row[0]), bytes: Number(row[1]) })));
    largest = largest.sort((a, b) => b.bytes - a.bytes).slice(0, limit);
    await pacer.pause();
  }
  return { total_bytes, largest };
}

function byName(a: string | null, b: string | null): number {
  if (a === null || b === null) return a === null ? 1 : -1;
  return a < b ? -1 : 1;
}
