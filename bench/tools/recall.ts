/**
 * How much of the exact nearest vectors the store's own search finds, through the storage contract.
 *
 * Usage: recall.ts DATABASE VECTORS QUERIES DIMENSIONS
 *
 * @module
 */

import { openStorage } from "../../src/storage/factory.ts";
import { readFloats } from "../lib/large_store.ts";
import { timed } from "../lib/rest.ts";
import { mean, percentile } from "../lib/stats.ts";
import { textAt } from "../lib/texts.ts";
import { nearest } from "../lib/vectors.ts";

/** As many candidates as a search asks for. */
const CANDIDATES = 200;
const DEPTHS = [10, 100] as const;

const [database, vectorFile, queryFile, dimensionText] = Deno.args as [string, string, string, string];
const dimensions = Number(dimensionText);
const vectors = await readFloats(vectorFile), queries = await readFloats(queryFile);
const numbers = new Map<string, number>();
for (let i = 0; i < vectors.length / dimensions; i++) numbers.set(textAt(i), i);

const storage = await openStorage({ backend: "sqlite", path: database });
const { active } = await storage.vectorCoverage();
if (active === null) throw new Error("The store has no vectors");
const shares: number[][] = DEPTHS.map(() => []), searchMs: number[] = [], scanMs: number[] = [];
for (let at = 0; at < queries.length; at += dimensions) {
  const values = queries.slice(at, at + dimensions);
  let found: number[] = [], exact: number[] = [];
  scanMs.push(await timed(() => Promise.resolve(exact = nearest(values, vectors, Math.max(...DEPTHS)))));
  const vector = { model: active.id, values };
  let set: Awaited<ReturnType<typeof storage.candidates>> | undefined;
  searchMs.push(
    await timed(async () => set = await storage.candidates({ text: null, vector, filter: {}, limit: CANDIDATES })),
  );
  const ranked = set!.candidates.toSorted((a, b) => (b.semantic ?? -1) - (a.semantic ?? -1));
  const read = await storage.getById(ranked.slice(0, Math.max(...DEPTHS)).map(({ id }) => id));
  found = read.map((memory) => numbers.get(memory?.content ?? "") ?? -1);
  for (const [i, depth] of DEPTHS.entries()) {
    const best = new Set(found.slice(0, depth));
    shares[i]!.push(exact.slice(0, depth).filter((number) => best.has(number)).length / depth);
  }
}
await storage.close();
console.log(JSON.stringify({
  recall10: mean(shares[0]!),
  recall100: mean(shares[1]!),
  searchMs: percentile(searchMs, 0.5),
  scanMs: percentile(scanMs, 0.5),
}));
