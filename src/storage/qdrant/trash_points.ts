/**
 * The points of the trash, in a collection beside the memories', under the ids that they have there.
 *
 * @module
 */

import type { Schemas } from "@qdrant/js-client-rest";
import { MemoryError } from "../../errors.ts";
import type { Replaced } from "../succession.ts";
import type { Collection } from "./collection.ts";
import { QdrantRefusal } from "./connection.ts";
import type { Condition } from "./filter.ts";
import { keysAmong, pointsFrom } from "./layout.ts";
import { fittingParts } from "./request_size.ts";
import { allUnchanged, type Version } from "./revisions.ts";

/** Points read in one step. */
const POINTS_AT_ONCE = 100;

/** What a trashed memory's payload has beside the memory's own. */
export interface TrashFields {
  deleted_at: number;
  reason: string;
  /** The active model's vectors at the time; null without. */
  kept_vectors: { model: string; point: Schemas["PointStruct"]["vector"] } | null;
  /** What it had replaced; absent without. */
  replaced?: Replaced;
  /** The process that is taking it out, and since when in Unix seconds; absent while none is. */
  claim?: string;
  claimed_at?: number;
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
  async keysFrom(prefix: string, limit: number): Promise<string[]> {
    if (!await this.prepare()) return [];
    const { points } = await this.#collection.read<Schemas["ScrollResult"]>(
      "read the trash",
      (api, to, init) => api.scrollPoints({ ...to, collection_name: this.name, ...pointsFrom(prefix, limit) }, init),
    );
    return keysAmong(points, prefix);
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
      return await this.#collection.makeBeside(this.name, { deleted_at: "float" });
    } catch (error) {
      if (!(error instanceof QdrantRefusal)) throw error;
      throw new MemoryError("unavailable", "Cannot use the trash: Qdrant refuses to make it", { cause: error });
    }
  }
}
