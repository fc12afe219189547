/** Totals and paging of lists and searches, over every surface. */

import { assert, assertEquals } from "@std/assert";
// First, since it prepares zod for OpenAPI before any schema is made.
import { openClient, type TestClient } from "../http/client.ts";
import { storeBatch } from "../../src/operations/store.ts";
import { connectInMemory } from "../mcp/clients.ts";

const TOPICS = ["harbour crane", "tide table", "lighthouse lamp", "ferry pier", "customs office"];

async function filled(count: number): Promise<TestClient> {
  const client = await openClient();
  const memories = Array.from({ length: count }, (_, i) => ({
    content: `Report ${i} about the ${TOPICS[i % 5]}: it was looked at on day ${i} and found in order`,
    tags: [i % 2 === 0 ? "even" : "odd"],
    metadata: {},
    conversation_id: i % 10 === 0 ? "talk" : null,
  }));
  await storeBatch(client.runtime, { memories });
  return client;
}

interface Page {
  ids: string[];
  total: number;
  minimum: boolean;
  more: boolean;
}

/** Every page until the last, and that they all say the same. */
async function all(page: (number: number) => Promise<Page>): Promise<Page> {
  const ids: string[] = [];
  let first: Page | undefined;
  for (let number = 1;; number++) {
    const found = await page(number);
    first ??= found;
    assertEquals([found.total, found.minimum], [first.total, first.minimum], `page ${number}`);
    ids.push(...found.ids);
    if (!found.more) break;
    assert(found.ids.length > 0, `page ${number} is empty, though there is more`);
  }
  assertEquals(new Set(ids).size, ids.length, "each comes once");
  assertEquals(ids.length, first.total);
  return { ...first, ids };
}

const rest = (client: TestClient, body: Record<string, unknown>) => async (page: number): Promise<Page> => {
  const { json } = await client.send("POST", "/api/search", { ...body, page });
  const { total, total_is_minimum = false, has_more } = json.pagination;
  const ids = json.results.map((hit: { memory: { content_hash: string } }) => hit.memory.content_hash);
  return { ids, total, minimum: total_is_minimum, more: has_more };
};

Deno.test("pages of a search count the same and give each result once, in a store that is all ranked", async () => {
  await using client = await filled(90);
  for (
    const body of [
      { query: "harbour crane report", page_size: 7 },
      { query: "harbour crane report", page_size: 100 },
      { query: "harbour crane", mode: "semantic", page_size: 40 },
      { query: "harbour crane", tags: ["even"], page_size: 9 },
      { query: "day 7", mode: "exact", page_size: 3 },
    ]
  ) {
    const { total, minimum } = await all(rest(client, body));
    assertEquals(minimum, false, JSON.stringify(body));
    assertEquals(total, body.mode === "exact" ? 11 : body.tags ? 45 : 90, JSON.stringify(body));
  }
  const cut = await all(rest(client, { query: "harbour crane report", similarity_threshold: 0.6, page_size: 4 }));
  assert(cut.total > 0 && cut.total < 90);
});

Deno.test("where not all is ranked, all pages say the same least number", async () => {
  await using client = await filled(600);
  const small = await all(rest(client, { query: "harbour crane report", page_size: 20 }));
  const large = await all(rest(client, { query: "harbour crane report", page_size: 100 }));
  assertEquals([small.minimum, large.minimum], [true, true]);
  assertEquals(small.ids, large.ids);
  assert(small.total >= 100 && small.total < 600);
  const exact = await all(rest(client, { query: "Report", mode: "exact", page_size: 100 }));
  assertEquals([exact.total, exact.minimum], [600, false]);
  const similar = await all(async (page) => {
    const { json } = await client.get(`/api/search/similar/${small.ids[0]}?n_results=30&page=${page}`);
    const { total, total_is_minimum = false, has_more } = json.pagination;
    const ids = json.results.map((hit: { memory: { content_hash: string } }) => hit.memory.content_hash);
    return { ids, total, minimum: total_is_minimum, more: has_more };
  });
  assertEquals(similar.minimum, true);
  const byTime = await all(async (page) => {
    const body = { query: "today", semantic_query: "harbour crane report", page, page_size: 50 };
    const { json } = await client.send("POST", "/api/search/by-time", body);
    const { total, total_is_minimum = false, has_more } = json.pagination;
    const ids = json.results.map((hit: { memory: { content_hash: string } }) => hit.memory.content_hash);
    return { ids, total, minimum: total_is_minimum, more: has_more };
  });
  assertEquals([byTime.total, byTime.minimum], [small.total, true]);
  const mcp = await connectInMemory(client.runtime);
  for (const [name, field, key] of [["search", "results", "id"], ["retrieve_memory", "memories", "content_hash"]]) {
    const paged = await all(async (page) => {
      const args = { query: "harbour crane report", page, page_size: 50, detail: "ids" };
      const found = (await mcp.call(name!, args)).structuredContent as Record<string, unknown>;
      const ids = (found[field!] as Record<string, string>[]).map((result) => result[key!]!);
      return {
        ids,
        total: found.total as number,
        minimum: found.total_is_minimum === true,
        more: found.has_more as boolean,
      };
    });
    assertEquals([paged.total, paged.minimum, paged.ids], [small.total, true, small.ids], name);
  }
  const { text } = (await mcp.call("search", { query: "harbour crane report" })).content[0]!;
  assert(text.startsWith(`10 of ${small.total} or more`), text.slice(0, 80));
  await mcp.close();
});

Deno.test("lists by tag, by time and of everything count exactly", async () => {
  await using client = await filled(230);
  const total = async (method: string, path: string, body?: unknown) => {
    const { json } = await client.send(method, path, body);
    return json.pagination?.total ?? json.total;
  };
  assertEquals(await total("GET", "/api/memories?page_size=10"), 230);
  assertEquals(await total("POST", "/api/search/by-tag", { tags: ["even"] }), 115);
  assertEquals(await total("POST", "/api/search/by-time", { query: "today" }), 230);
});
