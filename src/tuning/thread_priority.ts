/**
 * Lets the threads that serve requests go before those that compute.
 *
 * @module
 */

import { getPriority, setPriority } from "node:os";

/** Steps of niceness: two thirds of an equal share of a busy core, so that a busy machine slows the work but little. */
const STEPS = 2;
const NICEST = 19;
/** Means the caller, which on Linux is its thread. */
const CALLER = 0;

/**
 * Puts the calling thread, and every thread it starts from then on, behind the rest of the process whenever there are
 * fewer cores than threads with work: a worker calls it before it begins. Without this, a model that uses all cores
 * holds up the thread that reads requests by whole time slices. Only on Linux, where priorities are a thread's own.
 *
 * @param pid Another process than the caller's, for which it holds as well: one that has just started has one thread.
 */
export function lowerThreadPriority(pid: number = CALLER): void {
  if (Deno.build.os !== "linux") return;
  try {
    setPriority(pid, Math.min(NICEST, getPriority(CALLER) + STEPS));
  } catch {
    // Not permitted: everything works as well, only less smoothly under load.
  }
}
