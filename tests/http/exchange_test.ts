import { assert, assertEquals } from "@std/assert";
import { openClient, type TestClient } from "./client.ts";

interface Turn {
  memory: { content: string; content_hash: string };
  similarity_score: number;
}
interface Hit extends Turn {
  exchange?: (Turn & { part: string; role: string | null; relevance: number; passage?: { text: string } }) | null;
}

const TALK = [
  "User: How do I calibrate the barometer of the weather station?",
  "Assistant: Calibrate the barometer by setting the station's altitude to 412 metres.",
  "User: Thanks, the rain gauge is next.",
  "Assistant: Empty the rain gauge and press reset.",
];

/** A conversation, and other memories about the same. */
async function withTalk(): Promise<TestClient> {
  const client = await openClient();
  for (const [i, content] of TALK.entries()) {
    await client.store(content, { conversation_id: "station", created_at: 1_700_000_000 + i });
  }
  for (let i = 0; i < 8; i++) await client.store(`The barometer of station ${i} hangs in the hall.`);
  return client;
}

async function search(client: TestClient, body: Record<string, unknown>) {
  const { status, json } = await client.send("POST", "/api/search", body);
  assertEquals(status, 200, JSON.stringify(json));
  return json as { results: Hit[]; pagination: { total: number; total_pages: number }; relevant: number };
}

const QUERY = "calibrate the barometer altitude";

Deno.test("a message and its answer are one result on request, the better one first, the other with its facts", async () => {
  await using client = await withTalk();
  const { results } = await search(client, { query: QUERY, exchanges: true });
  const [first] = results, exchange = first!.exchange!;
  assertEquals([first!.memory.content, exchange.memory.content].toSorted(), TALK.slice(0, 2).toSorted());
  assertEquals(
    [exchange.part, exchange.role],
    first!.memory.content === TALK[0] ? ["answer", "assistant"] : [
      "question",
      "user",
    ],
  );
  assert(first!.similarity_score >= exchange.similarity_score && exchange.relevance > 0);
  assert(results.slice(1).every(({ memory }) => memory.content_hash !== exchange.memory.content_hash));
});

Deno.test("without the argument every turn is a result of its own, as before", async () => {
  await using client = await withTalk();
  for (const exchanges of [undefined, false]) {
    const { results, pagination } = await search(client, { query: QUERY, page_size: 50, exchanges });
    assertEquals([results.length, pagination.total], [12, 12]);
    assert(results.every(({ exchange }) => exchange === undefined));
  }
  const { status, json } = await client.send("POST", "/api/search", { query: QUERY, exchanges: "perhaps" });
  assertEquals(status, 422);
  assert(JSON.stringify(json).includes("exchanges"));
});

Deno.test("over all pages each memory is there once, and totals count the results", async () => {
  await using client = await withTalk();
  for (const page_size of [1, 2, 3, 7, 50]) {
    const hashes: string[] = [];
    let pages = 1, count = 0;
    for (let page = 1; page <= pages; page++) {
      const { results, pagination } = await search(client, { query: QUERY, exchanges: true, page, page_size });
      pages = pagination.total_pages;
      count += results.length;
      assertEquals(pagination.total, 10, "8 memories alone and two exchanges");
      for (const { memory, exchange } of results) {
        hashes.push(memory.content_hash, ...exchange == null ? [] : [exchange.memory.content_hash]);
      }
    }
    assertEquals([count, hashes.length, new Set(hashes).size], [10, 12, 12], `pages of ${page_size}`);
  }
});

Deno.test("a turn that a filter or a threshold leaves out comes with no exchange either", async () => {
  await using client = await withTalk();
  const { results } = await search(client, { query: QUERY, exchanges: true, role: "assistant" });
  assertEquals(results.map(({ memory }) => memory.content).toSorted(), [TALK[1]!, TALK[3]!].toSorted());
  assert(results.every(({ exchange }) => exchange === undefined));
  const strict = await search(client, { query: QUERY, exchanges: true, min_relevance: 0.5 });
  for (const { exchange } of strict.results) assert(exchange == null || exchange.relevance >= 0.5);
});

Deno.test("relevance ends among the results as they are shown", async () => {
  await using client = await withTalk();
  const apart = await search(client, { query: QUERY, page_size: 50 });
  const together = await search(client, { query: QUERY, page_size: 50, exchanges: true });
  assert(together.relevant <= apart.relevant && together.relevant > 0);
  assert(together.relevant <= together.pagination.total);
});

Deno.test("between two people a question and the reply are an exchange", async () => {
  await using client = await openClient();
  const asked = await client.store("Ana: Which lens did you take to the glacier?", {
    conversation_id: "trip",
    created_at: 1_700_000_000,
  });
  const said = await client.store("Ben: The 35 millimetre lens, for the glacier's size.", {
    conversation_id: "trip",
    created_at: 1_700_000_060,
  });
  const { results } = await search(client, { query: "lens for the glacier", exchanges: true });
  assertEquals(results.length, 1);
  assertEquals(
    [results[0]!.memory.content_hash, results[0]!.exchange!.memory.content_hash].toSorted(),
    [
      asked,
      said,
    ].toSorted(),
  );
});

Deno.test("the other turn of an exchange shows its own passage", async () => {
  await using client = await openClient();
  const filler = "Nothing else was asked for on that day. ".repeat(80);
  await client.store("How do I calibrate the barometer?", {
    conversation_id: "c",
    metadata: { role: "user" },
    created_at: 1_700_000_000,
  });
  await client.store(`${filler}To calibrate the barometer, set the altitude. ${filler}`, {
    conversation_id: "c",
    metadata: { role: "assistant" },
    created_at: 1_700_000_001,
  });
  const { results: [first] } = await search(client, { query: "calibrate barometer", exchanges: true });
  const passages = [(first as { passage?: { text: string } }).passage, first!.exchange!.passage];
  assert(passages.some((passage) => passage?.text.startsWith("To calibrate the barometer")), JSON.stringify(passages));
});

Deno.test("relevant results are counted among those that a threshold leaves", async () => {
  await using client = await withTalk();
  for (const exchanges of [false, true]) {
    for (const cut of [{ similarity_threshold: 0.99 }, { min_relevance: 0.9 }, { min_relevance: "auto" }]) {
      const { results, pagination, relevant } = await search(client, {
        query: QUERY,
        page_size: 50,
        exchanges,
        ...cut,
      });
      assert(relevant <= pagination.total, `${relevant} of ${pagination.total} with ${JSON.stringify(cut)}`);
      assertEquals(results.length, pagination.total);
    }
  }
});
