/**
 * What recall by hooks injects: questions as prompts against a store that holds their sessions and as much foreign text,
 * through the hook's own recall over REST. See README.md beside this file.
 *
 * @module
 */

import { basename } from "node:path";
import { parseArgs } from "node:util";
import { HookFolder } from "../src/hooks/folder.ts";
import { recall } from "../src/hooks/recall.ts";
import { Budget, HookService } from "../src/hooks/service.ts";
import { contentHash } from "../src/memory/hash.ts";
import { labelEnd, labelledRole } from "../src/memory/role.ts";
import { estimateTokens } from "../src/memory/sizing.ts";
import { TURN_TYPE } from "../src/memory/turn.ts";
import { type Dataset, type Doc, readDataset } from "./lib/dataset.ts";
import { describe, machine } from "./lib/machine.ts";
import { inTemporaryFolder, sleep } from "./lib/process.ts";
import { writeReadme } from "./lib/results.ts";
import { bootstrap, type Estimate, mean, percentile } from "./lib/stats.ts";
import { table } from "./lib/table.ts";
import { startUnimem, untilMeaning } from "./lib/unimem.ts";

const USAGE = `Usage: deno run -A bench/hook_recall.ts FILE... [options]

  FILE           sets as for bench:retrieval; each is asked in a store of its own, which holds as much text of the next one.
                 Questions of the sets that are not in the store are its foreign prompts, as are those of --foreign
  --foreign FILE a set whose questions alone are asked, as foreign prompts; may be repeated
  --questions N  ask the first N questions of each set only
  --every N      ask every Nth foreign question only
  --readme       put the table into bench/README.md`;

/** Longest turn that a hook captures, in characters. */
const MAX_TURN = 200_000;
const SPACE = "bench", SOURCE = "claude-code", AT_ONCE = 100;
/** Generous: what is measured is what comes, and how soon. */
const BUDGET_MS = 60_000;

/** What a prompt was given. */
interface Injected {
  ids: string[];
  tokens: number;
  ms: number;
}

/** A row of the table. */
interface Row {
  name: string;
  memories: number;
  /** Shares of the set's own prompts. */
  evidence: Estimate;
  injected: Estimate;
  /** Share of what was injected that is evidence. */
  precision: number;
  tokens: number;
  p50: number;
  p95: number;
  /** Share of foreign prompts with nothing injected, by their set. */
  silent: Record<string, Estimate>;
}

async function main(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      foreign: { type: "string", multiple: true, default: [] },
      questions: { type: "string" },
      every: { type: "string", default: "1" },
      readme: { type: "boolean", default: false },
    },
  });
  if (positionals.length < 2) {
    console.error(USAGE);
    Deno.exit(2);
  }
  const most = Number(values.questions ?? Infinity);
  const read = async (paths: string[]) => {
    const found: [string, Dataset][] = [];
    for (const path of paths) found.push([basename(path, ".json"), await readDataset(path)]);
    return found;
  };
  const sets = await read(positionals), foreign = await read(values.foreign), rows: Row[] = [];
  for (const [i, [name, set]] of sets.entries()) {
    const [otherName, other] = sets[(i + 1) % sets.length]!;
    const others = [...sets.filter(([own]) => own !== name && own !== otherName), ...foreign];
    rows.push(await measure(name, set, other, others, { most, every: Number(values.every) }));
    console.error(JSON.stringify(rows.at(-1)));
  }
  const names = [...new Set(rows.flatMap(({ silent }) => Object.keys(silent)))];
  const text = table(
    [
      ...["set", "turns in the store", "prompts with evidence", "with anything", "of it evidence", "tokens a prompt"],
      ...["ms, p50", "p95", ...names.map((name) => `nothing for ${name}'s`)],
    ],
    rows.map((row) => [
      ...[row.name, String(row.memories), cell(row.evidence), cell(row.injected), (100 * row.precision).toFixed(1)],
      ...[row.tokens.toFixed(0), row.p50.toFixed(0), row.p95.toFixed(0)],
      ...names.map((name) => cell(row.silent[name])),
    ]),
  );
  console.log(text);
  const facts = `${new Date().toISOString().slice(0, 10)}. Machine: ${describe(machine())}.`;
  if (values.readme) await writeReadme({ "hook-recall": `${facts}\n\n${text}` });
}

function measure(
  name: string,
  { docs, qs }: Dataset,
  other: Dataset,
  foreign: readonly [string, Dataset][],
  { most, every }: { most: number; every: number },
): Promise<Row> {
  return inTemporaryFolder(async (folder) => {
    await using unimem = await startUnimem(folder);
    await untilMeaning(unimem);
    const service = (await HookService.find(folder, new Budget(performance.now() + BUDGET_MS)))!,
      ids = new Map<string, string>();
    // Whole conversations of the other set, until there is as much of it.
    const asMuch = other.docs.slice(0, docs.length);
    console.error(`Storing ${docs.length} turns of ${name} and ${asMuch.length} others`);
    for (const [source, all] of [["own", docs], ["other", asMuch]] as const) {
      for (let at = 0; at < all.length; at += AT_ONCE) {
        const lines = all.slice(at, at + AT_ONCE).map((doc, i) => turnOf(doc, at + i, source, ids));
        const budget = new Budget(performance.now() + BUDGET_MS);
        const answer = await service.call("/api/import", { lines: lines.join("\n") }, { spaces: SPACE, budget });
        const { faults } = answer?.body as { faults: number };
        if (answer?.status !== 200 || faults > 0) throw new Error(`The import was answered ${JSON.stringify(answer)}`);
      }
    }
    await untilEmbedded(service);
    const ask = (prompt: string) => inject(service, folder, prompt, ids);
    console.error(`Sending ${qs.length} prompts`);
    const own: { injected: Injected; ev: readonly string[] }[] = [];
    for (const { q, ev } of qs.slice(0, most)) own.push({ injected: await ask(q), ev });
    const silent: Row["silent"] = {};
    for (const [set, { qs: questions }] of foreign) {
      const silences: number[] = [];
      const asked = questions.slice(0, most).filter((_, i) => i % every === 0);
      for (const { q } of asked) silences.push(Number((await ask(q)).ids.length === 0));
      silent[set] = bootstrap(silences);
    }
    const has = ({ injected: { ids }, ev }: typeof own[number]) => ids.filter((id) => ev.includes(id)).length;
    const ms = own.map(({ injected }) => injected.ms);
    return {
      name,
      memories: docs.length + asMuch.length,
      evidence: bootstrap(own.map((one) => Number(has(one) > 0))),
      injected: bootstrap(own.map(({ injected: { ids } }) => Number(ids.length > 0))),
      precision: own.reduce((sum, one) => sum + has(one), 0) /
        own.reduce((sum, one) => sum + one.injected.ids.length, 0),
      tokens: mean(own.map(({ injected: { tokens } }) => tokens)),
      p50: percentile(ms, 0.5),
      p95: percentile(ms, 0.95),
      silent,
    };
  });
}

/** Waits until every turn has its vectors. */
async function untilEmbedded(service: HookService): Promise<void> {
  for (;; await sleep(500)) {
    const budget = new Budget(performance.now() + BUDGET_MS);
    const answer = await service.call("/api/health/detailed", null, { spaces: SPACE, budget });
    const { embedding } = answer?.body as { embedding: { coverage: { memories: number; embedded: number } | null } };
    if (embedding.coverage !== null && embedding.coverage.embedded >= embedding.coverage.memories) return;
  }
}

/** A turn as a hook sends it. @param ids Takes which text it is, by its key. */
function turnOf({ t, id, conv }: Doc, number: number, source: string, ids: Map<string, string>): string {
  const role = labelledRole(t) ?? "user", content = t.slice(labelEnd(t)).slice(0, MAX_TURN).toWellFormed().trim();
  const metadata = { source: SOURCE, role, message_id: `${source}:${id}` };
  const content_hash = contentHash(content, { source: SOURCE, message_id: metadata.message_id });
  if (source === "own") ids.set(content_hash, id);
  const created_at = 1_700_000_000 + 60 * number, conversation_id = `${SOURCE}:${source}:${conv ?? "one"}`;
  return JSON.stringify({ content, content_hash, memory_type: TURN_TYPE, metadata, conversation_id, created_at });
}

let sessions = 0;
/** What a prompt is given at the start of a session of its own. */
async function inject(
  service: HookService,
  folder: string,
  prompt: string,
  ids: ReadonlyMap<string, string>,
): Promise<Injected> {
  const session = `prompt-${++sessions}`, began = performance.now();
  const event = { client: "claude-code", name: "prompt", own: "UserPromptSubmit", session, folder } as const;
  const budget = new Budget(began + BUDGET_MS), spaces = `${SPACE},default`;
  const options = { folder: new HookFolder(folder), service, spaces, budget };
  const found = await recall({ ...event, transcript: null, prompt }, options);
  if (found === undefined) throw new Error(`No answer to ${JSON.stringify(prompt)}`);
  const ms = performance.now() - began;
  if (found === null) return { ids: [], tokens: 0, ms };
  return { ids: found.given.map((hash) => ids.get(hash) ?? "foreign"), tokens: estimateTokens(found.context), ms };
}

function cell(estimate: Estimate | undefined): string {
  if (estimate === undefined) return "–";
  const percent = (value: number) => (100 * value).toFixed(1);
  return `${percent(estimate.mean)} (${percent(estimate.low)}–${percent(estimate.high)})`;
}

if (import.meta.main) await main(Deno.args);
