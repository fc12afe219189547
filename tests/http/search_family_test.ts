// First: operations' schemas are described in OpenAPI, which has to be loaded before they are made.
import { type Answer, openClient, type TestClient } from "./client.ts";
import { assertAlmostEquals, assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import { searchByTime } from "../../src/operations/search_by_time.ts";
import { testRuntime } from "../helpers/runtime.ts";

const contents = ({ json }: Answer): string[] =>
  json.results.map((result: { memory: { content: string } }) => result.memory.content);
const byTag = (client: TestClient, body: unknown) => client.send("POST", "/api/search/by-tag", body);
const byTime = (client: TestClient, body: unknown, headers = {}) =>
  client.send("POST", "/api/search/by-time", body, headers);

Deno.test("a search by tag finds whole tags, any or all, in pages with a total and a reason", async () => {
  await using client = await openClient();
  for (let i = 1; i <= 5; i++) await client.store(`note ${i}`, { tags: ["note", ...(i % 2 ? ["odd"] : [])] });
  await client.store("other", { tags: ["notes", "a,b"] });
  const any = await byTag(client, { tags: ["odd", "a,b"], page_size: 3 });
  assertEquals(contents(any), ["other", "note 5", "note 3"]);
  assertEquals(any.json.pagination, { total: 4, page: 1, page_size: 3, has_more: true, total_pages: 2 });
  assertEquals([any.json.query, any.json.search_type], ["Tags: odd, a,b (ANY)", "tag"]);
  assertEquals(any.json.results[0].relevance_reason, "Tags match (ANY): a,b");
  assertEquals(contents(await byTag(client, { tags: ["odd", "a,b"], page_size: 3, page: 2 })), ["note 1"]);
  const all = await byTag(client, { tags: ["note", "odd"], match_all: true });
  assertEquals([all.json.pagination.total, all.json.results[0].relevance_reason], [3, "Tags match (ALL): note, odd"]);
  assertEquals((await byTag(client, { tags: ["not"] })).json.pagination.total, 0);
  const empty = await byTag(client, { tags: [] });
  assertEquals([empty.status, empty.json.detail], [400, "At least one tag must be specified"]);
});

Deno.test("a search by time reads the expression in the client's zone and names one it can't read", async () => {
  await using client = await openClient();
  await client.store("just now");
  const today = await byTime(client, { query: "today" });
  assertEquals([contents(today), today.json.results[0].relevance_reason], [["just now"], "Time match: today"]);
  assertEquals(contents(await byTime(client, { query: "yesterday" })), []);
  assertEquals(contents(await byTime(client, { query: "3 days ago" })), []);
  const periods = [];
  for (
    const [body, headers] of [
      [{ query: "2026-11-23" }, {}],
      [{ query: "2026-11-23", timezone: "Asia/Tokyo" }, {}],
      [{ query: "2026-11-23" }, { "X-Timezone": "-05:00" }],
    ] as const
  ) periods.push((await byTime(client, body, headers)).json.period.from);
  assertEquals(periods, [1795392000, 1795392000 - 9 * 3600, 1795392000 + 5 * 3600]);
  const unknown = await byTime(client, { query: "lst week" });
  assertEquals(unknown.status, 422);
  assertStringIncludes(unknown.json.detail[0].msg, '"lst week"');
  assertEquals(unknown.json.detail[0].loc, ["body", "query"]);
  assertEquals((await byTime(client, { query: "today", timezone: "Mars/Base" })).status, 422);
});

Deno.test("a search by time with a question ranks within the period", async () => {
  await using opened = await testRuntime();
  const { runtime } = opened, day = 86_400, now = Date.parse("2026-05-20T12:00:00Z") / 1000;
  const texts = ["The staging database moved to PostgreSQL.", "Lunch was pasta.", "The database backup is nightly."];
  await runtime.storage.store(
    await Promise.all(texts.map(async (content, i) => ({
      memory: {
        content,
        content_hash: String(i).repeat(64),
        tags: [],
        memory_type: null,
        metadata: {},
        conversation_id: null,
        created_at: now - (i + 1) * day,
        updated_at: now,
      },
      vectors: {
        model: runtime.embeddings.serving!.identity!.id,
        chunks: await runtime.embeddings.serving!.embedPassage(content),
      },
    }))),
  );
  const input = { page: 1, page_size: 10, match_all: false, semantic_query: "databases" };
  const { results, total } = await searchByTime(runtime, { ...input, query: "last 2 days" }, new Date(now * 1000));
  assertEquals(results.map(({ memory }) => memory.content), texts.slice(0, 2));
  assertEquals(total, 2);
  assertGreater(results[0]!.similarity_score!, results[1]!.similarity_score!);
});

Deno.test("similar memories come from the stored vector, nearest first, without the memory itself", async () => {
  await using client = await openClient();
  const hash = await client.store("Biscuit the puppy chewed a shoe.");
  await client.store("The puppy Biscuit chewed on a shoe again.");
  await client.store("Our dog likes to chew.");
  await client.store("Quarterly revenue grew by four per cent.");
  const similar = (query = "") => client.get(`/api/search/similar/${hash}${query}`);
  const all = await similar();
  assertEquals(contents(all)[0], "The puppy Biscuit chewed on a shoe again.");
  assertEquals([all.json.results.length, all.json.pagination.total, all.json.search_type], [3, 3, "similar"]);
  assertEquals((await similar("?n_results=1")).json.pagination, {
    total: 3,
    page: 1,
    page_size: 1,
    has_more: true,
    total_pages: 3,
  });
  assertEquals(contents(await similar("?n_results=1&page=3")), ["Quarterly revenue grew by four per cent."]);
  assertEquals((await similar("?threshold=0.7")).json.results.length, 1);
  assertEquals((await client.get(`/api/search/similar/${"0".repeat(64)}`)).status, 404);
  const scores = all.json.results.map((result: { similarity_score: number }) => result.similarity_score);
  assertEquals(scores, scores.toSorted((a: number, b: number) => b - a));
  assertAlmostEquals(scores[0], all.json.results[0].scores.semantic, 1e-9);
});

Deno.test("tags are suggested by their beginning, most used first", async () => {
  await using client = await openClient();
  await client.store("one", { tags: ["Deploy", "docs"] });
  await client.store("two", { tags: ["docs", "redeploy"] });
  const suggest = async (query: string) =>
    (await client.get(`/api/tags/suggest?${query}`)).json.tags.map(({ tag }: { tag: string }) => tag);
  assertEquals(await suggest("prefix=d"), ["docs", "Deploy", "redeploy"]);
  assertEquals(await suggest("q=dep&limit=1"), ["Deploy"]);
  assertEquals(await suggest("prefix=zzz"), []);
});
