/**
 * The trash: a collection beside the memories', so that no search, listing or count has to leave trashed ones out. A
 * memory goes there whole, its vectors in the payload, before it leaves the other collection, so that a crash in between
 * leaves it in both and never in none; the one among the memories is then the true one.
 *
 * Several processes may store, change, move, restore and delete a memory at once. Three rules keep it from being lost
 * between the collections: a copy is put into the trash only where there is none; what is taken away, on either side, is
 * bound to the version that was read; and what leaves the trash, to be restored or for good, is claimed first.
 *
 * @module
 */

import type { Schemas } from "@qdrant/js-client-rest";
import type { Memory } from "../../memory/memory.ts";
import { plainNumber } from "../../memory/numbers.ts";
import { isUnchanged } from "../../memory/unchanged.ts";
import type { Replaced, TrashedMemory, Trashing } from "../contract/trash.ts";
import { escapeText } from "../escape.ts";
import type { Analysis } from "../analysis.ts";
import type { Collection } from "./collection.ts";
import type { Condition } from "./filter.ts";
import { derivedPayload, escapeJson, memoryOf, payloadOf, WORDS, wordsDocument } from "./layout.ts";
import type { Models } from "./models.ts";
import { fittingParts } from "./request_size.ts";
import { type OnChange, partsOf, type Records, tries } from "./records.ts";
import { firstRevision, isSameVersion, lineageOf, type Version } from "./revisions.ts";
import type { Plan } from "./succession.ts";
import type { Tenancy } from "./tenancy.ts";
import { replacedOf, type TrashFields, type TrashPoints } from "./trash_points.ts";
import { readWhole, type WholePoint } from "./whole.ts";

const POINTS_AT_ONCE = 100;
/** Seconds after which another process takes over memories that one began to take out. */
const CLAIM_SECONDS = 60;

/** The trash of one space. */
export class Trash {
  readonly #collection: Collection;
  readonly #models: Models;
  readonly #records: Records;
  readonly #points: TrashPoints;
  readonly #analysis: Analysis;
  readonly #changed: OnChange;
  readonly #tenancy: Tenancy;
  readonly #onDeleted: (hashes: string[]) => Promise<void>;

  /** @param deleted Called with the content_hashes of memories that are about to be deleted for good. */
  constructor(
    collection: Collection,
    models: Models,
    records: Records,
    points: TrashPoints,
    analysis: Analysis,
    changed: OnChange,
    tenancy: Tenancy,
    deleted: (hashes: string[]) => Promise<void>,
  ) {
    this.#tenancy = tenancy;
    this.#onDeleted = deleted;
    this.#collection = collection;
    this.#models = models;
    this.#records = records;
    this.#points = points;
    this.#analysis = analysis;
    this.#changed = changed;
  }

  /**
   * Moves memories to the trash; for each, whether it was there.
   *
   * @param plan What they have replaced, which the trash keeps.
   * @param before The memories as they were read; one that is otherwise by now stays. Null moves them as they are.
   */
  async trash(
    hashes: readonly string[],
    trashing: Trashing,
    plan: Plan,
    before: ReadonlyMap<string, Memory> | null = null,
  ): Promise<boolean[]> {
    await this.#points.prepare();
    const moved = new Set<string>(), ids = hashes.map(this.#tenancy.idOf);
    const replaced = new Map(Array.from(plan, ([hash, replaced]) => [this.#tenancy.idOf(hash)!, replaced]));
    for (const part of partsOf([...new Set(ids.filter((id) => id !== null))], POINTS_AT_ONCE)) {
      for (const id of await this.#move(part, trashing, replaced, before)) moved.add(id);
    }
    return ids.map((id) => id !== null && moved.delete(id));
  }

  /** Puts memories from elsewhere into the trash; for each, whether it was put there. */
  async importTrashed(items: readonly TrashedMemory[]): Promise<boolean[]> {
    const brought = new Set<string>(), ids = items.map(({ memory }) => this.#tenancy.idOf(memory.content_hash));
    for (const part of partsOf(items, POINTS_AT_ONCE)) {
      const versions = new Map<string, Version>(), points: Schemas["PointStruct"][] = [];
      const stored = await this.#records.payloads(
        part.flatMap((item) => this.#tenancy.idOf(item.memory.content_hash) ?? []),
        [],
      );
      for (const { memory, deleted_at, reason, replaced } of part) {
        const id = this.#tenancy.idOf(memory.content_hash), revision = firstRevision();
        if (id === null || stored.has(id) || versions.has(id)) continue;
        versions.set(id, { revision });
        const fields: TrashFields = {
          deleted_at: plainNumber(deleted_at),
          reason: escapeText(reason),
          kept_vectors: null,
          ...keptReplaced(replaced),
        };
        points.push({ id, vector: {}, payload: { ...payloadOf(memory, revision, this.#tenancy.space), ...fields } });
      }
      if (points.length === 0) continue;
      await this.#points.insert("bring memories into the trash", points);
      const there = await this.#points.versions([...versions.keys()]);
      // A writer that stored one meanwhile found nothing of it in the trash.
      const storedSince = await this.#records.payloads([...versions.keys()], []);
      await this.#points.drop(new Map([...versions].filter(([id]) => storedSince.has(id))));
      for (const [id, { revision }] of versions) {
        if (there.get(id)?.revision === revision && !storedSince.has(id)) brought.add(id);
      }
    }
    return ids.map((id) => id !== null && brought.delete(id));
  }

  /** Takes memories back; for each, whether it was in the trash, and what those had replaced that were. */
  async restore(hashes: readonly string[]): Promise<{ restored: boolean[]; plan: Plan }> {
    const restored = new Set<string>(), ids = hashes.map(this.#tenancy.idOf), plan = new Map<string, Replaced>();
    for (const part of partsOf([...new Set(ids.filter((id) => id !== null))], POINTS_AT_ONCE)) {
      let left = part;
      for await (const _ of tries("restore memories")) {
        const claim = crypto.randomUUID();
        const claimed = await this.#claim(left, claim);
        if (claimed.size > 0) {
          await this.#putBack(claimed, claim);
          await this.#points.remove(claimedBy([...claimed.keys()], claim));
          for (const [id, { content_hash, replaced }] of claimed) {
            restored.add(id);
            if (replaced != null) plan.set(String(content_hash), replacedOf(replaced));
          }
        }
        // What another process is taking out is either restored by it in a moment, or deleted.
        const others = await this.#points.versions(left.filter((id) => !claimed.has(id)));
        left = [...others.keys()];
        if (left.length === 0) break;
      }
    }
    return { restored: ids.map((id) => id !== null && restored.delete(id)), plan };
  }

  /** Deletes for good what meets every condition; the number deleted. */
  async empty({ hashes, deleted_before }: { hashes?: string[]; deleted_before?: number }): Promise<number> {
    const conditions: Condition[] = [...this.#tenancy.conditions];
    if (hashes !== undefined) conditions.push({ has_id: hashes.map(this.#tenancy.idOf).filter((id) => id !== null) });
    if (deleted_before !== undefined) conditions.push({ key: "deleted_at", range: { lt: deleted_before } });
    const claim = crypto.randomUUID();
    let emptied = 0;
    while (true) {
      const found = await this.#points.find([...conditions, claimable()]);
      if (found.length === 0) return emptied;
      // Of several processes that delete, the one whose claim stands counts the memory.
      const claimed = await this.#claim(found.map(String), claim, ["claim", "content_hash"]);
      // A copy that a crash left beside its memory isn't all of it.
      const stored = await this.#records.payloads([...claimed.keys()], []);
      const gone = [...claimed].filter(([id]) => !stored.has(id));
      await this.#onDeleted(gone.map(([, payload]) => String(payload.content_hash)));
      await this.#points.remove(claimedBy([...claimed.keys()], claim));
      emptied += claimed.size;
    }
  }

  /** Moves memories to the trash; the ids of those that were moved. */
  async #move(
    ids: readonly string[],
    trashing: Trashing,
    replaced: ReadonlyMap<string, Replaced>,
    before: ReadonlyMap<string, Memory> | null,
  ): Promise<Set<string>> {
    const moved = new Set<string>();
    let left = [...ids], kept = new Map<string, Version>();
    for await (const _ of tries("move memories to the trash")) {
      const found = await readWhole(this.#collection, this.#models, left);
      for (const [id, { payload }] of found) {
        const expected = before?.get(id);
        if (before !== null && (expected === undefined || !isUnchanged(expected, memoryOf(payload)))) found.delete(id);
      }
      if (found.size === 0) break;
      // The trash held these before the memories were read, so that they are older, and their writers can't take away
      // what lies among the memories now.
      await this.#points.drop(
        new Map([...kept].filter(([id, version]) => found.has(id) && !isSameVersion(version, found.get(id)!.payload))),
      );
      const action = "move memories to the trash";
      const points = Array.from(found, ([id, point]) => trashedPoint(id, point, trashing, replaced.get(id)));
      await this.#points.insert(action, points);
      kept = await this.#points.versions([...found.keys()]);
      const safe = new Map<string, Record<string, unknown>>();
      for (const [id, { payload }] of found) {
        const copy = kept.get(id);
        if (copy !== undefined && isSameVersion(copy, payload)) safe.set(id, payload);
      }
      const there = safe.size === 0 ? new Map<string, Version>() : await this.#records.remove(safe);
      // Stored again after it went: the copy is older than what lies among the memories now.
      const renewed = [...there].filter(([id, version]) => lineageOf(version) !== lineageOf(safe.get(id)!));
      await this.#points.drop(new Map(renewed.map(([id]) => [id, safe.get(id)!])));
      for (const [id] of renewed) there.delete(id);
      for (const id of safe.keys()) if (!there.has(id)) moved.add(id);
      left = [...found.keys()].filter((id) => !moved.has(id));
      if (left.length === 0) break;
    }
    return moved;
  }

  /** Stores memories that were claimed in the trash, unless they are stored already. */
  async #putBack(claimed: ReadonlyMap<string, Record<string, unknown>>, claim: string): Promise<void> {
    let left = [...claimed.keys()];
    for await (const _ of tries("restore memories")) {
      const there = await this.#records.payloads(left, ["revision", "updated_at"]), again: string[] = [];
      for (const [id, version] of there) {
        // The copy is of what lies here: a move is under way, or was cut off. With another mark it can't be completed.
        const isCopied = lineageOf(version) === lineageOf(claimed.get(id)!);
        if (isCopied && !await this.#records.touch(id, version)) again.push(id);
      }
      const missing = left.filter((id) => !there.has(id));
      // Where the claim is gone, the memory was stored and trashed since: a newer copy lies in the trash.
      const kept = await this.#points.get(missing, ["claim"]);
      await this.#insert(missing.filter((id) => kept.get(id)?.claim === claim), claimed);
      left = again;
      if (left.length === 0) break;
    }
    this.#changed(Array.from(claimed, ([id, payload]) => ({
      id,
      conversation: typeof payload.conversation_id === "string" ? payload.conversation_id : null,
    })));
  }

  /** Stores those of the claimed memories that are named; one that was stored meanwhile stays as it is. */
  async #insert(ids: readonly string[], claimed: ReadonlyMap<string, Record<string, unknown>>): Promise<void> {
    const active = await this.#models.active();
    const memories: Schemas["PointStruct"][] = [];
    for (const id of ids) {
      const {
        deleted_at: _at,
        reason: _reason,
        claim: _claim,
        claimed_at: _since,
        replaced: _had,
        kept_vectors,
        ...memory
      } = claimed
        .get(id) as Record<string, unknown> & TrashFields;
      const dense = kept_vectors !== null && kept_vectors.model === active?.id ? kept_vectors.point : {};
      const restored = memoryOf(memory), terms = await this.#analysis.of("terms", restored.content);
      const vector = { ...dense as Record<string, number[]>, [WORDS]: wordsDocument(terms, this.#tenancy.space) };
      // Derived again: it may have been put there by another version.
      memories.push({ id, vector, payload: { ...memory, ...derivedPayload(restored), revision: firstRevision() } });
    }
    for (const points of fittingParts(memories)) {
      await this.#collection.write(
        "restore memories",
        (api, to, init) => api.upsertPoints({ ...to, points, update_mode: "insert_only" }, init),
      );
    }
  }

  /** Claims trashed memories that no other process is taking out; the payloads of those that were claimed. */
  async #claim(
    ids: readonly string[],
    claim: string,
    fields: Schemas["WithPayloadInterface"] = true,
  ): Promise<Map<string, Record<string, unknown>>> {
    const claimed_at = Date.now() / 1000;
    await this.#points.change("claim memories in the trash", { claim, claimed_at }, [
      { has_id: [...ids] },
      claimable(),
    ]);
    const there = await this.#points.get(ids, fields);
    return new Map([...there].filter(([, payload]) => payload.claim === claim));
  }
}

function keptReplaced(replaced: Replaced | undefined): Pick<TrashFields, "replaced"> {
  return replaced === undefined ? {} : { replaced: escapeJson({ ...replaced }) as unknown as Replaced };
}

function trashedPoint(
  id: string,
  point: WholePoint,
  { at, reason }: Trashing,
  replaced: Replaced | undefined,
): Schemas["PointStruct"] {
  const fields: TrashFields = {
    deleted_at: plainNumber(at),
    reason: escapeText(reason),
    kept_vectors: point.kept_vectors,
    ...keptReplaced(replaced),
  };
  return { id, vector: {}, payload: { ...point.payload, ...fields } };
}

/** The condition on what no process is taking out. */
function claimable(): Condition {
  const before = Date.now() / 1000 - CLAIM_SECONDS;
  return { should: [{ is_empty: { key: "claim" } }, { key: "claimed_at", range: { lt: before } }] };
}

function claimedBy(ids: readonly string[], claim: string): Schemas["Filter"] {
  return { must: [{ has_id: [...ids] }, { key: "claim", match: { value: claim } }] };
}
