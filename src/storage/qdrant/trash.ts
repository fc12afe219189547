/**
 * The trash: a collection beside the memories', so that no search, listing or count has to leave trashed ones out. A
 * memory goes there whole, its vectors in the payload, before it leaves the other collection, so that a crash in between
 * leaves it in both and never in none.
 *
 * @module
 */

import type { Schemas } from "@qdrant/js-client-rest";
import { MemoryError } from "../../errors.ts";
import { plainNumber } from "../../memory/numbers.ts";
import type { TrashedMemory, Trashing, TrashPage } from "../storage.ts";
import type { Collection } from "./collection.ts";
import { QdrantRefusal } from "./connection.ts";
import { all, type Condition } from "./filter.ts";
import { memoryOf, payloadOf, pointId, WORDS, wordsOf } from "./layout.ts";
import { chunksVector, type Models } from "./models.ts";
import { fittingParts } from "./request_size.ts";
import { type OnChange, partsOf, type Records } from "./records.ts";
import { unescapeText } from "../sqlite/escape.ts";

const POINTS_AT_ONCE = 100;
/** Seconds after which another process takes over memories that one began to delete for good. */
const CLAIM_SECONDS = 60;

/** What a trashed memory's payload has beside the memory's own. */
interface TrashFields {
  deleted_at: number;
  reason: string;
  /** The active model's vectors at the time; null without. */
  kept_vectors: { model: string; point: Schemas["PointStruct"]["vector"] } | null;
}

/** The trash of one collection. */
export class Trash {
  readonly #collection: Collection;
  readonly #models: Models;
  readonly #records: Records;
  readonly #changed: OnChange;
  readonly #onDeleted: (hashes: string[]) => Promise<void>;
  /** Whether there is a collection of trash. */
  #prepared: Promise<boolean> | undefined;

  /** @param deleted Called with the content_hashes of memories that are about to be deleted for good. */
  constructor(
    collection: Collection,
    models: Models,
    records: Records,
    changed: OnChange,
    deleted: (hashes: string[]) => Promise<void>,
  ) {
    this.#onDeleted = deleted;
    this.#collection = collection;
    this.#models = models;
    this.#records = records;
    this.#changed = changed;
    records.onInsert = (ids) => this.#forget(ids);
  }

  get #name(): string {
    return `${this.#collection.name}_trash`;
  }

  /** Moves memories to the trash; for each, whether it was there. */
  async trash(hashes: readonly string[], { at, reason }: Trashing): Promise<boolean[]> {
    await this.#prepare();
    const active = await this.#models.active(), moved = new Set<string>();
    const ids = hashes.map(pointId);
    for (const part of partsOf([...new Set(ids.filter((id) => id !== null))], POINTS_AT_ONCE)) {
      const vectors = active === null ? [] : [active.vector, chunksVector(active.vector)];
      const points = await this.#collection.read<Schemas["Record"][]>(
        "read memories",
        (api, to, init) => api.getPoints({ ...to, ids: part, with_payload: true, with_vector: vectors }, init),
      );
      if (points.length === 0) continue;
      const trashed = points.map(({ id, payload, vector }): Schemas["PointStruct"] => {
        const named = Array.isArray(vector) ? { "": vector } : vector ?? {};
        const fields: TrashFields = {
          deleted_at: plainNumber(at),
          reason,
          kept_vectors: active !== null && active.vector in named
            ? { model: active.id, point: named as Schemas["PointStruct"]["vector"] }
            : null,
        };
        return { id, vector: {}, payload: { ...payload, ...fields } };
      });
      await this.#keep("move memories to the trash", trashed);
      await this.#records.remove(points);
      for (const { id } of points) moved.add(String(id));
    }
    return ids.map((id) => id !== null && moved.delete(id));
  }

  /** Memories in the trash, last deleted first. */
  async trashed({ offset, limit }: { offset: number; limit: number }): Promise<TrashPage> {
    if (!await this.#prepare()) return { items: [], total: 0 };
    const [{ count }, points] = await Promise.all([
      this.#collection.read<Schemas["CountResult"]>(
        "count the trash",
        (api, to, init) => api.countPoints({ ...to, collection_name: this.#name, exact: true }, init),
      ),
      limit === 0
        ? []
        : this.#collection.read<Schemas["QueryResponse"]>("list the trash", (api, to, init) =>
          api.queryPoints({
            ...to,
            collection_name: this.#name,
            query: { order_by: { key: "deleted_at", direction: "desc" } },
            offset,
            limit,
            with_payload: { exclude: ["kept_vectors", "folded", "facts"] },
          }, init)).then((answer) => answer.points),
    ]);
    const items = points.map(({ payload }): TrashedMemory => {
      const { deleted_at, reason } = payload as unknown as TrashFields;
      return { memory: memoryOf(payload ?? {}), deleted_at, reason };
    });
    return { items, total: count };
  }

  /** Puts memories from elsewhere into the trash; for each, whether it was put there. */
  async bring(items: readonly TrashedMemory[]): Promise<boolean[]> {
    await this.#prepare();
    const brought: boolean[] = [];
    for (const part of partsOf([...items], POINTS_AT_ONCE)) {
      const ids = part.map(({ memory }) => pointId(memory.content_hash));
      const known = ids.filter((id) => id !== null);
      const stored = await this.#collection.read<Schemas["Record"][]>(
        "read memories",
        (api, to, init) => api.getPoints({ ...to, ids: known, with_payload: false, with_vector: false }, init),
      );
      const taken = new Set([...stored, ...await this.#get(known, false)].map(({ id }) => String(id)));
      const points: Schemas["PointStruct"][] = [];
      part.forEach(({ memory, deleted_at, reason }, i) => {
        const id = ids[i]!, isNew = id !== null && !taken.has(id);
        brought.push(isNew);
        if (!isNew) return;
        taken.add(id);
        const fields: TrashFields = { deleted_at: plainNumber(deleted_at), reason, kept_vectors: null };
        points.push({ id, vector: {}, payload: { ...payloadOf(memory, crypto.randomUUID()), ...fields } });
      });
      await this.#keep("bring memories into the trash", points);
    }
    return brought;
  }

  /** Takes memories back; for each, whether it was in the trash. */
  async restore(hashes: readonly string[]): Promise<boolean[]> {
    await this.#prepare();
    const restored = new Set<string>(), ids = hashes.map(pointId);
    for (const part of partsOf([...new Set(ids.filter((id) => id !== null))], POINTS_AT_ONCE)) {
      const trashed = await this.#get(part, { exclude: [] });
      if (trashed.length === 0) continue;
      const active = await this.#models.active();
      const memories = trashed.map(({ id, payload }): Schemas["PointStruct"] => {
        const { deleted_at: _at, reason: _reason, claim: _claim, claimed_at: _since, kept_vectors, ...kept } =
          payload as
            & Record<string, unknown>
            & TrashFields;
        const dense = kept_vectors !== null && kept_vectors.model === active?.id ? kept_vectors.point : {};
        const words = wordsOf(unescapeText(String(kept.content)));
        return { id, vector: { ...dense as Record<string, number[]>, [WORDS]: words }, payload: kept };
      });
      for (const points of fittingParts(memories)) {
        await this.#collection.write(
          "restore memories",
          (api, to, init) => api.upsertPoints({ ...to, points, update_mode: "insert_only" }, init),
        );
      }
      await this.#delete(trashed.map(({ id }) => id));
      this.#changed(trashed.map(({ id, payload }) => ({
        id: String(id),
        conversation: typeof payload?.conversation_id === "string" ? payload.conversation_id : null,
      })));
      for (const { id } of trashed) restored.add(String(id));
    }
    return ids.map((id) => id !== null && restored.delete(id));
  }

  /** Deletes for good what meets every condition; the number deleted. */
  async empty({ hashes, deleted_before }: { hashes?: string[]; deleted_before?: number }): Promise<number> {
    await this.#prepare();
    const conditions: Condition[] = [];
    if (hashes !== undefined) conditions.push({ has_id: hashes.map(pointId).filter((id) => id !== null) });
    if (deleted_before !== undefined) conditions.push({ key: "deleted_at", range: { lt: deleted_before } });
    const mine = crypto.randomUUID();
    let emptied = 0;
    while (true) {
      // Of several processes that delete, the one whose claim stands counts the memory.
      const now = Date.now() / 1000;
      const claimable: Condition = {
        should: [{ is_empty: { key: "claim" } }, { key: "claimed_at", range: { lt: now - CLAIM_SECONDS } }],
      };
      const found = await this.#scroll(all(...conditions, claimable));
      if (found.length === 0) return emptied;
      await this.#collection.write("empty the trash", (api, to, init) =>
        api.setPayload({
          ...to,
          collection_name: this.#name,
          payload: { claim: mine, claimed_at: now },
          filter: { must: [{ has_id: found }, claimable] },
        }, init));
      const claimed = (await this.#get(found, ["claim", "content_hash"])).filter(({ payload }) =>
        payload?.claim === mine
      );
      await this.#onDeleted(claimed.map(({ payload }) => String(payload?.content_hash)));
      await this.#delete(claimed.map(({ id }) => id));
      emptied += claimed.length;
    }
  }

  async #keep(action: string, trashed: readonly Schemas["PointStruct"][]): Promise<void> {
    for (const points of fittingParts(trashed)) {
      await this.#collection.write(
        action,
        (api, to, init) => api.upsertPoints({ ...to, collection_name: this.#name, points }, init),
      );
    }
  }

  /** Drops memories from the trash that were stored again. */
  async #forget(ids: string[]): Promise<void> {
    await this.#prepare();
    await this.#delete(ids);
  }

  async #get(ids: Schemas["ExtendedPointId"][], fields: Schemas["WithPayloadInterface"]): Promise<Schemas["Record"][]> {
    return await this.#collection.read(
      "read the trash",
      (api, to, init) => api.getPoints({ ...to, collection_name: this.#name, ids, with_payload: fields }, init),
    );
  }

  async #scroll(filter: Schemas["Filter"] | undefined): Promise<Schemas["ExtendedPointId"][]> {
    const { points } = await this.#collection.read<Schemas["ScrollResult"]>(
      "read the trash",
      (api, to, init) =>
        api.scrollPoints({
          ...to,
          collection_name: this.#name,
          limit: POINTS_AT_ONCE,
          with_payload: false,
          ...(filter ? { filter } : {}),
        }, init),
    );
    return points.map(({ id }) => id);
  }

  async #delete(ids: Schemas["ExtendedPointId"][]): Promise<void> {
    if (ids.length === 0) return;
    await this.#collection.write(
      "empty the trash",
      (api, to, init) => api.deletePoints({ ...to, collection_name: this.#name, points: ids }, init),
    );
  }

  /** Makes the trash's collection when there is none; false where it is missing and may not be made. */
  #prepare(): Promise<boolean> {
    if (this.#prepared === undefined) {
      const running = this.#prepared = this.#make();
      running.catch(() => this.#prepared = undefined);
    }
    return this.#prepared;
  }

  async #make(): Promise<boolean> {
    await this.#collection.prepare();
    try {
      return await this.#collection.makeBeside(this.#name, { deleted_at: "float" });
    } catch (error) {
      if (!(error instanceof QdrantRefusal)) throw error;
      throw new MemoryError("unavailable", "Cannot use the trash: Qdrant refuses to make it", { cause: error });
    }
  }
}
