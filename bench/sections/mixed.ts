/**
 * Whether anything blocks the isolate: the event loop is watched while 16 clients search, 4 write and one imports.
 *
 * @module
 */

import { availableParallelism } from "node:os";
import { type Context, FULL } from "../lib/context.ts";
import type { LoopDelays } from "../lib/loop_delay.ts";
import type { Metric } from "../lib/metric.ts";
import { freePorts, inTemporaryFolder } from "../lib/process.ts";
import type { Rest } from "../lib/rest.ts";
import { spread } from "../lib/stats.ts";
import { questionAt, tagAt, textAt } from "../lib/texts.ts";
import { runTool } from "../lib/tool.ts";
import { startScript, taskOf, untilMeaning } from "../lib/unimem.ts";
import { largeStore } from "./large.ts";

const SEARCHERS = 16, WRITERS = 4;
const IMPORT_BATCH = 500;
/** How long a plain loop runs on each core, to see what the machine alone does to computing. */
const STEADY_SECONDS = 8;
/** Turns, for whatever else the machine does makes a longest delay of its own. */
const TURNS = 3;
/** Numbers of texts written and imported, away from those in the store. */
const WRITTEN = 2_000_000, IMPORTED = 3_000_000;

/** Loads the large store from all sides. */
export async function mixed(context: Context): Promise<Metric[]> {
  const { mixedSeconds: seconds, large: count } = context.sizes;
  const store = await largeStore(context);
  const [port] = freePorts(1);
  const watch = `http://127.0.0.1:${port}/`;
  const delays: LoopDelays[] = [], idle: LoopDelays[] = [];
  await inTemporaryFolder(async (folder) => {
    await Deno.copyFile(store.database, `${folder}/unimem.db`);
    const script = new URL("../tools/watched.ts", import.meta.url);
    // All access, since what the thread computed is read from /proc.
    const task = await taskOf("unified");
    const flags = [...task.flags.filter((flag) => flag.startsWith("--v8-flags")), "--allow-all"];
    await using service = await startScript(script, { ...task, flags }, folder, { BENCH_WATCH_PORT: String(port) });
    await untilMeaning(service);
    const done: Done = { searches: 0, writes: 0, imported: 0 };
    for (let turn = 0; turn < TURNS; turn++) {
      context.progress(`Searching, writing and importing at once for ${seconds} s, turn ${turn + 1} of ${TURNS}`);
      await fetch(watch, { method: "POST" });
      const [beside] = await Promise.all([
        runTool<LoopDelays>("idle.ts", [String(seconds)]),
        load(context, service.rest, performance.now() + seconds * 1000, done),
      ]);
      idle.push(beside);
      delays.push(await (await fetch(watch)).json());
    }
    const { searches, writes, imported } = done;
    context.progress(`Done meanwhile: ${searches} searches, ${writes} writes, ${imported} imported`);
  });
  context.progress(`Seeing for ${STEADY_SECONDS} s how evenly the cores compute`);
  const steady = await Promise.all(Array.from(
    { length: availableParallelism() },
    () => runTool<{ longest: number }>("steady.ts", [String(STEADY_SECONDS)]),
  ));
  for (const { histogram } of delays) {
    context.progress(`Delays below 1, 2, 5, 10, 20, 50 ms and above: ${histogram.join(", ")}`);
  }
  const shared = { unit: "ms", better: "lower", advantage: null } as const;
  const target = count === FULL.large ? { target: { of: "unimem", limit: 20 } as const } : {};
  const row = (id: string, what: string, key: "p99" | "max"): Metric => ({
    id,
    what,
    ...shared,
    unimem: spread(delays.map((turn) => turn[key])),
    reference: spread(idle.map((turn) => turn[key])),
  });
  const computed = delays.flatMap(({ maxComputing }) => maxComputing ?? []);
  return [
    row("delay_p99", `event-loop delay p99, ${count} memories, mixed load (beside it: an idle process)`, "p99"),
    { ...row("delay_max", "the longest event-loop delay", "max"), ...target },
    ...(computed.length === 0 ? [] : [
      {
        id: "delay_computing",
        what: "the longest the isolate computed between two timers (beside it: the longest that 2 ms of a loop took)",
        ...shared,
        unimem: spread(computed),
        reference: spread(steady.map(({ longest }) => longest)),
        ...target,
      } satisfies Metric,
    ]),
  ];
}

/** What clients have done. */
interface Done {
  searches: number;
  writes: number;
  imported: number;
}

/** Searches, writes and imports until the time is over, and counts it. */
async function load(context: Context, rest: Rest, end: number, done: Done): Promise<void> {
  const repeat = async (work: () => Promise<void>) => {
    while (performance.now() < end) await work();
  };
  await Promise.all([
    ...Array.from({ length: SEARCHERS }, () =>
      repeat(async () => {
        await rest.search(questionAt(context.takeQuestions(1)), 10);
        done.searches++;
      })),
    ...Array.from({ length: WRITERS }, (_, writer) =>
      repeat(async () => {
        const number = WRITTEN + WRITERS * done.writes + writer;
        done.writes++;
        await rest.store({ content: textAt(number), tags: [tagAt(number)] });
      })),
    repeat(async () => {
      const first = IMPORTED + done.imported;
      const memories = Array.from({ length: IMPORT_BATCH }, (_, i) => ({ content: textAt(first + i) }));
      done.imported += await rest.storeBatch(memories);
    }),
  ]);
}
