/** One reading of times over GET, POST and MCP, and the zone in which days begin. */

// First: operations' schemas are described in OpenAPI, which has to be loaded before they are made.
import { appOver, openClient } from "./client.ts";
import { assertEquals } from "@std/assert";
import { searchByTime } from "../../src/operations/search_by_time.ts";
import { connectInMemory } from "../mcp/clients.ts";
import { plain } from "../storage/fixtures.ts";
import { testRuntime } from "../helpers/runtime.ts";

/** Times of the two memories: 2019-12-31 and 2020-06-01, both at noon in UTC. */
const EARLIER = Date.UTC(2019, 11, 31, 12) / 1000, LATER = Date.UTC(2020, 5, 1, 12) / 1000;

Deno.test("a time means the same over GET, POST and MCP, and what is none is refused there alike", async () => {
  await using opened = await testRuntime();
  const { runtime } = opened;
  await runtime.storage.store([
    plain(1, { created_at: EARLIER, content: "An earlier note" }),
    plain(2, { created_at: LATER, content: "A later note" }),
  ]);
  const app = appOver(runtime);
  const mcp = await connectInMemory(runtime);
  const get = async (time: string | number) =>
    await app.request(`/api/memories?created_after=${encodeURIComponent(time)}`);
  const post = async (created_after: unknown) =>
    await app.request("/api/search", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query: "note", mode: "exact", created_after }),
    });
  const call = (created_after: unknown) => mcp.call("retrieve_memory", { query: "note", mode: "exact", created_after });
  try {
    for (
      const [time, found] of [
        ["2020", ["A later note"]],
        [2020, ["A later note"]],
        [20200101, ["A later note"]],
        ["2019-12-31", ["A later note", "An earlier note"]],
        ["2019-12-31 12:00:01", ["A later note"]],
        ["2019-12-31t14:00:00+02", ["A later note", "An earlier note"]],
        [String(EARLIER + 1), ["A later note"]],
        [(EARLIER + 1) * 1000, ["A later note"]],
      ] as const
    ) {
      const listed = (await (await get(time)).json()).memories.map(({ content }: { content: string }) => content);
      assertEquals(listed, found, `GET ${time}`);
      const searched = (await (await post(time)).json()).results.map(
        (result: { memory: { content: string } }) => result.memory.content,
      );
      assertEquals(searched.sort(), [...found].sort(), `POST ${time}`);
      const { structuredContent } = await call(time);
      const told = (structuredContent?.memories as { content: string }[]).map(({ content }) => content);
      assertEquals(told.sort(), [...found].sort(), `MCP ${time}`);
    }
    for (const time of ["2020-02-30", "2026-13-01", "2025-03-01 (x)", "soon"]) {
      assertEquals([(await get(time)).status, (await post(time)).status], [422, 422], time);
      assertEquals((await call(time)).isError, true, time);
    }
  } finally {
    await mcp.close();
  }
});

Deno.test("days begin in the zone of the settings where a request names none, and the answer says in which", async () => {
  await using client = await openClient({ operations: { timeZone: "Asia/Tokyo" } });
  await client.store("A note of today");
  const byTime = async (body: unknown, headers = {}) =>
    (await client.send("POST", "/api/search/by-time", body, headers)).json;
  const day = Date.UTC(2026, 10, 23) / 1000;
  const configured = await byTime({ query: "2026-11-23" });
  assertEquals([configured.timezone, configured.period.from], ["Asia/Tokyo", day - 9 * 3600]);
  const named = await byTime({ query: "2026-11-23", timezone: "UTC+1" });
  assertEquals([named.timezone, named.period.from], ["+01:00", day - 3600]);
  const header = await byTime({ query: "2026-11-23" }, { "X-Timezone": "America/New_York" });
  assertEquals([header.timezone, header.period.from], ["America/New_York", day + 5 * 3600]);
  const call = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "recall_memory" } };
  for (const [query, timezone] of [["today", "Asia/Tokyo"], ["note", undefined]] as const) {
    const params = { ...call.params, arguments: { query } };
    const { json } = await client.send("POST", "/mcp", { ...call, params });
    const answer = JSON.parse(json.result.content[0].text);
    assertEquals([answer.total_found, answer.timezone], [1, timezone], query);
  }
});

Deno.test("the calendar of a zone counts where clocks change", async () => {
  await using opened = await testRuntime({ settings: { timeZone: "Europe/Berlin" } });
  const { period } = await searchByTime(
    opened.runtime,
    { query: "yesterday", page: 1, page_size: 10, match_all: false },
    new Date("2026-10-26T12:00:00Z"),
  );
  assertEquals(period.before - period.from, 25 * 3600);
});

Deno.test("a search by time takes n_results for the size of a page", async () => {
  await using client = await openClient();
  for (let i = 0; i < 3; i++) await client.store(`Note ${i}`);
  const { json } = await client.send("POST", "/api/search/by-time", { query: "today", n_results: 2 });
  assertEquals([json.results.length, json.pagination.page_size, json.pagination.total], [2, 2, 3]);
  assertEquals((await client.send("POST", "/api/search/by-time", { query: "today", n_results: 0 })).status, 422);
});
