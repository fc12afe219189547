/**
 * Pages, counts and tags of some spaces in one collection, all of them found, counted and ordered by the server.
 *
 * @module
 */

import type { Schemas } from "@qdrant/js-client-rest";
import { MemoryError } from "../../errors.ts";
import type { Memory, MemoryFilter } from "../../memory/memory.ts";
import type { ScanPage, Turn, TurnsAround } from "../contract/memories.ts";
import { escapeText, unescapeText } from "../escape.ts";
import type { Collection } from "./collection.ts";
import { all, type Condition, conditionsOf, type Filter } from "./filter.ts";
import { keysFrom } from "./keys.ts";
import { foldedText, MEMORY_FIELDS, memoryOf, RESERVED_ID } from "./layout.ts";
import { partsOf } from "./records.ts";
import type { Reading } from "./tenancy.ts";

/** Turns whose neighbours are asked for in one request, and content_hashes. */
const TURNS_AT_ONCE = 100, HASHES_AT_ONCE = 200;
/** Tags that are counted. */
const MAX_TAGS = 1_000_000;

const POINT_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** By `created_at`. */
export type Order = "newest" | "oldest";

/** A memory's place in an order. */
export interface Place {
  id: string;
  created_at: number;
}

/** Listings of some spaces. */
export class Listings {
  readonly #collection: Collection;
  readonly #reading: Reading;

  constructor(collection: Collection, reading: Reading) {
    this.#collection = collection;
    this.#reading = reading;
  }

  /** Whether these are the memories of `default`. */
  get isDefault(): boolean {
    return !this.#collection.isShared;
  }

  /** What memories of these spaces that pass must meet; empty where all in the collection do. */
  async conditions(filter: MemoryFilter): Promise<Condition[]> {
    const { complete } = await this.#collection.facts();
    return [...this.#reading.conditions, ...conditionsOf(filter, complete)];
  }

  /** What memories must meet that pass and contain `text` in any case. */
  async containing(text: string, filter: MemoryFilter): Promise<Condition[]> {
    const { complete } = await this.#collection.facts();
    // Without an index on the field, the server looks for the text anywhere in it.
    const folded: Condition = { key: "folded", match: { text: foldedText(text) } };
    // What isn't completed yet has its content in lower case there, or nothing.
    const lower: Condition = { key: "folded", match: { text: escapeText(text.toLowerCase()) } };
    const condition = complete ? folded : { should: [folded, lower, { key: "content", match: { text } }] };
    return [...await this.conditions(filter), condition];
  }

  /** The turns around each of many in its conversation, found by two searches for each in one request. */
  async neighbours(turns: readonly Turn[], count: number): Promise<TurnsAround[]> {
    if (turns.length === 0 || count === 0) return turns.map(() => ({ before: [], after: [] }));
    const search = (filter: MemoryFilter, direction: "asc" | "desc"): Schemas["QueryRequest"] => ({
      query: { order_by: { key: "created_at", direction } },
      filter: {
        must: [...this.#reading.conditions, ...conditionsOf(filter, true)], // these fields are in every collection
      },
      limit: count + 1, // the turn itself may be among those created at its time
      with_payload: MEMORY_FIELDS,
    });
    const searchesOf = (part: readonly Turn[]) =>
      part.flatMap(({ conversation_id, created_at }) => [
        search({ conversation_id, created_before: created_at }, "desc"),
        search({ conversation_id, created_from: created_at }, "asc"),
      ]);
    const answers = await Promise.all(
      Array.from(partsOf(turns, TURNS_AT_ONCE), (part) =>
        this.#collection.read<Schemas["QueryResponse"][]>(
          "read turns",
          (api, to, init) => api.queryBatchPoints({ ...to, searches: searchesOf(part) }, init),
        )),
    ).then((parts) => parts.flat());
    return turns.map(({ content_hash }, i) => {
      const others = ({ points }: Schemas["QueryResponse"]) =>
        points.map(({ payload }) => memoryOf(payload ?? {}))
          .filter((turn) => turn.content_hash !== content_hash).slice(0, count);
      return { before: others(answers[2 * i]!).reverse(), after: others(answers[2 * i + 1]!) };
    });
  }

  /** Points in the order of their ids, which begin like content_hashes. */
  async scan(after: string | null, limit: number): Promise<ScanPage> {
    if (after !== null && !POINT_ID.test(after)) {
      throw new MemoryError("invalid_input", `Cannot go on reading after "${after}": it is no place in this store`, {
        value: after,
      });
    }
    const filter = all(...this.#reading.conditions);
    const { points, next_page_offset } = await this.#collection.read<Schemas["ScrollResult"]>(
      "read all memories",
      (api, to, init) =>
        api.scrollPoints({
          ...to,
          ...(after === null ? {} : { offset: after }),
          ...(filter === undefined ? {} : { filter }),
          limit,
          with_payload: MEMORY_FIELDS,
          with_vector: false,
        }, init),
    );
    return { memories: memoriesOf(points), next: next_page_offset == null ? null : String(next_page_offset) };
  }

  /** Keys that begin with some digits. */
  keysFrom(prefix: string, limit: number): Promise<string[]> {
    return keysFrom(this.#collection, this.#collection.name, prefix, limit, this.#reading);
  }

  /** How often each tag is used. */
  async tags(): Promise<Map<string, number>> {
    const filter = all(...this.#reading.conditions);
    const { hits } = await this.#collection.read<Schemas["FacetResponse"]>(
      "count tags",
      (api, to, init) =>
        api.facet({
          ...to,
          key: "tags",
          limit: MAX_TAGS,
          exact: true,
          ...(filter === undefined ? {} : { filter }),
        }, init),
    );
    // The server goes on naming a value whose last memory has gone.
    return new Map(
      hits.filter(({ count }) => count > 0).map(({ value, count }) => [unescapeText(String(value)), count]),
    );
  }

  /** Memories of these spaces by point id, in the order asked; null where there is none. */
  async read(ids: readonly string[]): Promise<(Memory | null)[]> {
    const asked = ids.filter((id) => POINT_ID.test(id));
    if (asked.length === 0) return ids.map(() => null);
    const points = await this.#collection.read<Schemas["Record"][]>(
      "read memories",
      (api, to, init) => api.getPoints({ ...to, ids: asked, with_payload: MEMORY_FIELDS, with_vector: false }, init),
    );
    const { spaces } = this.#reading;
    const found = new Map(
      points.filter(({ payload }) => spaces === null || spaces.includes(String(payload?.space)))
        .map(({ id, payload }) => [String(id), payload]),
    );
    return ids.map((id) => {
      const payload = found.get(id);
      return payload == null ? null : memoryOf(payload);
    });
  }

  /** Memories of these spaces with these keys, in any order, by point id; one key may be in several spaces. */
  async withKeys(hashes: readonly string[]): Promise<Map<string, Memory>> {
    const found = new Map<string, Memory>();
    for (const part of partsOf([...new Set(hashes)], HASHES_AT_ONCE)) {
      const key: Condition = { key: "content_hash", match: { any: part } };
      for await (const points of this.#scroll([...this.#reading.conditions, key])) {
        for (const { id, payload } of points) found.set(String(id), memoryOf(payload ?? {}));
      }
    }
    return found;
  }

  /** Memories that pass; the reserved point counts as none. */
  async count(filter: Filter | undefined, exact = true): Promise<number> {
    const { count } = await this.#collection.read<Schemas["CountResult"]>(
      "count memories",
      (api, to, init) => api.countPoints({ ...to, exact, ...(filter === undefined ? {} : { filter }) }, init),
    );
    // A filter never lets the reserved point through.
    return filter === undefined ? Math.max(0, count - this.#collection.reserved) : count;
  }

  /** All memories of these spaces. */
  total(): Promise<number> {
    return this.count(all(...this.#reading.conditions));
  }

  /** Those that meet the conditions, by point id, at most `limit` and in any order. */
  async matching(conditions: Condition[], limit: number): Promise<Map<string, Memory>> {
    const { points } = await this.#collection.read<Schemas["ScrollResult"]>(
      "search memories",
      (api, to, init) =>
        api.scrollPoints({ ...to, filter: { must: conditions }, limit, with_payload: MEMORY_FIELDS }, init),
    );
    return new Map(points.map(({ id, payload }) => [String(id), memoryOf(payload ?? {})]));
  }

  /** A page of those that meet the conditions. */
  async page(conditions: Condition[], offset: number, limit: number, order: Order): Promise<Memory[]> {
    return limit === 0 ? [] : memoriesOf(await this.#ordered(conditions, offset, limit, order, MEMORY_FIELDS));
  }

  /** The places of the first of those that meet the conditions. */
  async places(conditions: Condition[], count: number, order: Order): Promise<Place[]> {
    if (count === 0) return [];
    const points = await this.#ordered(conditions, 0, count, order, ["created_at"]);
    return points.filter(({ id }) => id !== RESERVED_ID)
      .map(({ id, payload }) => ({ id: String(id), created_at: Number(payload?.created_at ?? 0) }));
  }

  async #ordered(
    conditions: Condition[],
    offset: number,
    limit: number,
    order: Order,
    with_payload: string[],
  ): Promise<Schemas["ScoredPoint"][]> {
    const filter = all(...conditions);
    const { points } = await this.#collection.read<Schemas["QueryResponse"]>(
      "list memories",
      (api, to, init) =>
        api.queryPoints({
          ...to,
          query: { order_by: { key: "created_at", direction: order === "newest" ? "desc" : "asc" } },
          ...(filter === undefined ? {} : { filter }),
          offset,
          limit,
          with_payload,
          with_vector: false,
        }, init),
    );
    return points;
  }

  async *#scroll(conditions: Condition[]): AsyncGenerator<Schemas["Record"][]> {
    let offset: Schemas["ScrollResult"]["next_page_offset"] = null;
    do {
      const page: Schemas["ScrollResult"] = await this.#collection.read(
        "read memories",
        (api, to, init) =>
          api.scrollPoints({
            ...to,
            filter: { must: conditions },
            limit: HASHES_AT_ONCE,
            with_payload: MEMORY_FIELDS,
            with_vector: false,
            ...(offset == null ? {} : { offset }),
          }, init),
      );
      yield page.points;
      offset = page.next_page_offset;
    } while (offset != null);
  }
}

function memoriesOf(points: readonly Pick<Schemas["Record"], "id" | "payload">[]): Memory[] {
  return points.filter(({ id }) => id !== RESERVED_ID).map(({ payload }) => memoryOf(payload ?? {}));
}
