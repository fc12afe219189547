/**
 * Walks through all that a store holds, page by page.
 *
 * @module
 */

import { DEFAULT_SPACE } from "../../memory/space.ts";
import type { Memory } from "../../memory/memory.ts";
import type { Relation } from "../../storage/contract/relations.ts";
import type { MemoryStorage } from "../../storage/contract/storage.ts";
import type { TrashedMemory } from "../../storage/contract/trash.ts";

/** Memories read in one step. */
const AT_ONCE = 200;
/** Relations of one page of memories; more than this of 200 memories is no store of ours. */
const RELATIONS_AT_ONCE = 100_000;
/** Times the trash is read again because it changed while it was read. */
const TRASH_READINGS = 3;

/** All memories, each page read while the one before is dealt with. */
export async function* pagesOf(storage: MemoryStorage, signal?: AbortSignal): AsyncGenerator<Memory[]> {
  let reading = storage.scan(null, AT_ONCE);
  while (true) {
    const { memories, next } = await reading;
    signal?.throwIfAborted();
    if (next !== null) {
      reading = storage.scan(next, AT_ONCE);
      reading.catch(() => {}); // reported when its turn comes, if it comes
    }
    if (memories.length > 0) yield memories;
    if (next === null) return;
  }
}

/** A memory's key among those of all spaces. */
export function keyIn(space: string | undefined, content_hash: string): string {
  return `${space ?? DEFAULT_SPACE} ${content_hash}`;
}

/** All relations, each with the memory it starts at. */
export async function* relationsOf(storage: MemoryStorage, signal?: AbortSignal): AsyncGenerator<Relation[]> {
  if ((await storage.relations({ limit: 1 })).length === 0) return;
  for await (const memories of pagesOf(storage, signal)) {
    const hashes = [...new Set(memories.map(({ content_hash }) => content_hash))];
    const sources = new Set(memories.map(({ space, content_hash }) => keyIn(space, content_hash)));
    const found = await storage.relations({ hashes, limit: RELATIONS_AT_ONCE });
    yield found.filter(({ space, source }) => sources.has(keyIn(space, source)));
  }
}

/** What is in the trash, by content_hash. `whole` is false when it went on changing, so that something may be missing. */
export async function trashOf(
  storage: MemoryStorage,
  signal?: AbortSignal,
): Promise<{ items: Map<string, TrashedMemory>; whole: boolean }> {
  for (let reading = 1;; reading++) {
    const items = new Map<string, TrashedMemory>(), totals = new Set<number>();
    for (let offset = 0;; offset += AT_ONCE) {
      const page = await storage.listTrash({ offset, limit: AT_ONCE });
      signal?.throwIfAborted();
      for (const item of page.items) items.set(item.memory.content_hash, item);
      totals.add(page.total);
      if (page.items.length < AT_ONCE) break;
    }
    const whole = totals.size === 1 && totals.has(items.size);
    if (whole || reading === TRASH_READINGS) return { items, whole };
  }
}
