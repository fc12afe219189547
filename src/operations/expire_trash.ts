/**
 * Deletes for good what has been in the trash long enough.
 *
 * @module
 */

import type { Job } from "./background/background.ts";
import type { Logger } from "./logger.ts";
import type { Runtime } from "./runtime.ts";

/** Milliseconds between two looks. */
const INTERVAL_MS = 3_600_000;
const DAY_SECONDS = 86_400;

/** The background job. */
export function emptyTrashJob(runtime: Runtime, log: Logger): Job {
  return {
    name: "empty the trash",
    everyMs: INTERVAL_MS,
    run: async () => {
      const deleted = await expireTrash(runtime);
      if (deleted > 0) log.info(`Deleted ${deleted} memories that were in the trash for long enough`);
    },
  };
}

/** Deletes what expired; the number deleted. */
export async function expireTrash(runtime: Runtime, now = Date.now() / 1000): Promise<number> {
  const deleted = await runtime.storage.emptyTrash({
    deleted_before: now - runtime.settings.trashDays * DAY_SECONDS,
  });
  runtime.telemetry.metrics.counter("unimem_trash_emptied_total").with().add(deleted);
  runtime.activity.changed("empty_trash", [], "expired", deleted);
  return deleted;
}
