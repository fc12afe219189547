/**
 * Stores of growing size on a Qdrant server, and the embedded store with the same memories beside them. What takes long
 * is kept in the user's cache folder: a run goes on where an earlier one was stopped.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { cacheFolder, type LargeVectors } from "../lib/large_store.ts";
import { inTemporaryFolder, residentBytes } from "../lib/process.ts";
import { type Qdrant, startQdrant, untilIndexed } from "../lib/qdrant.ts";
import { percentile } from "../lib/stats.ts";
import { storeEnvironment } from "../lib/store_at.ts";
import { runTool } from "../lib/tool.ts";
import { startUnimem, untilMeaning } from "../lib/unimem.ts";
import type { Loaded } from "../tools/load_store.ts";
import type { StorePart } from "../tools/store_part.ts";
import type { SearchRequests } from "../tools/qdrant_requests.ts";
import { besideFloor } from "./qdrant_floor.ts";
import { searchTimes } from "./search.ts";

/** Texts that are embedded; the vectors of all others are mixed from theirs. */
const EMBEDDED_TEXTS = 4000;
/** Queries whose nearest are compared with an exact search, and that the store's part is timed with. */
const QUERIES = 200;
/** Searches before anything is timed, so that caches hold what they hold in use. */
const WARM_UP = 200;
/** Searches of each kind whose requests are counted. */
const COUNTED_SEARCHES = 100;
/** As many of the exact nearest as are compared. */
const DEPTH = 50;
/** Files that what lies in the server depends on; a change of any makes a new store. */
const SOURCES = ["../../src/storage/qdrant/layout.ts", "../../src/memory/text.ts", "../lib/large_memories.ts"];

/** Milliseconds, as percentiles. */
export interface Times {
  p50: number;
  p95: number;
}

/** One store of one size. */
export interface StoreFigures {
  /** Memories stored in a second, their vectors given. */
  load_per_second: number;
  /** Seconds after the last one was stored until the server had indexed all; null for the embedded store. */
  index_seconds: number | null;
  /** A search over REST, new queries, one client. */
  search: Times;
  /** The same with the question's vector known, and a bare hybrid query beside it; null for the embedded store. */
  floor: { served: Times; bare: Times } | null;
  /** The store's part of it, in a process of its own. */
  store_part: Times;
  /** The same by vector alone. */
  vector_part: Times;
  /** Shares of the exact nearest found by vector. */
  recall10: number | null;
  recall50: number | null;
  /** Resident megabytes of the service, and of the server with what of its files lies in memory. */
  unimem_mb: number;
  server_mb: number | null;
  /** Megabytes the server allocated, without its files. */
  server_own_mb: number | null;
  disk_mb: number;
}

/** What was measured at one size. */
export interface SizeFigures {
  memories: number;
  qdrant: StoreFigures;
  embedded: StoreFigures | null;
  requests: SearchRequests[];
}

/** How the sizes are measured. */
export interface SizesOptions {
  sizes: number[];
  /** The largest size at which the embedded store is measured too. */
  embeddedUpTo: number;
  /** Searches that are timed. */
  searches: number;
  /** Niceness of the server while it is loaded and indexes. */
  niceness: number;
  progress: (text: string) => void;
}

/** What is known of a store in the cache folder. */
interface Stages {
  loaded?: { seconds: number; stored: number };
  index_seconds?: number;
}

/** Measures every size, the smallest first. */
export async function measureSizes(options: SizesOptions): Promise<SizeFigures[]> {
  const sizes = options.sizes.toSorted((a, b) => a - b), figures: SizeFigures[] = [];
  const made = await runTool<LargeVectors>("large_vectors.ts", [sizes.at(-1)!, EMBEDDED_TEXTS, QUERIES].map(String));
  for (const memories of sizes) {
    const { requests, ...qdrant } = await onQdrant(memories, made, options);
    const embedded = memories > options.embeddedUpTo ? null : await onSqlite(memories, made, options);
    figures.push({ memories, qdrant, embedded, requests });
  }
  return figures;
}

async function onQdrant(
  memories: number,
  made: LargeVectors,
  options: SizesOptions,
): Promise<StoreFigures & { requests: SearchRequests[] }> {
  const folder = join(cacheFolder(), `qdrant-${memories}-${await keyOf(made)}`);
  const stages = await prepared(folder, memories, made, options);
  await using server = await startQdrant(folder);
  await untilIndexed(server.url, options.progress);
  const exact = join(folder, "exact.json");
  if (!await exists(exact)) {
    options.progress(`Searching ${memories} memories exactly`);
    await writeExact(server, made, exact);
  }
  const measured = await searched(server.url, exact, made, memories, options);
  return {
    load_per_second: stages.loaded!.stored / stages.loaded!.seconds,
    index_seconds: stages.index_seconds!,
    ...measured,
    server_mb: await residentBytes(server.pid) / 1e6,
    server_own_mb: await allocatedBytes(server) / 1e6,
    disk_mb: await folderBytes(join(folder, "storage")) / 1e6,
    requests: await runTool<SearchRequests[]>("qdrant_requests.ts", [server.url, String(COUNTED_SEARCHES)]),
  };
}

/** Loads a store and has it indexed, or what an earlier run left of that. */
async function prepared(folder: string, memories: number, made: LargeVectors, options: SizesOptions): Promise<Stages> {
  const file = join(folder, "stages.json");
  const stages: Stages = await exists(file) ? JSON.parse(await Deno.readTextFile(file)) : {};
  if (stages.index_seconds !== undefined) return stages;
  const keep = () => Deno.writeTextFile(file, JSON.stringify(stages));
  await using server = await startQdrant(folder, { niceness: options.niceness });
  if (stages.loaded === undefined) {
    options.progress(`Loading ${memories} memories into Qdrant`);
    const args = [server.url, memories, made.vectors, JSON.stringify(made.model)].map(String);
    const { seconds, stored } = await runTool<Loaded>("load_store.ts", args);
    stages.loaded = { seconds, stored };
    await keep();
  }
  options.progress(`Waiting for the index over ${memories} memories`);
  const began = performance.now();
  await untilIndexed(server.url, options.progress);
  stages.index_seconds = (performance.now() - began) / 1000;
  await keep();
  return stages;
}

async function onSqlite(memories: number, made: LargeVectors, options: SizesOptions): Promise<StoreFigures> {
  return await inTemporaryFolder(async (folder) => {
    const path = join(folder, "unimem.db");
    options.progress(`Loading ${memories} memories into the embedded store`);
    const args = [path, memories, made.vectors, JSON.stringify(made.model)].map(String);
    const { seconds, stored } = await runTool<Loaded>("load_store.ts", args);
    const measured = await searched(path, "", made, memories, options);
    return {
      load_per_second: stored / seconds,
      index_seconds: null,
      ...measured,
      server_mb: null,
      server_own_mb: null,
      disk_mb: await folderBytes(folder) / 1e6,
    };
  });
}

/** The service and the store alone. */
async function searched(store: string, exact: string, made: LargeVectors, memories: number, options: SizesOptions) {
  const { searches, progress } = options;
  const service = await inTemporaryFolder(async (folder) => {
    await using unimem = await startUnimem(folder, storeEnvironment(store));
    await untilMeaning(unimem);
    progress(`Searching ${memories} memories`);
    await searchTimes(unimem.rest, 0, WARM_UP);
    const times = await searchTimes(unimem.rest, WARM_UP, searches);
    const unimem_mb = await residentBytes(unimem.pid) / 1e6;
    const beside = store.startsWith("http") ? await besideFloor(unimem.rest, store, made) : null;
    const floor = beside && { served: timesOf(beside.served), bare: timesOf(beside.bare) };
    return { search: timesOf(times), floor, unimem_mb };
  });
  const args = [store, made.queries, String(made.model.dimensions), exact];
  const { times, vectorTimes, recall10, recall50 } = await runTool<StorePart>("store_part.ts", args);
  return { ...service, store_part: timesOf(times), vector_part: timesOf(vectorTimes), recall10, recall50 };
}

/** Keeps the content_hashes of each query's nearest, found by comparing with every vector. */
async function writeExact({ url }: Qdrant, { queries, model }: LargeVectors, path: string): Promise<void> {
  const { buffer } = await Deno.readFile(queries), nearest: string[][] = [];
  const all = new Float32Array(buffer);
  for (let at = 0; at < all.length; at += model.dimensions) {
    const answer = await fetch(`${url}/collections/memories/points/query`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        query: Array.from(all.subarray(at, at + model.dimensions)),
        limit: DEPTH + 1, // the reserved point may be among them
        params: { exact: true },
        with_payload: ["content_hash"],
      }),
    });
    if (!answer.ok) throw new Error(`The exact search failed: ${await answer.text()}`);
    const { result: { points } } = await answer.json() as {
      result: { points: { payload: { content_hash?: string } }[] };
    };
    nearest.push(points.flatMap(({ payload }) => payload.content_hash ?? []).slice(0, DEPTH));
  }
  await Deno.writeTextFile(path, JSON.stringify(nearest));
}

function timesOf(times: readonly number[]): Times {
  return { p50: percentile(times, 0.5), p95: percentile(times, 0.95) };
}

/** Bytes the server says it allocated. */
async function allocatedBytes({ url }: Qdrant): Promise<number> {
  const answer = await fetch(`${url}/metrics`);
  return Number(/^memory_allocated_bytes (\d+)/m.exec(await answer.text())?.[1]);
}

async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    // Allocated blocks, since the server makes files larger than what it wrote to them.
    bytes += isDirectory ? await folderBytes(path) : ((await Deno.stat(path)).blocks ?? 0) * 512;
  }
  return bytes;
}

async function keyOf({ model, vectors }: LargeVectors): Promise<string> {
  const hash = createHash("sha256").update(`${model.id} ${vectors}`);
  for (const source of SOURCES) hash.update(await Deno.readTextFile(new URL(source, import.meta.url)));
  return hash.digest("hex").slice(0, 12);
}

function exists(path: string): Promise<boolean> {
  return Deno.stat(path).then(() => true, () => false);
}
