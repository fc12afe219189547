/**
 * Pages, counts and tags, all of them found, counted and ordered by the server.
 *
 * @module
 */

import type { Schemas } from "@qdrant/js-client-rest";
import { MemoryError } from "../../errors.ts";
import { fold } from "../../memory/fold.ts";
import type { Memory, MemoryFilter } from "../../memory/memory.ts";
import type { ListQuery, MemoryPage, ScanPage, Turn, TurnsAround } from "../contract/memories.ts";
import type { TagCount } from "../contract/statistics.ts";
import { escapeText, unescapeText } from "../escape.ts";
import type { Collection } from "./collection.ts";
import { all, type Condition, conditionsOf, type Filter } from "./filter.ts";
import { foldedText, keysAmong, MEMORY_FIELDS, memoryOf, pointsFrom, RESERVED_ID } from "./layout.ts";
import { partsOf } from "./records.ts";
import type { CandidateSearch } from "../scoring/candidate_search.ts";

/** Verbatim finds that are ordered by their words; more than these come newest first. */
const MAX_ORDERED = 1000;
/** Turns whose neighbours are asked for in one request. */
const TURNS_AT_ONCE = 100;
/** Tags that are counted. */
const MAX_TAGS = 1_000_000;

const POINT_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Listings of one collection. */
export class Listings {
  readonly #collection: Collection;
  readonly #searches: CandidateSearch;

  constructor(collection: Collection, searches: CandidateSearch) {
    this.#collection = collection;
    this.#searches = searches;
  }

  async list({ filter, offset, limit, order = "newest" }: ListQuery): Promise<MemoryPage> {
    const { complete } = await this.#collection.facts();
    return await this.#page(conditionsOf(filter, complete), offset, limit, order);
  }

  /** The turns around each of many in its conversation, found by two searches for each in one request. */
  async neighbours(turns: readonly Turn[], count: number): Promise<TurnsAround[]> {
    if (turns.length === 0 || count === 0) return turns.map(() => ({ before: [], after: [] }));
    const search = (filter: MemoryFilter, direction: "asc" | "desc"): Schemas["QueryRequest"] => ({
      query: { order_by: { key: "created_at", direction } },
      filter: { must: conditionsOf(filter, true) }, // these fields are in every collection
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

  /** Points in the order of their ids, which are the first halves of content_hashes. */
  async scan(after: string | null, limit: number): Promise<ScanPage> {
    if (after !== null && !POINT_ID.test(after)) {
      throw new MemoryError("invalid_input", `Cannot go on reading after "${after}": it is no place in this store`, {
        value: after,
      });
    }
    const { points, next_page_offset } = await this.#collection.read<Schemas["ScrollResult"]>(
      "read all memories",
      (api, to, init) =>
        api.scrollPoints({
          ...to,
          ...(after === null ? {} : { offset: after }),
          limit,
          with_payload: MEMORY_FIELDS,
          with_vector: false,
        }, init),
    );
    const memories = points.filter(({ id }) => id !== RESERVED_ID).map(({ payload }) => memoryOf(payload ?? {}));
    return { memories, next: next_page_offset == null ? null : String(next_page_offset) };
  }

  /** Keys that begin with some digits. */
  async keysFrom(prefix: string, limit: number): Promise<string[]> {
    const { points } = await this.#collection.read<Schemas["ScrollResult"]>(
      "find keys",
      (api, to, init) => api.scrollPoints({ ...to, ...pointsFrom(prefix, limit) }, init),
    );
    return keysAmong(points, prefix);
  }

  async tags(): Promise<TagCount[]> {
    const { hits } = await this.#collection.read<Schemas["FacetResponse"]>(
      "count tags",
      (api, to, init) => api.facet({ ...to, key: "tags", limit: MAX_TAGS, exact: true }, init),
    );
    // The server goes on naming a value whose last memory has gone.
    return hits.filter(({ count }) => count > 0)
      .map(({ value, count }) => ({ tag: unescapeText(String(value)), count }))
      .sort((a, b) => b.count - a.count || (a.tag < b.tag ? -1 : 1));
  }

  /** Memories that contain `text` in any case, best words first. */
  async findText(text: string, { filter, offset, limit }: ListQuery): Promise<MemoryPage> {
    if (fold(text) === "") return { memories: [], total: 0 };
    const { complete } = await this.#collection.facts();
    // Without an index on the field, the server looks for the text anywhere in it.
    const folded: Condition = { key: "folded", match: { text: foldedText(text) } };
    // What isn't completed yet has its content in lower case there, or nothing.
    const lower: Condition = { key: "folded", match: { text: escapeText(text.toLowerCase()) } };
    const condition = complete ? folded : { should: [folded, lower, { key: "content", match: { text } }] };
    const conditions = [...conditionsOf(filter, complete), condition];
    const total = await this.count(all(...conditions));
    if (total > MAX_ORDERED) return await this.#page(conditions, offset, limit, "newest");
    const found = total === 0 ? [] : await this.#collection.read<Schemas["ScrollResult"]>("search memories", (
      api,
      to,
      init,
    ) =>
      api.scrollPoints({
        ...to,
        filter: { must: conditions },
        limit: MAX_ORDERED,
        with_payload: MEMORY_FIELDS,
      }, init)).then(({ points }) => points);
    const memories = new Map(found.map(({ id, payload }) => [String(id), memoryOf(payload ?? {})]));
    const scores = await this.#searches.wordScores(text, memories);
    const ordered = [...memories].sort(([a, first], [b, second]) =>
      scores.get(b)! - scores.get(a)! || second.created_at - first.created_at || (a < b ? 1 : -1)
    );
    return {
      memories: ordered.slice(offset, offset + limit).map(([, memory]) => memory),
      total: ordered.length,
    };
  }

  /** Memories by point id, in the order asked. */
  async read(ids: readonly string[]): Promise<(Memory | null)[]> {
    if (ids.length === 0) return [];
    const points = await this.#collection.read<Schemas["Record"][]>(
      "read memories",
      (api, to, init) => api.getPoints({ ...to, ids: [...ids], with_payload: MEMORY_FIELDS, with_vector: false }, init),
    );
    const found = new Map(points.map(({ id, payload }) => [String(id), payload]));
    return ids.map((id) => {
      const payload = found.get(id);
      return payload == null ? null : memoryOf(payload);
    });
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

  async #page(conditions: Condition[], offset: number, limit: number, order: "newest" | "oldest"): Promise<MemoryPage> {
    const filter = all(...conditions);
    const [total, points] = await Promise.all([
      this.count(filter),
      limit === 0
        ? []
        : this.#collection.read<Schemas["QueryResponse"]>("list memories", (api, to, init) =>
          api.queryPoints({
            ...to,
            query: { order_by: { key: "created_at", direction: order === "newest" ? "desc" : "asc" } },
            ...(filter === undefined ? {} : { filter }),
            offset,
            limit,
            with_payload: MEMORY_FIELDS,
            with_vector: false,
          }, init)).then((answer) => answer.points),
    ]);
    const memories = points.filter(({ id }) => id !== RESERVED_ID).map(({ payload }) => memoryOf(payload ?? {}));
    return { memories, total };
  }
}
