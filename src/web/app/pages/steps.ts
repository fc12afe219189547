/**
 * Looking through the memories from the newest on, for what takes a while to find.
 *
 * @module
 */

/** Memories looked at with the first call: few, so that something is there to see at once. */
const FIRST_STEP = 25;

interface Answer {
  scanned: number;
  next_before: number | null;
}

/**
 * Asks for one step after the other, each twice as large as the one before, until `most` memories were looked at, there are
 * no more, or `take` has enough of them and gives false.
 *
 * @param before Unix seconds to begin at; null for the newest.
 */
export async function inSteps<A extends Answer>(
  before: number | null,
  most: number,
  ask: (count: number, before: number | null) => Promise<A>,
  take: (answer: A) => boolean,
): Promise<void> {
  for (let looked = 0, count = FIRST_STEP; looked < most; count = Math.min(2 * count, most - looked)) {
    const answer = await ask(count, before);
    looked += Math.max(1, answer.scanned);
    before = answer.next_before;
    if (!take(answer) || before === null) return;
  }
}
