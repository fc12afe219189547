/**
 * Storing one by one and in batches, and the memory that it takes.
 *
 * @module
 */

import type { Context } from "../lib/context.ts";
import type { Metric } from "../lib/metric.ts";
import { residentBytes, SETTLE_MS, sleep } from "../lib/process.ts";
import { timed } from "../lib/rest.ts";
import { median, pairedRatios, spread } from "../lib/stats.ts";
import { questionAt, tagAt, textAt } from "../lib/texts.ts";
import { runTool } from "../lib/tool.ts";

/** Numbers of texts that are stored in batches, away from those stored one by one. */
const BATCH_TEXTS = 1_000_000;
/** Searches before memory is read. */
const SEARCHES = 200;

/** Storing with 8 clients, measured while the pair is loaded. */
export async function store(context: Context): Promise<Metric[]> {
  const { storeRates } = await context.pair();
  return [
    context.against(
      {
        id: "store",
        what: "store, 8 clients, short texts",
        unit: "/s",
        better: "higher",
        target: { of: "advantage", limit: 8 },
      },
      storeRates.unimem,
      storeRates.peer,
    ),
  ];
}

/** Resident memory of the loaded pair: right after some searches, and once both had time to tidy up. */
export async function memory(context: Context): Promise<Metric[]> {
  const { unimem, peer, memories } = await context.pair();
  context.progress("Reading resident memory");
  const services = [unimem, peer].filter((service) => service !== null);
  const first = context.takeQuestions(SEARCHES), after: number[] = [], settled: number[] = [];
  for (const { rest, pid } of services) {
    for (let q = 0; q < SEARCHES; q++) await rest.search(questionAt(first + q), 10);
    after.push(await residentBytes(pid) / 1e6);
  }
  await sleep(SETTLE_MS);
  for (const { pid } of services) settled.push(await residentBytes(pid) / 1e6);
  const shared = { unit: "MB", better: "lower" } as const;
  return [
    context.against(
      {
        id: "memory",
        what: `resident memory, ${memories} memories, ${SETTLE_MS / 1000} s after ${SEARCHES} searches`,
        ...shared,
        target: { of: "unimem", limit: 190 },
      },
      settled.slice(0, 1),
      settled.slice(1),
    ),
    context.against(
      { id: "memory_after", what: "the same, right after them", ...shared },
      after.slice(0, 1),
      after.slice(1),
    ),
  ];
}

/** The batch form against the model alone in a process of its own, in turns. */
export async function batch(context: Context): Promise<Metric[]> {
  const { unimem, storeRates } = await context.pair();
  const { batch: size, batches } = context.sizes;
  const rates: number[] = [], bare: number[] = [];
  for (let turn = 0; turn < batches; turn++) {
    context.progress(`Storing a batch, turn ${turn + 1} of ${batches}`);
    const first = BATCH_TEXTS + turn * size;
    const memories = Array.from({ length: size }, (_, i) => ({
      content: textAt(first + i),
      tags: [tagAt(first + i)],
    }));
    const ms = await timed(() => unimem.rest.storeBatch(memories));
    rates.push(size / ms * 1000);
    bare.push((await runTool<{ rate: number }>("bare_model.ts", ["passage", String(first), String(size)])).rate);
  }
  const peer = storeRates.peer.length > 0 ? [median(storeRates.peer)] : [];
  return [
    context.against(
      {
        id: "batch",
        what: "store through the batch form (the peer: one by one)",
        unit: "/s",
        better: "higher",
        target: { of: "advantage", limit: 12 },
      },
      rates,
      rates.flatMap(() => peer),
    ),
    {
      id: "batch_bare",
      what: "the same against the bare model on all cores",
      unit: "/s",
      better: "higher",
      unimem: spread(rates),
      reference: spread(bare),
      advantage: spread(pairedRatios(rates, bare)),
      target: { of: "advantage", limit: 0.85 },
    },
  ];
}
