// First: operations' schemas are described in OpenAPI, which has to be loaded before they are made.
import { openClient, type TestClient } from "./client.ts";
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { expireTrash } from "../../src/operations/expire_trash.ts";
import { deleteMemory } from "../../src/operations/delete.ts";
import { store } from "../../src/operations/store.ts";
import { testRuntime } from "../helpers/runtime.ts";

const total = async (client: TestClient, query = "") => (await client.get(`/api/memories${query}`)).json.total;
const bulk = (client: TestClient, body: unknown) => client.send("POST", "/api/manage/bulk-delete", body);

Deno.test("a deleted memory is found by nothing until it is restored with all it had", async () => {
  await using client = await openClient();
  const hash = await client.store("Biscuit is a puppy.", { tags: ["pets"], metadata: { a: 1 } });
  const before = (await client.get(`/api/memories/${hash}`)).json;
  const { json } = await client.send("DELETE", `/api/memories/${hash}`);
  assert(json.restorable_until > Date.now() / 1000 + 29 * 86_400);
  assertEquals(await total(client), 0);
  assertEquals((await client.send("POST", "/api/search", { query: "puppy" })).json.results, []);
  assertEquals((await client.get("/api/tags")).json.tags, []);
  const trash = (await client.get("/api/manage/trash")).json;
  assertEquals([trash.total, trash.items[0].memory, trash.items[0].reason], [1, before, "deleted"]);
  const restored = await client.send("POST", "/api/manage/trash/restore", {
    content_hashes: [hash, "0".repeat(64)],
  });
  assertEquals([restored.json.restored, restored.json.not_found], [[hash], ["0".repeat(64)]]);
  assertEquals((await client.get(`/api/memories/${hash}`)).json, before);
  assertEquals((await client.send("POST", "/api/search", { query: "puppy" })).json.results.length, 1);
  assertEquals((await client.get("/api/manage/trash")).json.total, 0);
});

Deno.test("storing trashed content again makes a new memory and leaves nothing in the trash", async () => {
  await using client = await openClient();
  const hash = await client.store("Again.", { tags: ["old"] });
  await client.send("DELETE", `/api/memories/${hash}`);
  const { json } = await client.send("POST", "/api/memories", { content: "Again.", tags: ["new"] });
  assertEquals([json.success, json.memory.tags], [true, ["new"]]);
  assertEquals((await client.get("/api/manage/trash")).json.total, 0);
});

Deno.test("nothing is kept of what is deleted for good, by request, by setting or by age", async () => {
  await using client = await openClient();
  const hash = await client.store("Secret.");
  const { json } = await client.send("DELETE", `/api/memories/${hash}?permanent=true`);
  assertEquals(json.restorable_until, null);
  const other = await client.store("Other.");
  await client.send("DELETE", `/api/memories/${other}`);
  assertEquals((await client.send("DELETE", "/api/manage/trash")).json.affected_count, 1);
  assertEquals((await client.get("/api/manage/trash")).json.total, 0);

  await using off = await testRuntime({ settings: { trashDays: 0 } });
  const input = { tags: [], metadata: {} };
  const { content_hash } = await store(off.runtime, { content: "x", ...input });
  await deleteMemory(off.runtime, { content_hash: content_hash! });
  assertEquals((await off.runtime.storage.listTrash({ offset: 0, limit: 1 })).total, 0);

  await using opened = await testRuntime({ settings: { trashDays: 2 } });
  const { runtime } = opened, day = 86_400, now = Date.now() / 1000;
  for (const [i, days] of [1, 3].entries()) {
    const { content_hash } = await store(runtime, { content: `${i}`, ...input });
    await runtime.storage.trash([content_hash!], { at: now - days * day, reason: "deleted" });
  }
  assertEquals(await expireTrash(runtime, now), 1);
  assertEquals((await runtime.storage.listTrash({ offset: 0, limit: 9 })).items[0]?.memory.content, "0");
});

Deno.test("a bulk deletion needs a scope and the right count, and can be tried first", async () => {
  await using client = await openClient();
  for (let i = 0; i < 3; i++) await client.store(`report ${i}`, { tags: ["report"], memory_type: i ? "note" : "fact" });
  await client.store("kept", { tags: ["x"] });
  for (
    const [body, detail] of [
      [{}, "At least one filter (tag, before_date, or memory_type) must be specified"],
      [{ tag: "report", confirm_count: 99 }, "Confirmation count mismatch. Expected 3, got 99"],
      [{ before_date: "23/11/2026" }, "Invalid date format. Use YYYY-MM-DD"],
      [{ before_date: "2026-02-30" }, "Invalid date format. Use YYYY-MM-DD"],
    ] as const
  ) {
    const { status, json } = await bulk(client, body);
    assertEquals([status, json.detail], [400, detail]);
  }
  const dry = (await bulk(client, { tag: "report", dry_run: true })).json;
  assertEquals([dry.affected_count, dry.would_delete.length, await total(client)], [3, 3, 4]);
  const { json } = await bulk(client, { tag: "report", memory_type: "note", confirm_count: 2 });
  assertEquals([json.success, json.affected_count], [true, 2]);
  assertEquals(json.operation, "Delete memories with tag 'report' and of type 'note'");
  assertEquals((await client.get("/api/manage/trash")).json.total, 2);
  const none = (await bulk(client, { tag: "nope" })).json;
  assertEquals([none.success, none.message], [false, "No memories found with tag 'nope'"]);
});

Deno.test("a day in a bulk deletion begins in the client's zone", async () => {
  await using client = await openClient();
  await client.store("now");
  const today = Temporal.Now.plainDateISO("UTC");
  assertEquals((await bulk(client, { before_date: today.toString(), dry_run: true })).json.affected_count, 0);
  assertEquals(
    (await bulk(client, { before_date: today.add({ days: 1 }).toString(), dry_run: true })).json.affected_count,
    1,
  );
  assertEquals((await bulk(client, { after_date: today.toString(), dry_run: true })).json.affected_count, 1);
  assertEquals((await bulk(client, { before_date: "2026-01-01", timezone: "Nowhere/City" })).status, 422);
});

Deno.test("a tag is renamed on every memory, and merges into one that is there", async () => {
  await using client = await openClient();
  await client.store("one", { tags: ["infra", "x"] });
  await client.store("two", { tags: ["infra", "ops"], memory_type: "note" });
  const rename = (query: string) => client.send("PUT", `/api/manage/tags/infra?${query}`);
  const mismatch = await rename("new_tag=ops&confirm_count=99");
  assertEquals([mismatch.status, mismatch.json.detail], [400, "Confirmation count mismatch. Expected 2, got 99"]);
  assertEquals((await rename("new_tag=ops&confirm_count=2")).json.affected_count, 2);
  const { tags, total_tags } = (await client.get("/api/manage/tags/stats")).json;
  assertEquals([total_tags, tags[0].tag, tags[0].count, tags[0].memory_types], [2, "ops", 2, ["note"]]);
  assert(tags[0].last_used > 0);
  assertEquals((await rename("new_tag=ops")).json.success, false);
  assertEquals((await client.send("PUT", "/api/manage/tags/a%2Fb?new_tag=")).status, 422);
});

Deno.test("duplicates are listed with the evidence and merged with a way back", async () => {
  await using client = await openClient();
  const first = await client.store("The deploy window is Thursday at 10:00 UTC.", {
    tags: ["deploy"],
    metadata: { a: 1 },
  });
  const second = await client.store("The  deploy window is thursday at 10:00 UTC.", { tags: ["infra"] });
  await client.store("The deploy window is on Thursday at 10:00 UTC!", { tags: ["near"] });
  await client.store("Biscuit is a puppy.");
  const { json } = await client.get("/api/manage/duplicates");
  assertEquals([json.total_groups, json.total_duplicates, json.scanned], [1, 2, 4]);
  const kinds = json.groups[0].duplicates.map(({ kind }: { kind: string }) => kind);
  assert(kinds.includes("near"), JSON.stringify(json));
  const exact = (await client.send("POST", "/api/manage/cleanup-duplicates?dry_run=true&keep=oldest")).json;
  assertEquals([exact.affected_count, exact.groups[0].duplicates[0].content_hash], [1, second]);
  assertEquals(await total(client), 4);
  const merged = await client.send("POST", "/api/manage/duplicates/merge", {
    canonical_hash: second,
    duplicate_hashes: [first],
  });
  const [{ created_at }] = (await client.get("/api/manage/trash")).json.items.map(({ memory }: { memory: unknown }) =>
    memory
  );
  assertEquals(merged.json.memory.tags, ["infra", "deploy"]);
  assertEquals([merged.json.memory.created_at, merged.json.memory.metadata], [created_at, { a: 1 }]);
  assertNotEquals(merged.json.before.created_at, created_at);
  assertEquals(
    (await client.send("POST", "/api/manage/trash/restore", { content_hashes: [first] })).json.success,
    true,
  );
  assertEquals((await client.send("POST", "/api/manage/cleanup-duplicates?near=true")).json.affected_count, 2);
  assertEquals(
    (await client.send("POST", "/api/manage/system/cleanup_duplicates")).json.message,
    "No duplicate memories found",
  );
});

Deno.test("the store is maintained on request, and unknown operations are refused", async () => {
  await using client = await openClient();
  await client.store("kept");
  for (const operation of ["optimize_db", "rebuild_index"]) {
    assertEquals((await client.send("POST", `/api/manage/system/${operation}`)).json.success, true);
  }
  assertEquals((await client.send("POST", "/api/search", { query: "kept" })).json.results.length, 1);
  const { status, json } = await client.send("POST", "/api/manage/system/bogus");
  assertEquals([status, json.detail], [400, "Unknown operation: bogus"]);
});

Deno.test("batches change and delete memories with a result for each", async () => {
  await using client = await openClient();
  const [a, b] = [await client.store("a", { tags: ["x"] }), await client.store("b")], unknown = "0".repeat(64);
  const put = await client.send("PUT", "/api/memories/batch", {
    updates: [{ content_hash: a, memory_type: "note" }, { content_hash: unknown, tags: [] }],
  });
  assertEquals([put.json.success, put.json.succeeded, put.json.failed], [false, 1, 1]);
  assertEquals(put.json.results[1].error, `Memory with hash ${unknown} not found`);
  const tags = { content_hashes: [a, b], add_tags: ["y"], remove_tags: ["X"] };
  assertEquals((await client.send("POST", "/api/memories/batch/tags", tags)).json.success, true);
  assertEquals((await client.get("/api/tags")).json.tags, [{ tag: "y", count: 2 }]);
  assertEquals((await client.send("POST", "/api/memories/batch/tags", { content_hashes: [a] })).status, 422);
  const gone = await client.send("DELETE", "/api/memories/batch", { content_hashes: [a, unknown, b] });
  assertEquals([gone.json.succeeded, await total(client)], [2, 0]);
  assertEquals((await client.get("/api/manage/trash")).json.total, 2);
});
