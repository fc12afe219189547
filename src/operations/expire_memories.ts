/**
 * Moves memories to the trash whose `expires` has passed. Searches and lists leave them out from that moment on.
 *
 * @module
 */

import { localCaller } from "../access/caller.ts";
import type { Memory } from "../memory/memory.ts";
import { DEFAULT_SPACE } from "../memory/space.ts";
import type { Trashing } from "../storage/contract/trash.ts";
import type { Job } from "./background/background.ts";
import { callerRuntime } from "./caller_runtime.ts";
import { deletedEvents } from "./event_types.ts";
import type { Events } from "./events.ts";
import type { Logger } from "./logger.ts";
import type { ServiceRuntime } from "./runtime.ts";

/** Milliseconds between two looks, and memories moved at once. */
const INTERVAL_MS = 600_000, AT_ONCE = 250;
/** What the trash says of them. */
export const EXPIRED = "expired";

/** The background job. */
export function expireMemoriesJob(runtime: ServiceRuntime, log: Logger): Job {
  return {
    name: "move expired memories to the trash",
    everyMs: INTERVAL_MS,
    run: async (signal) => {
      const moved = await expireMemories(runtime, signal);
      if (moved > 0) log.info(`Moved ${moved} expired memories to the trash`);
    },
  };
}

/** Moves what has expired; the number moved. One that was given another time meanwhile stays. */
export async function expireMemories(
  runtime: ServiceRuntime,
  signal?: AbortSignal,
  now = Date.now() / 1000,
): Promise<number> {
  let moved = 0;
  for (;;) {
    const { memories } = await runtime.storage.list({ filter: { expired_by: now }, offset: 0, limit: AT_ONCE });
    let here = 0;
    for (const [space, group] of Map.groupBy(memories, ({ space = DEFAULT_SPACE }) => space)) {
      const { gone, events } = await moveToTrash(runtime, space, group, { at: now, reason: EXPIRED });
      events.publish(...deletedEvents(gone));
      here += gone.length;
    }
    moved += here;
    if (here === 0 || memories.length < AT_ONCE || signal?.aborted) return moved;
  }
}

/**
 * Moves memories of one space to the trash as far as they are still as they were read.
 *
 * @returns keys of those that were moved, and where the events of that space go.
 */
export async function moveToTrash(
  runtime: ServiceRuntime,
  space: string,
  memories: Memory[],
  trashing: Trashing,
): Promise<{ gone: string[]; events: Events }> {
  const { storage, events, activity } = callerRuntime(runtime, localCaller("cli", { write: space, read: [space] }));
  const outcomes = await storage.trashUnchanged(memories, trashing);
  const gone = memories.filter((_, i) => outcomes[i]).map(({ content_hash }) => content_hash);
  activity.changed("trash", gone, trashing.reason);
  return { gone, events };
}
