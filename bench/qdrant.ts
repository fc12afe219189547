/**
 * `deno task bench:qdrant`: the service over a real Qdrant server, at LoCoMo's size and at stores of growing size. See
 * README.md.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { describe, machine } from "./lib/machine.ts";
import { cellsOf, HEAD, type Metric } from "./lib/metric.ts";
import { qdrantBinary } from "./lib/qdrant.ts";
import { writeReadme } from "./lib/results.ts";
import { short, table } from "./lib/table.ts";
import { measureService } from "./sections/qdrant_service.ts";
import { measureSizes, type SizeFigures, type StoreFigures } from "./sections/qdrant_sizes.ts";
import type { SearchRequests } from "./tools/qdrant_requests.ts";

const USAGE = `Usage: QDRANT_BIN=PATH deno task bench:qdrant [options]

  --sizes A,B       memories of the large stores; 10000,100000 by default, "" for none
  --searches N      searches timed at each size; 300 by default
  --embedded N      the largest size at which the embedded store is measured too; 100000 by default
  --nice N          niceness of the server while it is loaded and indexes; 0 by default
  --original URL    a running original service over a Qdrant of its own, to measure beside this one
  --no-service      leave out the part at LoCoMo's size
  --json OUT        write the figures to a file
  --readme          put the tables into bench/README.md`;

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      sizes: { type: "string", default: "10000,100000" },
      searches: { type: "string", default: "300" },
      embedded: { type: "string", default: "100000" },
      nice: { type: "string", default: "0" },
      original: { type: "string" },
      "no-service": { type: "boolean", default: false },
      json: { type: "string" },
      readme: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const sizes = values.sizes.split(",").filter((size) => size !== "").map(Number);
  const numbers = [...sizes, Number(values.searches), Number(values.embedded), Number(values.nice)];
  if (values.help || numbers.some((number) => !Number.isInteger(number) || number < 0)) {
    console.error(USAGE);
    return values.help ? 0 : 2;
  }
  if (qdrantBinary() === undefined) {
    console.error("Set QDRANT_BIN to the path of a Qdrant server (1.18 or newer)");
    return 2;
  }
  const facts = machine(),
    progress = (text: string) => console.error(`[${(performance.now() / 1000).toFixed(0).padStart(4)} s] ${text}`);
  const metrics = values["no-service"] ? [] : await measureService({ original: values.original ?? null, progress });
  const figures = sizes.length === 0 ? [] : await measureSizes({
    sizes,
    embeddedUpTo: Number(values.embedded),
    searches: Number(values.searches),
    niceness: Number(values.nice),
    progress,
  });
  const about = `${new Date().toISOString().slice(0, 10)}. Machine: ${describe(facts)}.`;
  const beside = values.original === undefined ? "as stated once" : "running beside it";
  const service = metrics.length > 0 ? serviceTable(metrics, beside) : null;
  const large = figures.length > 0 ? sizesTable(figures) : null;
  const requests = figures.length > 0 ? requestsTable(figures) : null;
  console.log([about, service, large, requests].filter((part) => part !== null).join("\n\n"));
  if (values.json !== undefined) {
    const run = { date: new Date().toISOString(), machine: facts, metrics, sizes: figures };
    await Deno.writeTextFile(values.json, `${JSON.stringify(run, null, 2)}\n`);
  }
  if (values.readme) {
    await writeReadme({
      ...(service === null ? {} : { "qdrant-service": `${about}\n\n${service}` }),
      ...(large === null ? {} : { "qdrant-sizes": `${about}\n\n${large}`, "qdrant-requests": requests! }),
    });
  }
  return 0;
}

function serviceTable(metrics: readonly Metric[], beside: string): string {
  const head = HEAD.map((name) => name === "compared with" ? `the original, ${beside}` : name);
  return table(head, metrics.map(cellsOf));
}

/** The sizes as columns, Qdrant and the embedded store side by side. */
function sizesTable(figures: readonly SizeFigures[]): string {
  const columns = figures.flatMap(({ memories, qdrant, embedded }) => [
    { head: `${memories} on Qdrant`, of: qdrant },
    ...(embedded === null ? [] : [{ head: "embedded", of: embedded }]),
  ]);
  return table(
    ["", ...columns.map(({ head }) => head)],
    ROWS.map(([name, cell]) => [
      name,
      ...columns.map(({ of }) => cell(of)),
    ]),
  );
}

/** Requests of a search: median, 95th percentile and most, and of those that wait for one another. */
function requestsTable(figures: readonly SizeFigures[]): string {
  const cell = ({ p50, p95, max }: SearchRequests["requests"]) => `${p50} / ${p95} / ${max}`;
  return table(
    ["store", "search", "requests", "one after the other", "on average"],
    figures.flatMap(({ memories, requests }) =>
      requests.map(({ store, kind, requests, trips, by }) => [
        store === "notes" ? store : `${memories} ${store}`,
        kind,
        cell(requests),
        cell(trips),
        Object.entries(by).map(([name, count]) => `${name} ${short(count)}`).join(", "),
      ])
    ),
  );
}

const ROWS: [string, (figures: StoreFigures) => string][] = [
  ["loading, vectors given", ({ load_per_second }) => `${short(load_per_second)}/s`],
  ["index complete after that", ({ index_seconds }) => withUnit(index_seconds, "s")],
  ["search over REST, new queries, p50", ({ search }) => withUnit(search.p50, "ms")],
  ["search over REST, new queries, p95", ({ search }) => withUnit(search.p95, "ms")],
  ["the same, the question's vector known, p50", ({ floor }) => withUnit(floor?.served.p50 ?? null, "ms")],
  ["the same, the question's vector known, p95", ({ floor }) => withUnit(floor?.served.p95 ?? null, "ms")],
  ["a bare hybrid query beside it, p50", ({ floor }) => withUnit(floor?.bare.p50 ?? null, "ms")],
  ["a bare hybrid query beside it, p95", ({ floor }) => withUnit(floor?.bare.p95 ?? null, "ms")],
  ["times the bare query, p50", ({ floor }) => floor === null ? "–" : short(floor.served.p50 / floor.bare.p50)],
  ["times the bare query, p95", ({ floor }) => floor === null ? "–" : short(floor.served.p95 / floor.bare.p95)],
  ["the store's part, p50", ({ store_part }) => withUnit(store_part.p50, "ms")],
  ["the store's part, p95", ({ store_part }) => withUnit(store_part.p95, "ms")],
  ["by vector alone, p50", ({ vector_part }) => withUnit(vector_part.p50, "ms")],
  ["recall of the vector part, best 10", ({ recall10 }) => recall10?.toFixed(3) ?? "–"],
  ["recall of the vector part, best 50", ({ recall50 }) => recall50?.toFixed(3) ?? "–"],
  ["resident memory of Unimem", ({ unimem_mb }) => withUnit(unimem_mb, "MB")],
  ["of Qdrant, its own", ({ server_own_mb }) => withUnit(server_own_mb, "MB")],
  ["of Qdrant, with its files in memory", ({ server_mb }) => withUnit(server_mb, "MB")],
  ["on disk", ({ disk_mb }) => withUnit(disk_mb, "MB")],
];

function withUnit(value: number | null, unit: string): string {
  return value === null ? "–" : `${short(value)} ${unit}`;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
