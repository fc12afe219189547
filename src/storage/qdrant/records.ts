/**
 * Storing, changing and deleting points, so that several replicas can do it at once: an insert inserts only and leaves
 * a mark, a change is bound to the revision it was made from, and the caller that reads its own mark back has won.
 *
 * @module
 */

import type { Schemas } from "@qdrant/js-client-rest";
import { MemoryError } from "../../errors.ts";
import type { Memory, MemoryPatch } from "../../memory/memory.ts";
import { plainNumber } from "../../memory/numbers.ts";
import { patched, patchedAnyway } from "../../memory/patch.ts";
import { isUnchanged } from "../../memory/unchanged.ts";
import type { NewMemory, StoreOutcome } from "../contract/memories.ts";
import { TimeSlice } from "../../yielding.ts";
import type { Analysis } from "../analysis.ts";
import { Batcher } from "./batcher.ts";
import type { Collection } from "./collection.ts";
import { changeablePayload, memoryOf, payloadOf, WORDS, wordsDocument } from "./layout.ts";
import type { Models } from "./models.ts";
import { fittingParts } from "./request_size.ts";
import { allUnchanged, firstRevision, lineageOf, nextRevision, unchanged, type Version } from "./revisions.ts";
import type { Tenancy } from "./tenancy.ts";
import type { TrashPoints } from "./trash_points.ts";

/** Points in one request: some 2 MB, where contents are short. */
const POINTS_AT_ONCE = 128;
/** Requests under way at once: the server works on one while others are written and read. */
const REQUESTS_AT_ONCE = 4;
/** Ids in one request. */
const IDS_AT_ONCE = 1000;
/** Times a change starts over because another writer was faster. */
const MAX_CONFLICTS = 30;
/** Milliseconds before the second try at most; each further one waits so much longer. */
const CONFLICT_PAUSE_MS = 5;

/** Payload fields that identify a version, and those of a deleted memory that caches need. */
const VERSION_FIELDS = ["revision", "updated_at", "conversation_id"];

/** What changed, for caches: the points and the conversations they are in, as stored. */
export type OnChange = (points: { id: string; conversation: string | null }[]) => void;

/** Waits before a change starts over, so that two that hinder each other don't meet again. */
export function conflictPause(conflicts: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.random() * CONFLICT_PAUSE_MS * (conflicts + 1)));
}

/** Tries of a change, with a pause before each but the first. */
export async function* tries(action: string): AsyncGenerator<void> {
  for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts++) {
    if (conflicts > 0) await conflictPause(conflicts - 1);
    yield;
  }
  throw new MemoryError("overloaded", `Cannot ${action}: too many others change it now`, { retryAfterSeconds: 1 });
}

/** A memory as it is inserted, with the mark by which its writer knows it. */
export interface Prepared {
  id: string;
  point: Schemas["PointStruct"];
  revision: string;
  conversation: string | null;
}

/** Writes to the memories of one space. */
export class Records {
  readonly #collection: Collection;
  readonly #models: Models;
  readonly #trashed: TrashPoints;
  readonly #analysis: Analysis;
  readonly #changed: OnChange;
  readonly #tenancy: Tenancy;
  readonly #inserts = new Batcher<Prepared, StoreOutcome>((batch) => this.#insert(batch), {
    size: POINTS_AT_ONCE,
    atOnce: REQUESTS_AT_ONCE,
  });

  constructor(
    collection: Collection,
    models: Models,
    trashed: TrashPoints,
    analysis: Analysis,
    changed: OnChange,
    tenancy: Tenancy,
  ) {
    this.#tenancy = tenancy;
    this.#analysis = analysis;
    this.#collection = collection;
    this.#models = models;
    this.#trashed = trashed;
    this.#changed = changed;
  }

  /** Stores memories; those whose content_hash is there already stay as they were. */
  async store(items: readonly NewMemory[]): Promise<StoreOutcome[]> {
    if (items.length === 1) return await this.#inserts.all([await this.#prepared(items[0]!)]);
    const prepared: Prepared[] = [], timeSlice = new TimeSlice();
    for (const item of items) {
      prepared.push(await this.#prepared(item));
      if (timeSlice.isDue) await timeSlice.yieldIfDue();
    }
    return await this.#inserts.all(prepared);
  }

  /** Stores memories that come with all that belongs to them. */
  storeWhole(points: readonly Prepared[]): Promise<StoreOutcome[]> {
    return this.#inserts.all(points);
  }

  /** Changes one memory; null when it isn't there. */
  async update(hash: string, patch: MemoryPatch, now: number): Promise<Memory | null> {
    const id = this.#tenancy.idOf(hash);
    if (id === null) return null;
    for await (const _ of tries(`update the memory ${hash}`)) {
      const payload = (await this.payloads([id], true)).get(id);
      if (payload === undefined) return null;
      if (patched(memoryOf(payload), patch, now) === null) return memoryOf(payload);
      const memory = await this.#changeUnchanged(id, payload, patch, now);
      if (memory !== "conflict") return memory;
    }
    return null;
  }

  /**
   * Changes one memory while it is as it was read, and, with `current`, while that one is replaced by none.
   *
   * No transaction spans two points. Instead the other point gets a new mark while it is current, between the reading of
   * this one and its change, which is bound to the mark that was read. So a call that makes X replaced by Y marks Y before
   * Y itself was read by a call that replaces it, and calls around a circle would each have to come before the next.
   */
  async updateUnchanged(
    before: Memory,
    patch: MemoryPatch,
    now: number,
    current: string | null,
  ): Promise<Memory | "conflict" | null> {
    const id = this.#tenancy.idOf(before.content_hash), other = current === null ? null : this.#tenancy.idOf(current);
    if (id === null) return null;
    if (current !== null && other === null) return "conflict";
    for await (const _ of tries(`update the memory ${before.content_hash}`)) {
      const found = await this.payloads(other === null ? [id] : [id, other], true);
      const payload = found.get(id);
      if (payload === undefined) return null;
      if (!isUnchanged(before, memoryOf(payload))) return "conflict";
      if (other !== null) {
        const facts = found.get(other);
        if (facts === undefined || facts.superseded != null) return "conflict";
        if (!await this.touch(other, facts)) continue;
      }
      const memory = await this.#changeUnchanged(id, payload, patch, now);
      if (memory !== "conflict") return memory;
    }
    return "conflict";
  }

  /** Gives a point that is still as it was read a new mark, so that nothing bound to the old one happens; whether it did. */
  async touch(id: string, version: Version): Promise<boolean> {
    const revision = nextRevision(version);
    await this.#collection.write("mark a memory", (api, to, init) =>
      api.setPayload({
        ...to,
        payload: { revision },
        filter: { must: [{ has_id: [id] }, ...unchanged(version)] },
      }, init));
    return (await this.payloads([id], ["revision"])).get(id)?.revision === revision;
  }

  /** Changes a point that is still as it was read; null when it is gone. */
  async #changeUnchanged(
    id: string,
    payload: Record<string, unknown>,
    patch: MemoryPatch,
    now: number,
  ): Promise<Memory | "conflict" | null> {
    const memory = patchedAnyway(memoryOf(payload), patch, now), revision = nextRevision(payload);
    await this.#collection.write("update the memory", (api, to, init) =>
      api.setPayload({
        ...to,
        payload: { ...changeablePayload(memory), created_at: plainNumber(memory.created_at), revision },
        filter: { must: [{ has_id: [id] }, ...unchanged(payload)] },
      }, init));
    const after = (await this.payloads([id], ["revision"])).get(id);
    // One that was moved to the trash since takes the change along.
    const kept = after ?? (await this.#trashed.versions([id])).get(id);
    if (kept?.revision === revision) {
      this.#changed([{ id, conversation: patch.created_at === undefined ? null : conversationOf(payload) }]);
      return memory;
    }
    return after === undefined ? null : "conflict";
  }

  /** Deletes memories; for each, whether it was there. */
  async delete(hashes: readonly string[]): Promise<boolean[]> {
    const ids = hashes.map(this.#tenancy.idOf), gone = new Set<string>();
    let left = [...new Set(ids.filter((id) => id !== null))];
    for await (const _ of tries("delete memories")) {
      const found = await this.payloads(left, VERSION_FIELDS);
      if (found.size === 0) break;
      const there = await this.remove(found);
      await this.#dropCopies(found);
      for (const id of found.keys()) if (!there.has(id)) gone.add(id);
      left = [...there.keys()];
      if (left.length === 0) break;
    }
    return ids.map((id) => id !== null && gone.delete(id));
  }

  /**
   * Deletes points that are still as they were read. A request that comes late, such as the first of a repetition, thus
   * takes away nothing that was stored since.
   *
   * @returns versions of those ids under which there is a point all the same.
   */
  async remove(points: ReadonlyMap<string, Record<string, unknown>>): Promise<Map<string, Version>> {
    const left = new Map<string, Version>();
    for (const part of partsOf([...points], IDS_AT_ONCE)) {
      const filter = allUnchanged(new Map(part));
      await this.#collection.write("delete memories", (api, to, init) => api.deletePoints({ ...to, filter }, init));
      const there = await this.payloads(part.map(([id]) => id), ["revision", "updated_at"]);
      for (const [id, version] of there) left.set(id, version);
    }
    const gone = [...points].filter(([id]) => !left.has(id));
    this.#changed(gone.map(([id, payload]) => ({ id, conversation: conversationOf(payload) })));
    return left;
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
    const id = this.#tenancy.idOf(memory.content_hash);
    if (id === null) throw new MemoryError("internal", `Cannot store under the key ${memory.content_hash}`);
    const revision = firstRevision();
    const dense = vectors === null ? {} : await this.#models.vectorsOf(vectors);
    const payload = payloadOf(memory, revision, this.#tenancy.space);
    const terms = await this.#analysis.of("terms", memory.content);
    const point: Schemas["PointStruct"] = {
      id,
      vector: { ...dense, [WORDS]: wordsDocument(terms, this.#tenancy.space) },
      payload: { ...payload },
    };
    return { id, point, revision, conversation: payload.conversation_id ?? null };
  }

  /** Inserts points that aren't there; of several with the same id the first. */
  async #insert(batch: Prepared[]): Promise<StoreOutcome[]> {
    const firsts = new Map<string, Prepared>();
    for (const item of batch) if (!firsts.has(item.id)) firsts.set(item.id, item);
    const ids = [...firsts.keys()], points = Array.from(firsts.values(), ({ point }) => point);
    for (const part of fittingParts(points)) {
      await this.#collection.write(
        "store memories",
        (api, to, init) => api.upsertPoints({ ...to, points: part, update_mode: "insert_only" }, init),
      );
    }
    const [there, trashed] = await Promise.all([this.payloads(ids, ["revision"]), this.#trashed.versions(ids)]);
    const stored = new Set([...firsts.values()].filter((item) => isOwn(item, there)));
    await this.#dropOlder([...stored], trashed);
    this.#changed([...stored]);
    return batch.map((item) => stored.has(item) ? "stored" : "duplicate");
  }

  /** Drops from the trash what a move that is under way, or was cut off, has copied of memories deleted for good. */
  async #dropCopies(deleted: ReadonlyMap<string, Version>): Promise<void> {
    for (const ids of partsOf([...deleted.keys()], IDS_AT_ONCE)) {
      const copies = await this.#trashed.versions(ids);
      const own = [...copies].filter(([id, version]) => lineageOf(version) === lineageOf(deleted.get(id)!));
      await this.#trashed.drop(new Map(own));
    }
  }

  /** Drops from the trash what lay there when these memories were stored. */
  async #dropOlder(stored: readonly Prepared[], trashed: ReadonlyMap<string, Version>): Promise<void> {
    const others = stored.filter(({ id, revision }) => trashed.has(id) && lineageOf(trashed.get(id)!) !== revision);
    if (others.length === 0) return;
    // Only what is older than a memory that lies here after the trash was read; a later one may have gone there since.
    const there = await this.payloads(others.map(({ id }) => id), ["revision"]);
    const older = others.filter((item) => isOwn(item, there));
    await this.#trashed.drop(new Map(older.map(({ id }) => [id, trashed.get(id)!])));
  }
}

/** Whether a point is the one that its writer inserted, changed since or not. */
function isOwn({ id, revision }: Prepared, there: ReadonlyMap<string, Version>): boolean {
  const version = there.get(id);
  return version !== undefined && lineageOf(version) === revision;
}

function conversationOf({ conversation_id }: Record<string, unknown>): string | null {
  return typeof conversation_id === "string" ? conversation_id : null;
}

/** `items` in parts of at most `size`. */
export function* partsOf<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
