/**
 * Changes that are made from what was read: when another caller changes that meanwhile, they start over.
 *
 * @module
 */

import { MemoryError } from "../errors.ts";

/** Times a change starts over before it gives up, and milliseconds it waits before the first time, at most. */
const MAX_CONFLICTS = 20, PAUSE_MS = 5;

/**
 * Runs `attempt` until it gives a result; null means that what it read was changed meanwhile.
 *
 * @param action For the message, such as `merge into`.
 * @throws {MemoryError} `conflict` when others are faster every time.
 */
export async function retryConflicts<T>(
  action: string,
  hash: string,
  attempt: () => Promise<T | null>,
): Promise<T> {
  for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts++) {
    const result = await attempt();
    if (result !== null) return result;
    // By chance, so that two that hinder each other don't meet again.
    await new Promise((resolve) => setTimeout(resolve, Math.random() * PAUSE_MS * (conflicts + 1)));
  }
  throw new MemoryError("conflict", `Cannot ${action} memory ${hash}: too many others change it now; try again`);
}
