/**
 * Lets other requests go first while a long one, a document or a batch, is worked on.
 *
 * @module
 */

import { setImmediate } from "node:timers";

/** Milliseconds of work between two pauses. */
const SLICE_MS = 2;

/** Gives a function that pauses whenever a slice of time is used up. */
export function pacer(): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < SLICE_MS) return;
    await new Promise<void>((resolve) => setImmediate(resolve));
    since = performance.now();
  };
}
