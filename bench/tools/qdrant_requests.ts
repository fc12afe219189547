/**
 * What searches ask of a Qdrant server: how many requests each one makes, and how many of them one after the other.
 *
 * Usage: qdrant_requests.ts URL SEARCHES
 *
 * URL is a server with a loaded store of growing size. A second collection, of memories outside of conversations, is made
 * beside it and dropped at the end. Prints `SearchRequests[]`.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";
import { availableParallelism } from "node:os";
import { parseConfig } from "../../src/config.ts";
import { createApp } from "../../src/http/app.ts";
import { contentHash } from "../../src/memory/hash.ts";
import { createLogger } from "../../src/operations/logger.ts";
import type { ServiceRuntime } from "../../src/operations/runtime.ts";
import { startWork } from "../../src/service/background.ts";
import { closeAll, openRuntime } from "../../src/unified.ts";
import { sleep } from "../lib/process.ts";
import { percentile } from "../lib/stats.ts";
import { questionAt, tagAt, textAt } from "../lib/texts.ts";

/** One kind of search over one store. */
export interface SearchRequests {
  store: string;
  kind: string;
  requests: Spread;
  /** Round trips that wait for one another. */
  trips: Spread;
  /** Requests of a search on average, by what they are for. */
  by: Record<string, number>;
}

interface Spread {
  p50: number;
  p95: number;
  max: number;
}

interface Request {
  name: string;
  began: number;
  ended: number;
}

const NOTES = 500, WARM_UP = 20, MODEL_LIMIT_MS = 120_000;
/** Numbers of texts and questions used nowhere else. */
const TEXTS = 5_000_000, QUESTIONS = 700_000_000;
/** As searches over REST come: a person's one after the other. */
const KINDS: [kind: string, input: (i: number) => Record<string, unknown>][] = [
  ["a new question", (i) => ({ query: questionAt(QUESTIONS + i) })],
  ["the same again", (i) => ({ query: questionAt(QUESTIONS + i % 5) })],
  ["by meaning", (i) => ({ query: questionAt(QUESTIONS + 10_000 + i), mode: "semantic" })],
  ["within a tag", (i) => ({ query: questionAt(QUESTIONS + 20_000 + i), tags: [tagAt(i)] })],
  ["second page", (i) => ({ query: questionAt(QUESTIONS + 30_000 + i), page: 2 })],
  ["verbatim", (i) => ({ query: textAt(i).split(" ").slice(0, 2).join(" "), mode: "exact" })],
];

const [url, searches] = Deno.args as [string, string];
/** Requests of the search that is running; background work makes some of its own meanwhile. */
const searching = new AsyncLocalStorage<Request[]>();
const plainFetch = globalThis.fetch;
globalThis.fetch = async (input, init) => {
  const asked = String(input instanceof Request ? input.url : input), began = performance.now();
  const answer = await plainFetch(input, init);
  if (asked.startsWith(url)) {
    const { pathname } = new URL(asked);
    searching.getStore()?.push({ name: pathname.split("/").slice(3).join("/"), began, ended: performance.now() });
  }
  return answer;
};

const measured = [
  ...await measure("memories", "turns of conversations"),
  ...await measure("bench_notes", "notes", fill),
];
await plainFetch(`${url}/collections/bench_notes`, { method: "DELETE" });
console.log(JSON.stringify(measured));
Deno.exit(0);

async function measure(
  collection: string,
  store: string,
  prepare?: (runtime: ServiceRuntime) => Promise<void>,
): Promise<SearchRequests[]> {
  const folder = await Deno.makeTempDir({ prefix: "unimem-requests-" });
  const env = { MCP_QDRANT_URL: url, MCP_QDRANT_COLLECTION_NAME: collection, MCP_MEMORY_BASE_DIR: folder };
  const config = parseConfig({ ...Deno.env.toObject(), ...env }, { os: Deno.build.os, cores: availableParallelism() });
  const log = createLogger("error", (line) => console.error(line));
  const runtime = await openRuntime(config), work = startWork(runtime, config, log);
  const app = createApp(runtime, { ...config.access, log });
  const search = async (input: Record<string, unknown>) => {
    const headers = { "content-type": "application/json" }, body = JSON.stringify({ page_size: 10, ...input });
    const answer = await app.request("/api/search", { method: "POST", headers, body });
    if (!answer.ok) throw new Error(`A search answered ${answer.status}: ${await answer.text()}`);
    await answer.body?.cancel();
  };
  try {
    for (let waited = 0; runtime.embeddings.serving?.status.state !== "ready"; waited += 10) {
      if (waited > MODEL_LIMIT_MS) throw new Error("The model did not become ready");
      await sleep(10);
    }
    await prepare?.(runtime);
    const rows: SearchRequests[] = [];
    for (const [kind, input] of KINDS) {
      const counts: number[] = [], trips: number[] = [], by: Record<string, number> = {};
      for (let i = 0; i < WARM_UP + Number(searches); i++) {
        const made: Request[] = [];
        await searching.run(made, () => search(input(i)));
        if (i < WARM_UP) continue;
        counts.push(made.length);
        trips.push(inARow(made));
        for (const { name } of made) by[name] = (by[name] ?? 0) + 1 / Number(searches);
      }
      console.error(`Counted the requests of searches among ${store}: ${kind}`);
      rows.push({ store, kind, requests: spreadOf(counts), trips: spreadOf(trips), by });
    }
    return rows;
  } finally {
    await closeAll(runtime, [], work.stop);
    await Deno.remove(folder, { recursive: true });
  }
}

/** Stores memories outside of conversations. */
async function fill({ storage, embeddings }: ServiceRuntime): Promise<void> {
  const now = Date.now() / 1000, { serving } = embeddings;
  for (let first = 0; first < NOTES; first += 100) {
    await storage.store(
      await Promise.all(Array.from({ length: 100 }, async (_, i) => {
        const content = textAt(TEXTS + first + i), created_at = now - first - i;
        return {
          memory: {
            content,
            content_hash: contentHash(content),
            tags: [tagAt(i)],
            memory_type: null,
            metadata: {},
            conversation_id: null,
            created_at,
            updated_at: created_at,
          },
          vectors: { model: serving!.identity!.id, chunks: await serving!.embedPassage(content) },
        };
      })),
    );
  }
}

/** The most requests of which each began after the one before had ended. */
function inARow(requests: readonly Request[]): number {
  let count = 0, end = -Infinity;
  for (const { began, ended } of requests.toSorted((a, b) => a.ended - b.ended)) {
    if (began < end) continue;
    count++;
    end = ended;
  }
  return count;
}

function spreadOf(values: readonly number[]): Spread {
  return { p50: percentile(values, 0.5), p95: percentile(values, 0.95), max: Math.max(...values) };
}
