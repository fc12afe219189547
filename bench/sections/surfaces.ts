/**
 * What MCP adds to a REST call, and what the embedding cache takes away from a search.
 *
 * @module
 */

import type { Context } from "../lib/context.ts";
import type { Metric } from "../lib/metric.ts";
import { inTemporaryFolder } from "../lib/process.ts";
import { timed } from "../lib/rest.ts";
import { median, pairedRatios, spread } from "../lib/stats.ts";
import { questionAt } from "../lib/texts.ts";
import { connectMcp, retrieve, startUnimem, untilMeaning } from "../lib/unimem.ts";
import { searchTimes } from "./search.ts";

const TURNS = 5;

/** The same search over REST and over MCP, in turns, with queries in the cache so that the model doesn't add noise. */
export async function overhead(context: Context): Promise<Metric[]> {
  const { unimem } = await context.pair();
  const { queries } = context.sizes;
  context.progress("Calling over REST and MCP in turns");
  const first = context.takeQuestions(queries);
  await searchTimes(unimem.rest, first, queries);
  const client = await connectMcp(unimem);
  const rest: number[] = [], mcp: number[] = [];
  try {
    const ask = (number: number) => retrieve(client, { query: questionAt(number), page_size: 10 });
    for (let i = 0; i < queries; i++) await ask(first + i);
    for (let turn = 0; turn < TURNS; turn++) {
      const times: [number[], number[]] = [[], []];
      for (let i = 0; i < queries; i++) {
        times[0].push(await timed(() => unimem.rest.search(questionAt(first + i), 10)));
        times[1].push(await timed(() => ask(first + i)));
      }
      rest.push(median(times[0]));
      mcp.push(median(times[1]));
    }
  } finally {
    await client.close();
  }
  const added = mcp.map((ms, i) => ms - rest[i]!);
  return [
    {
      id: "mcp_overhead",
      what: "MCP tool call over REST: a search's p50, official client, minus REST's",
      unit: "ms",
      better: "lower",
      unimem: spread(added),
      reference: spread(rest),
      advantage: spread(pairedRatios(rest, mcp)),
      target: { of: "unimem", limit: 1.5 },
    },
  ];
}

/** New queries and queries in the cache, in turns. */
export async function cache(context: Context): Promise<Metric[]> {
  const { unimem } = await context.pair();
  const { queries } = context.sizes;
  context.progress("Searching with and without the embedding cache");
  const before = await counters();
  const known: number[] = [], fresh: number[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    const first = context.takeQuestions(queries);
    fresh.push(median(await searchTimes(unimem.rest, first, queries)));
    known.push(median(await searchTimes(unimem.rest, first, queries)));
  }
  const after = await counters();
  const runs = after.model_runs - before.model_runs, hits = after.cache_hits - before.cache_hits;
  context.progress(`Of ${2 * TURNS * queries} queries ${hits} came from the cache and ${runs} ran the model`);
  return [
    {
      id: "cache",
      what: "search p50 with the query's vector cached, against a new query",
      unit: "ms",
      better: "lower",
      unimem: spread(known),
      reference: spread(fresh),
      advantage: spread(pairedRatios(fresh, known)),
    },
    {
      id: "cache_bytes",
      what: `embedding cache after ${after.cache_misses} queries that missed it`,
      unit: "MB",
      better: "lower",
      unimem: spread([after.cache_bytes / 1e6]),
      reference: "–",
      advantage: null,
    },
    await restarted(context),
  ];

  async function counters(): Promise<Counters> {
    return (await unimem.rest.get<{ embedding: { counters: Counters } }>("/api/health/detailed")).embedding.counters;
  }
}

/** Queries asked before a restart, from the cache's file, against new ones; over an empty store, so that little else counts. */
async function restarted(context: Context): Promise<Metric> {
  const { queries } = context.sizes, first = context.takeQuestions(queries);
  const known: number[] = [], fresh: number[] = [];
  await inTemporaryFolder(async (folder) => {
    const env = { MCP_EMBEDDING_CACHE_PATH: `${folder}/embeddings.db` };
    for (let turn = 0; turn <= TURNS; turn++) {
      context.progress(`Searching after a restart, ${turn} of ${TURNS}`);
      await using service = await startUnimem(folder, env);
      await untilMeaning(service);
      const times = await searchTimes(service.rest, first, queries); // the first turn only fills the file
      if (turn === 0) continue;
      known.push(median(times));
      fresh.push(median(await searchTimes(service.rest, context.takeQuestions(queries), queries)));
    }
  });
  return {
    id: "cache_restart",
    what: "search p50 on an empty store, query seen before a restart (MCP_EMBEDDING_CACHE_PATH), against a new query",
    unit: "ms",
    better: "lower",
    unimem: spread(known),
    reference: spread(fresh),
    advantage: spread(pairedRatios(fresh, known)),
  };
}

interface Counters {
  model_runs: number;
  cache_hits: number;
  cache_misses: number;
  cache_bytes: number;
}
