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

/** Mean reciprocal rank within ten, and the share of questions whose answer comes first. */
export interface LanguageScores {
  mrr: number;
  first: number;
}

/** Scores of each language alone and in one pool. */
export async function measureLanguages(): Promise<Map<string, { alone: LanguageScores; pool: LanguageScores }>> {
  const sets = new Map<string, Dataset>();
  for (const language of LANGUAGES) {
    sets.set(language, await readDataset(new URL(`languages/${language}.json`, import.meta.url).pathname));
  }
  const measured = new Map<string, { alone: LanguageScores; pool: LanguageScores }>();
  await inTemporaryFolder(async (folder) => {
    const everything = { docs: [...sets.values()].flatMap(({ docs }) => docs), qs: [] };
    await using pool = await storeOf(everything, `${folder}/all.db`);
    for (const [language, set] of sets) {
      await using alone = await storeOf(set, `${folder}/${language}.db`);
      measured.set(language, {
        alone: await scoresOf(alone.storage, set, set),
        pool: await scoresOf(pool.storage, set, everything),
      });
    }
  });
  return measured;
}

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

async function scoresOf(storage: MemoryStorage, { qs }: Dataset, { docs }: Dataset): Promise<LanguageScores> {
  const ids = new TextIds(docs), scores: number[] = [];
  for (const { q, ev } of qs) {
    const found = await storage.candidates({ text: q, vector: null, filter: {}, limit: 50 });
    const query = { termCount: found.terms.length, wordsCeiling: found.words_ceiling, asksAssistant: false };
    const best = rank(found.candidates, query).slice(0, 10).map(({ item }) => item.id);
    const memories = await storage.getById(best);
    scores.push(scoreTurns(memories.map((memory) => ids.of(memory!.content_hash)), ev).mrr);
  }
  return { mrr: mean(scores), first: mean(scores.map((score) => score === 1 ? 1 : 0)) };
}

if (import.meta.main) {
  const measured = [...await measureLanguages()];
  const cells = (
    { alone, pool }: { alone: LanguageScores; pool: LanguageScores },
  ) => [alone.mrr, alone.first, pool.mrr, pool.first];
  const rows = measured.map(([language, scores]) => [language, ...cells(scores).map((score) => score.toFixed(2))]);
  const means = [0, 1, 2, 3].map((i) => mean(measured.map(([, scores]) => cells(scores)[i]!)).toFixed(2));
  const head = ["language", "MRR alone", "first alone", "MRR in one pool", "first in one pool"];
  console.log(table(head, [...rows, ["all", ...means]]));
}
