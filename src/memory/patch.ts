/**
 * Applying changes to a memory, the same for every driver.
 *
 * @module
 */

import { fold } from "./fold.ts";
import type { Memory, MemoryPatch } from "./memory.ts";
import { isUnchanged } from "./unchanged.ts";

/**
 * The memory after a change, or null where the change leaves everything as it is.
 *
 * @param now Unix seconds; becomes `updated_at`.
 */
export function patched(memory: Memory, patch: MemoryPatch, now: number): Memory | null {
  const { superseded: before, ...rest } = memory;
  const superseded = patch.superseded === undefined ? before : patch.superseded ?? undefined;
  const after: Memory = {
    ...rest,
    tags: patchedTags(patch.tags ?? memory.tags, patch),
    memory_type: patch.memory_type === undefined ? memory.memory_type : patch.memory_type,
    metadata: patch.metadata === undefined ? memory.metadata : { ...memory.metadata, ...patch.metadata },
    created_at: patch.created_at ?? memory.created_at,
    ...(superseded === undefined ? {} : { superseded }),
  };
  return isUnchanged(memory, after) ? null : { ...after, updated_at: now };
}

/** The memory after a change that counts as one even where nothing differs: others that read it before must notice. */
export function patchedAnyway(memory: Memory, patch: MemoryPatch, now: number): Memory {
  return patched(memory, patch, now) ?? { ...memory, updated_at: now };
}

function patchedTags(tags: string[], { remove_tags, add_tags }: MemoryPatch): string[] {
  const removed = new Set(remove_tags?.map(fold)), kept = tags.filter((tag) => !removed.has(fold(tag)));
  return add_tags === undefined ? kept : [...new Set([...kept, ...add_tags])];
}
