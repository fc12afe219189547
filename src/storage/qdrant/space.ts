/**
 * Changes to one space, each with what depends on it: relations, and what the memories had replaced.
 *
 * @module
 */

import type { Memory } from "../../memory/memory.ts";
import type { Trashing } from "../contract/trash.ts";
import type { Analysis } from "../analysis.ts";
import type { Collection } from "./collection.ts";
import type { Models } from "./models.ts";
import type { OnChange, Records } from "./records.ts";
import { Relations } from "./relations.ts";
import { Succession } from "./succession.ts";
import type { Tenancy } from "./tenancy.ts";
import { Trash } from "./trash.ts";
import type { TrashPoints } from "./trash_points.ts";

/** Where memories are, what vectors they have, and where trashed ones are. */
export interface SpaceCollections {
  collection: Collection;
  models: Models;
  trashed: TrashPoints;
}

/** One space, to be changed. */
export class Space {
  readonly tenancy: Tenancy;
  readonly records: Records;
  readonly relations: Relations;
  readonly trash: Trash;
  readonly #succession: Succession;

  constructor(
    { collection, models, trashed }: SpaceCollections,
    records: Records,
    tenancy: Tenancy,
    analysis: Analysis,
    changed: OnChange,
  ) {
    this.tenancy = tenancy;
    this.records = records;
    this.relations = new Relations(collection, records, tenancy, tenancy.space);
    this.#succession = new Succession(collection, records, tenancy);
    this.trash = new Trash(
      collection,
      models,
      records,
      trashed,
      analysis,
      changed,
      tenancy,
      (hashes) => this.relations.forget(hashes),
    );
  }

  /** Deletes memories for good; for each, whether it was there. */
  async delete(hashes: readonly string[]): Promise<boolean[]> {
    const plan = await this.#succession.plan(hashes), deleted = await this.records.delete(hashes);
    await this.relations.forget(hashes.filter((_, i) => deleted[i]));
    await this.#succession.release(plan, hashes.filter((_, i) => deleted[i]));
    return deleted;
  }

  /**
   * Takes away memories that are elsewhere by now, while they are as they were read.
   *
   * @param points Their payloads, by point id.
   * @returns the ids of those that were changed since, and stay.
   */
  async takeAway(points: ReadonlyMap<string, Record<string, unknown>>): Promise<Set<string>> {
    const hashOf = (payload: Record<string, unknown>) => String(payload.content_hash);
    const plan = await this.#succession.plan(Array.from(points.values(), hashOf));
    const left = await this.records.remove(points);
    const gone = [...points].filter(([id]) => !left.has(id)).map(([, payload]) => hashOf(payload));
    await this.relations.forget(gone);
    await this.#succession.release(plan, gone);
    return new Set(left.keys());
  }

  /**
   * Moves memories to the trash; for each, whether it was moved.
   *
   * @param successor What replaces what they had replaced; null for what had replaced each.
   * @param before The memories as they were read; null moves them as they are.
   */
  async moveToTrash(
    hashes: readonly string[],
    trashing: Trashing,
    successor: string | null = null,
    before: readonly Memory[] | null = null,
  ): Promise<boolean[]> {
    const expected = before === null ? null : new Map(before.flatMap((memory) => {
      const id = this.tenancy.idOf(memory.content_hash);
      return id === null ? [] : [[id, memory] as const];
    }));
    const plan = await this.#succession.plan(hashes, successor);
    const moved = await this.trash.trash(hashes, trashing, plan, expected);
    await this.#succession.release(plan, hashes.filter((_, i) => moved[i]));
    return moved;
  }

  /** Takes memories back from the trash; for each, whether it was there. */
  async restore(hashes: readonly string[]): Promise<boolean[]> {
    const { restored, plan } = await this.trash.restore(hashes);
    await this.#succession.restored(hashes.filter((_, i) => restored[i]), plan);
    return restored;
  }
}
