/**
 * Whether a memory is still as it was read, for changes that are made from what was read.
 *
 * @module
 */

import { isDeepStrictEqual } from "node:util";
import type { Memory } from "./memory.ts";

/** Whether two states of one memory are the same, vectors aside. The order of metadata keys doesn't count. */
export function isUnchanged(before: Memory, now: Memory): boolean {
  return isDeepStrictEqual({ superseded: undefined, ...before }, { superseded: undefined, ...now });
}
