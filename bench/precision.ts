/**
 * Whether an agent gets what fits and nothing else: runs PrecisionMemBench over MCP. Beliefs are memories, their scopes
 * are tags, what replaced a belief supersedes it, and every case is one search with `min_relevance`. See README.md.
 *
 * @module
 */

import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { inTemporaryFolder } from "./lib/process.ts";
import { mean } from "./lib/stats.ts";
import { table } from "./lib/table.ts";
import { connectMcp, startUnimem, untilEmbedded, untilMeaning } from "./lib/unimem.ts";

const USAGE = `Usage: deno task bench:precision FOLDER [--min-relevance auto|NUMBER] [--details]

  FOLDER   holds beliefs.seed.json, retrieval.cases.json and session-retrieval.cases.json of PrecisionMemBench`;

const Belief = z.object({
  _id: z.string(),
  user_id: z.string(),
  type: z.string(),
  canonical_name: z.string(),
  aliases: z.array(z.string()),
  content: z.string(),
  scope: z.array(z.string()),
  pinned: z.boolean(),
  resolved_at: z.string().nullable(),
  superseded_by: z.string().nullable(),
});
type Belief = z.infer<typeof Belief>;

const Expected = z.object({
  relevantBeliefs: z.object({
    shouldOnlyInclude: z.array(z.string()).optional(),
    mustExclude: z.array(z.string()).optional(),
  }).optional(),
  noiseCheck: z.object({ mustNotSurface: z.array(z.string()) }).optional(),
});
const Case = z.object({
  caseId: z.string(),
  category: z.string(),
  scope: z.array(z.string()),
  query: z.string(),
  userId: z.string().optional(),
  budget: z.unknown().optional(),
  expect: Expected,
});
const Session = z.object({
  caseId: z.string(),
  turns: z.array(z.object({
    turnIndex: z.int(),
    scope: z.array(z.string()),
    userMessage: z.string(),
    expect: Expected,
    createBeliefAtTurn: Belief.optional(),
    updateBeliefAtTurn: z.object({ beliefId: z.string(), addAliases: z.array(z.string()) }).optional(),
  })),
});

/** What is asked, and what may come. */
interface Ask {
  id: string;
  category: string;
  query: string;
  scope: string[];
  user: string;
  /** Beliefs that should come; null where a case only says what mustn't. */
  expected: string[] | null;
  excluded: string[];
}

/** Scores of a case, each 0 to 1. */
export interface PrecisionScores {
  precision: number;
  /** Null where nothing should come. */
  recall: number | null;
}

/** Nothing where nothing fits is perfect; anything there, and nothing where something fits, is worth 0. */
export function scorePrecision(found: readonly string[], expected: readonly string[]): PrecisionScores {
  const right = found.filter((id) => expected.includes(id)).length;
  if (expected.length === 0) return { precision: found.length === 0 ? 1 : 0, recall: null };
  return { precision: found.length === 0 ? 0 : right / found.length, recall: right / expected.length };
}

async function main(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      "min-relevance": { type: "string", default: "auto" },
      details: { type: "boolean", default: false },
    },
  });
  const [folder] = positionals;
  if (folder === undefined) {
    console.error(USAGE);
    Deno.exit(2);
  }
  const least = values["min-relevance"] === "auto" ? "auto" : Number(values["min-relevance"]);
  const scored = await run(folder, least, values.details);
  const categories = [...new Set(scored.map(({ category }) => category))];
  const row = (name: string, cases: typeof scored) => {
    const recalls = cases.flatMap(({ recall }) => recall ?? []);
    return [
      name,
      String(cases.length),
      mean(cases.map(({ precision }) => precision)).toFixed(2),
      recalls.length === 0 ? "–" : mean(recalls).toFixed(2),
    ];
  };
  console.log(table(["category", "cases", "mean precision", "mean recall"], [
    row("all", scored),
    ...categories.map((name) => row(name, scored.filter(({ category }) => category === name))),
  ]));
}

/** Asks every case; those of sessions last and in order, for they add beliefs. */
function run(folder: string, least: number | "auto", details: boolean): Promise<(Ask & PrecisionScores)[]> {
  return inTemporaryFolder(async (data) => {
    const read = async (name: string) => JSON.parse(await Deno.readTextFile(join(folder, name)));
    const beliefs = z.array(Belief).parse(await read("beliefs.seed.json"));
    const cases = z.array(Case).parse(await read("retrieval.cases.json"));
    const sessions = z.array(Session).parse(await read("session-retrieval.cases.json"));
    await using service = await startUnimem(data);
    await untilMeaning(service);
    const client = await connectMcp(service);
    try {
      const store = new Beliefs(client);
      for (const belief of beliefs) await store.add(belief);
      await store.supersede(beliefs);
      await untilEmbedded(service);
      const scored: (Ask & PrecisionScores)[] = [], user = beliefs[0]!.user_id;
      const score = async (ask: Ask) => {
        const found = await store.find(ask, least);
        if (details) console.error(ask.id, JSON.stringify(ask.expected), "found", JSON.stringify(found));
        const wrong = found.some((id) => ask.excluded.includes(id));
        const scores = ask.expected === null
          ? { precision: wrong ? 0 : 1, recall: null }
          : scorePrecision(found, ask.expected);
        scored.push({ ...ask, ...scores });
      };
      for (const { caseId: id, category, query, scope, userId, expect } of cases) {
        await score({ id, category, query, scope, user: userId ?? user, ...expectedOf(expect) });
      }
      for (const { caseId, turns } of sessions) {
        for (const { turnIndex, scope, userMessage: query, expect, ...changes } of turns) {
          const id = `${caseId}/${turnIndex}`;
          await score({ id, category: "Sessions", query, scope, user, ...expectedOf(expect) });
          if (changes.createBeliefAtTurn) await store.add(changes.createBeliefAtTurn);
          if (changes.updateBeliefAtTurn) await store.rename(changes.updateBeliefAtTurn);
        }
      }
      return scored;
    } finally {
      await client.close();
    }
  });
}

function expectedOf({ relevantBeliefs, noiseCheck }: z.infer<typeof Expected>): Pick<Ask, "expected" | "excluded"> {
  return {
    expected: relevantBeliefs?.shouldOnlyInclude ?? null,
    excluded: [...relevantBeliefs?.mustExclude ?? [], ...noiseCheck?.mustNotSurface ?? []],
  };
}

/** Beliefs as memories. Pinned ones are always in an agent's prompt and open questions are listed, so neither is searched. */
class Beliefs {
  readonly #client: Client;
  readonly #beliefs = new Map<string, Belief>();
  /** Keys of memories by the ids of beliefs, and the other way round. */
  readonly #keys = new Map<string, string>();
  readonly #ids = new Map<string, string>();

  constructor(client: Client) {
    this.#client = client;
  }

  async add(belief: Belief): Promise<void> {
    const { _id, user_id, type, canonical_name, aliases, content, scope, pinned, resolved_at } = belief;
    const names = [canonical_name.replaceAll("_", " "), ...aliases].join(", ");
    const { result } = await this.#call<{ result: { content_hash: string } }>("store_memory", {
      content: `${content} (${names})`,
      tags: scope,
      memory_type: type,
      metadata: { user: user_id, searched: !pinned && type !== "open_question" && resolved_at === null },
    });
    this.#beliefs.set(_id, belief);
    this.#keys.set(_id, result.content_hash);
    this.#ids.set(result.content_hash, _id);
  }

  async supersede(beliefs: readonly Belief[]): Promise<void> {
    for (const { _id, superseded_by } of beliefs) {
      const [old_id, new_id] = [this.#keys.get(_id), this.#keys.get(superseded_by ?? "")];
      if (superseded_by === null || new_id === undefined) continue;
      await this.#call("memory_supersede", { old_id, new_id });
    }
  }

  /** Stores a belief anew with more names. */
  async rename({ beliefId, addAliases }: { beliefId: string; addAliases: string[] }): Promise<void> {
    const belief = this.#beliefs.get(beliefId);
    if (belief === undefined) return;
    await this.#call("delete_memory", { content_hash: this.#keys.get(beliefId) });
    await this.add({ ...belief, aliases: [...belief.aliases, ...addAliases] });
  }

  async find({ query, scope, user }: Ask, min_relevance: number | "auto"): Promise<string[]> {
    if (query.trim() === "") return [];
    const { memories } = await this.#call<{ memories: { content_hash: string }[] }>("retrieve_memory", {
      query,
      tags: scope,
      metadata: { user, searched: true },
      min_relevance,
    });
    return memories.map(({ content_hash }) => this.#ids.get(content_hash)!);
  }

  async #call<T>(name: string, args: Record<string, unknown>): Promise<T> {
    const answer = await this.#client.callTool({ name, arguments: args });
    if (answer.isError) throw new Error(`${name} failed: ${JSON.stringify(answer.content)}`);
    return answer.structuredContent as T;
  }
}

if (import.meta.main) await main(Deno.args);
