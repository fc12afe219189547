/**
 * The memories a bulk operation is about.
 *
 * @module
 */

import { MemoryError } from "../errors.ts";
import type { MemoryFilter } from "../memory/memory.ts";
import { beginningOf } from "../memory/sizing.ts";
import { yieldToEventLoop } from "../yielding.ts";
import type { Runtime } from "./runtime.ts";

/** Memories read or changed between two pauses. */
export const AT_ONCE = 250;

/** A memory as far as a bulk operation shows it. */
export interface Matched {
  content_hash: string;
  preview: string;
}

/**
 * Every memory that passes and was created before the call: what comes in meanwhile was not meant.
 *
 * @throws {MemoryError} `refused` when the caller expected another number of them.
 */
export async function findMatching(
  runtime: Runtime,
  filter: MemoryFilter,
  expected?: number | null,
): Promise<Matched[]> {
  const until = Math.min(filter.created_before ?? Infinity, runtime.now());
  const found = new Map<string, Matched>();
  for (let offset = 0;; offset += AT_ONCE) {
    const bounded = { ...filter, created_before: until };
    const { memories } = await runtime.storage.list({ filter: bounded, offset, limit: AT_ONCE, order: "oldest" });
    for (const { content_hash, content } of memories) {
      found.set(content_hash, { content_hash, preview: previewOf(content) });
    }
    if (memories.length < AT_ONCE) break;
    await yieldToEventLoop();
  }
  checkCount(found.size, expected);
  return [...found.values()];
}

/** @throws {MemoryError} `refused` when the caller expected another number. */
function checkCount(count: number, expected?: number | null): void {
  if (expected == null || expected === count) return;
  throw new MemoryError("refused", `Confirmation count mismatch. Expected ${count}, got ${expected}`, {
    field: "confirm_count",
    value: expected,
  });
}

/** The items in groups of at most `AT_ONCE`, with a pause for other work between them. */
export async function* inGroups<T>(items: readonly T[]): AsyncGenerator<T[]> {
  for (let start = 0; start < items.length; start += AT_ONCE) {
    if (start > 0) await yieldToEventLoop();
    yield items.slice(start, start + AT_ONCE);
  }
}

/** The first characters of a content. */
export function previewOf(content: string): string {
  return content.length <= 100 ? content : beginningOf(content, 100);
}
