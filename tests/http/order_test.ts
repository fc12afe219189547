import { assert, assertEquals } from "@std/assert";
import { type Answer, openClient, type TestClient } from "./client.ts";

const contents = ({ json }: Answer): string[] =>
  json.results.map((result: { memory: { content: string } }) => result.memory.content);

const STATED = [
  ["2024-03-01", "The gateway listens on port 8443."],
  ["2025-02-01", "The gateway listens on port 9443 since the move."],
  ["2026-01-15", "The gateway listens on port 7443, says the new firewall."],
] as const;
const [OLD, , NEW] = STATED.map(([, content]) => content);

async function withPorts(): Promise<TestClient> {
  const client = await openClient();
  // Stored in another order than they were made.
  for (const [created_at, content] of [STATED[1], STATED[2], STATED[0]]) {
    await client.store(content, { created_at, tags: ["gateway"] });
  }
  await client.store("The coffee machine is descaled in spring.", { created_at: "2026-05-01" });
  return client;
}

const search = (client: TestClient, query: string, body: Record<string, unknown> = {}) =>
  client.send("POST", "/api/search", { query, ...body });

Deno.test("what holds now comes first where a question asks for it, and the answer and the reason say so", async () => {
  await using client = await withPorts();
  for (const query of ["Which port does the gateway listen on now?", "gateway listens port derzeit"]) {
    const answer = await search(client, query);
    assertEquals(contents(answer)[0], NEW, query);
    assertEquals(answer.json.temporal_intent, "now");
    const [first] = answer.json.results;
    assert(first.scores.time > 1);
    assert(first.relevance_reason.includes("time asked for"), first.relevance_reason);
  }
});

Deno.test("what held before comes first where a question asks for it", async () => {
  await using client = await withPorts();
  const answer = await search(client, "Which port did the gateway listen on originally?");
  assertEquals([contents(answer)[0], answer.json.temporal_intent], [OLD, "before"]);
});

Deno.test("an order that is asked for gives the statements oldest first, and the unrelated after them", async () => {
  await using client = await withPorts();
  const answer = await search(client, "In which order did the ports change that the gateway listens on?");
  assertEquals(contents(answer), [
    ...STATED.map(([, content]) => content),
    "The coffee machine is descaled in spring.",
  ]);
  assertEquals(answer.json.temporal_intent, "order");
});

Deno.test("an order that is named goes before the question's words", async () => {
  await using client = await withPorts();
  const query = "Which port does the gateway listen on now?";
  const byRelevance = await search(client, query, { order: "relevance" });
  assertEquals(byRelevance.json.temporal_intent, undefined);
  assertEquals(byRelevance.json.results[0].scores.time, undefined);
  assertEquals(contents(await search(client, query, { order: "time", page_size: 3 })), STATED.map(([, text]) => text));
  assertEquals((await search(client, "gateway port")).json.temporal_intent, undefined);
});

Deno.test("relevance and what it cuts don't depend on what a question asks of time", async () => {
  await using client = await withPorts();
  const query = "Which port does the gateway listen on now?";
  const relevances = async (body: Record<string, unknown>) => {
    const { json } = await search(client, query, body);
    return Object.fromEntries(
      json.results.map((
        hit: { memory: { content: string }; relevance: number },
      ) => [hit.memory.content, hit.relevance]),
    );
  };
  assertEquals(await relevances({}), await relevances({ order: "relevance" }));
  assertEquals(
    contents(await search(client, query, { min_relevance: "auto" })).toSorted(),
    contents(await search(client, query, { min_relevance: "auto", order: "relevance" })).toSorted(),
  );
});

Deno.test("a superseded statement stays hidden, unless it is asked for", async () => {
  await using client = await withPorts();
  const { json: { results } } = await search(client, "gateway port 8443");
  const hash = (content: string) =>
    results.find((hit: { memory: { content: string } }) => hit.memory.content === content).memory.content_hash;
  await client.send("POST", `/api/memories/${hash(OLD!)}/supersede`, { new_hash: hash(NEW!), reason: "moved" });
  const query = "Which port did the gateway listen on originally?";
  assert(!contents(await search(client, query)).includes(OLD!));
  assertEquals(contents(await search(client, query, { include_superseded: true }))[0], OLD);
});

Deno.test("order time is there for every search: by tag, by time, exact and similar", async () => {
  await using client = await withPorts();
  const oldestFirst = STATED.map(([, content]) => content);
  const byTag = (order?: string) =>
    client.send("POST", "/api/search/by-tag", { tags: ["gateway"], page_size: 2, order });
  assertEquals(contents(await byTag("time")), oldestFirst.slice(0, 2));
  for (const order of [undefined, "relevance"]) {
    assertEquals(contents(await byTag(order)), oldestFirst.toReversed().slice(0, 2));
  }
  const byTime = (body: Record<string, unknown>) =>
    client.send("POST", "/api/search/by-time", { query: "between 2024-01-01 and 2026-02-01", ...body });
  assertEquals(contents(await byTime({ order: "time" })), oldestFirst);
  assertEquals(contents(await byTime({})), oldestFirst.toReversed());
  assertEquals(contents(await byTime({ semantic_query: "port 7443 firewall" }))[0], NEW);
  assertEquals(contents(await byTime({ semantic_query: "port 7443 firewall", order: "time" })), oldestFirst);
  assertEquals(contents(await search(client, "gateway listens", { mode: "exact", order: "time" })), oldestFirst);
  const [newest] = (await search(client, "7443 firewall")).json.results;
  const similar = await client.get(`/api/search/similar/${newest.memory.content_hash}?order=time&n_results=2`);
  assertEquals(contents(similar), oldestFirst.slice(0, 2));
  for (const path of ["by-tag", "by-time"]) {
    const { status, json } = await client.send("POST", `/api/search/${path}`, {
      query: "today",
      tags: ["gateway"],
      order: "size",
    });
    assertEquals(status, 422);
    assert(JSON.stringify(json).includes("order"));
  }
});

Deno.test("a listing can begin with the oldest, over all pages", async () => {
  await using client = await withPorts();
  const listed = async (query: string) =>
    (await client.get(`/api/memories?tag=gateway&page_size=1&${query}`)).json.memories[0].content;
  assertEquals([await listed("order=time"), await listed("order=time&page=3")], [OLD, NEW]);
  assertEquals([await listed(""), await listed("page=3")], [NEW, OLD]);
});

Deno.test("a long memory's passage is shown by an exact search too, and in scripts without spaces", async () => {
  await using client = await openClient();
  const filler = "办公室里那天没有发生什么值得一提的事情。".repeat(200);
  await client.store(`${filler}三月份由李伟修理了港口的起重机。${filler}`);
  const english = "The office was quiet on that day. ".repeat(100);
  await client.store(`${english}The crane of the harbour was repaired. ${english}`);
  for (const mode of ["hybrid", "exact"]) {
    const query = mode === "exact" ? "港口的起重机" : "谁修理了港口的起重机？";
    const { json: { results: [hit] } } = await search(client, query, { mode });
    assert(hit.passage.text.includes("修理了港口的起重机"), `${mode}: ${hit.passage.text}`);
    assertEquals(hit.memory.content.slice(hit.passage.start, hit.passage.end), hit.passage.text);
  }
  const { json: { results: [hit] } } = await search(client, "crane of the harbour", { mode: "exact" });
  assert(hit.passage.text.startsWith("The crane of the harbour"), hit.passage.text);
});

Deno.test("a question about time that nothing is near to still gets its results, with scores", async () => {
  await using client = await openClient();
  await client.store("The invoice of the plumber is due on Friday.", { created_at: "2024-03-01" });
  await client.store("Photosynthesis turns light into sugar.", { created_at: "2025-03-01" });
  // Both cosines are below 0 for these.
  for (const query of ["latest kernel panic", "currently Zürich tram"]) {
    for (const mode of ["semantic", "hybrid"]) {
      const { json } = await search(client, query, { mode });
      assertEquals([json.results.length, json.pagination.total], [2, 2], `${mode}: ${query}`);
      for (const { similarity_score, relevance } of json.results) assertEquals([similarity_score, relevance], [0, 0]);
    }
  }
});

Deno.test("a question's words about time are understood in a decomposed form and in full width too", async () => {
  await using client = await withPorts();
  for (
    const query of ["Auf welchem Port lief das gateway früher?".normalize("NFD"), "gateway port ｃｕｒｒｅｎｔｌｙ"]
  ) {
    const { json } = await search(client, query);
    assertEquals(json.temporal_intent, query.includes("gateway port") ? "now" : "before", query);
  }
});
