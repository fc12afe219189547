/**
 * Typed links between memories, in a collection beside theirs. A link is shown while both its memories are stored.
 *
 * @module
 */

import type { Schemas } from "@qdrant/js-client-rest";
import { createHash } from "node:crypto";
import { plainNumber } from "../../memory/numbers.ts";
import { escapeText, unescapeText } from "../escape.ts";
import type { RelateOutcome, Relation, RelationQuery } from "../contract/relations.ts";
import type { Collection } from "./collection.ts";
import { all, type Condition } from "./filter.ts";
import { pointId } from "./layout.ts";
import { partsOf, type Records } from "./records.ts";

/** Points in one request. */
const POINTS_AT_ONCE = 500;

type Link = Omit<Relation, "created_at">;

/** Relations between the memories of one collection. */
export class Relations {
  readonly #collection: Collection;
  readonly #records: Records;
  /** Whether there is a collection of relations. */
  #prepared: Promise<boolean> | undefined;

  constructor(collection: Collection, records: Records) {
    this.#collection = collection;
    this.#records = records;
  }

  get #name(): string {
    return `${this.#collection.name}_relations`;
  }

  /** Adds relations; for each what came of it. */
  async relate(relations: readonly Relation[]): Promise<RelateOutcome[]> {
    await this.#prepare();
    const stored = await this.#stored(relations.flatMap(({ source, target }) => [source, target]));
    const outcomes: RelateOutcome[] = [];
    for (const part of partsOf(relations, POINTS_AT_ONCE)) {
      const firsts = new Map<string, { relation: Relation; revision: string }>();
      for (const relation of part) {
        const id = linkId(relation), isStored = stored.has(relation.source) && stored.has(relation.target);
        if (isStored && !firsts.has(id)) firsts.set(id, { relation, revision: crypto.randomUUID() });
      }
      const points = Array.from(firsts, ([id, { relation, revision }]): Schemas["PointStruct"] => ({
        id,
        vector: {},
        payload: {
          source: escapeText(relation.source),
          target: escapeText(relation.target),
          type: escapeText(relation.type),
          created_at: plainNumber(relation.created_at),
          revision,
        },
      }));
      if (points.length > 0) {
        await this.#collection.write(
          "relate memories",
          (api, to, init) =>
            api.upsertPoints({ ...to, collection_name: this.#name, points, update_mode: "insert_only" }, init),
        );
      }
      const there = await this.#get([...firsts.keys()]);
      for (const relation of part) {
        const id = linkId(relation), first = firsts.get(id);
        if (first === undefined) outcomes.push("missing");
        else outcomes.push(first.relation === relation && there.get(id) === first.revision ? "added" : "duplicate");
      }
    }
    return outcomes;
  }

  /** Removes relations; for each, whether it was there. */
  async unrelate(relations: readonly Link[]): Promise<boolean[]> {
    await this.#prepare();
    const removed: boolean[] = [];
    for (const part of partsOf(relations, POINTS_AT_ONCE)) {
      const there = await this.#get(part.map(linkId));
      if (there.size > 0) {
        await this.#collection.write(
          "remove relations",
          (api, to, init) => api.deletePoints({ ...to, collection_name: this.#name, points: [...there.keys()] }, init),
        );
      }
      removed.push(...part.map((link) => there.delete(linkId(link))));
    }
    return removed;
  }

  /** Relations between stored memories, newest first. */
  async find({ hashes, types, limit }: RelationQuery): Promise<Relation[]> {
    if (!await this.#prepare()) return [];
    const conditions: Condition[] = [];
    if (hashes !== undefined) conditions.push(touching(hashes));
    if (types !== undefined) conditions.push({ key: "type", match: { any: types.map(escapeText) } });
    const filter = all(...conditions), found: Relation[] = [];
    for (let offset = 0; found.length < limit; offset += POINTS_AT_ONCE) {
      const { points } = await this.#collection.read<Schemas["QueryResponse"]>(
        "read relations",
        (api, to, init) =>
          api.queryPoints({
            ...to,
            collection_name: this.#name,
            query: { order_by: { key: "created_at", direction: "desc" } },
            ...(filter === undefined ? {} : { filter }),
            offset,
            limit: POINTS_AT_ONCE,
            with_payload: true,
          }, init),
      );
      const relations = points.map(({ payload }) => relationOf(payload ?? {}));
      const stored = await this.#stored(relations.flatMap(({ source, target }) => [source, target]));
      found.push(...relations.filter(({ source, target }) => stored.has(source) && stored.has(target)));
      if (points.length < POINTS_AT_ONCE) break;
    }
    const key = ({ source, type, target }: Link) => `${source}\n${type}\n${target}`;
    found.sort((a, b) => b.created_at - a.created_at || (key(a) < key(b) ? -1 : 1));
    return found.slice(0, limit);
  }

  /** Drops the relations of memories that were deleted for good. */
  async forget(hashes: readonly string[]): Promise<void> {
    if (hashes.length === 0) return;
    await this.#prepare();
    for (const part of partsOf(hashes, POINTS_AT_ONCE)) {
      await this.#collection.write(
        "remove relations",
        (api, to, init) =>
          api.deletePoints({ ...to, collection_name: this.#name, filter: { must: [touching(part)] } }, init),
      );
    }
  }

  /** Those of the hashes under which a memory is stored. */
  async #stored(hashes: readonly string[]): Promise<Set<string>> {
    const ids = new Map([...new Set(hashes)].map((hash) => [hash, pointId(hash)]));
    const there = await this.#records.payloads([...ids.values()].filter((id) => id !== null), []);
    return new Set([...ids].filter(([, id]) => id !== null && there.has(id)).map(([hash]) => hash));
  }

  /** Revisions of those relations that are there, by point id. */
  async #get(ids: string[]): Promise<Map<string, unknown>> {
    if (ids.length === 0) return new Map();
    const points = await this.#collection.read<Schemas["Record"][]>(
      "read relations",
      (api, to, init) =>
        api.getPoints({ ...to, collection_name: this.#name, ids: [...new Set(ids)], with_payload: ["revision"] }, init),
    );
    return new Map(points.map(({ id, payload }) => [String(id), payload?.revision]));
  }

  /** Makes the relations' collection when there is none; false where it is missing and may not be made. */
  #prepare(): Promise<boolean> {
    if (this.#prepared === undefined) {
      const running = this.#prepared = this.#collection.prepare().then(() =>
        this.#collection.makeBeside(this.#name, {
          source: "keyword",
          target: "keyword",
          type: "keyword",
          created_at: "float",
        })
      );
      running.catch(() => this.#prepared = undefined);
    }
    return this.#prepared;
  }
}

/** Relations that start or end at one of these memories. */
function touching(hashes: readonly string[]): Condition {
  const any = hashes.map(escapeText);
  return { should: [{ key: "source", match: { any } }, { key: "target", match: { any } }] };
}

function linkId({ source, type, target }: Link): string {
  return pointId(createHash("sha256").update(JSON.stringify([source, type, target])).digest("hex"))!;
}

function relationOf(payload: Record<string, unknown>): Relation {
  const { source, target, type, created_at } = payload;
  return {
    source: unescapeText(String(source)),
    target: unescapeText(String(target)),
    type: unescapeText(String(type)),
    created_at: Number(created_at),
  };
}
