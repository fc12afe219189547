/**
 * One of the two collections of memories with the trash and the relations beside it: `default`'s, or the one that all
 * other spaces share. Gives what reads some of its spaces, and what changes one of them.
 *
 * @module
 */

import type { Schemas } from "@qdrant/js-client-rest";
import type { Memory } from "../../memory/memory.ts";
import { unescapeText } from "../escape.ts";
import type { Analysis } from "../analysis.ts";
import type { Collection } from "./collection.ts";
import { Listings } from "./listings.ts";
import type { Models } from "./models.ts";
import { Records } from "./records.ts";
import { Relations } from "./relations.ts";
import { conversationKey, SearchCalls } from "./search_calls.ts";
import { Space } from "./space.ts";
import { Statistics } from "./statistics.ts";
import { DEFAULT_TENANCY, EVERYTHING, type Reading, readingOf, type Tenancy, tenancyOf } from "./tenancy.ts";
import { TrashPoints } from "./trash_points.ts";
import { VectorBackfill } from "./vector_backfill.ts";

/** Readers, and spaces that are changed, which are kept: they hold next to nothing. */
const MAX_KEPT = 1000;
/** Points of keys in one answer. */
const POINTS_AT_ONCE = 1000;

/** What changed, for caches: the points, what their conversations are known by, and the id of their space. */
export type OnSpaceChange = (points: { id: string; conversation: string | null }[], space: string | null) => void;

/** What reads some spaces of one collection. */
export interface Reader {
  readonly reading: Reading;
  readonly listings: Listings;
  readonly figures: Statistics;
  readonly fills: VectorBackfill;
  readonly relations: Relations;
  readonly searches: SearchCalls;
  readonly trashed: TrashPoints;
  /** Memories with these keys, in any order; one key may be in several spaces. */
  byKeys(hashes: readonly string[]): Promise<Memory[]>;
}

/** A collection and what lies beside it. */
export class Part {
  readonly collection: Collection;
  readonly models: Models;
  readonly trashed: TrashPoints;
  readonly #analysis: Analysis;
  readonly #changed: OnSpaceChange;
  readonly #readers = new Map<string, Reader>();
  readonly #spaces = new Map<string, Space>();

  constructor(collection: Collection, models: Models, analysis: Analysis, changed: OnSpaceChange) {
    this.collection = collection;
    this.models = models;
    this.trashed = new TrashPoints(collection);
    this.#analysis = analysis;
    this.#changed = changed;
  }

  /** What changes one space, by its id; `default` without one. */
  space(id: string | null): Space {
    return kept(this.#spaces, id ?? "", () => {
      const tenancy = id === null ? DEFAULT_TENANCY : tenancyOf(id);
      return new Space(this, this.#records(tenancy), tenancy, this.#analysis, this.#onChange(id));
    });
  }

  /** What reads some spaces, by their ids; all without. */
  reader(ids: readonly string[] | null): Reader {
    return kept(this.#readers, ids === null ? "" : [...ids].sort().join(), () => {
      const { collection, models, trashed } = this;
      const one = ids === null
        ? (collection.isShared ? null : DEFAULT_TENANCY)
        : ids.length === 1
        ? tenancyOf(ids[0]!)
        : null;
      const reading = one ?? (ids === null ? EVERYTHING : readingOf(ids));
      const records = this.#records(one ?? DEFAULT_TENANCY), listings = new Listings(collection, reading);
      return {
        reading,
        listings,
        trashed,
        figures: new Statistics(collection, listings),
        fills: new VectorBackfill(collection, models, records, reading, (hashes) => this.#idsOf(hashes, reading, one)),
        relations: new Relations(collection, records, reading, one?.space ?? null),
        searches: new SearchCalls(collection, models, reading),
        byKeys: async (hashes) => {
          if (one === null) return [...(await listings.withKeys(hashes)).values()];
          const found = await listings.read([...new Set(hashes)].map(one.idOf).filter((id) => id !== null));
          return found.filter((memory) => memory !== null);
        },
      };
    });
  }

  #records(tenancy: Tenancy): Records {
    const { collection, models, trashed } = this;
    return new Records(collection, models, trashed, this.#analysis, this.#onChange(tenancy.space), tenancy);
  }

  #onChange(space: string | null) {
    return (points: { id: string; conversation: string | null }[]) =>
      this.#changed(
        points.map(({ id, conversation }) => ({
          id,
          conversation: conversation === null ? null : conversationKey(unescapeText(conversation), space),
        })),
        space,
      );
  }

  /** Ids of the points that have these keys: without a look where only one space is meant. */
  async #idsOf(
    hashes: readonly string[],
    { conditions }: Reading,
    one: Tenancy | null,
  ): Promise<Map<string, string[]>> {
    const ids = new Map<string, string[]>(hashes.map((hash) => [hash, []]));
    if (one !== null) {
      for (const [hash, found] of ids) found.push(...[one.idOf(hash)].filter((id) => id !== null));
      return ids;
    }
    let offset: Schemas["ScrollResult"]["next_page_offset"] = null;
    do {
      const page: Schemas["ScrollResult"] = await this.collection.read(
        "find memories",
        (api, to, init) =>
          api.scrollPoints({
            ...to,
            filter: { must: [...conditions, { key: "content_hash", match: { any: [...ids.keys()] } }] },
            limit: POINTS_AT_ONCE,
            with_payload: ["content_hash"],
            ...(offset == null ? {} : { offset }),
          }, init),
      );
      for (const { id, payload } of page.points) ids.get(String(payload?.content_hash))?.push(String(id));
      offset = page.next_page_offset;
    } while (offset != null);
    return ids;
  }
}

/** What is kept under a key; what was used longest ago goes where there are too many. */
export function kept<T>(all: Map<string, T>, key: string, make: () => T): T {
  const found = all.get(key) ?? make();
  all.delete(key);
  all.set(key, found);
  if (all.size > MAX_KEPT) all.delete(all.keys().next().value!);
  return found;
}
