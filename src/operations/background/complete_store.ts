/**
 * Completes, in the background, what another program wrote into the store.
 *
 * @module
 */

import type { Logger } from "../logger.ts";
import type { Runtime } from "../runtime.ts";
import type { Job } from "./background.ts";

/** Milliseconds between two looks; each is one cheap question once the store is complete. */
const INTERVAL_MS = 60_000;

/** The job; none for a store into which no other program writes. */
export function upgradeStoreJob({ storage }: Runtime, log: Logger): Job[] {
  const { upgrades } = storage.capabilities;
  return upgrades === undefined ? [] : [{
    name: "complete the store",
    everyMs: INTERVAL_MS,
    run: async (signal) => {
      const { done, total } = await upgrades.upgrade({ signal });
      if (total > 0) log.info(`Completed ${done} of ${total} memories that another program wrote`);
    },
  }];
}
