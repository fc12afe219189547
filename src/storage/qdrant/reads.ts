/**
 * Reads of spaces that lie in two collections: each is asked at the same time, and the answers are put together. Where
 * there is one, its answer is the answer.
 *
 * @module
 */

import { MemoryError } from "../../errors.ts";
import { fold } from "../../memory/fold.ts";
import type { Memory, MemoryFilter } from "../../memory/memory.ts";
import type { ListQuery, MemoryPage, ScanPage } from "../contract/memories.ts";
import type { Relation, RelationQuery } from "../contract/relations.ts";
import type { ContentSizes, CountedField, TagCount, ValueCount } from "../contract/statistics.ts";
import type { TrashPage } from "../contract/trash.ts";
import type { CandidateSearch } from "../scoring/candidate_search.ts";
import { all, type Condition } from "./filter.ts";
import type { Order } from "./listings.ts";
import type { Reader } from "./part.ts";

/** Verbatim finds that are ordered by their words; more than these come newest first. */
const MAX_ORDERED = 1000;

/** A reader, and what the memories that are asked of it must meet. */
interface Asked {
  reader: Reader;
  conditions: Condition[];
}

/** A page of what passes. */
export async function list(
  readers: readonly Reader[],
  { filter, offset, limit, order = "newest" }: ListQuery,
): Promise<MemoryPage> {
  const asked = await Promise.all(readers.map(async (reader): Promise<Asked> => {
    return { reader, conditions: await reader.listings.conditions(filter) };
  }));
  const [total, memories] = await Promise.all([totalOf(asked), page(asked, offset, limit, order)]);
  return { memories, total };
}

/** Memories that contain `text` in any case, best words first. */
export async function findText(
  readers: readonly Reader[],
  search: CandidateSearch,
  text: string,
  { filter, offset, limit }: ListQuery,
): Promise<MemoryPage> {
  if (fold(text) === "") return { memories: [], total: 0 };
  const asked = await Promise.all(readers.map(async (reader): Promise<Asked> => {
    return { reader, conditions: await reader.listings.containing(text, filter) };
  }));
  const total = await totalOf(asked);
  if (total > MAX_ORDERED) return { memories: await page(asked, offset, limit, "newest"), total };
  const found = total === 0 ? [] : await Promise.all(
    asked.map(({ reader, conditions }) => reader.listings.matching(conditions, MAX_ORDERED)),
  );
  const memories = new Map(found.flatMap((some) => [...some])), scores = await search.wordScores(text, memories);
  const ordered = [...memories].sort(([a, first], [b, second]) =>
    scores.get(b)! - scores.get(a)! || second.created_at - first.created_at || (a < b ? 1 : -1)
  );
  return { memories: ordered.slice(offset, offset + limit).map(([, memory]) => memory), total: ordered.length };
}

/** A step of a walk through all memories, one collection after the other. */
export async function scan(readers: readonly Reader[], after: string | null, limit: number): Promise<ScanPage> {
  // In the second collection a place is `+` and the place there.
  const isLater = after !== null && after.startsWith("+"), reader = readers[isLater ? 1 : 0];
  if (reader === undefined) {
    if (!isLater) return { memories: [], next: null };
    throw new MemoryError("invalid_input", `Cannot go on reading after "${after}": it is no place in this store`, {
      value: after,
    });
  }
  const place = isLater ? after.slice(1) : after;
  const { memories, next } = await reader.listings.scan(place === "" ? null : place, limit);
  if (isLater) return { memories, next: next === null ? null : `+${next}` };
  if (next !== null || readers.length === 1) return { memories, next };
  if (memories.length === limit) return { memories, next: "+" };
  const rest = await scan(readers, "+", limit - memories.length);
  return { memories: [...memories, ...rest.memories], next: rest.next };
}

/** All tags, most used first. */
export async function tags(readers: readonly Reader[]): Promise<TagCount[]> {
  const counts = sums(await Promise.all(readers.map(({ listings }) => listings.tags())));
  return Array.from(counts, ([tag, count]) => ({ tag, count }))
    .sort((a, b) => b.count - a.count || (a.tag < b.tag ? -1 : 1));
}

/** Values of a field, most used first. */
export async function countByValue(
  readers: readonly Reader[],
  field: CountedField,
  filter: MemoryFilter,
): Promise<ValueCount[]> {
  const answers = await Promise.all(readers.map(({ figures }) => figures.countByValue(field, filter)));
  const values = new Map<string | null, ValueCount>();
  for (const { value, count, latest } of answers.flat()) {
    const other = values.get(value) ?? { value, count: 0, latest: -Infinity };
    values.set(value, { value, count: other.count + count, latest: Math.max(other.latest, latest) });
  }
  return [...values.values()].sort((a, b) =>
    b.count - a.count || (a.value === null ? 1 : b.value === null || a.value < b.value ? -1 : 1)
  );
}

export async function histogram(readers: readonly Reader[], edges: number[], filter: MemoryFilter): Promise<number[]> {
  const answers = await Promise.all(readers.map(({ figures }) => figures.histogram(edges, filter)));
  return edges.slice(1).map((_, i) => answers.reduce((sum, counts) => sum + counts[i]!, 0));
}

export async function contentSizes(readers: readonly Reader[], limit: number): Promise<ContentSizes> {
  const answers = await Promise.all(readers.map(({ figures }) => figures.contentSizes(limit)));
  return {
    total_bytes: answers.reduce((sum, { total_bytes }) => sum + total_bytes, 0),
    largest: answers.flatMap(({ largest }) => largest).sort((a, b) => b.bytes - a.bytes).slice(0, limit),
  };
}

/** Memories in the trash, last deleted first. */
export async function listTrash(
  readers: readonly Reader[],
  { offset, limit }: { offset: number; limit: number },
): Promise<TrashPage> {
  const [only, other] = readers;
  if (only === undefined) return { items: [], total: 0 };
  if (other === undefined) return await only.trashed.list({ offset, limit }, only.reading);
  const first = { offset: 0, limit: limit === 0 ? 0 : offset + limit };
  const pages = await Promise.all(readers.map(({ trashed, reading }) => trashed.list(first, reading)));
  const items = pages.flatMap(({ items }) => items).sort((a, b) => b.deleted_at - a.deleted_at);
  return { items: items.slice(offset, offset + limit), total: pages.reduce((sum, { total }) => sum + total, 0) };
}

/** Relations, newest first. */
export async function relations(readers: readonly Reader[], query: RelationQuery): Promise<Relation[]> {
  const answers = await Promise.all(readers.map(({ relations }) => relations.find(query)));
  if (answers.length < 2) return answers.flat();
  return answers.flat().sort((a, b) => b.created_at - a.created_at).slice(0, query.limit);
}

/** Keys that begin with some digits, in ascending order, each once. */
export async function keysFrom(
  readers: readonly Reader[],
  prefix: string,
  limit: number,
  place: "memories" | "trash",
): Promise<string[]> {
  const answers = await Promise.all(
    readers.map(({ listings, trashed, reading }) =>
      place === "trash" ? trashed.keysFrom(prefix, limit, reading) : listings.keysFrom(prefix, limit)
    ),
  );
  return [...new Set(answers.flat())].sort().slice(0, limit);
}

/** Memories without vectors of a model, oldest first; what is in several spaces once. */
export async function withoutVectors(
  readers: readonly Reader[],
  model: string,
  limit: number,
): Promise<{ content_hash: string; content: string }[]> {
  const found = (await Promise.all(readers.map(({ fills }) => fills.missing(model, limit)))).flat();
  const oldest = found.sort((a, b) => a.created_at - b.created_at);
  const once = new Map(oldest.map(({ content_hash, content }) => [content_hash, { content_hash, content }]));
  return [...once.values()].slice(0, limit);
}

async function totalOf(asked: readonly Asked[]): Promise<number> {
  const counts = await Promise.all(
    asked.map(({ reader, conditions }) => reader.listings.count(all(...conditions))),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

async function page(asked: readonly Asked[], offset: number, limit: number, order: Order): Promise<Memory[]> {
  const [only, other] = asked;
  if (only === undefined || limit === 0) return [];
  if (other === undefined) return await only.reader.listings.page(only.conditions, offset, limit, order);
  // Where the page begins in each isn't known before the places of both are.
  const places = await Promise.all(asked.map(async ({ reader, conditions }) => {
    const found = await reader.listings.places(conditions, offset + limit, order);
    return found.map((place) => ({ ...place, reader }));
  }));
  const sign = order === "newest" ? -1 : 1;
  const wanted = places.flat().sort((a, b) => sign * (a.created_at - b.created_at)).slice(offset, offset + limit);
  const memories = new Map<string, Memory>();
  await Promise.all(Array.from(Map.groupBy(wanted, ({ reader }) => reader), async ([reader, some]) => {
    const read = await reader.listings.read(some.map(({ id }) => id));
    some.forEach(({ id }, i) => read[i] && memories.set(id, read[i]));
  }));
  return wanted.flatMap(({ id }) => memories.get(id) ?? []);
}

function sums(maps: readonly ReadonlyMap<string, number>[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const [key, count] of maps.flatMap((one) => [...one])) sums.set(key, (sums.get(key) ?? 0) + count);
  return sums;
}
