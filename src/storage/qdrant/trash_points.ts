/**
 * The points of the trash, in a collection beside the memories', under the ids that they have there.
 *
 * @module
 */

import type { Schemas } from "@qdrant/js-client-rest";
import { MemoryError } from "../../errors.ts";
import type { Json } from "../../memory/memory.ts";
import type { Replaced, TrashedMemory, TrashPage } from "../contract/trash.ts";
import { unescapeText } from "../escape.ts";
import type { Collection } from "./collection.ts";
import { QdrantRefusal } from "./connection.ts";
import { all, type Condition } from "./filter.ts";
import { memoryOf, unescapeJson } from "./layout.ts";
import { countBySpace, keysFrom } from "./keys.ts";
import { fittingParts } from "./request_size.ts";
import { allUnchanged, type Version } from "./revisions.ts";
import type { Reading } from "./tenancy.ts";
import type { WholePoint } from "./whole.ts";

/** Points read in one step. */
const POINTS_AT_ONCE = 100;

/** What a trashed memory's payload has beside the memory's own. */
export interface TrashFields {
  deleted_at: number;
  reason: string;
  /** The active model's vectors at the time; null without. */
  kept_vectors: WholePoint["kept_vectors"];
  /** What it had replaced; absent without. */
  replaced?: Replaced;
  /** The process that is taking it out, and since when in Unix seconds; absent while none is. */
  claim?: string;
  claimed_at?: number;
}

/** What the payload of a trashed memory keeps of what it had replaced. */
export function replacedOf(kept: unknown): Replaced {
  return unescapeJson(kept as Json) as unknown as Replaced;
}

/** The collection of trash beside one collection. */
export class TrashPoints {
  readonly #collection: Collection;
  /** Whether there is a collection of trash. */
  #prepared: Promise<boolean> | undefined;

  constructor(collection: Collection) {
    this.#collection = collection;
  }

  get name(): string {
    return `${this.#collection.name}_trash`;
  }

  /** Points among `ids` that are there, by id. */
  async get(
    ids: readonly string[],
    fields: Schemas["WithPayloadInterface"],
  ): Promise<Map<string, Record<string, unknown>>> {
    if (ids.length === 0 || !await this.prepare()) return new Map();
    const points = await this.#collection.read<Schemas["Record"][]>(
      "read the trash",
      (api, to, init) =>
        api.getPoints({ ...to, collection_name: this.name, ids: [...ids], with_payload: fields }, init),
    );
    return new Map(points.map(({ id, payload }) => [String(id), payload ?? {}]));
  }

  /** Versions of points among `ids` that are there, by id. */
  async versions(ids: readonly string[]): Promise<Map<string, Version>> {
    return await this.get(ids, ["revision", "updated_at"]);
  }

  /** Ids of some points that meet every condition. */
  async find(conditions: Condition[]): Promise<Schemas["ExtendedPointId"][]> {
    await this.prepare();
    const { points } = await this.#collection.read<Schemas["ScrollResult"]>(
      "read the trash",
      (api, to, init) =>
        api.scrollPoints({
          ...to,
          collection_name: this.name,
          limit: POINTS_AT_ONCE,
          with_payload: false,
          filter: { must: conditions },
        }, init),
    );
    return points.map(({ id }) => id);
  }

  /** Keys that begin with some digits. */
  async keysFrom(prefix: string, limit: number, reading: Reading): Promise<string[]> {
    return await this.prepare() ? await keysFrom(this.#collection, this.name, prefix, limit, reading) : [];
  }

  /** Memories in the trash, last deleted first. */
  async list({ offset, limit }: { offset: number; limit: number }, { conditions }: Reading): Promise<TrashPage> {
    if (!await this.prepare()) return { items: [], total: 0 };
    const filter = all(...conditions);
    const [{ count }, points] = await Promise.all([
      this.#collection.read<Schemas["CountResult"]>("count the trash", (api, to, init) =>
        api.countPoints({
          ...to,
          collection_name: this.name,
          exact: true,
          ...(filter === undefined ? {} : { filter }),
        }, init)),
      limit === 0
        ? []
        : this.#collection.read<Schemas["QueryResponse"]>("list the trash", (api, to, init) =>
          api.queryPoints({
            ...to,
            collection_name: this.name,
            query: { order_by: { key: "deleted_at", direction: "desc" } },
            ...(filter === undefined ? {} : { filter }),
            offset,
            limit,
            with_payload: { exclude: ["kept_vectors", "folded", "facts", "names"] },
          }, init)).then((answer) => answer.points),
    ]);
    const items = points.map(({ payload }): TrashedMemory => {
      const { deleted_at, reason, replaced } = payload as unknown as TrashFields;
      const had = replaced == null ? {} : { replaced: replacedOf(replaced) };
      return { memory: memoryOf(payload ?? {}), deleted_at, reason: unescapeText(reason), ...had };
    });
    return { items, total: count };
  }

  /** How many there are of each space, by its id. */
  async countBySpace(conditions: Condition[] = []): Promise<Map<string, number>> {
    if (!await this.prepare()) return new Map();
    return await countBySpace(this.#collection, this.name, conditions);
  }

  /** Puts points in that aren't there yet; those that are stay as they are. */
  async insert(action: string, trashed: readonly Schemas["PointStruct"][]): Promise<void> {
    await this.prepare();
    for (const points of fittingParts(trashed)) {
      await this.#collection.write(
        action,
        (api, to, init) =>
          api.upsertPoints({ ...to, collection_name: this.name, points, update_mode: "insert_only" }, init),
      );
    }
  }

  /** Changes payload fields of the points that meet every condition. */
  async change(action: string, payload: Record<string, unknown>, conditions: Condition[]): Promise<void> {
    await this.prepare();
    await this.#collection.write(
      action,
      (api, to, init) =>
        api.setPayload({ ...to, collection_name: this.name, payload, filter: { must: conditions } }, init),
    );
  }

  /** Drops the points that are still the versions given. */
  async drop(versions: ReadonlyMap<string, Version>): Promise<void> {
    if (versions.size > 0) await this.remove(allUnchanged(versions));
  }

  /** Drops the points that pass. */
  async remove(filter: Schemas["Filter"]): Promise<void> {
    await this.prepare();
    await this.#collection.write(
      "empty the trash",
      (api, to, init) => api.deletePoints({ ...to, collection_name: this.name, filter }, init),
    );
  }

  /** Makes the trash's collection when there is none; false where it is missing and may not be made. */
  prepare(): Promise<boolean> {
    if (this.#prepared === undefined) {
      const running = this.#prepared = this.#make();
      running.catch(() => this.#prepared = undefined);
    }
    return this.#prepared;
  }

  async #make(): Promise<boolean> {
    await this.#collection.prepare();
    try {
      return await this.#collection.makeBeside(this.name, {
        deleted_at: "float",
        ...(this.#collection.isShared ? { space: { type: "keyword", is_tenant: true } } : {}),
      });
    } catch (error) {
      if (!(error instanceof QdrantRefusal)) throw error;
      throw new MemoryError("unavailable", "Cannot use the trash: Qdrant refuses to make it", { cause: error });
    }
  }
}
