/** JSON that is cheap to send and dear to parse, to check or to answer is refused before it is. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { openClient } from "../http/client.ts";
import { connectInMemory } from "../mcp/clients.ts";

const many = <T>(count: number, value: (n: number) => T) => Array.from({ length: count }, (_, n) => value(n));
const named = (count: number, name: string) => Object.fromEntries(many(count, (n) => [`${name}${n}`, n]));

Deno.test("bodies of too many keys, values or levels are refused over REST and JSON-RPC", async () => {
  await using client = await openClient();
  const nested = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`;
  const bodies: [body: string, loc: string, says: string][] = [
    [JSON.stringify({ content: "a", ...named(10_001, "k") }), "body", "10000 keys"],
    [JSON.stringify({ content: "a", metadata: { inner: named(10_001, "k") } }), "inner", "10000 keys"],
    [`{"content":"a","metadata":{"list":${nested(9000)}}}`, "metadata", "1000 levels"],
    [nested(9000), "body", "1000 levels"],
    [`{"content":"a","metadata":{"list":[${"{},".repeat(35_000)}0]}}`, "list", "35000 items"],
    [`{"content":"a","tags":[${'"a",'.repeat(35_000)}"a"]}`, "tags", "35000 items"],
    [`{"memories":[${"{},".repeat(240_000)}{}]}`, "memories", "35000 items"],
    [`{"a":[${`[${"1,".repeat(30_000)}1],`.repeat(4)}1]}`, "body", "100000 values"],
  ];
  for (const [body, loc, says] of bodies) {
    for (const path of ["/api/memories", "/api/search", "/mcp"]) {
      const answer = await client.app.request(path, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body,
      });
      assertEquals(answer.status, 422, `${path}: ${says}`);
      const [fault] = (await answer.json()).detail;
      assertEquals(fault.loc.at(-1), loc);
      assertStringIncludes(fault.msg, says);
    }
  }
  assertEquals((await client.get("/api/memories")).json.total, 0);
});

Deno.test("a text that only looks like much JSON is stored, and so is a large batch", async () => {
  await using client = await openClient();
  const content = `${'{"a":['.repeat(2000)} \\\\" ${",".repeat(8000)}`;
  assertEquals((await client.send("POST", "/api/memories", { content })).status, 200);
  const memories = many(500, (n) => ({ content: `of a batch ${n}`, tags: many(20, String), metadata: named(20, "k") }));
  const { status, json } = await client.send("POST", "/api/memories/batch", { memories });
  assertEquals([status, json.stored], [200, 500]);
});

Deno.test("more names that aren't known than a client adds are refused, in one memory and over a batch", async () => {
  await using client = await openClient();
  const one = await client.send("POST", "/api/memories", { content: "a", ...named(1001, "tagz") });
  assertEquals([one.status, one.json.detail.length], [422, 20]);
  const different = many(200, (n) => ({ content: `b${n}`, ...named(9, `tagz${n}x`) }));
  assertEquals((await client.send("POST", "/api/memories/batch", { memories: different })).status, 422);
  assertEquals((await client.get("/api/memories")).json.total, 0);
  // The same few in every item are what clients add.
  const alike = many(500, (n) => ({ content: `c${n}`, ...named(9, "vendorspecific") }));
  const { status, json } = await client.send("POST", "/api/memories/batch", { memories: alike });
  assertEquals([status, json.stored, json.ignored.length], [200, 500, 9]);
  const mcp = await connectInMemory(client.runtime);
  try {
    const called = await mcp.call("store_memory", { content: "d", ...named(1001, "vendorspecific") });
    assert(called.isError);
  } finally {
    await mcp.close();
  }
});

Deno.test("filters of more than 100 keys are refused over REST and MCP", async () => {
  await using client = await openClient();
  await client.store("a memory", { metadata: named(100, "k") });
  const found = await client.send("POST", "/api/search", { query: "a memory", metadata: named(100, "k") });
  assertEquals([found.status, found.json.results.length], [200, 1]);
  const refused = await client.send("POST", "/api/search", { query: "a memory", metadata: named(2000, "k") });
  assertEquals([refused.status, refused.json.detail[0].loc], [422, ["body", "metadata"]]);
  const mcp = await connectInMemory(client.runtime);
  try {
    const { isError, content } = await mcp.call("retrieve_memory", { query: "a memory", metadata: named(2000, "k") });
    assert(isError);
    assertStringIncludes(content[0]!.text, "must name at most 100 keys");
  } finally {
    await mcp.close();
  }
});

Deno.test("lists and objects as text are read up to half a megabyte, and no longer ones taken apart", async () => {
  await using client = await openClient();
  const mcp = await connectInMemory(client.runtime);
  try {
    const texts = {
      tags: [`[${"{},".repeat(200_000)}1]`, "a,".repeat(300_000), "[".repeat(600_000)],
      metadata: [JSON.stringify(named(100_000, "k")), `{"a":${"[".repeat(5000)}${"]".repeat(5000)}}`],
    };
    for (const [field, values] of Object.entries(texts)) {
      for (const value of values) {
        const { isError, content } = await mcp.call("store_memory", { content: "x", [field]: value });
        assert(isError && content[0]!.text.length < 1000, content[0]!.text.slice(0, 200));
      }
    }
    const { isError } = await mcp.call("store_memory", { content: "x", tags: "['a', 'b']", metadata: "{'a': True}" });
    assertEquals(isError, false);
  } finally {
    await mcp.close();
  }
});
