/**
 * The same for long texts: what agents keep of their sessions is some 2,000 characters long, and a search has more words
 * to look through and vectors to compare.
 *
 * @module
 */

import type { Context } from "../lib/context.ts";
import { LARGE_QUERIES, type LargeStore } from "../lib/large_store.ts";
import type { Metric } from "../lib/metric.ts";
import { CLIENTS } from "../lib/pair.ts";
import { inTemporaryFolder } from "../lib/process.ts";
import { timed, withClients } from "../lib/rest.ts";
import { median, spread } from "../lib/stats.ts";
import { longTextAt, tagAt } from "../lib/texts.ts";
import { runTool } from "../lib/tool.ts";
import { startUnimem, untilMeaning } from "../lib/unimem.ts";
import { searchTimes } from "./search.ts";

/** Characters of a text. */
const CHARACTERS = 2000;
const TURNS = 4;
const ALONE = { reference: "–", advantage: null } as const;

/** Storing long texts with 8 clients, and searching stores of them. */
export async function long(context: Context): Promise<Metric[]> {
  const metrics = [await storing(context)];
  for (const memories of context.sizes.longStores) metrics.push(await searching(context, memories));
  return metrics;
}

function storing(context: Context): Promise<Metric> {
  const { longBatch } = context.sizes;
  return inTemporaryFolder(async (folder) => {
    await using service = await startUnimem(folder, { MCP_ENABLE_AUTO_SPLIT: "false" });
    await untilMeaning(service);
    const rates: number[] = [];
    // The first turn warms up.
    for (let turn = 0; turn <= TURNS; turn++) {
      context.progress(`Storing texts of ${CHARACTERS} characters, turn ${turn} of ${TURNS}`);
      const numbers = Array.from({ length: longBatch }, (_, i) => turn * longBatch + i);
      const ms = await timed(() =>
        withClients(CLIENTS, numbers, async (number) => {
          const isNew = await service.rest.store({ content: longTextAt(number, CHARACTERS), tags: [tagAt(number)] });
          if (!isNew) throw new Error(`Text ${number} was there already`);
        })
      );
      if (turn > 0) rates.push(longBatch / ms * 1000);
    }
    return {
      id: "long_store",
      what: `store, 8 clients, texts of ${CHARACTERS} characters`,
      unit: "/s",
      better: "higher",
      unimem: spread(rates),
      ...ALONE,
    };
  });
}

async function searching(context: Context, memories: number): Promise<Metric> {
  const { longTexts, queries } = context.sizes;
  context.progress(`Preparing a store of ${memories} texts of ${CHARACTERS} characters`);
  const { database } = await runTool<LargeStore>(
    "large_store.ts",
    [memories, longTexts, LARGE_QUERIES, CHARACTERS].map(String),
  );
  return await inTemporaryFolder(async (folder) => {
    await Deno.copyFile(database, `${folder}/unimem.db`);
    await using service = await startUnimem(folder);
    await untilMeaning(service);
    await searchTimes(service.rest, context.takeQuestions(queries), queries);
    const medians: number[] = [];
    for (let turn = 0; turn < TURNS; turn++) {
      context.progress(`Searching ${memories} long texts, turn ${turn + 1} of ${TURNS}`);
      medians.push(median(await searchTimes(service.rest, context.takeQuestions(queries), queries)));
    }
    return {
      id: `long_search_${memories}`,
      what: `search p50, ${memories} memories of ${CHARACTERS} characters, new queries`,
      unit: "ms",
      better: "lower",
      unimem: spread(medians),
      ...ALONE,
    };
  });
}
