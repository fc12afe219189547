/**
 * The mark that a store is a copy of another and nothing else, so that a later run may go on with it and delete what the
 * source deleted. It goes when a service begins to work with the store: from then on the store has a life of its own.
 *
 * @module
 */

import type { MemoryStorage } from "../../../storage/contract/storage.ts";
import type { Job } from "../../background/background.ts";
import type { Runtime } from "../../runtime.ts";

const NOTE = "copy_of";

/** The store that this one is a copy of; null for one that isn't. */
export async function copyOf(storage: MemoryStorage): Promise<string | null> {
  return await storage.note(NOTE);
}

/** Says that the store is a copy of `source`. */
export async function markCopy(storage: MemoryStorage, source: string | null): Promise<void> {
  const before = await storage.note(NOTE);
  if (before !== source) await storage.changeNote(NOTE, before, source);
}

/** The background job that takes the mark from a store that is served. */
export function removeCopyMark({ storage }: Runtime): Job {
  return { name: "mark the store as served", everyMs: 3_600_000, run: () => markCopy(storage, null) };
}
