/**
 * A store's part of a search alone, in a process of its own: how long finding candidates and reading the best ten takes,
 * and what of the exact nearest vectors is among those found.
 *
 * Usage: store_part.ts STORE QUERIES DIMENSIONS EXACT
 *
 * EXACT is the path of the exact answers: content_hashes of the nearest of each query, as JSON; "" to leave recall out.
 * Prints `StorePart`.
 *
 * @module
 */

import { LARGE_QUESTIONS, readFloats } from "../lib/large_store.ts";
import { timed } from "../lib/rest.ts";
import { mean } from "../lib/stats.ts";
import { openStoreAt } from "../lib/store_at.ts";
import { questionAt } from "../lib/texts.ts";

/** What was measured. */
export interface StorePart {
  /** Milliseconds of each query by words and by vector, the ten best read. */
  times: number[];
  /** Milliseconds of each query by vector alone. */
  vectorTimes: number[];
  recall10: number | null;
  recall50: number | null;
}

/** As many candidates as a search of the first page asks for. */
const CANDIDATES = 50;

const [address, queryFile, dimensionText, exactFile] = Deno.args as [string, string, string, string];
const dimensions = Number(dimensionText), queries = await readFloats(queryFile);
const exact: string[][] | null = exactFile === "" ? null : JSON.parse(await Deno.readTextFile(exactFile));

const storage = await openStoreAt(address, dimensions);
const { active } = await storage.vectorCoverage();
if (active === null) throw new Error("The store has no vectors");
const times: number[] = [], vectorTimes: number[] = [], shares10: number[] = [], shares50: number[] = [];
// By vector first, so that reading contents for words isn't helped by it: each kind has questions of its own.
for (let i = 0; (i + 1) * dimensions <= queries.length; i++) {
  const vector = { model: active.id, values: queries.slice(i * dimensions, (i + 1) * dimensions) };
  const found = await candidates(null, vector, vectorTimes);
  const read = await storage.getById(found.slice(0, CANDIDATES));
  const hashes = read.map((memory) => memory?.content_hash);
  const nearest = exact?.[i];
  if (nearest === undefined) continue;
  for (const [depth, shares] of [[10, shares10], [50, shares50]] as const) {
    const best = new Set(hashes.slice(0, depth));
    shares.push(nearest.slice(0, depth).filter((hash) => best.has(hash)).length / depth);
  }
}
for (let i = 0; (i + 1) * dimensions <= queries.length; i++) {
  const vector = { model: active.id, values: queries.slice(i * dimensions, (i + 1) * dimensions) };
  await candidates(questionAt(LARGE_QUESTIONS + i), vector, times);
}
await storage.close();
const part: StorePart = {
  times,
  vectorTimes,
  recall10: exact === null ? null : mean(shares10),
  recall50: exact === null ? null : mean(shares50),
};
console.log(JSON.stringify(part));
Deno.exit(0);

/** Handles of what a query finds, nearest first; the time goes to `into`. */
async function candidates(text: string | null, vector: { model: string; values: Float32Array }, into: number[]) {
  let found: (string | number)[] = [];
  into.push(
    await timed(async () => {
      const set = await storage.candidates({ text, vector, filter: {}, limit: CANDIDATES });
      found = set.candidates.toSorted((a, b) => (b.semantic ?? -1) - (a.semantic ?? -1)).map(({ id }) => id);
      if (text !== null) await storage.getById(found.slice(0, 10));
    }),
  );
  return found;
}
