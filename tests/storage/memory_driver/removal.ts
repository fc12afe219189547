/** Memories on their way out of a space of the driver in memory. */

import type { Supersession } from "../../../src/memory/memory.ts";
import type { Trashing } from "../../../src/storage/contract/trash.ts";
import { released, replacedBy, successorOf } from "../../../src/storage/succession.ts";
import type { Entry, Space, Trashed } from "./state.ts";

/** Says what replaced a memory. */
export function replace({ stored }: Space, entry: Entry, superseded: Supersession | null): void {
  const { superseded: _, ...memory } = entry.memory;
  const after = superseded === null ? memory : { ...memory, superseded };
  stored.set(memory.content_hash, { ...entry, memory: after });
}

/**
 * Takes memories out, with what they had replaced; null for those that aren't there.
 *
 * @param given What replaces from then on what they had replaced.
 * @param spared Memories that stay as they are.
 */
export function remove(
  space: Space,
  hashes: readonly string[],
  given: string | null = null,
  spared: ReadonlySet<string> = new Set(),
): (Omit<Trashed, "trashing"> | null)[] {
  const { stored } = space;
  return hashes.map((hash) => {
    const entry = stored.get(hash);
    if (entry === undefined) return null;
    const by = successorOf(entry.memory, given, (other) => !hashes.includes(other) && stored.has(other));
    const older = [...stored.values()]
      .filter(({ memory }) => memory.superseded?.by === hash && !spared.has(memory.content_hash));
    for (const one of older) replace(space, one, released(one.memory, by));
    stored.delete(hash);
    return { ...entry, replaced: replacedBy(by, older.map(({ memory }) => memory)) };
  });
}

/** Moves memories to the trash; for each, whether it was there. */
export function moveToTrash(
  space: Space,
  hashes: readonly string[],
  trashing: Trashing,
  given?: string,
  spared?: ReadonlySet<string>,
): boolean[] {
  return remove(space, hashes, given, spared).map((entry, i) => {
    if (entry !== null) space.trash.set(hashes[i]!, { ...entry, trashing });
    return entry !== null;
  });
}
