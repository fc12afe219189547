/**
 * The service over Qdrant as a team uses it, with some thousand memories, and the original over its own Qdrant where one
 * runs.
 *
 * @module
 */

import type { Metric } from "../lib/metric.ts";
import { CLIENTS } from "../lib/pair.ts";
import { inTemporaryFolder, residentBytes, SETTLE_MS, settledBytes } from "../lib/process.ts";
import { startQdrant } from "../lib/qdrant.ts";
import { Rest, timed, withClients } from "../lib/rest.ts";
import { median, percentile, type Spread, spread } from "../lib/stats.ts";
import { tagAt, textAt } from "../lib/texts.ts";
import { startUnimem, untilEmbedded, untilMeaning } from "../lib/unimem.ts";
import { searchTimes } from "./search.ts";

/** As many as LoCoMo has turns. */
const MEMORIES = 5882;
const TURNS = 4, QUERIES = 60, STARTS = 3;
/** Memories that the original is given: it stores some hundred in a second. */
const ORIGINAL_MEMORIES = 1000;
/** The original's figures as they were measured once, over the same Qdrant on two cores: 4.8 s to start, 1,051 MB. */
const STATED = { start: 4800, memory: 1051, store: 106, p50: 127 };
/** Texts and questions of the warm-up. */
const AWAY = 2_000_000;

/** What is measured, with the original's address where one runs. */
export interface ServiceOptions {
  original: string | null;
  progress: (text: string) => void;
}

/** Starts, storing, searching and memory. */
export async function measureService({ original, progress }: ServiceOptions): Promise<Metric[]> {
  return await inTemporaryFolder(async (folder) => {
    await using server = await startQdrant(`${folder}/qdrant`);
    const env = { MCP_QDRANT_URL: server.url }, starts: number[] = [];
    for (let i = 0; i < STARTS; i++) {
      progress(`Starting over Qdrant, ${i + 1} of ${STARTS}`);
      // The first one makes the collection.
      await using started = await startUnimem(folder, env);
      if (i > 0) starts.push(started.startMs);
    }
    await using unimem = await startUnimem(folder, env);
    starts.push(unimem.startMs);
    await untilMeaning(unimem);
    await stored(unimem.rest, AWAY, 100);
    const rates: number[] = [], perTurn = Math.floor(MEMORIES / TURNS), p50: number[] = [], p95: number[] = [];
    for (let turn = 0; turn < TURNS; turn++) {
      progress(`Storing over Qdrant with ${CLIENTS} clients, turn ${turn + 1} of ${TURNS}`);
      rates.push(await stored(unimem.rest, turn * perTurn, perTurn));
    }
    await untilEmbedded(unimem);
    await searchTimes(unimem.rest, AWAY, QUERIES);
    for (let turn = 0; turn < TURNS; turn++) {
      progress(`Searching over Qdrant, turn ${turn + 1} of ${TURNS}`);
      const times = await searchTimes(unimem.rest, turn * QUERIES, QUERIES);
      p50.push(median(times));
      p95.push(percentile(times, 0.95));
    }
    const after = await residentBytes(unimem.pid) / 1e6, settled = await settledBytes(unimem.pid) / 1e6;
    const beside = original === null ? STATED : await measureOriginal(new Rest(original), progress);
    const lower = { unit: "ms", better: "lower" } as const;
    const against = (metric: Omit<Metric, "reference" | "advantage">, theirs: number | null): Metric => ({
      ...metric,
      reference: theirs === null ? "–" : spread([theirs]),
      advantage: theirs === null ? null : ratio(metric, theirs),
    });
    return [
      against({
        id: "qdrant_start",
        what: "start to both ports answering, over Qdrant",
        ...lower,
        unimem: spread(starts),
        target: { of: "unimem", limit: 500 },
      }, beside.start),
      against({
        id: "qdrant_memory",
        what: `resident memory, ${MEMORIES} memories, ${SETTLE_MS / 1000} s after ${TURNS * QUERIES} searches`,
        unit: "MB",
        better: "lower",
        unimem: spread([settled]),
        target: { of: "unimem", limit: 230 },
      }, beside.memory),
      against({
        id: "qdrant_memory_after",
        what: "the same, right after them",
        unit: "MB",
        better: "lower",
        unimem: spread([after]),
      }, beside.memory),
      against({
        id: "qdrant_store",
        what: `store, ${CLIENTS} clients, short texts`,
        unit: "/s",
        better: "higher",
        unimem: spread(rates),
        target: { of: "unimem", limit: 300 },
      }, beside.store),
      against({
        id: "qdrant_search",
        what: `search p50, ${MEMORIES} memories, one client, new queries`,
        ...lower,
        unimem: spread(p50),
        target: { of: "unimem", limit: 12 },
      }, beside.p50),
      against({ id: "qdrant_search_p95", what: "search p95", ...lower, unimem: spread(p95) }, null),
    ];
  });
}

/** Figures of a running original; it was started by hand, so that its start and memory are the stated ones. */
async function measureOriginal(rest: Rest, progress: (text: string) => void): Promise<typeof STATED> {
  progress("Storing in the original");
  await stored(rest, AWAY, 40);
  const store = await stored(rest, 0, ORIGINAL_MEMORIES);
  progress("Searching the original");
  await searchTimes(rest, AWAY, QUERIES);
  return { ...STATED, store, p50: median(await searchTimes(rest, 0, 2 * QUERIES)) };
}

/** Stores texts by their numbers with all clients; memories in a second. */
async function stored(rest: Rest, first: number, count: number): Promise<number> {
  const numbers = Array.from({ length: count }, (_, i) => first + i);
  const ms = await timed(() =>
    withClients(CLIENTS, numbers, async (number) => {
      if (await rest.store({ content: textAt(number), tags: [tagAt(number)] })) return;
      throw new Error(`Text ${number} was there already`);
    })
  );
  return count / ms * 1000;
}

function ratio({ better, unimem }: Pick<Metric, "better" | "unimem">, theirs: number): Spread {
  return spread([better === "higher" ? unimem.median / theirs : theirs / unimem.median]);
}
