/**
 * Creation times that also order memories.
 *
 * @module
 */

/** One microsecond, the finest step a double holds for today's Unix seconds. */
const STEP = 1e-6;

/**
 * A clock in Unix seconds with fraction that never gives the same or an earlier time twice, so that the turns of a
 * conversation keep the order in which they arrived.
 *
 * @param read Unix milliseconds. Not `performance.now()`, which stands still while a laptop sleeps.
 */
export function monotonicClock(read: () => number = Date.now): () => number {
  let last = 0;
  return () => {
    const micros = Math.round(read() * 1000) * STEP;
    last = micros > last ? micros : last + STEP;
    return last;
  };
}
