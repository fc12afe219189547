import assert from "node:assert/strict";
import { test } from "node:test";
import { unimemTools } from "../src/adapters/ai.ts";
import { freshClient } from "./service.ts";

const CALL = { toolCallId: "1", messages: [] };

test("a model's calls store, find and forget", async () => {
  const client = freshClient();
  const tools = unimemTools(client, { tags: ["agent"] });
  assert.deepEqual(Object.keys(tools), ["searchMemory", "storeMemory", "forgetMemory"]);
  const { storeMemory, searchMemory, forgetMemory } = tools as Required<typeof tools>;
  const run = (tool: { execute?: unknown }, input: unknown) =>
    (tool.execute as (input: unknown, call: typeof CALL) => Promise<Record<string, unknown>>)(input, CALL);
  const stored = await run(storeMemory!, { content: "Staging runs PostgreSQL 16.", tags: ["infra"], type: "note" });
  assert.equal(stored.stored, true);
  assert.equal((await run(storeMemory!, { content: "Staging runs PostgreSQL 16." })).stored, false);
  const found = await run(searchMemory, { query: "which database runs on staging?" });
  const [memory] = found.memories as Record<string, unknown>[];
  assert.deepEqual([memory!.content, memory!.tags, memory!.type], [
    "Staging runs PostgreSQL 16.",
    ["agent", "infra"],
    "note",
  ]);
  await run(forgetMemory!, { key: memory!.key });
  assert.equal((await client.list()).total, 0);
});

test("a model that may only read gets no tool that changes something", () => {
  assert.deepEqual(Object.keys(unimemTools(freshClient(), { readOnly: true })), ["searchMemory"]);
});
