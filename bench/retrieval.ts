/**
 * How well and how fast Unimem finds: loads a set of texts over REST with 8 clients, asks its questions over MCP, and
 * prints the figures. See README.md beside this file.
 *
 * @module
 */

import { basename } from "node:path";
import { parseArgs } from "node:util";
import { type Dataset, readDataset, TextIds } from "./lib/dataset.ts";
import { glue } from "./lib/glue.ts";
import { describe, machine } from "./lib/machine.ts";
import { rankSessions, scoreSessions, scoreTurns, type SessionScores, type TurnScores } from "./lib/metrics.ts";
import { inTemporaryFolder, residentBytes } from "./lib/process.ts";
import { writeReadme } from "./lib/results.ts";
import { timed, withClients } from "./lib/rest.ts";
import {
  exchangesText,
  relevanceText,
  type Report,
  reportOf,
  reportText,
  summaryText,
} from "./lib/retrieval_report.ts";
import {
  connectMcp,
  retrieve,
  type Retrieved,
  startUnimem,
  type Unimem,
  untilEmbedded,
  untilMeaning,
} from "./lib/unimem.ts";

const USAGE = `Usage: deno task bench:retrieval FILE... [options]

  FILE            {"docs": [{"t", "id", "conv"?, "tags"?, "type"?}], "qs": [{"q", "ev": [id], "conv"?, "cat"?}]}
                  several files, or --glue, give one table with a row for each set
  --foreign N     also ask every Nth question of the other files, for which nothing should be relevant
  --glue N        also the guard set in which N turns of every second session are one text; may be repeated
  --mode MODE     hybrid (default), semantic or exact
  --filter WHAT   how a conversation is asked alone: by conversation (default) or tags
  --docs N        load the first N texts only
  --questions N   ask the first N questions only
  --clients N     store with N clients instead of 8; with 1, turns get exactly the order of the file
  --order ORDER   relevance: without what a question's own words say about time
  --exchanges     also with a message and its answer as one result, counted with the other turn and without it
  --env NAME=V    a setting for the service; may be repeated
  --json OUT      write the figures to a file
  --details       with every question's own scores
  --readme        put the tables into bench/README.md`;

const CLIENTS = 8;
/** Results that sessions are ranked from. */
const SESSION_RESULTS = 50;

/** What was asked, and how it was answered. */
export interface Answered {
  question: string;
  category: string | null;
  pool: TurnScores;
  /** Null where the question names no conversation. */
  alone: TurnScores | null;
  sessions: SessionScores | null;
  /** Of the pool what `min_relevance: auto` leaves. */
  auto: TurnScores;
  /** How many of all results are relevant. */
  relevant: number;
  /** The same by cosines alone, as most services rank; null without vectors. */
  cosines: { pool: TurnScores; alone: TurnScores | null } | null;
  /** R@10 with a message and its answer as one result; null where that wasn't asked for. */
  exchanges: { pool: ExchangeRecall; alone: ExchangeRecall | null } | null;
}

/** R@10 by the results alone, and with the other turn of each exchange. */
export interface ExchangeRecall {
  results: number;
  both: number;
}

interface Options {
  /** Questions that belong elsewhere, by the name of their set. */
  foreign: ReadonlyMap<string, readonly string[]>;
  mode: string;
  filter: string;
  env: Record<string, string>;
  clients: number;
  order: string | undefined;
  exchanges: boolean;
}

async function main(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      foreign: { type: "string" },
      glue: { type: "string", multiple: true, default: [] },
      mode: { type: "string", default: "hybrid" },
      filter: { type: "string", default: "conversation" },
      order: { type: "string" },
      exchanges: { type: "boolean", default: false },
      docs: { type: "string" },
      questions: { type: "string" },
      clients: { type: "string", default: String(CLIENTS) },
      env: { type: "string", multiple: true, default: [] },
      json: { type: "string" },
      details: { type: "boolean", default: false },
      readme: { type: "boolean", default: false },
    },
  });
  const sizes = values.glue.map(Number);
  if (
    positionals.length === 0 || !sizes.every((size) => Number.isInteger(size) && size > 1) ||
    !["conversation", "tags"].includes(values.filter)
  ) {
    console.error(USAGE);
    Deno.exit(2);
  }
  const env = Object.fromEntries(values.env.map((pair) => [pair.split("=", 1)[0]!, pair.slice(pair.indexOf("=") + 1)]));
  const read = new Map<string, Dataset>();
  for (const file of positionals) read.set(basename(file, ".json"), await readDataset(file));
  const every = Number(values.foreign ?? Infinity);
  const foreignTo = (name: string) =>
    new Map(
      [...read].filter(([other]) => other !== name && values.foreign !== undefined)
        .map(([other, { qs }]) => [other, qs.filter((_, i) => i % every === 0).map(({ q }) => q)]),
    );
  const measured: { name: string; report: Report; answered: Answered[] }[] = [];
  for (const [name, all] of read) {
    const foreign = foreignTo(name);
    const sets = [
      { name, data: all },
      ...sizes.map((size) => ({ name: `${name}, glued ${size}`, data: glue(all, size) })),
    ];
    for (const { name, data: { docs, qs } } of sets) {
      console.error(`Measuring ${name}`);
      const data = { docs: docs.slice(0, count(values.docs)), qs: qs.slice(0, count(values.questions)) };
      const { mode, filter, order, exchanges } = values, clients = Number(values.clients);
      measured.push({ name, ...await measure(data, { mode, filter, order, exchanges, env, foreign, clients }) });
    }
  }
  const text = measured.length === 1
    ? reportText(measured[0]!.report)
    : [summaryText(measured), relevanceText(measured)].join("\n\n");
  console.log(text);
  if (values.exchanges) console.log(`\n${exchangesText(measured)}`);
  if (values.readme) {
    const facts = `${new Date().toISOString().slice(0, 10)}. Machine: ${describe(machine())}.`;
    await writeReadme({ [measured.length === 1 ? "retrieval" : "retrieval-sets"]: `${facts}\n\n${text}` });
  }
  if (values.json !== undefined) {
    const kept = measured.map(({ name, report, answered }) =>
      values.details ? { name, ...report, answered } : { name, ...report }
    );
    await Deno.writeTextFile(values.json, `${JSON.stringify(kept.length === 1 ? kept[0] : kept)}\n`);
  }
}

function measure(data: Dataset, options: Options): Promise<{ report: Report; answered: Answered[] }> {
  return inTemporaryFolder(async (folder) => {
    await using service = await startUnimem(folder, options.env);
    const meaningMs = await untilMeaning(service);
    console.error(`Storing ${data.docs.length} texts with ${options.clients} clients`);
    const storeMs = await timed(() => load(service, data, options.clients));
    await untilEmbedded(service);
    const resident = await residentBytes(service.pid);
    console.error(`Asking ${data.qs.length} questions`);
    const { answered, searchMs, silenced } = await ask(service, data, options);
    const report = reportOf(answered, {
      silenced,
      mode: options.mode,
      texts: data.docs.length,
      start_ms: service.startMs,
      meaning_ms: meaningMs,
      store_per_second: data.docs.length / storeMs * 1000,
      resident_mb: resident / 1e6,
      search_ms: searchMs,
    });
    return { report, answered };
  });
}

async function load({ rest }: Unimem, { docs }: Dataset, clients: number): Promise<void> {
  await withClients(clients, docs, async ({ t, conv, tags, type }) => {
    await rest.store({
      content: t,
      tags: [...tags ?? [], ...conv == null ? [] : [conv]],
      ...(type == null ? {} : { memory_type: type }),
      ...(conv == null ? {} : { conversation_id: conv }),
    });
  });
}

async function ask(
  service: Unimem,
  { docs, qs }: Dataset,
  { mode, filter, order, exchanges, foreign }: Options,
): Promise<{ answered: Answered[]; searchMs: number[]; silenced: Record<string, boolean[]> }> {
  const ids = new TextIds(docs), answered: Answered[] = [], searchMs: number[] = [];
  const silenced: Record<string, boolean[]> = {};
  const client = await connectMcp(service), how = { mode, detail: "ids", ...order === undefined ? {} : { order } };
  const withExchanges = async (q: string, ev: readonly string[], where: Record<string, unknown>) => {
    const found = await retrieve(client, { query: q, page_size: 10, exchanges: true, ...how, ...where });
    const results = found.hashes.map((hash) => ids.of(hash));
    const both = found.exchanges.map((other, i) => other === null ? results[i]! : results[i]!.union(ids.of(other)));
    return { results: scoreTurns(results, ev).r10, both: scoreTurns(both, ev).r10 };
  };
  try {
    for (const { q, ev, conv, cat } of qs) {
      let found: Retrieved = { hashes: [], exchanges: [], relevant: 0 }, alone: string[] = [];
      searchMs.push(await timed(async () => found = await retrieve(client, { query: q, page_size: 10, ...how })));
      const pool = found.hashes.map((hash) => ids.of(hash));
      if (conv != null) {
        const where = filter === "tags" ? { tags: [conv] } : { conversation_id: conv };
        alone = (await retrieve(client, { query: q, page_size: SESSION_RESULTS, ...how, ...where })).hashes;
      }
      const byCosine = async (where: Record<string, unknown>) =>
        mode === "hybrid" ? await service.rest.nearest(q, where) : [];
      const pooled = await byCosine({});
      const within = conv == null ? null : alone.map((hash) => ids.within(conv, hash));
      answered.push({
        question: q,
        category: cat == null ? null : String(cat),
        pool: scoreTurns(pool, ev),
        auto: scoreTurns(pool.slice(0, found.relevant), ev),
        relevant: found.relevant,
        alone: within && scoreTurns(within, ev),
        sessions: within && scoreSessions(rankSessions(within), ev),
        cosines: pooled.length === 0 ? null : {
          pool: scoreTurns(pooled.map((hash) => ids.of(hash)), ev),
          alone: conv == null ? null : scoreTurns(
            (await byCosine({ conversation_id: conv })).map((hash) => ids.within(conv, hash)),
            ev,
          ),
        },
        exchanges: !exchanges ? null : {
          pool: await withExchanges(q, ev, {}),
          alone: conv == null ? null : await withExchanges(q, ev, { conversation_id: conv }),
        },
      });
    }
    for (const [name, questions] of foreign) {
      silenced[name] = [];
      for (const query of questions) {
        silenced[name].push((await retrieve(client, { query, page_size: 1, ...how })).relevant === 0);
      }
    }
  } finally {
    await client.close();
  }
  return { answered, searchMs, silenced };
}

/** An optional number of items; all without it. */
function count(text: string | undefined): number {
  return text === undefined ? Infinity : Number(text);
}

if (import.meta.main) await main(Deno.args);
