/**
 * What counting and logging every request costs: the same load on a service that does and on one that doesn't, in turns.
 *
 * @module
 */

import type { Context } from "../lib/context.ts";
import type { Metric } from "../lib/metric.ts";
import { temporaryFolder } from "../lib/process.ts";
import { pairedRatios, spread } from "../lib/stats.ts";
import { tagAt, textAt } from "../lib/texts.ts";
import { startUnimem, untilEmbedded, untilMeaning } from "../lib/unimem.ts";
import { searchRate, searchTimes } from "./search.ts";

const QUIET = { MCP_METRICS_ENABLED: "false", LOG_LEVEL: "error" };
/** Memories in each service, and questions that are asked again and again: what costs least without telemetry. */
const MEMORIES = 600, QUESTIONS = 100;
/** Short turns in large number, so that both services see the same machine. */
const TURNS = 16, SECONDS = 2;

/** Searches a second with telemetry, over those without. */
export async function telemetry(context: Context): Promise<Metric[]> {
  await using stack = new AsyncDisposableStack();
  const begin = async (env: Record<string, string>) => {
    const service = stack.use(await startUnimem(stack.use(await temporaryFolder()).path, env));
    await untilMeaning(service);
    for (let i = 0; i < MEMORIES; i++) await service.rest.store({ content: textAt(i), tags: [tagAt(i)] });
    await untilEmbedded(service);
    await searchTimes(service.rest, 0, QUESTIONS);
    return service.rest;
  };
  const services = [await begin({}), await begin(QUIET)];
  const rates: [number[], number[]] = [[], []];
  for (const rest of services) await searchRate(rest, SECONDS, [0, QUESTIONS]);
  for (let turn = 0; turn < TURNS; turn++) {
    context.progress(`Searching with and without telemetry, turn ${turn + 1} of ${TURNS}`);
    // Whoever comes second in a turn is first in the next.
    for (const which of turn % 2 === 0 ? [0, 1] : [1, 0]) {
      rates[which]!.push(await searchRate(services[which]!, SECONDS, [0, QUESTIONS]));
    }
  }
  return [{
    id: "telemetry",
    what: "search throughput with metrics and a log line a request, over none of both",
    unit: "/s",
    better: "higher",
    unimem: spread(rates[0]),
    reference: spread(rates[1]),
    advantage: spread(pairedRatios(rates[0], rates[1])),
    target: { of: "advantage", limit: 0.97 },
  }];
}
