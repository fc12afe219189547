// First: operations' schemas are described in OpenAPI, which has to be loaded before they are made.
import { keyedService } from "../access/service.ts";
import { openClient } from "./client.ts";
import { assert, assertEquals } from "@std/assert";
import { memoryGrowth, overview } from "../../src/operations/analytics/growth.ts";
import { activityBreakdown, activityHeatmap } from "../../src/operations/analytics/rhythm.ts";
import { storageStats } from "../../src/operations/analytics/storage.ts";
import { tagUsage, topTags } from "../../src/operations/analytics/tags.ts";
import type { Memory } from "../../src/memory/memory.ts";
import type { Runtime } from "../../src/operations/runtime.ts";
import { testRuntime } from "../helpers/runtime.ts";

const NOW = new Date("2026-11-25T12:00:00Z");

/** Stores memories at times written in ISO 8601. */
async function storeAt(runtime: Runtime, times: string[], fields: Partial<Memory> = {}): Promise<void> {
  await runtime.storage.store(times.map((time) => {
    const created_at = Date.parse(time) / 1000;
    const memory: Memory = {
      content: `At ${time} ${JSON.stringify(fields)}`,
      content_hash: crypto.randomUUID().replaceAll("-", "").padEnd(64, "0"),
      tags: [],
      memory_type: null,
      metadata: {},
      conversation_id: null,
      created_at,
      updated_at: created_at,
      ...fields,
    };
    return { memory, vectors: null };
  }));
}

Deno.test("growth counts local days, and what was there before the period counts as cumulated", async () => {
  await using opened = await testRuntime();
  const { runtime } = opened;
  await storeAt(runtime, ["2020-01-01T00:00:00Z", "2026-11-24T23:30:00Z", "2026-11-25T01:00:00Z"]);
  const utc = await memoryGrowth(runtime, { period: "week" }, NOW);
  assertEquals(utc.data_points.length, 8);
  assertEquals(utc.data_points.slice(-2), [
    { date: "2026-11-24", count: 1, cumulative: 2 },
    { date: "2026-11-25", count: 1, cumulative: 3 },
  ]);
  const berlin = await memoryGrowth(runtime, { period: "week", timezone: "Europe/Berlin" }, NOW);
  assertEquals(berlin.data_points.at(-1), { date: "2026-11-25", count: 2, cumulative: 3 });
  const lengths = [];
  for (const period of ["month", "quarter", "year"]) {
    lengths.push((await memoryGrowth(runtime, { period }, NOW)).data_points.length);
  }
  assertEquals(lengths, [11, 13, 13]);
  const { memories_this_week, memories_this_month, total_memories } = await overview(runtime, {}, NOW);
  assertEquals([memories_this_week, memories_this_month, total_memories], [2, 2, 3]);
});

Deno.test("days of 23 and 25 hours are counted whole", async () => {
  await using opened = await testRuntime();
  const { runtime } = opened, timezone = "Europe/Berlin";
  // Clocks went forward on 29 March and back on 25 October 2026.
  await storeAt(runtime, [
    "2026-03-28T22:59:00Z",
    "2026-03-28T23:00:00Z",
    "2026-03-29T21:59:00Z",
    "2026-03-29T22:00:00Z",
  ]);
  const { data } = await activityHeatmap(runtime, { days: 3, timezone }, new Date("2026-03-30T12:00:00Z"));
  assertEquals(data.map(({ date, count }) => [date, count]), [
    ["2026-03-27", 0],
    ["2026-03-28", 1],
    ["2026-03-29", 2],
    ["2026-03-30", 1],
  ]);
});

Deno.test("the heatmap grades days, and the breakdown finds peaks and rows of days", async () => {
  await using opened = await testRuntime();
  const { runtime } = opened;
  await storeAt(runtime, [
    ...["09:10", "09:20", "09:30", "17:00"].map((time) => `2026-11-23T${time}:00Z`),
    "2026-11-24T09:00:00Z",
    "2026-11-10T09:00:00Z",
    "2026-11-11T17:00:00Z",
    "2026-11-12T03:00:00Z",
  ]);
  const heatmap = await activityHeatmap(runtime, { days: 2 }, NOW);
  assertEquals(heatmap.data.map(({ level }) => level), [4, 1, 0]);
  assertEquals([heatmap.total_days, heatmap.max_count], [2, 4]);
  const hourly = await activityBreakdown(runtime, { granularity: "hourly" }, NOW);
  assertEquals([hourly.breakdown.length, hourly.breakdown[9]], [24, { period: "hourly", count: 5, label: "09:00" }]);
  assertEquals(hourly.peak_times, ["09:00", "17:00", "03:00"]);
  assertEquals(
    [hourly.active_days, hourly.total_days, hourly.current_streak, hourly.longest_streak],
    [5, 16, 2, 3],
  );
  const daily = await activityBreakdown(runtime, { granularity: "daily" }, NOW);
  assertEquals(daily.breakdown.map(({ count }) => count), [4, 2, 1, 1, 0, 0, 0]);
  const weekly = await activityBreakdown(runtime, { granularity: "weekly" }, NOW);
  assertEquals(weekly.breakdown.slice(-3).map(({ label, count }) => [label, count]), [
    ["Week 46", 3],
    ["Week 47", 0],
    ["Week 48", 5],
  ]);
  assertEquals((await activityBreakdown(runtime, { granularity: "monthly" }, NOW)).breakdown.at(-1)?.label, "2026-11");
});

Deno.test("tags grow against the period before and show what they go together with", async () => {
  await using opened = await testRuntime();
  const { runtime } = opened;
  await storeAt(runtime, ["2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z", "2026-11-03T00:00:00Z"], {
    tags: ["a", "b"],
  });
  await storeAt(runtime, ["2026-11-04T00:00:00Z"], { tags: ["a"] });
  await storeAt(runtime, ["2026-10-01T00:00:00Z"], { tags: ["a"] });
  await storeAt(runtime, ["2026-10-01T00:00:00Z"]);
  const { tags, period } = await topTags(runtime, { period: "30d", limit: 20 }, NOW);
  assertEquals(period, "30d");
  assertEquals(tags[0], {
    tag: "a",
    count: 4,
    percentage: 100,
    growth_rate: 300,
    trending: true,
    co_occurring_tags: [{ tag: "b", count: 3, strength: 0.75 }],
  });
  assertEquals([tags[1]?.growth_rate, tags[1]?.trending], [null, false]);
  const all = await tagUsage(runtime, { period: "all", limit: 1 }, NOW);
  assertEquals(all, {
    tags: [{ tag: "a", count: 5, percentage: 83.3, growth_rate: null }],
    total_memories: 6,
    period: "all",
  });
});

Deno.test("storage figures come from the contents", async () => {
  await using opened = await testRuntime();
  const { runtime } = opened;
  await storeAt(runtime, ["2026-11-20T00:00:00Z"], { content: "é".repeat(1000), tags: ["long"] });
  await storeAt(runtime, ["2026-11-21T00:00:00Z"], { content: "short" });
  const { largest_memories, average_memory_size, growth_trend } = await storageStats(runtime, {}, NOW);
  assertEquals([largest_memories[0]?.size, largest_memories[0]?.tags, largest_memories[1]?.content_preview], [
    2000,
    ["long"],
    "short",
  ]);
  assertEquals([average_memory_size, growth_trend.length], [1002.5, 30]);
});

Deno.test("what was asked and changed is counted, and the trail is bounded", async () => {
  await using client = await openClient();
  const hash = await client.store("Biscuit is a puppy.", { tags: ["pets"] });
  await client.send("POST", "/api/search", { query: "puppy", tags: ["pets"] });
  await client.send("POST", "/api/search/by-tag", { tags: ["pets"] });
  await client.get(`/api/memories/${hash}`);
  const searches = (await client.get("/api/analytics/search-analytics")).json;
  assertEquals([searches.total_searches, searches.search_types], [2, { hybrid: 1, tag: 1 }]);
  // Nobody turned on that what is searched for is recorded.
  assertEquals(searches.popular_tags, []);
  const patterns = (await client.get("/api/analytics/access-patterns")).json;
  assertEquals([patterns.memories[0].content_hash, patterns.memories[0].access_count], [hash, 3]);
  await client.send("DELETE", `/api/memories/${hash}`);
  const trail = (await client.get("/api/analytics/audit-trail")).json;
  assertEquals(trail.operations.map(({ operation }: { operation: string }) => operation), ["trash", "store"]);
  assertEquals((await client.get("/api/analytics/audit-trail?operation=store")).json.total_operations, 1);
  const { avg_response_time, error_rate } = (await client.get("/api/analytics/performance")).json;
  assert(avg_response_time > 0);
  assertEquals(error_rate, 0);
});

Deno.test("a zone comes from the query or the header, and an unknown one is named", async () => {
  await using client = await openClient();
  assertEquals((await client.get("/api/analytics/overview?timezone=Europe/Berlin")).status, 200);
  assertEquals((await client.get("/api/analytics/overview", { "X-Timezone": "Nowhere/City" })).status, 422);
  const bogus = await client.get("/api/analytics/memory-growth?period=bogus");
  assertEquals([bogus.status, bogus.json.detail], [400, "Invalid period. Use: week, month, quarter, year"]);
});

Deno.test("searches are counted by the hour, those that found nothing relevant apart", async () => {
  await using client = await openClient();
  await client.store("Biscuit is a puppy.", { tags: ["pets"] });
  await client.send("POST", "/api/search", { query: "puppy" });
  await client.send("POST", "/api/search/by-tag", { tags: ["cars"] });
  await client.send("POST", "/api/search", { query: "xyzzy", mode: "exact" });
  const { json: { by_hour, without_result } } = await client.get("/api/analytics/search-analytics");
  const sum = (name: string) => by_hour.reduce((all: number, one: Record<string, number>) => all + one[name]!, 0);
  assertEquals([sum("count"), sum("without_result"), without_result], [3, 2, 2]);
  assert(Math.abs(Date.parse(by_hour[0].hour) - Date.now()) < 2 * 3_600_000, by_hour[0].hour);
  assertEquals(Date.parse(by_hour[0].hour) % 3_600_000, 0);
});

Deno.test("memories are counted by who stored them, and with what, in the caller's spaces", async () => {
  await using service = await keyedService();
  const { token: ann } = await service.key({ rights: "write", name: "ann" });
  const { token: eve } = await service.key({ rights: "write", name: "eve", write: ["team"] });
  for (const content of ["One", "Two"]) await service.rest(ann, "POST", "/api/memories", { content });
  await service.rest(eve, "POST", "/api/memories", { content: "Three" });
  await service.call(ann, "tools/call", { name: "store_memory", arguments: { content: "Four" } });
  const { json } = await service.rest(ann, "GET", "/api/analytics/writers");
  const shown = (list: { name: string; count: number }[]) => list.map(({ name, count }) => [name, count]);
  assertEquals(shown(json.writers), [["ann", 3]]);
  assertEquals(shown(json.channels), [["rest", 2], ["mcp", 1]]);
  assertEquals(shown(json.clients).filter(([name]) => name !== null), [["test", 1]]);
  assertEquals(shown((await service.rest(eve, "GET", "/api/analytics/writers")).json.writers), [["eve", 1]]);
});
