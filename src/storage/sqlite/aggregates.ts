/**
 * Figures over many memories, from the columns of the in-memory index; the length of contents from the rows.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import type { ContentSizes, ValueCount } from "../contract/statistics.ts";
import { prepareRows, rowsOf } from "./database.ts";
import type { MemoryIndex } from "./memory_index.ts";
import type { TimeSlice } from "../../yielding.ts";

/** Row ids covered by one step of a scan. */
const IDS_AT_ONCE = 2048;

/** Memories created in each span between two edges. */
export function histogram(index: MemoryIndex, marks: Uint8Array | null, edges: number[]): number[] {
  const { slots } = index.order, { created } = index;
  let position = firstFrom(edges[0]!, slots, created);
  return edges.slice(1).map((edge) => {
    const start = position;
    position = Math.max(position, firstFrom(edge, slots, created));
    if (marks === null) return position - start;
    let count = 0;
    for (let i = start; i < position; i++) count += marks[slots[i]!]!;
    return count;
  });
}

/** Position of the first slot, in order of time, that was created at or after a time. */
function firstFrom(time: number, slots: ArrayLike<number>, created: Float64Array): number {
  let low = 0, high = slots.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (created[slots[middle]!]! < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Values of a field with their number of memories. */
export function countByValue(
  index: MemoryIndex,
  marks: Uint8Array | null,
  field: "tags" | "memory_type",
): ValueCount[] {
  // Lists of tags are counted as wholes and taken apart once: many memories share theirs.
  const keys = field === "tags" ? index.tagSets : index.types, { created } = index;
  let end = 0;
  for (let slot = 0; slot < index.end; slot++) end = Math.max(end, keys[slot]! + 1);
  const counts = new Uint32Array(end), latest = new Float64Array(end).fill(-Infinity);
  for (let slot = 0; slot < index.end; slot++) {
    if (marks === null ? !index.isAlive(slot) : marks[slot] !== 1) continue;
    const key = keys[slot]!;
    counts[key]!++;
    if (created[slot]! > latest[key]!) latest[key] = created[slot]!;
  }
  const byValue = new Map<string | null, ValueCount>();
  for (let key = 0; key < end; key++) {
    if (counts[key] === 0) continue;
    for (const value of field === "tags" ? index.tagSetNames(key) : [index.typeName(key)]) {
      const found = byValue.get(value);
      if (found === undefined) byValue.set(value, { value, count: counts[key]!, latest: latest[key]! });
      else {
        found.count += counts[key]!;
        found.latest = Math.max(found.latest, latest[key]!);
      }
    }
  }
  return [...byValue.values()].sort((a, b) => b.count - a.count || byName(a.value, b.value));
}

/** Lengths of contents; read in steps, for every row is looked at. */
export async function contentSizes(reader: DatabaseSync, limit: number, timeSlice: TimeSlice): Promise<ContentSizes> {
  // The length stands in the row's header, so contents aren't read.
  const sums = prepareRows(
    reader,
    "SELECT ifnull(sum(octet_length(content)), 0), ifnull(max(octet_length(content)), 0) " +
      "FROM memories WHERE id > ? AND id <= ?",
  );
  const longest = prepareRows(
    reader,
    "SELECT content_hash, octet_length(content) AS bytes FROM memories WHERE id > ? AND id <= ? " +
      "ORDER BY bytes DESC, id LIMIT ?",
  );
  const last = Number(rowsOf(prepareRows(reader, "SELECT ifnull(max(id), 0) FROM memories"))[0]![0]);
  let total_bytes = 0, largest: { content_hash: string; bytes: number }[] = [];
  for (let from = 0; from < last; from += IDS_AT_ONCE) {
    const [sum, max] = rowsOf(sums, from, from + IDS_AT_ONCE)[0]!.map(Number);
    total_bytes += sum!;
    if (largest.length < limit || max! > largest.at(-1)!.bytes) {
      for (const row of rowsOf(longest, from, from + IDS_AT_ONCE, limit)) {
        largest.push({ content_hash: String(row[0]), bytes: Number(row[1]) });
      }
      largest = largest.sort((a, b) => b.bytes - a.bytes).slice(0, limit);
    }
    await timeSlice.yieldIfDue();
  }
  return { total_bytes, largest };
}

function byName(a: string | null, b: string | null): number {
  if (a === null || b === null) return a === null ? 1 : -1;
  return a < b ? -1 : 1;
}
