/**
 * Listings over the indexes of several spaces, as if they were one.
 *
 * @module
 */

import { DOCUMENT_CONVERSATION } from "../../memory/document_conversation.ts";
import type { ListQuery } from "../contract/memories.ts";
import type { TagCount } from "../contract/statistics.ts";
import { type Marked, scoreWords, statisticsOf, weighWords } from "./candidates.ts";
import type { MemoryIndex } from "./memory_index.ts";
import type { TermNumbers } from "./terms.ts";

/** Row ids of a page, and how many pass in all. */
export interface IdPage {
  ids: number[];
  total: number;
}

/** A page in the order of time. */
export function pageByTime(read: readonly Marked[], { offset, limit, order = "newest" }: ListQuery): IdPage {
  if (read.length === 1) return pageOf(read[0]!, offset, limit, order);
  // What comes first of all is among the first of each.
  const pages = read.map((marked) => ({ marked, ...pageOf(marked, 0, offset + limit, order) }));
  const found = pages.flatMap(({ marked: { index }, ids }) =>
    ids.map((id) => ({ id, created: index.created[index.slotOf(id)!]! }))
  );
  found.sort((a, b) => a.created - b.created || a.id - b.id);
  if (order === "newest") found.reverse();
  return {
    ids: found.slice(offset, offset + limit).map(({ id }) => id),
    total: pages.reduce((sum, { total }) => sum + total, 0),
  };
}

function pageOf({ index, marks }: Marked, offset: number, limit: number, order: "newest" | "oldest"): IdPage {
  const { length } = index.order, ids: number[] = [];
  const slotAt = (place: number) => index.order.at(order === "oldest" ? place : length - 1 - place);
  if (marks === null) {
    for (let i = offset; i < Math.min(offset + limit, length); i++) ids.push(index.ids[slotAt(i)]!);
    return { ids, total: length };
  }
  let total = 0;
  for (let i = 0; i < length; i++) {
    const slot = slotAt(i);
    if (marks[slot] !== 1) continue;
    if (total >= offset && ids.length < limit) ids.push(index.ids[slot]!);
    total++;
  }
  return { ids, total };
}

/** A page of memories that were found by their text, best BM25 first, then newest. */
export function pageByWords(
  read: readonly Marked[],
  numbers: TermNumbers,
  text: string,
  found: readonly number[],
  { offset, limit }: ListQuery,
): IdPage {
  const statistics = statisticsOf(read), words = weighWords(read, statistics, numbers, text);
  const scored = read.flatMap(({ index, marks }) => {
    const scores = scoreWords(index, statistics, words);
    return found.flatMap((id) => {
      const slot = index.slotOf(id);
      if (slot === undefined || (marks !== null && marks[slot] !== 1)) return [];
      return [{ id, score: scores[slot]!, created: index.created[slot]! }];
    });
  });
  scored.sort((a, b) => b.score - a.score || b.created - a.created || b.id - a.id);
  return { ids: scored.slice(offset, offset + limit).map(({ id }) => id), total: scored.length };
}

/** All tags in use, most used first, then by name. */
export function tagsOf(indexes: readonly MemoryIndex[]): TagCount[] {
  const counts = new Map<string, number>();
  for (const index of indexes) {
    for (const [tag, count] of index.tagCounts()) counts.set(tag, (counts.get(tag) ?? 0) + count);
  }
  return Array.from(counts, ([tag, count]) => ({ tag, count }))
    .sort((a, b) => b.count - a.count || (a.tag < b.tag ? -1 : 1));
}

/** Number of distinct conversations that are no documents. */
export function countConversations(indexes: readonly MemoryIndex[]): number {
  const names = new Set<string>();
  for (const index of indexes) {
    for (const name of index.conversations()) if (!name.startsWith(DOCUMENT_CONVERSATION)) names.add(name);
  }
  return names.size;
}

/** Number of distinct tags. */
export function countTags(indexes: readonly MemoryIndex[]): number {
  return indexes.length === 1 ? indexes[0]!.uniqueTags : tagsOf(indexes).length;
}
