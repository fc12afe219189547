import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { estimateTokens } from "../../src/memory/sizing.ts";
import { contentHash } from "../../src/memory/hash.ts";
import { plain } from "../storage/fixtures.ts";
import { openClient, type TestClient } from "./client.ts";

async function call(client: TestClient, name: string, args: unknown = {}) {
  const params = { name, arguments: args };
  const { json } = await client.send("POST", "/mcp", { jsonrpc: "2.0", id: 1, method: "tools/call", params });
  return json.error === undefined ? JSON.parse(json.result.content[0].text) : json.error;
}

Deno.test("every tool of the JSON-RPC route works, and its effects are those of REST", async () => {
  await using client = await openClient();
  const stored = await call(client, "store_memory", { content: "Kestrels nest in boxes.", tags: ["birds"] });
  assertEquals(stored.success, true);
  assertEquals((await client.get(`/api/memories/${stored.content_hash}`)).json.tags, ["birds"]);
  assertEquals((await call(client, "retrieve_memory", { query: "kestrel", limit: 2 })).total_found, 1);
  assertEquals((await call(client, "recall_memory", { query: "yesterday" })).results, []);
  assertEquals(
    (await call(client, "recall_memory", { query: "what about kestrels did we say this morning or today?" }))
      .total_found,
    1,
  );
  assertEquals((await call(client, "recall_memory", { query: "today" })).results[0].tags, ["birds"]);
  assertEquals((await call(client, "search_by_tag", { tags: ["birds", "cats"], operation: "OR" })).total_found, 1);
  assertEquals((await call(client, "search_by_tag", { tags: ["birds", "cats"] })).total_found, 0);
  assertEquals((await call(client, "list_memories", { page_size: 1 })).memories[0].content, "Kestrels nest in boxes.");
  assertEquals((await call(client, "check_database_health")).statistics.total_memories, 1);
  assertEquals((await call(client, "delete_memory", { content_hash: stored.content_hash })).success, true);
  assertEquals((await call(client, "delete_memory", { content_hash: stored.content_hash })).success, false);
  assertEquals((await client.get("/api/manage/trash")).json.total, 1);
});

Deno.test("tools of the JSON-RPC route give results oldest first on request", async () => {
  await using client = await openClient();
  for (const [day, content] of [["2024-01-01", "Kestrels left."], ["2026-01-01", "Kestrels came."]]) {
    await client.store(content!, { tags: ["birds"], created_at: day });
  }
  for (
    const [tool, args] of [
      ["retrieve_memory", { query: "kestrels came" }],
      ["recall_memory", { query: "since 2023" }],
      ["recall_memory", { query: "kestrels since 2023" }],
      ["search_by_tag", { tags: ["birds"] }],
    ] as const
  ) {
    const { results } = await call(client, tool, { ...args, order: "time" });
    assertEquals(
      results.map(({ content }: { content: string }) => content),
      ["Kestrels left.", "Kestrels came."],
      tool,
    );
  }
  assertEquals((await call(client, "search_by_tag", { tags: ["birds"] })).results[0].content, "Kestrels came.");
});

Deno.test("errors of the JSON-RPC route say what is wrong, under status 200", async () => {
  await using client = await openClient();
  assertStringIncludes((await call(client, "nonexistent")).message, "Unknown tool: nonexistent");
  const fault = await call(client, "store_memory", { content: "" });
  assertEquals(fault.code, -32602);
  assertStringIncludes(fault.message, "content");
  assertEquals((await call(client, "search_by_tag", { tags: [] })).code, -32602);
  const unknown = await client.send("POST", "/mcp/", { id: "a", method: "nope" });
  assertEquals([unknown.status, unknown.json.id, unknown.json.error.code], [200, "a", -32601]);
  const note = await client.send("POST", "/mcp", { jsonrpc: "2.0", method: "notifications/initialized" });
  assertEquals([note.status, note.text], [202, ""]);
  assertEquals((await client.send("POST", "/mcp", { id: 1 })).status, 422);
});

Deno.test("the JSON-RPC route lists its tools and tells its health", async () => {
  await using client = await openClient();
  const { tools, protocol } = (await client.get("/mcp/tools")).json;
  const { json } = await client.send("POST", "/mcp", { id: 1, method: "tools/list" });
  assertEquals([protocol, json.result.tools], ["mcp", tools]);
  assert(tools.every((tool: { inputSchema: { type: string } }) => tool.inputSchema.type === "object"));
  const health = (await client.get("/mcp/health")).json;
  assertEquals([health.status, health.tools_available], ["healthy", tools.length]);
  const { json: begun } = await client.send("POST", "/mcp", { id: 1, method: "initialize", params: {} });
  assertEquals(begun.result.protocolVersion, "2024-11-05");
});

Deno.test("an answer of the JSON-RPC route costs at most 20,000 tokens, and says how to get what is missing", async () => {
  await using client = await openClient();
  const now = Date.now() / 1000;
  const contents = Array.from({ length: 30 }, (_, i) => `Crane log ${i}. ${"The crane was greased. ".repeat(900)}`);
  await client.runtime.storage.store(
    contents.map((content, i) =>
      plain(i, { content, content_hash: contentHash(content), tags: ["crane"], created_at: now - 30 + i })
    ),
  );
  for (
    const [tool, args, field] of [
      ["retrieve_memory", { query: "crane log greased", limit: 30 }, "results"],
      ["recall_memory", { query: "today", n_results: 30 }, "results"],
      ["recall_memory", { query: "crane log greased today", n_results: 30 }, "results"],
      ["search_by_tag", { tags: ["crane"] }, "results"],
      ["list_memories", { page_size: 30 }, "memories"],
    ] as const
  ) {
    const params = { name: tool, arguments: args };
    const { json } = await client.send("POST", "/mcp", { id: 1, method: "tools/call", params });
    const text = json.result.content[0].text as string, answer = JSON.parse(text), given = answer[field];
    assert(estimateTokens(text) <= 20_000, `${tool}: ${estimateTokens(text)} tokens`);
    assertEquals([given.length + answer.omitted, answer.total_found, answer.truncated], [30, 30, true], tool);
    // What clients of this route read is there in every result.
    for (const { content, content_hash, tags, created_at } of given) {
      assert(content.length > 200 && typeof created_at === "string");
      assertEquals([tags, content_hash.length], [["crane"], 64]);
    }
    const whole = given.filter(({ content_length }: { content_length?: number }) => content_length === undefined);
    assert(whole.length >= 3, `${tool}: ${whole.length} whole`);
    for (const { content, content_hash } of whole) assertEquals(contentHash(content), content_hash);
    assertStringIncludes(answer.how, `Read on with a page_size of ${given.length} from page 2`);
    assertStringIncludes(
      answer.how,
      "GET /api/memories/{content_hash} gives a memory whole; max_tokens raises the bound",
    );
    // The advice holds.
    const seen = new Set(given.map((memory: { content_hash: string }) => memory.content_hash));
    const { limit: _, n_results: __, page_size: ___, ...others } = args as Record<string, unknown>;
    const next = await call(client, tool, { ...others, page: 2, page_size: given.length });
    assert(next[field].length > 0);
    for (const { content_hash } of next[field]) assert(!seen.has(content_hash), tool);
    const all = await call(client, tool, { ...args, max_tokens: 1_000_000 });
    assertEquals([all[field].length, all.omitted], [30, undefined]);
    const compact = await client.send("POST", "/mcp", {
      id: 1,
      method: "tools/call",
      params: { name: tool, arguments: { ...args, output: "compact" } },
    });
    assert(estimateTokens(compact.json.result.content[0].text) <= 20_000);
  }
});

Deno.test("a content that is over the bound alone is cut around what matched, over the JSON-RPC route too", async () => {
  await using client = await openClient();
  const content = `${"Filler words and more. ".repeat(8000)}The crane is red. ${
    "Filler words and more. ".repeat(8000)
  }`;
  await client.runtime.storage.store([plain(1, { content, content_hash: contentHash(content) })]);
  const { results: [found] } = await call(client, "retrieve_memory", { query: "crane red" });
  assertStringIncludes(found.content, "The crane is red.");
  assertEquals(found.content_length, content.length);
  const { memories: [listed] } = await call(client, "list_memories");
  assertEquals(listed.content_length, content.length);
  assert(listed.content.length < 5000);
});
