/**
 * Vectors that are added after the fact: which memories lack them, and putting them in.
 *
 * @module
 */

import type { Schemas } from "@qdrant/js-client-rest";
import { unescapeText } from "../escape.ts";
import type { VectorSet } from "../contract/vectors.ts";
import type { Collection } from "./collection.ts";
import { RESERVED_ID } from "./layout.ts";
import { chunksVector, type Models } from "./models.ts";
import { fittingParts } from "./request_size.ts";
import { partsOf, type Records } from "./records.ts";
import type { Reading } from "./tenancy.ts";

/** Points in one request. */
const POINTS_AT_ONCE = 64;

/** A point's vectors, and the name of the model's own. */
interface VectorUpdate {
  id: string;
  vector: Record<string, number[] | number[][]>;
  name: string;
}

/** A memory that lacks vectors. */
export interface WithoutVectors {
  content_hash: string;
  content: string;
  created_at: number;
}

/** Finds points of memories, one or none for each where one space is meant. */
export type IdsOf = (hashes: readonly string[]) => Promise<ReadonlyMap<string, readonly string[]>>;

/** Vectors of some spaces in one collection. */
export class VectorBackfill {
  readonly #collection: Collection;
  readonly #models: Models;
  readonly #records: Records;
  readonly #reading: Reading;
  readonly #idsOf: IdsOf;
  /** Time up to which memories had vectors at the last look, by model: a hint where to look first. */
  #complete = new Map<string, number>();

  constructor(collection: Collection, models: Models, records: Records, reading: Reading, idsOf: IdsOf) {
    this.#reading = reading;
    this.#idsOf = idsOf;
    this.#collection = collection;
    this.#models = models;
    this.#records = records;
  }

  /** Memories that have a vector. */
  async count(vector: string): Promise<number> {
    if (!this.#collection.vectors.has(vector)) return 0;
    const { count } = await this.#collection.read<Schemas["CountResult"]>(
      "count vectors",
      (api, to, init) =>
        api.countPoints({
          ...to,
          filter: {
            must: [{ has_vector: vector }, ...this.#reading.conditions],
            must_not: [{ has_id: [RESERVED_ID] }],
          },
          exact: true,
        }, init),
    );
    return count;
  }

  /** Memories without vectors of a model, oldest first. */
  async missing(id: string, limit: number): Promise<WithoutVectors[]> {
    const { vector } = await this.#models.required(id);
    const from = this.#complete.get(id);
    let points = from === undefined ? [] : await this.#oldest(vector, limit, from);
    if (points.length < limit) points = await this.#oldest(vector, limit, null);
    const first = points[0]?.payload?.created_at;
    if (typeof first === "number" && points.length === limit) this.#complete.set(id, first);
    else this.#complete.delete(id);
    return points.map(({ payload }) => ({
      content_hash: String(payload?.content_hash),
      content: unescapeText(String(payload?.content)),
      created_at: Number(payload?.created_at),
    }));
  }

  /** Adds vectors; those of memories that have gone are left out. */
  async add(items: { content_hash: string; vectors: VectorSet }[]): Promise<void> {
    const ids = await this.#idsOf(items.map(({ content_hash }) => content_hash)), prepared: VectorUpdate[] = [];
    for (const { content_hash, vectors } of items) {
      const vector = await this.#models.vectorsOf(vectors), name = Object.keys(vector)[0];
      if (name !== undefined) { for (const id of ids.get(content_hash) ?? []) prepared.push({ id, vector, name }); }
    }
    for (const part of partsOf(prepared, POINTS_AT_ONCE)) {
      const there = await this.#records.payloads(part.map(({ id }) => id), ["created_at"]);
      const kept = part.filter(({ id }) => there.has(id));
      for (const fitting of fittingParts(kept)) await this.#update(fitting);
    }
  }

  async #update(items: readonly VectorUpdate[]): Promise<void> {
    const operations: Schemas["UpdateOperation"][] = [
      { update_vectors: { points: items.map(({ id, vector }) => ({ id, vector })) } },
    ];
    for (const chunks of new Set(items.map(({ name }) => chunksVector(name)))) {
      const single = items.filter(({ name, vector }) => chunksVector(name) === chunks && !(chunks in vector));
      if (single.length === 0) continue;
      operations.push({ delete_vectors: { vector: [chunks], points: single.map(({ id }) => id) } });
    }
    await this.#collection.write("add vectors", (api, to, init) => api.batchUpdate({ ...to, operations }, init));
  }

  /** The active model's vectors of memories, in the order asked. */
  async read(hashes: readonly string[]): Promise<(VectorSet | null)[]> {
    const active = await this.#models.active();
    if (active === null || hashes.length === 0) return hashes.map(() => null);
    const ids = await this.#idsOf(hashes);
    const { vector: name } = active, chunksName = chunksVector(name), found = new Map<string, VectorSet>();
    const names = [name, chunksName].filter((one) => this.#collection.vectors.has(one));
    for (const part of partsOf([...new Set([...ids.values()].flat())], POINTS_AT_ONCE)) {
      const points = await this.#collection.read<Schemas["Record"][]>(
        "read vectors",
        (api, to, init) => api.getPoints({ ...to, ids: part, with_payload: false, with_vector: names }, init),
      );
      for (const { id, vector } of points) {
        const named = (Array.isArray(vector) ? { [name]: vector } : vector ?? {}) as Record<string, unknown>;
        const first = named[name] as number[] | undefined, chunks = named[chunksName] as number[][] | undefined;
        if (first === undefined) continue;
        const set = (chunks ?? [first]).map((chunk) => Float32Array.from(chunk));
        found.set(String(id), { model: active.id, chunks: set });
      }
    }
    return hashes.map((hash) =>
      (ids.get(hash) ?? []).map((id) => found.get(id)).find((set) => set !== undefined) ?? null
    );
  }

  async #oldest(vector: string, limit: number, from: number | null): Promise<Schemas["ScoredPoint"][]> {
    const { points } = await this.#collection.read<Schemas["QueryResponse"]>("find memories without vectors", (
      api,
      to,
      init,
    ) =>
      api.queryPoints({
        ...to,
        // Only memories have a time by number, so that the order leaves out the reserved point.
        query: { order_by: { key: "created_at", direction: "asc" } },
        filter: {
          must_not: [{ has_vector: vector }],
          must: [
            ...this.#reading.conditions,
            ...(from === null ? [] : [{ key: "created_at", range: { gte: from } }]),
          ],
        },
        limit,
        with_payload: ["content", "content_hash", "created_at"],
      }, init));
    return points;
  }
}
