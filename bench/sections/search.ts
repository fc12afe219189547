/**
 * Searching the loaded pair: one client, and as many as 8 connections can ask.
 *
 * @module
 */

import type { Context } from "../lib/context.ts";
import type { Metric } from "../lib/metric.ts";
import { CLIENTS } from "../lib/pair.ts";
import type { Rest } from "../lib/rest.ts";
import { timed } from "../lib/rest.ts";
import { median } from "../lib/stats.ts";
import { questionAt } from "../lib/texts.ts";
import { runTool } from "../lib/tool.ts";

/** Turns of one-client searching; each gives a median. */
const TURNS = 6;
/** Questions that are asked again and again. */
const KNOWN_QUESTIONS = 100;
/** More than a service can be asked in one turn of load. */
const QUESTIONS_A_SECOND = 20_000;

/** One client, every query new. */
export async function search(context: Context): Promise<Metric[]> {
  const { unimem, peer, memories } = await context.pair();
  const { queries } = context.sizes;
  const ours: number[] = [], theirs: number[] = [];
  await searchTimes(unimem.rest, context.takeQuestions(queries), queries);
  for (let turn = 0; turn < TURNS; turn++) {
    context.progress(`Searching, turn ${turn + 1} of ${TURNS}`);
    const first = context.takeQuestions(queries);
    ours.push(median(await searchTimes(unimem.rest, first, queries)));
    if (peer) theirs.push(median(await searchTimes(peer.rest, first, queries)));
  }
  return [
    context.against(
      {
        id: "search",
        what: `search p50, ${memories} memories, one client, new queries`,
        unit: "ms",
        better: "lower",
        target: { of: "advantage", limit: 4 },
      },
      ours,
      theirs,
    ),
  ];
}

/** Milliseconds of each search, for questions by number. */
export async function searchTimes(rest: Rest, first: number, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) times.push(await timed(() => rest.search(questionAt(first + i), 10)));
  return times;
}

/** 8 connections at once, with new queries and with known ones. */
export async function throughput(context: Context): Promise<Metric[]> {
  const { unimem, peer } = await context.pair();
  const { loadSeconds, loadTurns } = context.sizes;
  const known = context.takeQuestions(KNOWN_QUESTIONS);
  const services = peer ? [unimem.rest, peer.rest] : [unimem.rest];
  for (const rest of services) await searchTimes(rest, known, KNOWN_QUESTIONS);
  const fresh: number[][] = [[], []], repeated: number[][] = [[], []];
  for (let turn = 0; turn < loadTurns; turn++) {
    context.progress(`Searching with ${CLIENTS} connections, turn ${turn + 1} of ${loadTurns}`);
    const first = context.takeQuestions(loadSeconds * QUESTIONS_A_SECOND);
    for (const [i, rest] of services.entries()) fresh[i]!.push(await searchRate(rest, loadSeconds, [first]));
    for (const [i, rest] of services.entries()) {
      repeated[i]!.push(await searchRate(rest, loadSeconds, [known, KNOWN_QUESTIONS]));
    }
  }
  return [
    context.against(
      {
        id: "throughput_new",
        what: `search throughput, ${CLIENTS} connections, new queries`,
        unit: "/s",
        better: "higher",
        target: { of: "advantage", limit: 4 },
      },
      fresh[0]!,
      fresh[1]!,
    ),
    context.against(
      {
        id: "throughput_known",
        what: "the same, queries seen before",
        unit: "/s",
        better: "higher",
        target: { of: "advantage", limit: 10 },
      },
      repeated[0]!,
      repeated[1]!,
    ),
  ];
}

export async function searchRate(rest: Rest, seconds: number, questions: number[]): Promise<number> {
  const args = [new URL(rest.base).port, CLIENTS, seconds, ...questions].map(String);
  const { rate, failures } = await runTool<{ rate: number; failures: number }>("load.ts", args);
  if (failures > 0) throw new Error(`${failures} searches failed under load`);
  return rate;
}
