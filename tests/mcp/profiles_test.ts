import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
// First, since it prepares zod for OpenAPI before any schema is made.
import { openClient } from "../http/client.ts";
import { TOOLS } from "../../src/tools/table.ts";
import type { ToolSettings } from "../../src/operations/runtime.ts";
import { testRuntime } from "../helpers/runtime.ts";
import { type CallResult, CONNECT, serveMcp, type TestClient, withClient } from "./clients.ts";

const CORE = ["delete_memory", "fetch", "memory_supersede", "search", "store_memory"];
const core: ToolSettings = { profile: "core", output: "auto", structured: "auto" };
const textOf = (result: CallResult) => result.content[0]!.text;
const names = async (client: TestClient) => (await client.list()).map(({ name }) => name).sort();

for (const [transport, connect] of Object.entries(CONNECT)) {
  Deno.test(`${transport}: the address chooses the tools, whatever the settings say`, async () => {
    await using test = await testRuntime();
    const server = serveMcp(test.runtime);
    await using other = await testRuntime({ settings: { tools: core } });
    const set = serveMcp(other.runtime);
    try {
      const asked = await connect(server.url, {}, { query: "?tools=core" }), plain = await connect(server.url);
      const full = await connect(set.url, {}, { query: "?tools=FULL" }), few = await connect(set.url);
      assertEquals([await names(asked), await names(few)], [CORE, CORE]);
      assertEquals([(await names(plain)).length, (await names(full)).length], [TOOLS.length, TOOLS.length]);
      const refused = await asked.call("list_memories");
      assertEquals(refused.isError, true);
      assertMatch(textOf(refused), /^Cannot run list_memories: it is not in the profile core, which has store_memory,/);
      assertEquals((await full.call("list_memories")).isError, false);
      assertEquals((await asked.call("search", { mode: "recent", context: 0 })).isError, false);
      for (const client of [asked, plain, full, few]) await client.close();
      await assertRejects(() => connect(server.url, {}, { query: "?tools=tiny" }));
    } finally {
      await Promise.all([server.stop(), set.stop()]);
    }
  });
}

Deno.test("a profile that isn't known is refused by name, on every address", async () => {
  await using test = await testRuntime();
  const server = serveMcp(test.runtime);
  try {
    for (const path of ["/mcp?tools=tiny", "/sse?tools=tiny"]) {
      const response = await fetch(
        server.url + path,
        path.startsWith("/sse") ? {} : {
          method: "POST",
          headers: { "content-type": "application/json", accept: "application/json, text/event-stream" },
          body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" }),
        },
      );
      assertEquals(response.status, 400, path);
      assertStringIncludes(await response.text(), 'Cannot serve tools=\\"tiny\\": the profiles are full, core');
    }
  } finally {
    await server.stop();
  }
});

Deno.test("POST /mcp on the REST port serves a core of its tools too", async () => {
  await using client = await openClient();
  const rpc = async (query: string, method: string, params: object = {}) =>
    (await client.send("POST", `/mcp${query}`, { jsonrpc: "2.0", id: 1, method, params })).json;
  const listed = await rpc("?tools=core", "tools/list");
  assertEquals(listed.result.tools.map(({ name }: { name: string }) => name), [
    "store_memory",
    "retrieve_memory",
    "delete_memory",
  ]);
  assertEquals((await rpc("", "tools/list")).result.tools.length, 7);
  const refused = await rpc("?tools=core", "tools/call", { name: "list_memories" });
  assertStringIncludes(refused.error.message, "it is not in the profile core, which has store_memory");
  assertStringIncludes((await rpc("?tools=tiny", "tools/list")).error.message, 'tools="tiny"');
});

Deno.test("arguments that a profile doesn't list are taken all the same", async () => {
  await withClient(async (client) => {
    const { content_hash: id } = (await client.call("store_memory", {
      content: "The harbour crane is serviced every March.",
      metadata: { source: "survey" },
      conversation_id: "c1",
    })).structuredContent!.result as { content_hash: string };
    const found = await client.call("search", { query: "crane", k: 1, detail: "ids", conversation_id: "c1" });
    assertEquals((found.structuredContent!.results as { id: string }[]).map((result) => result.id), [id]);
    assertEquals(found.structuredContent!.ignored, undefined);
    const properties = async (name: string) =>
      Object.keys((await client.list()).find((tool) => tool.name === name)!.inputSchema.properties as object);
    assertEquals(await properties("store_memory"), ["content", "tags", "memory_type"]);
  }, { settings: { tools: core } });
});

Deno.test("no tool lists two arguments of which one only repeats the other", async () => {
  await withClient(async (client) => {
    const tools = await client.list();
    const listed = (name: string) =>
      Object.keys(tools.find((tool) => tool.name === name)!.inputSchema.properties as object);
    for (const [one, other] of [["k", "page_size"], ["output", "detail"], ["n_results", "page_size"]]) {
      for (const { name } of tools) {
        assertEquals(listed(name).includes(one!) && listed(name).includes(other!), false, `${name}: ${one}`);
      }
    }
  });
});
