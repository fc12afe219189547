/**
 * What a local model is worth in each language of `bench/languages`, by meaning alone and in the ranking, and what a text
 * costs it: `deno run -A --config deno.json bench/tools/models.ts all-MiniLM-L6-v2 FOLDER...`
 *
 * @module
 */

import { cpuUsage } from "node:process";
import { createEmbeddingService } from "../../src/embedding/factory.ts";
import type { EmbeddingService, ModelIdentity } from "../../src/embedding/embedder.ts";
import { contentHash } from "../../src/memory/hash.ts";
import { rank } from "../../src/memory/ranking.ts";
import { cosineScale } from "../../src/memory/relevance.ts";
import type { MemoryStorage } from "../../src/storage/contract/storage.ts";
import type { VectorSet } from "../../src/storage/contract/vectors.ts";
import { type Question, readDataset, TextIds } from "../lib/dataset.ts";
import { scoreTurns, type TurnScores } from "../lib/metrics.ts";
import { inTemporaryFolder } from "../lib/process.ts";
import { mean } from "../lib/stats.ts";
import { openStoreAt } from "../lib/store_at.ts";
import { table } from "../lib/table.ts";

const LANGUAGES = ["en", "de", "fr", "es", "pt", "it", "nl", "ru", "tr", "zh", "ja", "th"];
const FIRST = 10, CANDIDATES = 50;
const HEAD = ["language", "meaning", "ranking", "meaning, asked in English", "ranking, asked in English"];

const read = (language: string) => readDataset(new URL(`../languages/${language}.json`, import.meta.url).pathname);
const english = (await read("en")).qs;
const sets = await Promise.all(LANGUAGES.map(async (language) => ({ language, ...await read(language) })));
const ids = new TextIds(sets.flatMap(({ docs }) => docs));

for (const model of Deno.args) {
  const service = createEmbeddingService({
    provider: "local",
    model,
    cacheFolder: "models",
    offline: true,
    threads: 1,
    cacheBytes: 0,
    queueLimit: 1000,
  });
  const identity = await service.ready(), rows: string[][] = [], all: TurnScores[][] = [[], [], [], []];
  await inTemporaryFolder(async (folder) => {
    await using everything = await storeOf(service, identity, `${folder}/all.db`, sets.flatMap(({ docs }) => docs));
    const { perText } = everything;
    for (const { language, docs, qs } of sets) {
      await using own = await storeOf(service, identity, `${folder}/${language}.db`, docs);
      // The sets say the same in every language, under the same ids.
      const translated = english.map(({ q, ev }) => ({ q, ev: ev.map((id) => id.replace(/^en:/, `${language}:`)) }));
      const scores = [
        ...await ask(service, identity, everything.storage, qs),
        ...await ask(service, identity, own.storage, translated),
      ];
      scores.forEach((column, i) => all[i]!.push(...column));
      rows.push([language, ...scores.map(figures)]);
    }
    console.log(`\n${identity.name}: ${perText.toFixed(1)} ms of CPU a memory; R@${FIRST} / MRR\n`);
  });
  console.log(table(HEAD, [...rows, ["all", ...all.map(figures)]]));
  await service.close();
}

/** A store of these texts, and the milliseconds of CPU that the vectors of one took. */
async function storeOf(
  service: EmbeddingService,
  { id, ...identity }: ModelIdentity,
  path: string,
  docs: readonly { t: string }[],
) {
  const storage = await openStoreAt(path, identity.dimensions), began = cpuUsage();
  await storage.registerModel({ id, ...identity });
  const vectors: VectorSet[] = [];
  for (const { t } of docs) vectors.push({ model: id, chunks: await service.embedPassage(t) });
  const { user, system } = cpuUsage(began);
  await storage.store(docs.map(({ t: content }, i) => ({
    memory: {
      content,
      content_hash: contentHash(content),
      tags: [],
      memory_type: null,
      metadata: {},
      conversation_id: null,
      created_at: 1e9 + i,
      updated_at: 1e9 + i,
    },
    vectors: vectors[i]!,
  })));
  const perText = (user + system) / 1000 / docs.length;
  return { storage, perText, [Symbol.asyncDispose]: () => storage.close() };
}

/** Scores of each question, by meaning alone and in the ranking. */
async function ask(
  service: EmbeddingService,
  identity: ModelIdentity,
  storage: MemoryStorage,
  questions: readonly Pick<Question, "q" | "ev">[],
): Promise<[TurnScores[], TurnScores[]]> {
  const byMeaning: TurnScores[] = [], ranked: TurnScores[] = [], scale = cosineScale(identity);
  for (const { q, ev } of questions) {
    const vector = { model: identity.id, values: await service.embedQuery(q) };
    const found = await storage.candidates({ text: q, vector, filter: {}, limit: CANDIDATES });
    const score = async (best: { id: number | string }[]) => {
      const memories = await storage.getById(best.slice(0, FIRST).map(({ id }) => id));
      return scoreTurns(memories.map((memory) => ids.of(memory!.content)), ev);
    };
    byMeaning.push(await score(found.candidates.toSorted((a, b) => (b.semantic ?? -1) - (a.semantic ?? -1))));
    const query = { termCount: found.terms.length, wordsCeiling: found.words_ceiling, asksAssistant: false, scale };
    ranked.push(await score(rank(found.candidates, query).map(({ item }) => item)));
  }
  return [byMeaning, ranked];
}

function figures(scores: readonly TurnScores[]): string {
  const share = (values: number[]) => Math.round(100 * mean(values));
  return `${share(scores.map(({ r10 }) => r10))} / ${share(scores.map(({ mrr }) => mrr))}`;
}
