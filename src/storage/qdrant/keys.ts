/**
 * Looking through a collection of memories, or of trashed ones, by key and by space.
 *
 * @module
 */

import type { Schemas } from "@qdrant/js-client-rest";
import type { Collection } from "./collection.ts";
import type { Condition } from "./filter.ts";
import { ORDERED_DIGITS, pointsFrom } from "./layout.ts";
import type { Reading } from "./tenancy.ts";

/** Points in one answer where those of other spaces lie between. */
const POINTS_AT_ONCE = 100;
/** Spaces that are counted. */
const MAX_SPACES = 1_000_000;
/** With fewer digits, too many keys of other spaces may begin alike; then the space's own are looked through. */
const TELLING_DIGITS = 5;

/** Keys that begin with `prefix`, in ascending order. */
export async function keysFrom(
  collection: Collection,
  collection_name: string,
  prefix: string,
  limit: number,
  { spaces, conditions }: Reading,
): Promise<string[]> {
  const keys = new Set<string>(), isFiltered = spaces !== null && prefix.length < TELLING_DIGITS;
  const start = pointsFrom(prefix, spaces === null || isFiltered ? limit : Math.max(limit, POINTS_AT_ONCE));
  const beginning = prefix.slice(0, ORDERED_DIGITS);
  let last = "", offset: Schemas["ScrollResult"]["next_page_offset"] = start.offset;
  while (offset != null) {
    const page: Schemas["ScrollResult"] = await collection.read("find keys", (api, to, init) =>
      api.scrollPoints({
        ...to,
        ...start,
        collection_name,
        offset: offset ?? null,
        ...(isFiltered ? { filter: { must: [...conditions] } } : {}),
      }, init));
    offset = page.next_page_offset;
    for (const { payload } of page.points) {
      const hash = String(payload?.content_hash ?? ""), ordered = hash.slice(0, ORDERED_DIGITS);
      // By these digits, keys come in ascending order.
      if (!ordered.startsWith(beginning) || (keys.size >= limit && ordered !== last)) return sorted(keys, limit);
      last = ordered;
      if (hash.startsWith(prefix) && (spaces === null || spaces.includes(String(payload?.space)))) keys.add(hash);
    }
  }
  return sorted(keys, limit);
}

function sorted(keys: ReadonlySet<string>, limit: number): string[] {
  return [...keys].sort().slice(0, limit);
}

/** How many points there are of each space, by its id. */
export async function countBySpace(
  collection: Collection,
  collection_name: string,
  conditions: readonly Condition[] = [],
): Promise<Map<string, number>> {
  const { hits } = await collection.read<Schemas["FacetResponse"]>("count spaces", (api, to, init) =>
    api.facet({
      ...to,
      collection_name,
      key: "space",
      limit: MAX_SPACES,
      exact: true,
      ...(conditions.length === 0 ? {} : { filter: { must: [...conditions] } }),
    }, init));
  return new Map(hits.filter(({ count }) => count > 0).map(({ value, count }) => [String(value), count]));
}
