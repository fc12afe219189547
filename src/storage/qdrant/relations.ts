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
import type { Reading } from "./tenancy.ts";

/** Points in one request. */
const POINTS_AT_ONCE = 500;

type Link = Omit<Relation, "created_at" | "space">;

/** A link and the id of its space; null for `default`. */
type Placed = Link & { space: string | null };

/** Relations between the memories of one space, or, to be found only, of several. */
export class Relations {
  readonly #collection: Collection;
  readonly #records: Records;
  readonly #reading: Reading;
  readonly #space: string | null;
  /** Whether there is a collection of relations. */
  #prepared: Promise<boolean> | undefined;

  /** @param space Id of the space that relations are added to; null for `default`. */
  constructor(collection: Collection, records: Records, reading: Reading, space: string | null) {
    this.#reading = reading;
    this.#space = space;
    this.#collection = collection;
    this.#records = records;
  }

  get #name(): string {
    return `${this.#collection.name}_relations`;
  }

  /** Adds relations; for each what came of it. */
  async relate(relations: readonly Relation[]): Promise<RelateOutcome[]> {
    await this.#prepare();
    const stored = await this.#stored(relations.map((relation) => ({ ...relation, space: this.#space })));
    const outcomes: RelateOutcome[] = [];
    for (const part of partsOf(relations, POINTS_AT_ONCE)) {
      const firsts = new Map<string, { relation: Relation; revision: string }>();
      for (const relation of part) {
        const id = linkId(relation, this.#space);
        if (stored.has(id) && !firsts.has(id)) firsts.set(id, { relation, revision: crypto.randomUUID() });
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
          ...(this.#space === null ? {} : { space: this.#space }),
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
        const id = linkId(relation, this.#space), first = firsts.get(id);
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
      const there = await this.#get(part.map((link) => linkId(link, this.#space)));
      if (there.size > 0) {
        await this.#collection.write(
          "remove relations",
          (api, to, init) => api.deletePoints({ ...to, collection_name: this.#name, points: [...there.keys()] }, init),
        );
      }
      removed.push(...part.map((link) => there.delete(linkId(link, this.#space))));
    }
    return removed;
  }

  /** Relations between stored memories, newest first, each with the id of its space. */
  async find({ hashes, types, limit }: RelationQuery): Promise<Relation[]> {
    if (!await this.#prepare()) return [];
    const conditions: Condition[] = [...this.#reading.conditions];
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
      const links = points.map(({ payload }) => ({
        ...relationOf(payload ?? {}),
        space: typeof payload?.space === "string" ? payload.space : null,
      }));
      const stored = await this.#stored(links);
      for (const { space, ...link } of links) {
        if (stored.has(linkId(link, space))) found.push(space === null ? link : { ...link, space });
      }
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
          api.deletePoints({
            ...to,
            collection_name: this.#name,
            filter: { must: [touching(part), ...this.#reading.conditions] },
          }, init),
      );
    }
  }

  /** Point ids of those links both of whose memories are stored. */
  async #stored(links: readonly Placed[]): Promise<Set<string>> {
    const idOf = ({ space }: Placed, hash: string) => pointId(hash, space);
    const ids = links.flatMap((link) => [idOf(link, link.source), idOf(link, link.target)]);
    const there = await this.#records.payloads(ids.filter((id) => id !== null), []);
    const isThere = (id: string | null) => id !== null && there.has(id);
    return new Set(
      links.filter((link) => isThere(idOf(link, link.source)) && isThere(idOf(link, link.target)))
        .map((link) => linkId(link, link.space)),
    );
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
          ...(this.#collection.isShared ? { space: { type: "keyword", is_tenant: true } } : {}),
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

function linkId({ source, type, target }: Link, space: string | null): string {
  const names = space === null ? [source, type, target] : [source, type, target, space];
  return pointId(createHash("sha256").update(JSON.stringify(names)).digest("hex"))!;
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
