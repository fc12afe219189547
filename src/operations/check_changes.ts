/**
 * What a change may bring into a memory that is stored already. It may keep what earlier versions let in, so that such a
 * memory stays editable.
 *
 * @module
 */

import { MemoryError } from "../errors.ts";
import type { Memory, MemoryPatch } from "../memory/memory.ts";
import { metadataBytes, metadataFault } from "../memory/metadata.ts";
import { patchedAnyway } from "../memory/patch.ts";
import { isCleanName } from "../memory/schemas.ts";
import { TimeSlice } from "../yielding.ts";
import { isOutageWithOutbox } from "./outbox.ts";
import type { Runtime } from "./runtime.ts";

/** A change of one memory. */
interface Change {
  content_hash: string;
  patch: MemoryPatch;
}

/**
 * Refuses control characters in tags and types that the memory doesn't have yet, and metadata that would grow beyond
 * the limits. While the store is away the change is judged by itself.
 *
 * @param prefix Goes before the field's name, for the change at an index.
 * @throws {MemoryError} `invalid_input`.
 */
export async function checkChanges(
  runtime: Runtime,
  changes: readonly Change[],
  prefix: (index: number) => string = () => "",
): Promise<void> {
  const doubtful = changes.map((change, index) => ({ change, index })).filter(({ change: { patch } }) =>
    [...patch.tags ?? [], patch.memory_type ?? ""].some((name) => !isCleanName(name)) ||
    Object.keys(patch.metadata ?? {}).length > 0
  );
  if (doubtful.length === 0) return;
  const hashes = [...new Set(doubtful.map(({ change }) => change.content_hash))];
  const stored = await storedOf(runtime, hashes), timeSlice = new TimeSlice();
  const memories = new Map(hashes.map((hash, i) => [hash, stored[i] ?? null]));
  for (const { change: { content_hash, patch }, index } of doubtful) {
    await timeSlice.yieldIfDue();
    const memory = memories.get(content_hash) ?? null;
    checkChange(patch, memory, prefix(index));
    // The next change of the same memory meets what this one has left.
    if (memory !== null) memories.set(content_hash, patchedAnyway(memory, patch, 0));
  }
}

function checkChange({ tags = [], memory_type, metadata }: MemoryPatch, stored: Memory | null, prefix: string): void {
  const tag = tags.findIndex((tag) => !isCleanName(tag) && !stored?.tags.includes(tag));
  if (tag !== -1) throw unclean(`${prefix}tags.${tag}`, tags[tag]!);
  if (memory_type && !isCleanName(memory_type) && memory_type !== stored?.memory_type) {
    throw unclean(`${prefix}memory_type`, memory_type);
  }
  if (metadata === undefined || stored === null) return;
  const merged = { ...stored.metadata, ...metadata }, fault = metadataFault(merged, { isNew: true });
  if (fault === null) return;
  // An older memory may be over a limit; it may shrink.
  const isNoLarger = metadataBytes(merged) <= metadataBytes(stored.metadata);
  if (isNoLarger && Object.keys(merged).length <= Object.keys(stored.metadata).length) return;
  throw new MemoryError("invalid_input", `Cannot merge the metadata: together with what is stored it ${fault}`, {
    field: `${prefix}metadata`,
    value: metadata,
  });
}

function unclean(field: string, value: string): MemoryError {
  const message = `Cannot set ${field} to ${
    JSON.stringify(value)
  }: it must not contain control characters or line breaks`;
  return new MemoryError("invalid_input", message, { field, value });
}

async function storedOf({ storage }: Runtime, hashes: string[]): Promise<(Memory | null)[]> {
  const none = hashes.map(() => null);
  if (storage.capabilities.outbox?.diverting) return none;
  try {
    return await storage.getByHash(hashes);
  } catch (error) {
    if (isOutageWithOutbox(storage, error)) return none;
    throw error;
  }
}
