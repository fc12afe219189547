/**
 * The memories behind candidates.
 *
 * @module
 */

import type { Memory } from "../memory/memory.ts";
import type { Candidate } from "../storage/contract/search.ts";
import type { MemoryStorage } from "../storage/contract/storage.ts";

/** A candidate as far as its memory can be had of it. */
export type Known = Pick<Candidate, "id" | "memory">;

/** Memories of candidates, in order: those that the search read on the way, and the others read now; null where one has gone since. */
export async function memoriesOf(storage: MemoryStorage, candidates: readonly Known[]): Promise<(Memory | null)[]> {
  const unread = candidates.filter(({ memory }) => memory === undefined);
  const read = (unread.length === 0 ? [] : await storage.getById(unread.map(({ id }) => id))).values();
  return candidates.map(({ memory }) => memory ?? read.next().value ?? null);
}
