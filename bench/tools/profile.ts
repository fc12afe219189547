/**
 * Where a request's time goes: the service's own parts in this process, with a clock around each call from one layer
 * to the next, and beside them the floors that no code gets below.
 *
 * Usage: profile.ts DATABASE MEMORIES REQUESTS
 *
 * @module
 */

import { availableParallelism } from "node:os";
import { parseConfig } from "../../src/config.ts";
import { createApp } from "../../src/http/app.ts";
import { createLogger } from "../../src/operations/logger.ts";
import type { ServiceRuntime } from "../../src/operations/runtime.ts";
import { startWork } from "../../src/service/background.ts";
import { closeAll, openRuntime } from "../../src/unified.ts";
import type { Profile, Stage } from "../lib/profile.ts";
import { sleep } from "../lib/process.ts";
import { median } from "../lib/stats.ts";
import { questionAt, tagAt, textAt } from "../lib/texts.ts";

const WARM_UP = 100;
const MODEL_LIMIT_MS = 60_000;
/** Numbers of texts and questions used nowhere else. */
const TEXTS = 4_000_000, QUESTIONS = 600_000_000;

const [database, memories, requests] = Deno.args as [string, string, string];
const config = parseConfig({ ...Deno.env.toObject(), SQLITEVEC_PATH: database }, {
  os: Deno.build.os,
  cores: availableParallelism(),
});
const log = createLogger("error", (line) => console.error(line));
const opened = await openRuntime(config);
// An object before the store, for the store's own calls are measured by a proxy that nothing can be put on.
const runtime: ServiceRuntime = { ...opened, storage: Object.create(opened.storage) };
const work = startWork(runtime, config, log);
const app = createApp(runtime, { ...config.access, log });

/** Milliseconds spent in each watched call since it was last read. */
const spent = new Map<string, number>();

/** Puts a clock around a method of an object that stays the same otherwise. */
function watch<T extends object>(target: T, method: keyof T & string): void {
  const original = (target[method] as (...args: unknown[]) => Promise<unknown>).bind(target);
  Object.defineProperty(target, method, {
    value: async (...args: unknown[]) => {
      let began = performance.now();
      // What is done while the query's vector is still being made costs nobody any time.
      const { vector } = (args[0] ?? {}) as { vector?: unknown };
      if (vector instanceof Promise) vector.then(() => began = performance.now(), () => {});
      try {
        return await original(...args);
      } finally {
        spent.set(method, (spent.get(method) ?? 0) + performance.now() - began);
      }
    },
  });
}

/** Medians of a request's stages; what is in no stage is the last row. */
async function profile(
  path: string,
  body: (i: number) => unknown,
  stages: Record<string, string>,
  rest: string,
): Promise<Stage[]> {
  const times = new Map<string, number[]>(["", rest, ...Object.keys(stages)].map((name) => [name, []]));
  for (let i = 0; i < WARM_UP + Number(requests); i++) {
    const request = new Request(`http://127.0.0.1${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body(i)),
    });
    spent.clear();
    const began = performance.now();
    const response = await app.fetch(request);
    const answer = await response.text();
    const total = performance.now() - began;
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${answer}`);
    if (i < WARM_UP) continue;
    let inside = 0;
    for (const method of Object.keys(stages)) {
      const ms = spent.get(method);
      if (ms === undefined) throw new Error(`${path} never came to ${method}`);
      times.get(method)!.push(ms);
      inside += ms;
    }
    times.get(rest)!.push(total - inside);
    times.get("")!.push(total);
  }
  return [
    ...Object.entries(stages).map(([method, what]) => ({ what, ms: median(times.get(method)!) })),
    { what: rest, ms: median(times.get(rest)!) },
    { what: "all of it, in the process", ms: median(times.get("")!) },
  ];
}

/** Milliseconds to read and write as many bytes as the codes of all vectors once. */
function copyTime(bytes: number): number {
  const from = new Uint8Array(bytes).fill(1), to = new Uint8Array(bytes);
  return median(Array.from({ length: 20 }, () => {
    const began = performance.now();
    to.set(from);
    return performance.now() - began;
  }));
}

for (let waited = 0; runtime.embeddings.serving?.status.state !== "ready"; waited += 10) {
  if (waited > MODEL_LIMIT_MS) throw new Error("The model did not become ready");
  await sleep(10);
}
const serving = runtime.embeddings.serving;
watch(serving, "embedQuery");
watch(serving, "embedPassage");
for (const method of ["candidates", "getById", "store"] as const) watch(runtime.storage, method);

const search = await profile("/api/search", (i) => ({ query: questionAt(QUESTIONS + i), n_results: 10 }), {
  embedQuery: "the query's vector: to the worker, tokens, model, back",
  candidates: "candidates by vector, and all scored; those by words were found meanwhile",
  read: "reading the ten memories",
}, "access checks, validation, ranking, encoding the answer");
const store = await profile("/api/memories", (i) => ({ content: textAt(TEXTS + i), tags: [tagAt(i)] }), {
  embedPassage: "the text's vector",
  store: "terms, codes, one transaction, its commit, the index",
}, "access checks, validation, hash, encoding the answer");
const result: Profile = {
  search,
  store,
  codesCopyMs: copyTime(Number(memories) * (serving.identity?.dimensions ?? 0)),
};
await closeAll(runtime, [], work.stop);
console.log(JSON.stringify(result));
Deno.exit(0);
