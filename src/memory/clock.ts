/**
 * Creation times that also order memories.
 *
 * @module
 */

/** Microseconds are the finest step a double holds for today's Unix seconds; divided by, each is the double nearest to it. */
const MICROS = 1e6;

/**
 * A clock in Unix seconds with fraction that never gives the same or an earlier time twice, so that the turns of a
 * conversation keep the order in which they arrived.
 *
 * @param read Unix milliseconds. Not `performance.now()`, which stands still while a laptop sleeps.
 */
export function monotonicClock(read: () => number = Date.now): () => number {
  let last = 0; // in microseconds
  return () => {
    last = Math.max(Math.round(read() * 1000), last + 1);
    return last / MICROS;
  };
}
