/**
 * `deno task bench`: every figure that Unimem promises, measured beside the peer in one run. See README.md.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { Context, FULL, QUICK, type Section } from "./lib/context.ts";
import { machine } from "./lib/machine.ts";
import type { Metric } from "./lib/metric.ts";
import { findPeer } from "./lib/peer.ts";
import { publish } from "./lib/results.ts";
import { large, recall } from "./sections/large.ts";
import { long } from "./sections/long.ts";
import { mixed } from "./sections/mixed.ts";
import { profile } from "./sections/profile.ts";
import { batch, memory, store } from "./sections/store.ts";
import { search, throughput } from "./sections/search.ts";
import { start } from "./sections/start.ts";
import { cache, overhead } from "./sections/surfaces.ts";
import { telemetry } from "./sections/telemetry.ts";

/** In this order, since batches make the loaded store larger. */
const SECTIONS: Record<string, Section> = {
  start,
  store,
  memory,
  search,
  throughput,
  overhead,
  telemetry,
  cache,
  batch,
  large,
  recall,
  mixed,
  long,
  profile,
};

const USAGE = `Usage: deno task bench [options]

  --quick           smaller sizes: two minutes instead of a quarter of an hour
  --only A,B        some sections: ${Object.keys(SECTIONS).join(", ")}
  --save-baseline   keep this run's ratios for later runs to be compared with
  --readme          put this run's table into bench/README.md`;

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      "save-baseline": { type: "boolean", default: false },
      readme: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const names = values.only?.split(",") ?? Object.keys(SECTIONS);
  if (values.help || names.some((name) => !(name in SECTIONS))) {
    console.error(USAGE);
    return values.help ? 0 : 2;
  }
  const peerWeights = await findPeer();
  const context = new Context(values.quick ? QUICK : FULL, peerWeights);
  context.progress(
    peerWeights === null ? "The peer isn't installed: run bench/peer.sh install" : `The peer runs with ${peerWeights}`,
  );
  const facts = machine();
  const metrics: Metric[] = [], failed: string[] = [];
  try {
    for (const name of names) {
      try {
        metrics.push(...await SECTIONS[name]!(context));
      } catch (error) {
        // The other sections are worth having.
        failed.push(name);
        console.error(`Section ${name} failed:`, error);
      }
    }
  } finally {
    await context.close();
  }
  await publish({
    mode: values.quick ? "quick" : "full",
    date: new Date().toISOString(),
    seconds: performance.now() / 1000,
    machine: facts,
    peer: peerWeights,
    failed,
    metrics,
    profile: context.profile,
  }, { saveBaseline: values["save-baseline"], readme: values.readme });
  return failed.length > 0 ? 1 : 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
