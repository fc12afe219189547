/**
 * Figures over many memories: counted and ordered by the server, or estimated from a sample where it can't sum.
 *
 * @module
 */

import type { Schemas } from "@qdrant/js-client-rest";
import type { MemoryFilter } from "../../memory/memory.ts";
import type { ContentSizes, CountedField, ValueCount } from "../contract/statistics.ts";
import { escapeText, unescapeText } from "../escape.ts";
import type { Collection } from "./collection.ts";
import { all, type Condition } from "./filter.ts";
import { RESERVED_ID } from "./layout.ts";
import type { Listings } from "./listings.ts";
import { partsOf } from "./records.ts";

/** Counts asked for at the same time, and searches in one request. */
const COUNTS_AT_ONCE = 16, SEARCHES_AT_ONCE = 100;
/** Contents whose bytes are averaged; all of them in a store that has no more. */
const SAMPLE = 2000;
const MAX_VALUES = 1_000_000;

/** Payload fields by what is counted. */
const KEYS: Record<CountedField, string> = {
  tags: "tags",
  memory_type: "memory_type",
  writer: "writer.name",
  client: "writer.client.name",
  channel: "writer.channel",
};

const RESERVED: Condition = { has_id: [RESERVED_ID] };

/** Figures about some spaces of one collection. */
export class Statistics {
  readonly #collection: Collection;
  readonly #listings: Listings;

  constructor(collection: Collection, listings: Listings) {
    this.#collection = collection;
    this.#listings = listings;
  }

  async histogram(edges: number[], filter: MemoryFilter): Promise<number[]> {
    const conditions = await this.#listings.conditions(filter);
    const counts: number[] = [];
    for (const part of partsOf(edges.slice(0, -1), COUNTS_AT_ONCE)) {
      const first = counts.length;
      counts.push(
        ...await Promise.all(part.map((gte, i) => {
          const span: Condition = { key: "created_at", range: { gte, lt: edges[first + i + 1]! } };
          return this.#listings.count(all(...conditions, span));
        })),
      );
    }
    return counts;
  }

  async countByValue(field: CountedField, filter: MemoryFilter): Promise<ValueCount[]> {
    const conditions = await this.#listings.conditions(filter), key = KEYS[field];
    const { hits } = await this.#collection.read<Schemas["FacetResponse"]>(
      "count values",
      (api, to, init) =>
        api.facet({
          ...to,
          key,
          limit: MAX_VALUES,
          exact: true,
          ...(conditions.length > 0 ? { filter: { must: conditions } } : {}),
        }, init),
    );
    const values = hits.filter(({ count }) => count > 0).map(({ value, count }) => ({
      value: unescapeText(String(value)) as string | null,
      count,
    }));
    if (field !== "tags") {
      const count = await this.#listings.count({
        must: [...conditions, { is_empty: { key } }],
        must_not: [RESERVED],
      });
      if (count > 0) values.push({ value: null, count });
    }
    const latest = await this.#latest(key, values.map(({ value }) => value), conditions);
    return values.map((entry, i) => ({ ...entry, latest: latest[i]! })).sort((a, b) =>
      b.count - a.count || (a.value === null ? 1 : b.value === null || a.value < b.value ? -1 : 1)
    );
  }

  async contentSizes(limit: number): Promise<ContentSizes> {
    const filter = all(...await this.#listings.conditions({})), within = filter === undefined ? {} : { filter };
    const [memories, sample, largest] = await Promise.all([
      this.#listings.count(filter),
      this.#query({ ...within, query: { sample: "random" }, limit: SAMPLE, with_payload: ["content"] }),
      limit === 0 ? [] : this.#query({
        ...within,
        query: { order_by: { key: "bytes", direction: "desc" } },
        limit,
        with_payload: ["content_hash", "content"],
      }),
    ]);
    const sampled = sample.filter(({ id }) => id !== RESERVED_ID);
    const bytes = sampled.reduce((sum, point) => sum + bytesOf(point), 0);
    return {
      total_bytes: sampled.length === 0 ? 0 : Math.round(bytes / sampled.length * memories),
      largest: largest.map((point) => ({
        content_hash: String(point.payload?.content_hash),
        bytes: bytesOf(point),
      })),
    };
  }

  /** When the newest memory with each value was created. */
  async #latest(key: string, values: (string | null)[], conditions: Condition[]): Promise<number[]> {
    const latest: number[] = [];
    for (const part of partsOf(values, SEARCHES_AT_ONCE)) {
      const answers = await this.#collection.read<Schemas["QueryResponse"][]>(
        "count values",
        (api, to, init) =>
          api.queryBatchPoints({
            ...to,
            searches: part.map((value) => ({
              query: { order_by: { key: "created_at", direction: "desc" as const } },
              filter: {
                must: [
                  ...conditions,
                  value === null
                    ? { is_empty: { key } }
                    : { key, match: { value: escapeText(value) } } satisfies Condition,
                ],
              },
              limit: 1,
              with_payload: ["created_at"],
            })),
          }, init),
      );
      latest.push(...answers.map(({ points }) => Number(points[0]?.payload?.created_at ?? 0)));
    }
    return latest;
  }

  async #query(query: Schemas["QueryRequest"]): Promise<Schemas["ScoredPoint"][]> {
    const { points } = await this.#collection.read<Schemas["QueryResponse"]>(
      "measure contents",
      (api, to, init) => api.queryPoints({ ...to, ...query }, init),
    );
    return points;
  }
}

function bytesOf({ payload }: Schemas["ScoredPoint"]): number {
  return new TextEncoder().encode(unescapeText(String(payload?.content ?? ""))).length;
}
