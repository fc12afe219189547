/**
 * Storing, changing and deleting points, so that several replicas can do it at once: an insert inserts only and leaves
 * a mark, a change is bound to the revision it was made from, and whoever reads its own mark back has won.
 *
 * @module
 */

import type { Schemas } from "@qdrant/js-client-rest";
import { MemoryError } from "../../errors.ts";
import type { Memory, MemoryPatch } from "../../memory/memory.ts";
import { plainNumber } from "../../memory/numbers.ts";
import type { NewMemory, StoreOutcome } from "../storage.ts";
import { Batcher } from "./batcher.ts";
import type { Collection } from "./collection.ts";
import { changeablePayload, memoryOf, payloadOf, pointId, WORDS, wordsOf } from "./layout.ts";
import type { Models } from "./models.ts";
import { fittingParts } from "./request_size.ts";

/** Points in one request: some 2 MB, where contents are short. */
const POINTS_AT_ONCE = 128;
/** Requests under way at once: the server works on one while others are written and read. */
const REQUESTS_AT_ONCE = 4;
/** Ids in one request. */
const IDS_AT_ONCE = 1000;
/** Times a change starts over because another writer was faster. */
const MAX_CONFLICTS = 30;

/** What changed, for caches: the points and the conversations they are in. */
export type OnChange = (points: { id: string; conversation: string | null }[]) => void;

/** A memory as it is inserted, with the mark by which its writer knows it. */
interface Prepared {
  id: string;
  point: Schemas["PointStruct"];
  revision: string;
  conversation: string | null;
}

/** Writes to one collection. */
export class Records {
  readonly #collection: Collection;
  readonly #models: Models;
  readonly #changed: OnChange;
  /** Called with the ids of every insert that was written, before it is answered. */
  onInsert: (ids: string[]) => Promise<void> = () => Promise.resolve();
  readonly #inserts = new Batcher<Prepared, StoreOutcome>((batch) => this.#insert(batch), {
    size: POINTS_AT_ONCE,
    atOnce: REQUESTS_AT_ONCE,
  });

  constructor(collection: Collection, models: Models, changed: OnChange) {
    this.#collection = collection;
    this.#models = models;
    this.#changed = changed;
  }

  /** Stores memories; those whose content_hash is there already stay as they were. */
  async store(items: readonly NewMemory[]): Promise<StoreOutcome[]> {
    return await this.#inserts.all(await Promise.all(items.map((item) => this.#prepared(item))));
  }

  /** Changes one memory; null when it isn't there. */
  async update(hash: string, patch: MemoryPatch, now: number): Promise<Memory | null> {
    const id = pointId(hash);
    if (id === null) return null;
    for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts++) {
      const payload = (await this.payloads([id], true)).get(id);
      if (payload === undefined) return null;
      const memory = memoryOf(payload);
      memory.tags = changedTags(patch.tags ?? memory.tags, patch);
      if (patch.created_at !== undefined) memory.created_at = patch.created_at;
      if (patch.memory_type !== undefined) memory.memory_type = patch.memory_type;
      if (patch.metadata !== undefined) memory.metadata = { ...memory.metadata, ...patch.metadata };
      if (patch.superseded === null) delete memory.superseded;
      else if (patch.superseded !== undefined) memory.superseded = patch.superseded;
      memory.updated_at = now;
      const revision = crypto.randomUUID();
      await this.#collection.write("update the memory", (api, to, init) =>
        api.setPayload({
          ...to,
          payload: { ...changeablePayload(memory), created_at: plainNumber(memory.created_at), revision },
          filter: { must: [{ has_id: [id] }, ...sameRevision(payload)] },
        }, init));
      const after = (await this.payloads([id], ["revision"])).get(id);
      if (after === undefined) return null;
      if (after.revision === revision) {
        this.#changed([{ id, conversation: patch.created_at === undefined ? null : conversationOf(payload) }]);
        return memory;
      }
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 5 * (conflicts + 1)));
    }
    throw new MemoryError("overloaded", `Cannot update the memory ${hash}: too many others change it now`, {
      retryAfterSeconds: 1,
    });
  }

  /** Deletes memories; for each, whether it was there. */
  async delete(hashes: readonly string[]): Promise<boolean[]> {
    const ids = hashes.map(pointId);
    const found = await this.payloads(ids.filter((id) => id !== null), ["conversation_id"]);
    for (const part of partsOf([...found.keys()], IDS_AT_ONCE)) {
      await this.#collection.write(
        "delete memories",
        (api, to, init) => api.deletePoints({ ...to, points: part }, init),
      );
    }
    this.#changed(Array.from(found, ([id, payload]) => ({ id, conversation: conversationOf(payload) })));
    const gone = new Set<string>();
    return ids.map((id) => {
      if (id === null || !found.has(id) || gone.has(id)) return false;
      gone.add(id);
      return true;
    });
  }

  /** Deletes points that were read. */
  async remove(points: readonly Pick<Schemas["Record"], "id" | "payload">[]): Promise<void> {
    for (const part of partsOf(points, IDS_AT_ONCE)) {
      await this.#collection.write(
        "delete memories",
        (api, to, init) => api.deletePoints({ ...to, points: part.map(({ id }) => id) }, init),
      );
    }
    this.#changed(points.map(({ id, payload }) => ({ id: String(id), conversation: conversationOf(payload ?? {}) })));
  }

  /** Payloads of those points that are there. */
  async payloads(
    ids: readonly string[],
    fields: string[] | true,
  ): Promise<Map<string, Record<string, unknown>>> {
    const found = new Map<string, Record<string, unknown>>();
    for (const part of partsOf([...new Set(ids)], IDS_AT_ONCE)) {
      const points = await this.#collection.read<Schemas["Record"][]>(
        "read memories",
        (api, to, init) => api.getPoints({ ...to, ids: part, with_payload: fields, with_vector: false }, init),
      );
      for (const { id, payload } of points) found.set(String(id), payload ?? {});
    }
    return found;
  }

  async #prepared({ memory, vectors }: NewMemory): Promise<Prepared> {
    const id = pointId(memory.content_hash);
    if (id === null) throw new MemoryError("internal", `Cannot store under the key ${memory.content_hash}`);
    const revision = crypto.randomUUID();
    const dense = vectors === null ? {} : await this.#models.vectorsOf(vectors);
    const payload = payloadOf(memory, revision);
    const point: Schemas["PointStruct"] = {
      id,
      vector: { ...dense, [WORDS]: wordsOf(memory.content) },
      payload: { ...payload },
    };
    return { id, point, revision, conversation: payload.conversation_id ?? null };
  }

  /** Inserts points that aren't there; of several with the same id the first. */
  async #insert(batch: Prepared[]): Promise<StoreOutcome[]> {
    const firsts = new Map<string, Prepared>();
    for (const item of batch) if (!firsts.has(item.id)) firsts.set(item.id, item);
    const points = Array.from(firsts.values(), ({ point }) => point);
    for (const part of fittingParts(points)) {
      await this.#collection.write(
        "store memories",
        (api, to, init) => api.upsertPoints({ ...to, points: part, update_mode: "insert_only" }, init),
      );
    }
    const ids = [...firsts.keys()];
    const [there] = await Promise.all([this.payloads(ids, ["revision"]), this.onInsert(ids)]);
    const stored = new Set(
      [...firsts.values()].filter(({ id, revision }) => there.get(id)?.revision === revision),
    );
    this.#changed([...stored]);
    return batch.map((item) => stored.has(item) ? "stored" : "duplicate");
  }
}

function changedTags(tags: string[], { remove_tags, add_tags }: MemoryPatch): string[] {
  const kept = remove_tags === undefined ? tags : tags.filter((tag) => !remove_tags.includes(tag));
  return add_tags === undefined ? kept : [...new Set([...kept, ...add_tags])];
}

/** Conditions under which a payload is still the one that was read. The Python service's has no revision, but a time. */
function sameRevision({ revision, updated_at }: Record<string, unknown>): Schemas["Condition"][] {
  if (typeof revision === "string") return [{ key: "revision", match: { value: revision } }];
  const unchanged: Schemas["Condition"][] = [{ is_empty: { key: "revision" } }];
  if (typeof updated_at === "number") {
    unchanged.push({ key: "updated_at", range: { gte: updated_at, lte: updated_at } });
  }
  return unchanged;
}

function conversationOf({ conversation_id }: Record<string, unknown>): string | null {
  return typeof conversation_id === "string" ? conversation_id : null;
}

/** `items` in parts of at most `size`. */
export function* partsOf<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
