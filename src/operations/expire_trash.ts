/**
 * Deletes for good what has been in the trash long enough.
 *
 * @module
 */

import { errorText } from "../errors.ts";
import type { Logger } from "./logger.ts";
import type { Runtime } from "./runtime.ts";

/** Milliseconds between two looks. */
const INTERVAL_MS = 3_600_000;
const DAY_SECONDS = 86_400;

/** A running timer. */
export interface TrashWork {
  /** Ends the timer and waits for a look in progress. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Looks now and then until stopped. Processes that share a store may all look: the store deletes each memory in one
 * transaction, so that whoever comes second finds nothing left to do.
 */
export function startTrashWork(runtime: Runtime, log: Logger, intervalMs = INTERVAL_MS): TrashWork {
  const look = async () => {
    try {
      const deleted = await expireTrash(runtime);
      if (deleted > 0) log.info(`Deleted ${deleted} memories that were in the trash for long enough`);
    } catch (error) {
      log.warning(`Cannot empty the trash: ${errorText(error)}`); // the next look tries again
    }
  };
  let running = look();
  const timer = setInterval(() => running = running.then(look), intervalMs);
  return {
    stop: async () => {
      clearInterval(timer);
      await running;
    },
  };
}

/** Deletes what expired; the number deleted. */
export async function expireTrash(runtime: Runtime, now = Date.now() / 1000): Promise<number> {
  const deleted = await runtime.storage.emptyTrash({
    deleted_before: now - runtime.settings.trashDays * DAY_SECONDS,
  });
  runtime.activity.changed("empty_trash", [], "expired", deleted);
  return deleted;
}
