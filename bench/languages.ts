/**
 * How well words alone find in each language of `bench/languages`: each language in a store of its own, and all of them
 * in one. See README.md beside the sets.
 *
 * @module
 */

import { contentHash } from "../src/memory/hash.ts";
import { rank } from "../src/memory/ranking.ts";
import type { MemoryStorage } from "../src/storage/contract/storage.ts";
import { type Dataset, readDataset, TextIds } from "./lib/dataset.ts";
import { scoreTurns } from "./lib/metrics.ts";
import { inTemporaryFolder } from "./lib/process.ts";
import { mean } from "./lib/stats.ts";
import { openStoreAt } from "./lib/store_at.ts";
import { table } from "./lib/table.ts";

/** Languages in the order of the table: those that are stemmed, then the others. */
export const LANGUAGES = ["en", "de", "fr", "es", "pt", "it", "nl", "ru", "tr", "zh", "ja", "th"];
const DIMENSIONS = 8;

const sets = new Map<string, Dataset>();
for (const language of LANGUAGES) {
  sets.set(language, await readDataset(new URL(`languages/${language}.json`, import.meta.url).pathname));
}
await inTemporaryFolder(async (folder) => {
  const rows: string[][] = [];
  const everything = { docs: [...sets.values()].flatMap(({ docs }) => docs), qs: [] };
  await using pool = await storeOf(everything, `${folder}/all.db`);
  for (const [language, set] of sets) {
    await using alone = await storeOf(set, `${folder}/${language}.db`);
    rows.push([language, ...await cells(alone.storage, set, set), ...await cells(pool.storage, set, everything)]);
  }
  const means = rows[0]!.slice(1).map((_, i) => mean(rows.map((row) => Number(row[i + 1]))).toFixed(2));
  const head = ["language", "MRR alone", "first alone", "MRR in one pool", "first in one pool"];
  console.log(table(head, [...rows, ["all", ...means]]));
});

async function storeOf({ docs }: Dataset, path: string) {
  const storage = await openStoreAt(path, DIMENSIONS);
  const memories = docs.map(({ t, id }, i) => ({
    memory: {
      content: t,
      content_hash: contentHash(t),
      tags: [id],
      memory_type: null,
      metadata: {},
      conversation_id: null,
      created_at: 1e9 + i,
      updated_at: 1e9 + i,
    },
    vectors: null,
  }));
  await storage.store(memories);
  return { storage, [Symbol.asyncDispose]: () => storage.close() };
}

/** Mean reciprocal rank of the answer within ten, and the share of questions whose answer comes first. */
async function cells(storage: MemoryStorage, { qs }: Dataset, { docs }: Dataset): Promise<string[]> {
  const ids = new TextIds(docs), scores: number[] = [];
  for (const { q, ev } of qs) {
    const found = await storage.candidates({ text: q, vector: null, filter: {}, limit: 50 });
    const query = { termCount: found.terms.length, wordsCeiling: found.words_ceiling, asksAssistant: false };
    const best = rank(found.candidates, query).slice(0, 10).map(({ item }) => item.id);
    const memories = await storage.read(best);
    const { mrr } = scoreTurns(memories.map((memory) => ids.of(memory!.content)), ev);
    if (Deno.env.has("SHOW") && mrr < 1) console.error(mrr.toFixed(2), q, "→", memories[0]?.content ?? "nothing");
    scores.push(mrr);
  }
  return [mean(scores).toFixed(2), mean(scores.map((score) => score === 1 ? 1 : 0)).toFixed(2)];
}
