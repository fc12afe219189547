/**
 * Whether questions about what changed find the right statement first: stores dated memories over REST and asks what
 * holds now, what held before, when, and in which order, over MCP, with and without what the question's words say about
 * time. See README.md.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { readDataset, TextIds } from "./lib/dataset.ts";
import { describe, machine } from "./lib/machine.ts";
import { type DatedScores, scoreDated } from "./lib/metrics.ts";
import { inTemporaryFolder } from "./lib/process.ts";
import { withClients } from "./lib/rest.ts";
import { writeReadme } from "./lib/results.ts";
import { mean } from "./lib/stats.ts";
import { table } from "./lib/table.ts";
import { connectMcp, retrieve, startUnimem, untilEmbedded, untilMeaning } from "./lib/unimem.ts";
import { contentHash } from "../src/memory/hash.ts";

const USAGE = `Usage: deno task bench:dated [FILE...] [options]

  FILE        {"docs": [{"t", "id", "at"}], "qs": [{"q", "ev": [id], "cat"}]}; without one those of bench/dated
  --misses    with the questions whose first result is wrong
  --readme    put the table into bench/README.md`;

const FILES = ["tuned", "held_out"].map((name) => new URL(`./dated/${name}.json`, import.meta.url).pathname);
/** By relevance alone, by the question's words too, and the page in order of time. */
const ORDERS = { relevance: { order: "relevance" }, words: {}, time: { order: "time" } } as const;
type Order = keyof typeof ORDERS;

/** A question and how it was answered in each order. */
interface Asked {
  question: string;
  category: string;
  scores: Record<Order, DatedScores>;
  first: string;
}

async function main(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { misses: { type: "boolean" }, readme: { type: "boolean" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help) {
    console.error(USAGE);
    Deno.exit(2);
  }
  const texts: string[] = [];
  for (const file of positionals.length > 0 ? positionals : FILES) {
    const asked = await inTemporaryFolder((folder) => measure(file, folder));
    texts.push(`\`${file.split("/").at(-1)}\`\n\n${reportText(asked)}`);
    console.log(texts.at(-1));
    if (!values.misses) continue;
    for (const { question, scores, first } of asked) {
      if (scores.words.first === 0) console.log(`- ${question}\n  ${first}`);
    }
  }
  if (values.readme) {
    const facts = `${new Date().toISOString().slice(0, 10)}. Machine: ${describe(machine())}.`;
    await writeReadme({ dated: [facts, ...texts].join("\n\n") });
  }
}

async function measure(file: string, folder: string): Promise<Asked[]> {
  const { docs, qs } = await readDataset(file), ids = new TextIds(docs);
  const texts = new Map(docs.map(({ t }) => [contentHash(t), t]));
  await using service = await startUnimem(folder);
  await untilMeaning(service);
  await withClients(4, docs, async ({ t, at, conv }) => {
    await service.rest.store({
      content: t,
      ...(at == null ? {} : { created_at: at }),
      ...(conv == null ? {} : { conversation_id: conv }),
    });
  });
  await untilEmbedded(service);
  const client = await connectMcp(service), asked: Asked[] = [];
  try {
    for (const { q, ev, cat } of qs) {
      const found = async (order: Order) =>
        (await retrieve(client, { query: q, page_size: 10, ...ORDERS[order] })).hashes;
      const hashes = { relevance: await found("relevance"), words: await found("words"), time: await found("time") };
      const scored = (order: Order) =>
        scoreDated(hashes[order].map((hash) => ids.of(hash)), ev, { inOrder: cat === "order" });
      asked.push({
        question: q,
        category: String(cat),
        scores: { relevance: scored("relevance"), words: scored("words"), time: scored("time") },
        first: texts.get(hashes.words[0] ?? "") ?? "",
      });
    }
  } finally {
    await client.close();
  }
  return asked;
}

function reportText(asked: readonly Asked[]): string {
  const percent = (values: number[]) => (100 * mean(values)).toFixed(1);
  const row = (name: string, some: readonly Asked[]) => [
    name,
    String(some.length),
    ...(["first", "ndcg"] as const).flatMap((figure) =>
      (Object.keys(ORDERS) as Order[]).map((order) => percent(some.map(({ scores }) => scores[order][figure])))
    ),
  ];
  const categories = [...new Set(asked.map(({ category }) => category))].sort();
  return table(
    ["category", "n", "first right", "by words", "by time", "nDCG@10", "by words", "by time"],
    [
      row("all", asked),
      ...categories.map((name) => row(name, asked.filter(({ category }) => category === name))),
    ],
  );
}

if (import.meta.main) await main(Deno.args);
