/** Contents over the limit: chunks that are found and shown as one memory. */

import { assert, assertEquals, assertGreater, assertLess, assertStringIncludes } from "@std/assert";
import { openClient } from "../http/client.ts";
import { connectInMemory } from "../mcp/clients.ts";
import { inFolder } from "../helpers/folder.ts";
import { start, testEnvironment, until } from "../helpers/process.ts";

/** A long message with a fact in its middle, as many real ones: headings, paragraphs, repeated words. */
function message(length: number, fact: string): string {
  const line = (i: number) => `Paragraph ${i}: the tide tables of the harbour were read again and nothing changed.\n\n`;
  let text = "";
  for (let i = 0; text.length < length; i++) text += line(i);
  const middle = Math.floor(length * 0.7);
  return `${text.slice(0, middle)}\n\n${fact}\n\n${text.slice(middle)}`.slice(0, length);
}

const FACT = "The spare key of the lighthouse hangs behind the barometer.";
const LONG = message(130_000, FACT);
const operations = { maxContentLength: 5000 };

Deno.test("a content over the limit is stored, and found and shown as one memory with the place that matched", async () => {
  await using client = await openClient();
  const { status, json } = await client.send("POST", "/api/memories", { content: LONG, tags: ["harbour"] });
  assertEquals([status, json.success], [200, true]);
  assertEquals([json.chunks_created, json.chunk_hashes.length, json.memory.metadata.total_chunks], [2, 2, 2]);
  const hash = json.content_hash;
  await client.store("Invoices are due within thirty days");
  for (const mode of ["hybrid", "exact", "semantic"]) {
    const query = mode === "exact" ? "behind the barometer" : "Where is the spare key of the lighthouse?";
    const { results } = (await client.send("POST", "/api/search", { query, mode })).json;
    const hits = results.filter((hit: { memory: { content_hash: string } }) => hit.memory.content_hash === hash);
    assertEquals(hits.length, 1, mode);
    assertEquals(results[0].memory.content_hash, hash);
    assertStringIncludes(results[0].passage.text, "behind the barometer");
    const { start, end, text } = results[0].passage;
    assertEquals(results[0].memory.content.slice(start, end), text);
  }
  for (const key of [hash, hash.slice(0, 10), ...json.chunk_hashes]) {
    assertEquals((await client.get(`/api/memories/${key}`)).json.content, LONG, key);
  }
  const listed = (await client.get("/api/memories")).json;
  assertEquals([listed.total, (await client.get("/api/health/detailed")).json.statistics?.total_memories ?? 2], [2, 2]);
});

Deno.test("agents see the part of a long content that matched, and read it whole by its id", async () => {
  await using client = await openClient();
  const mcp = await connectInMemory(client.runtime);
  const stored = await mcp.call("store_memory", { content: LONG });
  const { content_hash } = stored.structuredContent!.result as { content_hash: string };
  for (const args of [{ query: "Where is the spare key of the lighthouse?" }, { query: "barometer", mode: "exact" }]) {
    const found = await mcp.call("search", args), text = found.content[0]!.text;
    assertEquals((found.structuredContent!.results as unknown[]).length, 1);
    assertStringIncludes(text, FACT);
    assertStringIncludes(text, ` of ${LONG.length} characters`);
    assertLess(text.length, 5000);
  }
  const raised = await mcp.call("search", { query: "spare key", max_tokens: 500_000 });
  assertLess(raised.content[0]!.text.length, 5000);
  let whole = "";
  for (let offset: unknown = 0; offset !== undefined;) {
    const { structuredContent } = await mcp.call("fetch", { id: content_hash.slice(0, 10), offset });
    whole += structuredContent!.text;
    offset = structuredContent!.next_offset;
  }
  assertEquals(whole, LONG);
  await mcp.close();
});

Deno.test("storing a long content again is a duplicate, alone and in a batch", async () => {
  await using client = await openClient({ operations });
  const first = (await client.send("POST", "/api/memories", { content: LONG.slice(0, 20_000) })).json;
  assertGreater(first.chunks_created, 3);
  const again = (await client.send("POST", "/api/memories", { content: LONG.slice(0, 20_000), tags: ["x"] })).json;
  assertEquals([again.success, again.duplicate, again.content_hash], [false, true, first.content_hash]);
  const batch = (await client.send("POST", "/api/memories/batch", {
    memories: [{ content: LONG.slice(0, 20_000) }, { content: LONG.slice(0, 15_000) }, { content: "short" }],
  })).json;
  assertEquals([batch.stored, batch.duplicates], [2, 1]);
  assertEquals((await client.get("/api/memories")).json.total, 3);
});

Deno.test("changing, replacing, deleting and restoring a long content act on the whole", async () => {
  await using client = await openClient({ operations });
  const content = LONG.slice(0, 12_000);
  const { content_hash, chunk_hashes } = (await client.send("POST", "/api/memories", { content, tags: ["a"] })).json;
  const newer = await client.store("The harbour has no tide tables any more");
  await client.send("PUT", `/api/memories/${chunk_hashes[1]}`, { tags: ["b"] });
  const found = async (tag: string) => (await client.get(`/api/memories?tag=${tag}`)).json.total;
  assertEquals([await found("a"), await found("b")], [0, 1]);
  await client.send("POST", `/api/memories/${content_hash}/supersede`, { new_hash: newer });
  assertEquals((await client.get("/api/memories")).json.total, 1);
  await client.send("DELETE", `/api/memories/${content_hash}/supersede`);
  await client.send("DELETE", `/api/memories/${content_hash.slice(0, 12)}`);
  assertEquals(
    (await client.send("POST", "/api/search", { query: "tide tables", mode: "exact" })).json.results.length,
    1,
  );
  assertEquals((await client.get("/api/manage/trash")).json.total, 1);
  await client.send("POST", "/api/manage/trash/restore", { content_hashes: [content_hash] });
  assertEquals((await client.get(`/api/memories/${content_hash}`)).json.content, content);
});

Deno.test("a long content travels through export and import as one memory", async () => {
  await using from = await openClient({ operations });
  await using to = await openClient({ operations });
  const content = LONG.slice(0, 12_000);
  const { content_hash } = (await from.send("POST", "/api/memories", { content })).json;
  const lines = (await from.get("/api/export")).text;
  const { status, json } = await to.send("POST", "/api/import", lines, { "content-type": "application/x-ndjson" });
  assertEquals(status, 200, JSON.stringify(json));
  assertEquals((await to.get(`/api/memories/${content_hash}`)).json.content, content);
  assertEquals((await to.get("/api/memories")).json.total, 1);
});

Deno.test("with splitting off a long content is refused, on every surface; a longest one always is", async () => {
  await using client = await openClient({
    operations: { ...operations, split: null },
    http: { maxBodyBytes: 1 << 22 },
  });
  const content = "x".repeat(5001);
  const refused = await client.send("POST", "/api/memories", { content });
  assertEquals(refused.status, 413);
  assertStringIncludes(refused.text, "the limit is 5000");
  const mcp = await connectInMemory(client.runtime);
  assertStringIncludes((await mcp.call("store_memory", { content })).content[0]!.text, "the limit is 5000");
  await mcp.close();
  await using splitting = await openClient({ http: { maxBodyBytes: 1 << 22 } });
  const longest = await splitting.send("POST", "/api/memories", { content: "x ".repeat(500_001) });
  assertEquals(longest.status, 413);
  assertStringIncludes(longest.text, "the limit is 1000000");
  assert((await splitting.get("/api/memories")).json.total === 0);
});

Deno.test("a service answers a very long content at once, found by words, and makes its vectors in the background", async () => {
  await inFolder(async (folder) => {
    await using service = await start("http", testEnvironment(folder));
    const send = async (path: string, body: unknown) => {
      const init = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
      return await (await fetch(`${service.http}${path}`, init)).json();
    };
    const embedding = async () =>
      (await (await fetch(`${service.http}/api/health/detailed`)).json()).embedding as {
        status: { state: string };
        coverage: { memories: number; embedded: number };
      };
    const coverage = async () => (await embedding()).coverage;
    await until(embedding, ({ status }) => status.state === "ready", "the model");
    await until(
      async () => await (await fetch(`${service.http}/metrics`)).text(),
      (text) => text.includes("unimem_background_work_here 1"),
      "background work",
    );
    const { content_hash } = await send("/api/memories", { content: message(60_000, FACT) });
    assertEquals(await coverage().then(({ memories, embedded }) => memories - embedded), 1);
    const query = "Where is the spare key of the lighthouse?";
    const { results, notice } = await send("/api/search", { query });
    assertEquals(results[0].memory.content_hash, content_hash);
    assertStringIncludes(notice, "found by words until their vectors are made");
    await until(coverage, ({ memories, embedded }) => memories === embedded, "the vectors");
    const byMeaning = await send("/api/search", { query, mode: "semantic" });
    assertEquals([byMeaning.results[0].memory.content_hash, byMeaning.notice ?? null], [content_hash, null]);
  });
});
