/**
 * What a space may hold for a key with a limit to store more.
 *
 * @module
 */

import type { StoreLimits } from "../../access/caller.ts";
import { MemoryError } from "../../errors.ts";
import type { MayQueue, NewMemory } from "../../storage/contract/memories.ts";
import type { MemoryStorage } from "../../storage/contract/storage.ts";
import { override } from "../../storage/intercept.ts";

/** Milliseconds for which what was counted is believed; other processes store too. */
const COUNTED_MS = 5000;
/** Memories of the trash that are looked at together. */
const TRASH_PAGE = 500;

const encoder = new TextEncoder();

/** Memories, and bytes of their contents. */
interface Amount {
  memories: number;
  bytes: number;
}

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
  /** The count that is under way; all who need one wait for it, so that none of them is admitted twice. */
  #counting: Promise<Counted> | null = null;
  /** What was admitted and may not be stored yet, so that a count may miss it. */
  readonly #underway: Amount = { memories: 0, bytes: 0 };

  /** @param space A view that reads that space alone. */
  constructor(space: MemoryStorage) {
    this.#space = space;
  }

  /** The view, which refuses to store or to take back from the trash what would go beyond the limits. */
  over(view: MemoryStorage, limits: StoreLimits): MemoryStorage {
    const isCounted = limits.bytes !== undefined;
    return override(view, {
      store: (items: NewMemory[], options: MayQueue) => {
        const bytes = isCounted ? items.reduce((sum, { memory }) => sum + bytesOf(memory.content), 0) : 0;
        return this.#within(limits, { memories: items.length, bytes }, () => view.store(items, options));
      },
      restore: async (hashes) => {
        this.#counted = null; // most follow a deletion, which it would not have
        const bytes = isCounted ? await bytesInTrash(view, hashes) : 0;
        return await this.#within(limits, { memories: hashes.length, bytes }, () => view.restore(hashes));
      },
    });
  }

  /**
   * Runs what adds to the space. What turns out to be there already counts too until the next look.
   *
   * @throws {MemoryError} `full`.
   */
  async #within<T>({ memories, bytes }: StoreLimits, more: Amount, run: () => Promise<T>): Promise<T> {
    const held = await this.#held(bytes !== undefined), space = this.#space.scope.write;
    if (memories !== undefined && held.memories + more.memories > memories) {
      throw exceeded(space, more.memories, `${held.memories} of the ${memories} memories that the key may fill it to`);
    }
    if (bytes !== undefined && held.bytes! + more.bytes > bytes) {
      throw exceeded(space, more.memories, `${held.bytes} of the ${bytes} bytes that the key may fill it to`);
    }
    held.memories += more.memories;
    if (held.bytes !== null) held.bytes += more.bytes;
    this.#underway.memories += more.memories;
    this.#underway.bytes += more.bytes;
    try {
      return await run();
    } finally {
      this.#underway.memories -= more.memories;
      this.#underway.bytes -= more.bytes;
    }
  }

  async #held(withBytes: boolean): Promise<Counted> {
    while (true) {
      const known = this.#counted, isFresh = known !== null && performance.now() - known.at < COUNTED_MS;
      if (isFresh && (!withBytes || known.bytes !== null)) return known;
      await (this.#counting ??= this.#count(withBytes).finally(() => this.#counting = null));
    }
  }

  async #count(withBytes: boolean): Promise<Counted> {
    const underway = { ...this.#underway };
    const [{ memories }, sizes] = await Promise.all([
      this.#space.vectorCoverage(),
      withBytes ? this.#space.contentSizes(1) : null,
    ]);
    return this.#counted = {
      at: performance.now(),
      memories: memories + underway.memories,
      bytes: sizes === null ? null : sizes.total_bytes + underway.bytes,
    };
  }
}

/** Bytes of the contents of memories in the trash. */
async function bytesInTrash(view: MemoryStorage, hashes: readonly string[]): Promise<number> {
  const wanted = new Set(hashes);
  let bytes = 0;
  for (let offset = 0; wanted.size > 0; offset += TRASH_PAGE) {
    const { items } = await view.listTrash({ offset, limit: TRASH_PAGE });
    for (const { memory } of items) if (wanted.delete(memory.content_hash)) bytes += bytesOf(memory.content);
    if (items.length < TRASH_PAGE) break;
  }
  return bytes;
}

function bytesOf(text: string): number {
  return encoder.encode(text).length;
}

function exceeded(space: string, count: number, held: string): MemoryError {
  const what = count === 1 ? "a memory" : `${count} memories`;
  return new MemoryError("full", `Cannot store ${what}: space "${space}" holds ${held}; nothing was stored`);
}
