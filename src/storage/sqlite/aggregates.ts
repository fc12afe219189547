/**
 * Figures over many memories, from the columns of the in-memory index; the length of contents from the rows.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import type { ContentSizes, CountedField, ValueCount } from "../contract/statistics.ts";
import type { MemoryIndex } from "./memory_index.ts";
import { prepareRows, rowsOf } from "./database.ts";
import type { Marked } from "./candidates.ts";
import { type Reach, within } from "./reach.ts";
import type { TimeSlice } from "../../yielding.ts";

/** Row ids covered by one step of a scan. */
const IDS_AT_ONCE = 2048;

/** What a number of the index's stands for. */
function valuesOf(index: MemoryIndex, field: CountedField, key: number): readonly (string | null)[] {
  if (field === "tags") return index.tagSetNames(key);
  if (field === "memory_type") return [index.typeName(key)];
  const writer = index.writer(key);
  if (writer === null) return [null];
  return [field === "writer" ? writer.name : field === "channel" ? writer.channel : writer.client?.name ?? null];
}

/** Memories created in each span between two edges. */
export function histogram(read: readonly Marked[], edges: number[]): number[] {
  const counts = read.map((marked) => histogramOf(marked, edges));
  return counts.reduce((sums, others) => sums.map((sum, i) => sum + others[i]!));
}

function histogramOf({ index, marks }: Marked, edges: number[]): number[] {
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
export function countByValue(read: readonly Marked[], field: CountedField): ValueCount[] {
  const byValue = new Map<string | null, ValueCount>();
  for (const marked of read) countIn(marked, field, byValue);
  return [...byValue.values()].sort((a, b) => b.count - a.count || byName(a.value, b.value));
}

function countIn(
  { index, marks }: Marked,
  field: CountedField,
  byValue: Map<string | null, ValueCount>,
): void {
  // Lists of tags, and writers, are counted as wholes and taken apart once: many memories share theirs.
  const keys = field === "tags" ? index.tagSets : field === "memory_type" ? index.types : index.writers;
  const { created } = index;
  let end = 0;
  for (let slot = 0; slot < index.end; slot++) end = Math.max(end, keys[slot]! + 1);
  const counts = new Uint32Array(end), latest = new Float64Array(end).fill(-Infinity);
  for (let slot = 0; slot < index.end; slot++) {
    if (marks === null ? !index.isAlive(slot) : marks[slot] !== 1) continue;
    const key = keys[slot]!;
    counts[key]!++;
    if (created[slot]! > latest[key]!) latest[key] = created[slot]!;
  }
  for (let key = 0; key < end; key++) {
    if (counts[key] === 0) continue;
    for (const value of valuesOf(index, field, key)) {
      const found = byValue.get(value);
      if (found === undefined) byValue.set(value, { value, count: counts[key]!, latest: latest[key]! });
      else {
        found.count += counts[key]!;
        found.latest = Math.max(found.latest, latest[key]!);
      }
    }
  }
}

/** Lengths of contents; read in steps, for every row is looked at. */
export async function contentSizes(
  reader: DatabaseSync,
  limit: number,
  reach: Reach,
  timeSlice: TimeSlice,
): Promise<ContentSizes> {
  const { sql, parameters } = within("space", reach);
  // The length stands in the row's header, so contents aren't read.
  const sums = prepareRows(
    reader,
    "SELECT ifnull(sum(octet_length(content)), 0), ifnull(max(octet_length(content)), 0) " +
      `FROM memories WHERE id > ? AND id <= ? AND ${sql}`,
  );
  const longest = prepareRows(
    reader,
    "SELECT content_hash, octet_length(content) AS bytes FROM memories " +
      `WHERE id > ? AND id <= ? AND ${sql} ` +
      "ORDER BY bytes DESC, id LIMIT ?",
  );
  const last = Number(rowsOf(prepareRows(reader, "SELECT ifnull(max(id), 0) FROM memories"))[0]![0]);
  let total_bytes = 0, largest: { content_hash: string; bytes: number }[] = [];
  for (let from = 0; from < last; from += IDS_AT_ONCE) {
    const [sum, max] = rowsOf(sums, from, from + IDS_AT_ONCE, ...parameters)[0]!.map(Number);
    total_bytes += sum!;
    if (largest.length < limit || max! > largest.at(-1)!.bytes) {
      for (const row of rowsOf(longest, from, from + IDS_AT_ONCE, ...parameters, limit)) {
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
