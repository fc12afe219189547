/**
 * A store of a hundred thousand memories: opening it, searching it, the memory it takes, what its vector search finds,
 * and whether anything blocks the isolate under mixed load.
 *
 * @module
 */

import { type Context, FULL } from "../lib/context.ts";
import { LARGE_QUERIES, type LargeStore } from "../lib/large_store.ts";
import type { Metric } from "../lib/metric.ts";
import { peerPython } from "../lib/peer.ts";
import { inTemporaryFolder, residentBytes, SETTLE_MS, settledBytes } from "../lib/process.ts";
import { median, pairedRatios, percentile, spread } from "../lib/stats.ts";
import { runTool } from "../lib/tool.ts";
import { startUnimem, type Unimem, untilMeaning } from "../lib/unimem.ts";
import { searchTimes } from "./search.ts";

const OPENINGS = 3;
/** Turns that the queries are measured in. */
const TURNS = 5;
/** Queries of the peer's scan in one turn. */
const SCANS = 40;
/** Searches before memory is read, so that it holds what searching takes. */
const SEARCHES = 200;

/** The large store, made now unless it is in the cache folder. */
export function largeStore({ sizes: { large, largeTexts } }: Context): Promise<LargeStore> {
  return runTool<LargeStore>("large_store.ts", [large, largeTexts, LARGE_QUERIES].map(String));
}

/** Opening, searching and memory. */
export async function large(context: Context): Promise<Metric[]> {
  const { sizes: { large: count, largeQueries } } = context;
  context.progress(`Preparing a store of ${count} memories`);
  const store = await largeStore(context);
  const empty = await emptyResident(context);
  return await inTemporaryFolder(async (folder) => {
    await Deno.copyFile(store.database, `${folder}/unimem.db`);
    const opened: number[] = [],
      p50: number[] = [],
      p99: number[] = [],
      grown: number[] = [],
      grownAfter: number[] = [];
    let indexed: number | null = null;
    for (let i = 0; i < OPENINGS; i++) {
      context.progress(`Opening the store of ${count} memories, ${i + 1} of ${OPENINGS}`);
      await using service = await startUnimem(folder);
      opened.push(service.startMs + await untilMeaning(service));
      await searchTimes(service.rest, context.takeQuestions(SEARCHES), SEARCHES);
      grownAfter.push((await residentBytes(service.pid) - empty.after) / count);
      grown.push((await settledBytes(service.pid) - empty.settled) / count);
      if (i < OPENINGS - 1) continue;
      indexed = await indexBytes(service);
      const perTurn = Math.round(largeQueries / TURNS);
      for (let turn = 0; turn < TURNS; turn++) {
        context.progress(`Searching ${count} memories, turn ${turn + 1} of ${TURNS}`);
        const times = await searchTimes(service.rest, context.takeQuestions(perTurn), perTurn);
        p50.push(median(times));
        p99.push(percentile(times, 0.99));
      }
    }
    context.progress("Timing the peer's vector scan");
    const scans = context.hasPeer ? await peerScans(store) : [];
    const unit = { unit: "ms", better: "lower" } as const;
    // A smaller store says nothing about what a large one must reach.
    const target = (limit: number) => count === FULL.large ? { target: { of: "unimem", limit } as const } : {};
    const alone = { reference: "–", advantage: null };
    return [
      {
        id: "large_open",
        what: `start to a search by meaning, ${count} memories`,
        ...unit,
        unimem: spread(opened),
        ...alone,
        ...target(1000),
      },
      {
        ...context.against(
          {
            id: "large_p50",
            what: `search p50, ${count} memories, new queries (the peer: its vector scan alone)`,
            ...unit,
            ...target(8),
          },
          p50,
          scans,
        ),
      },
      {
        id: "large_p99",
        what: `search p99, ${count} memories`,
        ...unit,
        unimem: spread(p99),
        ...alone,
        ...target(25),
      },
      {
        id: "large_bytes",
        what: `resident bytes a memory, ${
          SETTLE_MS / 1000
        } s after ${SEARCHES} searches: (${count} memories − empty) / ${count}`,
        unit: "B",
        better: "lower",
        unimem: spread(grown),
        ...alone,
        ...target(900),
        portable: true,
      },
      {
        id: "large_bytes_after",
        what: "the same, right after them",
        unit: "B",
        better: "lower",
        unimem: spread(grownAfter),
        ...alone,
        portable: true,
      },
      ...(indexed === null ? [] : [
        {
          id: "large_index_bytes",
          what: "of these in the index's arrays, as the service counts them",
          unit: "B",
          better: "lower",
          unimem: spread([indexed / count]),
          ...alone,
          portable: true,
        } satisfies Metric,
      ]),
    ];
  });
}

/** What the vector search finds of the exact nearest. */
export async function recall(context: Context): Promise<Metric[]> {
  const { large: count } = context.sizes;
  const store = await largeStore(context);
  context.progress(`Comparing the vector search with an exact scan of ${count}`);
  return await inTemporaryFolder(async (folder) => {
    const copy = `${folder}/unimem.db`;
    await Deno.copyFile(store.database, copy);
    const { recall10, recall100, searchMs, scanMs } = await runTool<
      { recall10: number; recall100: number; searchMs: number; scanMs: number }
    >("recall.ts", [copy, store.vectors, store.queries, String(store.dimensions)]);
    const share = { unit: "", better: "higher", reference: "–", advantage: null, portable: true } as const;
    const target = { of: "unimem", limit: 0.99 } as const;
    return [
      {
        id: "recall10",
        what: `recall of the vector part, best 10 of ${count}`,
        ...share,
        unimem: spread([recall10]),
        target,
      },
      { id: "recall100", what: "the same, best 100", ...share, unimem: spread([recall100]), target },
      {
        id: "vector_scan",
        what: "the vector part alone, against an exact scan in float32",
        unit: "ms",
        better: "lower",
        unimem: spread([searchMs]),
        reference: spread([scanMs]),
        advantage: spread(pairedRatios([scanMs], [searchMs])),
      },
    ];
  });
}

/** Bytes of the arrays that searches look at; null when the store doesn't tell. */
async function indexBytes({ rest }: Unimem): Promise<number | null> {
  const { storage } = await rest.get<{ storage: { details: Record<string, unknown> | null } }>("/api/health/detailed");
  const bytes = storage.details?.index_bytes;
  return typeof bytes === "number" ? bytes : null;
}

/** Resident bytes of a service with nothing in it, after as many searches. */
async function emptyResident(context: Context): Promise<{ after: number; settled: number }> {
  return await inTemporaryFolder(async (folder) => {
    await using service = await startUnimem(folder);
    await untilMeaning(service);
    await searchTimes(service.rest, context.takeQuestions(SEARCHES), SEARCHES);
    return { after: await residentBytes(service.pid), settled: await settledBytes(service.pid) };
  });
}

/** Medians of the peer's vector search over the same vectors, by turn. */
async function peerScans({ vectors, queries, dimensions }: LargeStore): Promise<number[]> {
  const script = new URL("../tools/peer_scan.py", import.meta.url).pathname;
  const args = [script, vectors, queries, String(dimensions), String(TURNS * SCANS)];
  const times: number[] = JSON.parse(await peerPython(args));
  return Array.from({ length: TURNS }, (_, turn) => median(times.slice(turn * SCANS, (turn + 1) * SCANS)));
}
