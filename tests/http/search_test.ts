import { assert, assertEquals } from "@std/assert";
import { openClient, type TestClient } from "./client.ts";

const contents = (json: { results: { memory: { content: string } }[] }) => json.results.map((r) => r.memory.content);

async function withPets(): Promise<TestClient> {
  const client = await openClient();
  await client.store("Caroline adopted a puppy named Biscuit.", { tags: ["pets"], conversation_id: "c1" });
  await client.store("The staging database runs PostgreSQL 16.", { tags: ["infra"], metadata: { project: "atlas" } });
  await client.store("Deploys happen on Thursdays.", { tags: ["infra", "deploy"], memory_type: "reference" });
  return client;
}

Deno.test("a search finds by meaning and by words and says why", async () => {
  await using client = await withPets();
  const { status, json } = await client.send("POST", "/api/search", { query: "which database do we use for staging?" });
  assertEquals(status, 200);
  assertEquals(contents(json)[0], "The staging database runs PostgreSQL 16.");
  assertEquals(json.query, "which database do we use for staging?");
  assertEquals(json.search_type, "hybrid");
  assertEquals(json.notice, null);
  assertEquals(json.pagination.page_size, 10);
  assert(json.processing_time_ms >= 0);
  const [best] = json.results;
  assert(best.similarity_score > 0 && best.similarity_score <= 1);
  assert(best.scores.semantic > 0.3 && best.scores.words > 0);
  assertEquals(typeof best.relevance_reason, "string");
});

Deno.test("page_size and n_results both set the page, and n_results wins", async () => {
  await using client = await withPets();
  const sizeOf = async (body: Record<string, unknown>) => {
    const { json } = await client.send("POST", "/api/search", { query: "database", ...body });
    return json.pagination.page_size;
  };
  assertEquals(await sizeOf({}), 10);
  assertEquals(await sizeOf({ page_size: 2 }), 2);
  assertEquals(await sizeOf({ n_results: 3 }), 3);
  assertEquals(await sizeOf({ page_size: 2, n_results: 3 }), 3);
  assertEquals(await sizeOf({ page_size: null, n_results: null }), 10);
  assertEquals(await sizeOf({ n_results: 100 }), 100);
});

Deno.test("the pages of a search follow each other without gaps or repeats", async () => {
  await using client = await withPets();
  const pageOf = async (page: number) =>
    (await client.send("POST", "/api/search", { query: "infra database deploys puppy", page, page_size: 1 })).json;
  const pages = [await pageOf(1), await pageOf(2), await pageOf(3)];
  assertEquals(new Set(pages.flatMap(contents)).size, 3);
  assertEquals(pages.map((page) => page.pagination.has_more), [true, true, false]);
  assertEquals(contents(await pageOf(50)), []);
});

Deno.test("without a threshold nothing is cut off, with one the weak results are", async () => {
  await using client = await withPets();
  const count = async (similarity_threshold?: number | null) =>
    (await client.send("POST", "/api/search", { query: "puppy", similarity_threshold })).json.results.length;
  assertEquals(await count(), 3);
  assertEquals(await count(null), 3);
  assertEquals(await count(0), 3);
  assertEquals(await count(0.3), 1);
});

Deno.test("a search filters by tags, type, conversation, time and metadata", async () => {
  await using client = await withPets();
  const found = async (filter: Record<string, unknown>) =>
    contents((await client.send("POST", "/api/search", { query: "puppy database deploys", ...filter })).json).sort();
  assertEquals((await found({ tags: ["infra"] })).length, 2);
  assertEquals(await found({ tags: ["infra", "deploy"], match_all: true }), ["Deploys happen on Thursdays."]);
  assertEquals(await found({ memory_type: "reference" }), ["Deploys happen on Thursdays."]);
  assertEquals(await found({ conversation_id: "c1" }), ["Caroline adopted a puppy named Biscuit."]);
  assertEquals(await found({ metadata: { project: "atlas" } }), ["The staging database runs PostgreSQL 16."]);
  assertEquals(await found({ created_before: "2020-01-01" }), []);
  assertEquals((await found({ created_after: 0 })).length, 3);
});

Deno.test("searches and listings find what one role said, by metadata or by the label", async () => {
  await using client = await openClient();
  await client.store("User: the parser drops commas", { conversation_id: "c" });
  await client.store("Assistant: the parser keeps commas now", { conversation_id: "c" });
  await client.store("The parser passes its tests", { metadata: { role: "tool" } });
  const found = async (role: string) =>
    contents((await client.send("POST", "/api/search", { query: "parser commas", role })).json);
  assertEquals(await found("user"), ["User: the parser drops commas"]);
  assertEquals(await found("assistant"), ["Assistant: the parser keeps commas now"]);
  assertEquals(await found("tool"), ["The parser passes its tests"]);
  assertEquals(await found("system"), []);
  const { json } = await client.send("GET", "/api/memories?role=assistant");
  assertEquals(json.memories.map(({ content }: { content: string }) => content), [
    "Assistant: the parser keeps commas now",
  ]);
  const { status, json: problem } = await client.send("POST", "/api/search", { query: "parser", role: "captain" });
  assertEquals(status, 422);
  assert(JSON.stringify(problem).includes("role"));
});

Deno.test("an assistant's answer counts less than the user's own words, and the reason says so", async () => {
  await using client = await openClient();
  await client.store("Assistant: the parser drops commas", { conversation_id: "c" });
  await client.store("User: the parser drops commas", { conversation_id: "c" });
  const { json: { results: [first, second] } } = await client.send("POST", "/api/search", { query: "parser commas" });
  assertEquals(first.memory.content, "User: the parser drops commas");
  assertEquals(first.scores.role, 1);
  assert(second.scores.role < 1);
  assert(second.relevance_reason.includes("an assistant speaks"), second.relevance_reason);
});

Deno.test("a search finds turns and memories, and what was stored on purpose first", async () => {
  await using client = await openClient();
  const question = "Which database does Atlas keep its invoices in?";
  const turn = { memory_type: "turn", conversation_id: "claude-code:s", metadata: { role: "user" } };
  await client.store(question, turn);
  await client.store("Atlas keeps its invoices in PostgreSQL, I think, as all databases of ours.", turn);
  const note = "Atlas keeps its invoices in PostgreSQL 17.";
  await client.store(note, { memory_type: "decision" });
  await client.store("The picnic is on Saturday.", { memory_type: "decision" });
  const { json } = await client.send("POST", "/api/search", { query: question });
  assertEquals(contents(json)[0], note);
  assertEquals(contents(json).slice(1, 3).includes(question), true, "the turns come before what doesn't fit");
  assertEquals(json.results.slice(0, 2).map((hit: { scores: { turn: number } }) => hit.scores.turn), [1, 0.5]);
  assert(json.results[1].relevance_reason.includes("a turn"), json.results[1].relevance_reason);
});

Deno.test("a question for an assistant's answer goes by meaning before words", async () => {
  await using client = await openClient();
  const words = "Assistant: Requests, requests: here are the requests that you asked for, with a list of all requests";
  await client.store(words, { conversation_id: "c" });
  const answer =
    "Assistant: Put a queue with a rate limit in front of the API, so that bursts of calls wait their turn";
  await client.store(answer, { conversation_id: "c" });
  const best = async (query: string) => contents((await client.send("POST", "/api/search", { query })).json)[0];
  assertEquals(await best("How did you recommend throttling bursts of requests to the API?"), answer);
});

Deno.test("relevance says whether anything fits, min_relevance cuts by it, and the answer says where it ends", async () => {
  await using client = await withPets();
  const search = async (query: string, body: Record<string, unknown> = {}) =>
    (await client.send("POST", "/api/search", { query, ...body })).json;
  const fitting = await search("Which puppy did Caroline adopt?");
  assert(fitting.results[0].relevance > 0.9);
  assertEquals([fitting.relevant, fitting.results.length], [1, 3]);
  assert(
    fitting.results.every((hit: { relevance: number }, i: number, all: { relevance: number }[]) =>
      i === 0 || hit.relevance <= all[i - 1]!.relevance
    ),
  );
  assertEquals(contents(await search("Which puppy did Caroline adopt?", { min_relevance: "auto" })), [
    "Caroline adopted a puppy named Biscuit.",
  ]);
  const foreign = await search("How do I prune a pear tree in winter?");
  assertEquals([foreign.relevant, foreign.results.length], [0, 3]);
  assert(foreign.results[0].relevance < 0.5);
  const cut = await search("How do I prune a pear tree in winter?", { min_relevance: "auto" });
  assertEquals([cut.results, cut.pagination.total, cut.relevant], [[], 0, 0]);
  assertEquals((await search("Which puppy did Caroline adopt?", { min_relevance: 0.9 })).results.length, 1);
  assertEquals((await search("zyxq wvut", { min_relevance: 0.1 })).results, []);
  for (const min_relevance of [-1, 2, "all"]) {
    const { status, json } = await client.send("POST", "/api/search", { query: "puppy", min_relevance });
    assertEquals(status, 422);
    assert(JSON.stringify(json).includes("min_relevance"));
  }
});

Deno.test("words scattered over a long text are no sign that it answers, those of a short one are", async () => {
  const words = ["crane", "harbour", "repaired", "kiran", "march"];
  const filler = Array.from({ length: 2500 }, (_, i) => `filler${i} nothing${i} office${i}`);
  const scattered = filler.map((text, i) => i % 500 === 0 ? `${text} ${words[i / 500]}` : text).join(" ");
  const relevanceOf = async (content: string) => {
    await using client = await openClient({ embeddings: { serving: null } });
    await client.store(content);
    for (let i = 0; i < 20; i++) await client.store(`Note ${i} about something else`);
    const { json } = await client.send("POST", "/api/search", { query: "Who repaired the harbour crane with Kiran?" });
    return json.results[0].relevance;
  };
  const long = await relevanceOf(scattered), short = await relevanceOf("Kiran repaired the harbour crane in March");
  assert(short > 0.9 && long < 0.5, `${short} ${long}`);
});

Deno.test("a long memory's result shows the passage that matched, with its place in the content", async () => {
  await using client = await openClient();
  const filler = "The day went by without anything of note in the office. ".repeat(40);
  const content = `${filler}The harbour crane was repaired by Kiran in March. ${filler}`;
  await client.store(content);
  await client.store("The crane is painted blue.");
  const { json } = await client.send("POST", "/api/search", { query: "Who repaired the crane in the harbour?" });
  const [long, short] = [content, "The crane is painted blue."].map((text) =>
    json.results.find((hit: { memory: { content: string } }) => hit.memory.content === text)
  );
  const { start, end, text } = long.passage;
  assertEquals(content.slice(start, end), text);
  assert(text.startsWith("The harbour crane was repaired by Kiran"), text);
  assert(text.length <= 320);
  assertEquals(short.passage, undefined);
});

Deno.test("order time gives the same results of a page, oldest first", async () => {
  await using client = await openClient();
  for (const day of ["first", "second", "third"]) await client.store(`On the ${day} day we moved the crane`);
  const search = async (order?: string) =>
    contents((await client.send("POST", "/api/search", { query: "second day crane", order })).json);
  assertEquals((await search())[0], "On the second day we moved the crane");
  assertEquals(await search("relevance"), await search());
  assertEquals(await search("time"), ["first", "second", "third"].map((day) => `On the ${day} day we moved the crane`));
  assertEquals((await client.send("POST", "/api/search", { query: "crane", order: "size" })).status, 422);
});

Deno.test("an exact search finds the words as written", async () => {
  await using client = await withPets();
  const { json } = await client.send("POST", "/api/search", { query: "postgresql 16", mode: "exact" });
  assertEquals(json.search_type, "exact");
  assertEquals(contents(json), ["The staging database runs PostgreSQL 16."]);
});

for (
  const query of ['"NEAR(', "*", "-", 'a" OR "b', "content:x", "NOT", "^puppy*", "{a b}: c", "'; DROP TABLE x", "🦊"]
) {
  Deno.test(`the query ${query} is words to look for, not syntax`, async () => {
    await using client = await withPets();
    for (const mode of ["hybrid", "semantic", "exact"]) {
      const { status, json } = await client.send("POST", "/api/search", { query, mode });
      assertEquals(status, 200, JSON.stringify(json));
    }
  });
}

for (const tag of ['"NEAR(', "*", "-", "a,b", 'say "hi"', "it's", "🦊", "%", "_", "[x]", "\\", "tag with blanks"]) {
  Deno.test(`the tag ${tag} is kept, listed and found as it is`, async () => {
    await using client = await openClient();
    const hash = await client.store("tagged", { tags: [tag] });
    await client.store("other", { tags: ["other"] });
    assertEquals((await client.get(`/api/memories/${hash}`)).json.tags, [tag]);
    assertEquals((await client.get("/api/tags")).json.tags.find((t: { tag: string }) => t.tag === tag), {
      tag,
      count: 1,
    });
    assertEquals((await client.get(`/api/memories?tag=${encodeURIComponent(tag)}`)).json.total, 1);
    const { json } = await client.send("POST", "/api/search", { query: "tagged", tags: [tag] });
    assertEquals(contents(json), ["tagged"]);
  });
}
