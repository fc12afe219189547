/** What an agent pays for tools and answers, counted by the bundled model's tokenizer. */

import { assert, assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import { TOOLS } from "../../src/tools/table.ts";
import { TextTokenizer } from "../../src/embedding/tokenizer.ts";
import { storeBatch } from "../../src/operations/store.ts";
import { type CallResult, type ListedTool, withClient } from "./clients.ts";

const files = new URL("../../models/all-MiniLM-L6-v2/", import.meta.url);
const read = (name: string) => JSON.parse(Deno.readTextFileSync(new URL(name, files))) as object;
const tokenizer = new TextTokenizer(
  { tokenizer: read("tokenizer.json"), config: read("tokenizer_config.json") },
  256,
);
const tokens = (text: string) => tokenizer.count(text);
const textOf = (result: CallResult) => result.content[0]!.text;

/** Memories as agents store them. */
const MEMORIES = [
  ["Staging runs PostgreSQL 16 since the upgrade of 12 May; production follows in June.", "decision", "infra,database"],
  ["Kiran prefers pull requests under 300 lines and wants tests in the same commit.", "preference", "review"],
  ["The payment webhook failed because the secret had a trailing newline; trim it when it is read.", "note", "bugs"],
  ["Deploys to production run on Thursdays at 10:00 UTC, after the smoke tests of the night.", "note", "deploy,ops"],
  ["The customer Atlas Freight pays per shipment and must never see other customers' rates.", "note", "atlas"],
  ["We chose Hono over Express because it runs on Deno without a shim.", "decision", "http,architecture"],
  ["Logs are kept for 30 days; legal asked for 90 days for the audit trail alone.", "decision", "logs,legal"],
  ["The nightly import takes 40 minutes; most of it is the geocoding of addresses.", "note", "import"],
  ["Ben is on leave until 3 August, Dana answers questions about billing meanwhile.", "note", "people,billing"],
  ["Feature flags live in flags.json; never read them from the environment.", "reference", "flags"],
] as const;

async function withMemories(
  body: (result: (args: Record<string, unknown>, tool?: string) => Promise<CallResult>) => Promise<void>,
) {
  await withClient(async (client, runtime) => {
    await storeBatch(runtime, {
      memories: MEMORIES.map(([content, memory_type, tags]) => ({
        content,
        memory_type,
        tags: tags.split(","),
        metadata: {},
      })),
    });
    await body((args, tool = "search") => client.call(tool, args));
  });
}

/** Tokens of an answer beside the contents it holds, for each of them. */
function costOf(text: string): { shown: number; each: number } {
  const contents = MEMORIES.map(([content]) => content).filter((content) => text.includes(content));
  const own = contents.reduce((sum, content) => sum + tokens(content), 0);
  return { shown: contents.length, each: (tokens(text) - own) / contents.length };
}

Deno.test("a result costs its content and at most 30 tokens, the answer's first line included", async () => {
  await withMemories(async (search) => {
    for (
      const args of [
        { query: "When do we deploy to production?" },
        { query: "What does Kiran want in a review?", page_size: 5 },
        { mode: "recent" },
        { mode: "tag", tags: ["infra", "ops", "logs", "people", "http"] },
      ]
    ) {
      const text = textOf(await search(args)), { shown, each } = costOf(text);
      assert(shown >= 5, text);
      assert(each <= 30, `${each} tokens a result: ${text}`);
      for (const [content] of MEMORIES) assertLess(text.split(content).length, 3, "a content stands there once");
    }
    // The first line is paid for once: three results carry it; one and two cost little more.
    for (const [page_size, most] of [[1, 40], [2, 33], [3, 30], [10, 30]] as const) {
      const text = textOf(await search({ query: "When do we deploy to production?", page_size }));
      const { shown, each } = costOf(text);
      assertEquals(shown, page_size, text);
      assert(each <= most, `${each} tokens for each of ${page_size}: ${text}`);
    }
    const listed = textOf(await search({ output: "compact" }, "list_memories"));
    assert(costOf(listed).each <= 30, listed);
    assertStringIncludes(listed, "#database");
  });
});

Deno.test("the profile core costs less than 1,200 tokens in all, and full little more than half of what it was", async () => {
  const listed = async (profile: "core" | "full") => {
    let tools: ListedTool[] = [];
    await withClient(async (client) => void (tools = await client.list()), {
      settings: { tools: { profile, output: "auto", structured: "auto" } },
    });
    return tools;
  };
  const core = await listed("core"), full = await listed("full");
  assertEquals(core.map(({ name }) => name), ["store_memory", "search", "fetch", "delete_memory", "memory_supersede"]);
  const sent = core.map(({ name, description, inputSchema }) => ({ name, description, inputSchema }));
  const cost = tokens(JSON.stringify(sent));
  assert(cost < 1200, `core costs ${cost} tokens`);
  assert(core.every(({ outputSchema }) => outputSchema === undefined));
  const { length } = JSON.stringify(full);
  assert(length < 19_500, `full has ${length} characters`);
  assert(full.length <= 15);
  assertEquals(full.length, TOOLS.length);
});
