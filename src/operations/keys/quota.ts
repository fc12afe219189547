/**
 * What a space may hold for a key with a limit to store more.
 *
 * @module
 */

import type { StoreLimits } from "../../access/caller.ts";
import { MemoryError } from "../../errors.ts";
import type { NewMemory } from "../../storage/contract/memories.ts";
import type { MemoryStorage } from "../../storage/contract/storage.ts";
import { override } from "../../storage/intercept.ts";

/** Milliseconds for which what was counted is believed; other processes store too. */
const COUNTED_MS = 5000;

const encoder = new TextEncoder();

interface Counted {
  /** Milliseconds of `performance.now()`. */
  at: number;
  memories: number;
  /** Null where it was not asked for. */
  bytes: number | null;
}

/** What one space holds. */
export class StoreQuota {
  readonly #space: MemoryStorage;
  #counted: Counted | null = null;

  /** @param space A view that reads that space alone. */
  constructor(space: MemoryStorage) {
    this.#space = space;
  }

  /** The view, which refuses to store what would go beyond the limits. */
  over(view: MemoryStorage, limits: StoreLimits): MemoryStorage {
    return override(view, {
      store: async (items, options) => {
        await this.#admit(items, limits);
        return await view.store(items, options);
      },
    });
  }

  /**
   * Counts what is about to be stored. What turns out to be there already counts too until the next look.
   *
   * @throws {MemoryError} `full`.
   */
  async #admit(items: readonly NewMemory[], { memories, bytes }: StoreLimits): Promise<void> {
    const held = await this.#held(bytes !== undefined);
    const more = bytes === undefined
      ? 0
      : items.reduce((sum, { memory }) => sum + encoder.encode(memory.content).length, 0);
    const space = this.#space.scope.write;
    if (memories !== undefined && held.memories + items.length > memories) {
      throw exceeded(space, items.length, `${held.memories} of the ${memories} memories that the key may fill it to`);
    }
    if (bytes !== undefined && held.bytes! + more > bytes) {
      throw exceeded(space, items.length, `${held.bytes} of the ${bytes} bytes that the key may fill it to`);
    }
    held.memories += items.length;
    if (held.bytes !== null) held.bytes += more;
  }

  async #held(withBytes: boolean): Promise<Counted> {
    const known = this.#counted;
    if (known !== null && performance.now() - known.at < COUNTED_MS && (!withBytes || known.bytes !== null)) {
      return known;
    }
    const [{ memories }, sizes] = await Promise.all([
      this.#space.vectorCoverage(),
      withBytes ? this.#space.contentSizes(1) : null,
    ]);
    return this.#counted = { at: performance.now(), memories, bytes: sizes?.total_bytes ?? null };
  }
}

function exceeded(space: string, count: number, held: string): MemoryError {
  const what = count === 1 ? "a memory" : `${count} memories`;
  return new MemoryError("full", `Cannot store ${what}: space "${space}" holds ${held}; nothing was stored`);
}
