/**
 * Reads a store part by part for an export. Where a part can't be read because the store is damaged, it goes on with what
 * is left of it.
 *
 * @module
 */

import { MemoryError } from "../../errors.ts";
import type { Memory } from "../../memory/memory.ts";
import type { Relation } from "../../storage/contract/relations.ts";
import type { MemoryStorage } from "../../storage/contract/storage.ts";
import type { TrashedMemory } from "../../storage/contract/trash.ts";
import type { Salvage } from "../../storage/files.ts";
import { keyIn, relationsOf } from "./walk.ts";

/** Memories read between two pauses. */
const AT_ONCE = 200;

/** A page of memories. */
export interface MemoryStep {
  memories: Memory[];
  /** Where a later export can go on; null at the end, and in a damaged store. */
  next: string | null;
}

/** What is left of a store that came upon damage; null where none is known, or the store is no file. */
async function salvageOf({ capabilities }: MemoryStorage): Promise<Salvage | null> {
  return await capabilities.snapshots?.salvage() ?? null;
}

/** One reading of a store. */
export class Reading implements AsyncDisposable {
  readonly #storage: MemoryStorage | null;
  #salvage: Salvage | null;

  private constructor(storage: MemoryStorage | null, salvage: Salvage | null) {
    this.#storage = storage;
    this.#salvage = salvage;
  }

  /** Begins to read an open store. */
  static async begin(storage: MemoryStorage): Promise<Reading> {
    // Where there is no room to look through a damaged store, what needs no looking through can still be read.
    return new Reading(storage, await salvageOf(storage).catch(() => null));
  }

  /** Reads what is left of a store that doesn't open. */
  static of(salvage: Salvage): Reading {
    return new Reading(null, salvage);
  }

  /** What is left of a damaged store; null while no damage is known. */
  get salvage(): Salvage | null {
    return this.#salvage;
  }

  /** Runs a call to the store, or `otherwise` where it is damaged. */
  async either<T>(call: (storage: MemoryStorage) => Promise<T>, otherwise: (salvage: Salvage) => T): Promise<T> {
    if (this.#salvage === null) {
      try {
        return await call(this.#storage!);
      } catch (error) {
        return otherwise(await this.#damaged(error));
      }
    }
    return otherwise(this.#salvage);
  }

  /** All memories behind `after`. */
  async *memories(after: string | null): AsyncGenerator<MemoryStep> {
    let from = after;
    if (this.#salvage === null) {
      try {
        for (let more = true; more;) {
          const { memories, next } = await this.#storage!.scan(from, AT_ONCE);
          yield { memories, next };
          more = next !== null;
          from = next;
        }
        return;
      } catch (error) {
        await this.#damaged(error);
      }
    }
    for await (const memories of this.#salvage!.memories(from)) yield { memories, next: null };
  }

  async *trashed(): AsyncGenerator<TrashedMemory[]> {
    const storage = this.#storage;
    yield* this.#each(
      storage === null ? null : async function* () {
        for (let offset = 0, more = true; more; offset += AT_ONCE) {
          const { items } = await storage.listTrash({ offset, limit: AT_ONCE });
          yield items;
          more = items.length === AT_ONCE;
        }
      },
      (salvage) => salvage.trashed(),
      ({ memory: { space, content_hash } }) => keyIn(space, content_hash),
    );
  }

  /** They follow all memories, for both ends must be there first. */
  async *relations(): AsyncGenerator<Relation[]> {
    const storage = this.#storage;
    yield* this.#each(
      storage === null ? null : () => relationsOf(storage),
      (salvage) => salvage.relations(),
      ({ space, source, target, type }) => JSON.stringify([space, source, target, type]),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#salvage?.[Symbol.asyncDispose]();
  }

  /** All pages of the store, or when that fails those of them that are left, without what was there before. */
  async *#each<T>(
    pages: (() => AsyncGenerator<T[]>) | null,
    left: (salvage: Salvage) => AsyncGenerator<T[]>,
    keyOf: (item: T) => string,
  ): AsyncGenerator<T[]> {
    const seen = new Set<string>();
    if (this.#salvage === null && pages !== null) {
      try {
        for await (const items of pages()) {
          for (const item of items) seen.add(keyOf(item));
          yield items;
        }
        return;
      } catch (error) {
        await this.#damaged(error);
      }
    }
    for await (const items of left(this.#salvage!)) yield items.filter((item) => !seen.has(keyOf(item)));
  }

  /** What is left, when the store is damaged; throws the error otherwise. */
  async #damaged(error: unknown): Promise<Salvage> {
    this.#salvage ??= error instanceof MemoryError && error.code === "unavailable"
      ? await salvageOf(this.#storage!)
      : null;
    if (this.#salvage === null) throw error;
    return this.#salvage;
  }
}
