import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { openClient } from "./client.ts";

const HASH = /^[0-9a-f]{64}$/;

Deno.test("storing a memory answers with it and its content_hash", async () => {
  await using client = await openClient();
  const { status, json } = await client.send("POST", "/api/memories", {
    content: "The staging database moved to PostgreSQL 16.",
    tags: ["postgres", " infra ", "postgres", ""],
    memory_type: "decision",
    metadata: { project: "atlas", priority: 2, nested: { list: [1, null, "x"] } },
    conversation_id: "standup-7",
    client_hostname: "laptop-7",
  });
  assertEquals(status, 200);
  assertEquals(json.success, true);
  assertEquals(json.message, "Memory stored successfully");
  assertMatch(json.content_hash, HASH);
  assertEquals(json.memory.content_hash, json.content_hash);
  assertEquals(json.memory.tags, ["postgres", "infra"]);
  assertEquals(json.memory.metadata, { project: "atlas", priority: 2, nested: { list: [1, null, "x"] } });
  assertEquals(json.memory.conversation_id, "standup-7");
  assertMatch(json.memory.created_at_iso, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  assertEquals(json.memory.created_at, json.memory.updated_at);
  assertEquals((await client.get(`/api/memories/${json.content_hash}`)).json, json.memory);
});

Deno.test("storing what is there already says so and changes nothing", async () => {
  await using client = await openClient();
  const hash = await client.store("Biscuit is a puppy.", { tags: ["pets"] });
  const { status, json } = await client.send("POST", "/api/memories", { content: "biscuit is a PUPPY. ", tags: ["x"] });
  assertEquals(status, 200);
  assertEquals(json.success, false);
  assertEquals(json.duplicate, true);
  assertEquals(json.content_hash, hash);
  assertMatch(json.message, /^Duplicate content detected/);
  assertEquals(json.memory.tags, ["pets"]);
  assertEquals((await client.get(`/api/memories/${hash}`)).json.tags, ["pets"]);
});

Deno.test("storing again what was superseded says that it is hidden, and how it becomes current", async () => {
  await using client = await openClient();
  const red = await client.store("The door is red."), blue = await client.store("The door is blue.");
  await client.send("POST", `/api/memories/${red}/supersede`, { new_hash: blue });
  const { json } = await client.send("POST", "/api/memories", { content: "The door is red." });
  assertEquals(json.duplicate, true);
  assertMatch(json.message, new RegExp(`superseded by ${blue}`));
  const [way] = json.message.match(/\/api\/memories\/[0-9a-f]{64}\/supersede/) ?? [];
  await client.send("DELETE", way);
  assertEquals((await client.get("/api/memories")).json.memories.length, 2);
});

Deno.test("a batch is stored with a result per item in order", async () => {
  await using client = await openClient();
  await client.store("second");
  const { status, json } = await client.send("POST", "/api/memories/batch", {
    memories: [{ content: "first" }, { content: "second" }, { content: "third", tags: ["x"] }, { content: "first" }],
  });
  assertEquals(status, 200);
  assertEquals([json.total, json.stored, json.duplicates], [4, 2, 2]);
  assertEquals(json.results.map((result: { index: number }) => result.index), [0, 1, 2, 3]);
  assertEquals(json.results.map((result: { success: boolean }) => result.success), [true, false, true, false]);
  assertEquals((await client.get("/api/memories")).json.total, 3);
});

Deno.test("content over the limit is split when splitting is on", async () => {
  await using client = await openClient({
    operations: { maxContentLength: 200, split: { overlap: 20, preserveBoundaries: true } },
  });
  const content = Array.from({ length: 10 }, (_, i) => `Region ${i} improved its quarterly metrics. `).join("");
  const { json } = await client.send("POST", "/api/memories", { content, tags: ["report"] });
  assertEquals(json.success, true);
  assert(json.chunks_created > 1);
  assertEquals(json.chunk_hashes.length, json.chunks_created);
  assertEquals(json.memory.metadata.total_chunks, json.chunks_created);
  assertEquals((await client.get("/api/memories")).json.total, 1);
  for (const key of json.chunk_hashes) assertEquals((await client.get(`/api/memories/${key}`)).json.content, content);
});

Deno.test("a listing pages through memories, newest first", async () => {
  await using client = await openClient();
  for (let i = 1; i <= 5; i++) await client.store(`memory ${i}`);
  const first = (await client.get("/api/memories?page_size=2")).json;
  assertEquals(first.memories.map((m: { content: string }) => m.content), ["memory 5", "memory 4"]);
  assertEquals([first.total, first.page, first.page_size, first.has_more, first.total_pages], [5, 1, 2, true, 3]);
  const last = (await client.get("/api/memories?page=3&page_size=2")).json;
  assertEquals(last.memories.map((m: { content: string }) => m.content), ["memory 1"]);
  assertEquals(last.has_more, false);
  assertEquals((await client.get("/api/memories?page=99")).json.memories, []);
  assertEquals((await client.get("/api/memories/")).json.total, 5);
});

Deno.test("a listing filters by tag, type, conversation and time", async () => {
  await using client = await openClient();
  await client.store("one", { tags: ["infra", "billing"], memory_type: "note", conversation_id: "c1" });
  await client.store("two", { tags: ["infra"], memory_type: "decision" });
  await client.store("three", { tags: ["a,b"] });
  const found = async (query: string) => {
    const { status, json } = await client.get(`/api/memories?${query}`);
    assertEquals(status, 200, query);
    return json.memories.map((m: { content: string }) => m.content);
  };
  assertEquals(await found("tag=infra"), ["two", "one"]);
  assertEquals(await found("tag=infr"), []);
  assertEquals(await found("tag=a,b"), ["three"]);
  assertEquals(await found("tags=a,b"), []);
  assertEquals(await found("tags=billing,a%2Cb"), ["one"]);
  assertEquals(await found("tags=infra,billing&match_all=true"), ["one"]);
  assertEquals(await found("tags=infra&tags=billing&match_all=1"), ["one"]);
  assertEquals(await found("memory_type=decision"), ["two"]);
  assertEquals(await found("conversation_id=c1"), ["one"]);
  assertEquals(await found("created_after=2020-01-01"), ["three", "two", "one"]);
  assertEquals(await found("created_before=2020-01-01T00:00:00Z"), []);
  assertEquals(await found(`created_after=${Date.now() / 1000 + 60}`), []);
});

Deno.test("an update changes tags, type and metadata, and nothing else", async () => {
  await using client = await openClient();
  const hash = await client.store("Backups run nightly.", { tags: ["backup"], metadata: { a: 1, b: 2 } });
  const { status, json } = await client.send("PUT", `/api/memories/${hash}`, {
    tags: ["backup", "ops"],
    memory_type: "reference",
    metadata: { b: 3, reviewed: true },
  });
  assertEquals(status, 200);
  assertEquals(json.success, true);
  assertMatch(json.message, /^Updated fields: tags, memory_type, metadata/);
  assertEquals(json.memory.tags, ["backup", "ops"]);
  assertEquals(json.memory.metadata, { a: 1, b: 3, reviewed: true });
  assertNotEquals(json.memory.updated_at, json.memory.created_at);
  const again = await client.send("PUT", `/api/memories/${hash}`, { tags: null });
  assertEquals(again.json.message, "No updates provided - memory unchanged");
  assertEquals(again.json.memory.tags, ["backup", "ops"]);
});

Deno.test("updates of one memory in a batch keep to the limits of its metadata together", async () => {
  await using client = await openClient();
  const content_hash = await client.store("grows"), metadata = (key: string) => ({ [key]: "x".repeat(40_000) });
  const { status, json } = await client.send("PUT", "/api/memories/batch", {
    updates: [{ content_hash, metadata: metadata("a") }, { content_hash, metadata: metadata("b") }],
  });
  assertEquals(status, 422);
  assertMatch(JSON.stringify(json.detail), /"updates",1,"metadata"|updates\.1\.metadata/);
  assertEquals((await client.get(`/api/memories/${content_hash}`)).json.metadata, {}, "nothing was changed");
});

Deno.test("a deleted memory is gone, and deleting it again answers 404", async () => {
  await using client = await openClient();
  const hash = await client.store("Short-lived.");
  const { status, json } = await client.send("DELETE", `/api/memories/${hash}`);
  assertEquals([status, json.success, json.content_hash], [200, true, hash]);
  assertEquals((await client.get(`/api/memories/${hash}`)).status, 404);
  assertEquals((await client.send("DELETE", `/api/memories/${hash}`)).status, 404);
});

Deno.test("a content_hash is found in either case", async () => {
  await using client = await openClient();
  const hash = await client.store("Case matters not.");
  assertEquals((await client.get(`/api/memories/${hash.toUpperCase()}`)).json.content_hash, hash);
});

Deno.test("the tags in use are listed with their counts, most used first", async () => {
  await using client = await openClient();
  await client.store("one", { tags: ["b", "a"] });
  await client.store("two", { tags: ["a", "备份"] });
  assertEquals((await client.get("/api/tags")).json, {
    tags: [{ tag: "a", count: 2 }, { tag: "b", count: 1 }, { tag: "备份", count: 1 }],
  });
});
