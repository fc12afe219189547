// First: its packages give zod's schemas methods that those made before lack.
import { openClient } from "../http/client.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createReranker } from "../../src/embedding/factory.ts";
import type { Reranker } from "../../src/embedding/embedder.ts";
import { MemoryError } from "../../src/errors.ts";
import type { OperationSettings } from "../../src/operations/runtime.ts";
import { search, SearchInput } from "../../src/operations/search.ts";
import { store, StoreInput } from "../../src/operations/store.ts";
import { inFolder, unimemIn } from "../cli/command.ts";
import { testEnvironment, until } from "../helpers/process.ts";
import { testRuntime } from "../helpers/runtime.ts";
import { connectInMemory } from "../mcp/clients.ts";

/**
 * A cross-encoder whose logit is the number of the query's words that the text has, less two: a graph of a dozen nodes
 * made for these tests, beside the bundled model's tokenizer.
 */
async function overlapModel(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "unimem-rerank-" });
  const fixture = new URL("./fixtures/overlap-cross-encoder/", import.meta.url);
  const bundled = new URL("../../models/all-MiniLM-L6-v2/", import.meta.url);
  await Deno.mkdir(`${folder}/onnx`);
  for (const file of ["config.json", "onnx/model_quantized.onnx"]) {
    await Deno.copyFile(new URL(file, fixture), `${folder}/${file}`);
  }
  for (const file of ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"]) {
    await Deno.copyFile(new URL(file, bundled), `${folder}/${file}`);
  }
  return folder;
}

const settled = (reranker: Reranker) =>
  until(() => Promise.resolve(reranker.status), ({ state }) => state !== "loading", "the reranker");

Deno.test("a cross-encoder scores pairs of query and text, one by one", async () => {
  const model = await overlapModel();
  const reranker = createReranker({ model, cacheFolder: model, offline: true });
  try {
    assertEquals((await settled(reranker)).state, "ready");
    const texts = ["the blue whale sings", "a blue car", "nothing of the kind"];
    assertEquals(await reranker.score("blue whale", texts), [0, -1, -2]);
    assertEquals(await reranker.score("blue whale", texts, 0), [], "no time left");
    assertEquals(await Promise.all(texts.map((text) => reranker.score("blue whale", [text]))), [[0], [-1], [-2]]);
  } finally {
    await reranker.close();
    await Deno.remove(model, { recursive: true });
  }
  await assertRejects(() => reranker.score("a", ["b"]), MemoryError, "closed");
});

Deno.test("a reranker takes memory only while it is used", async () => {
  const model = await overlapModel();
  const reranker = createReranker({ model, cacheFolder: model, offline: true }, { eager: false, idleMs: 50 });
  const became = (wanted: string) =>
    until(() => Promise.resolve(reranker.status), ({ state }) => state === wanted, `the reranker to be ${wanted}`);
  try {
    assertEquals(reranker.status.state, "idle", "nobody needed it yet");
    await Promise.all([reranker.load(), reranker.load()]);
    assertEquals(reranker.status.state, "ready");
    assertEquals(await reranker.score("blue whale", ["the blue whale sings"]), [0]);
    await became("idle");
    await assertRejects(() => reranker.score("a", ["b"]), MemoryError, "idle");
    await reranker.load();
    assertEquals(await reranker.score("blue whale", ["a blue car"]), [-1], "it comes back");
    await became("idle");
  } finally {
    await reranker.close();
    await Deno.remove(model, { recursive: true });
  }
  assertEquals(reranker.status.state, "closed");
});

Deno.test("while a reranker reads, the thread that serves goes on", async () => {
  const model = await overlapModel();
  const reranker = createReranker({ model, cacheFolder: model, offline: true });
  try {
    await settled(reranker);
    let ended = false, turns = 0;
    const scores = reranker.score("blue whale", new Array(500).fill("the blue whale sings ".repeat(50)))
      .finally(() => ended = true);
    while (!ended) {
      turns++;
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    assertEquals((await scores).length, 500);
    assert(turns > 10, `${turns} turns of the event loop`);
  } finally {
    await reranker.close();
    await Deno.remove(model, { recursive: true });
  }
});

const REAL = Deno.env.get("RERANK_MODEL");

Deno.test({
  name: "no score of a real cross-encoder depends on the texts beside it (RERANK_MODEL names its folder)",
  ignore: REAL === undefined,
  fn: async () => {
    const reranker = createReranker({ model: REAL!, cacheFolder: REAL!, offline: true });
    try {
      await reranker.load();
      const query = "When does the ferry leave?";
      const texts = [
        "The ferry leaves at nine.",
        "Ada keeps bees.",
        "x",
        "",
        "a long one ".repeat(200),
        "渡し船は九時",
      ];
      const alone: number[] = [];
      for (const text of texts) alone.push(...await reranker.score(query, [text]));
      assertEquals(await reranker.score(query, texts), alone);
      assertEquals(await reranker.score(query, texts.toReversed()), alone.toReversed());
      assertEquals(Math.max(...alone), alone[0]);
    } finally {
      await reranker.close();
    }
  },
});

/** A reranker that remembers what it was given, and scores as many texts as it is told to: the last one it reads best. */
function recording(limit: number) {
  const read: string[][] = [];
  const reranker: Reranker = {
    model: "recording",
    status: { state: "ready", since: 0 },
    load: () => Promise.resolve(),
    score: (_, texts) => {
      read.push([...texts]);
      return Promise.resolve(texts.slice(0, limit).map((_, i) => i === limit - 1 ? 10 : -10));
    },
    close: () => Promise.resolve(),
  };
  return { reranker, read };
}

Deno.test("passages are read best first, and what the budget leaves out follows in its order", async () => {
  await using test = await testRuntime();
  const { runtime } = test, { reranker, read } = recording(3);
  for (let i = 0; i < 12; i++) {
    await store(runtime, StoreInput.parse({ content: `The cat ${"sleeps ".repeat(i)}in house ${i}` }));
  }
  const input = SearchInput.parse({ query: "cat in house", page_size: 20 });
  const contentsOf = (found: { results: { memory: { content: string } }[] }) =>
    found.results.map(({ memory }) => memory.content);
  const plain = contentsOf(await search(runtime, input));
  const again = await search({ ...runtime, embeddings: { ...runtime.embeddings, reranker } }, input);
  assertEquals(read, [plain]);
  assertEquals(again.reranked, 3);
  assertEquals(contentsOf(again), [plain[2], plain[0], plain[1], ...plain.slice(3)]);
  const scores = again.results.map(({ similarity_score }) => similarity_score!);
  assertEquals(scores, scores.toSorted((a, b) => b - a));
});

Deno.test("pages of a search hold each result once, however many the reranker had time for on each", async () => {
  const counts: number[] = [];
  const reranker: Reranker = {
    ...recording(0).reranker,
    // The less time there was, the fewer are read; the later a text comes, the better it is.
    score: (_, texts) => Promise.resolve(texts.slice(0, counts.shift() ?? 1).map((_, i) => i - 20)),
  };
  await using client = await openClient({ embeddings: { reranker } });
  for (let i = 0; i < 24; i++) await client.store(`The cat sleeps in house ${i}`);
  const mcp = await connectInMemory(client.runtime);
  const pages: Record<string, (page: number) => Promise<string[]>> = {
    "POST /api/search": async (page) => {
      const body = { query: "cat in house", page, page_size: 6 };
      const { results } = (await client.send("POST", "/api/search", body)).json;
      return results.map(({ memory }: { memory: { content: string } }) => memory.content);
    },
    search: async (page) => {
      const { structuredContent } = await mcp.call("search", { query: "cat in house", page, page_size: 6 });
      return (structuredContent!.results as { content: string }[]).map(({ content }) => content);
    },
  };
  for (const [name, read] of Object.entries(pages)) {
    counts.splice(0, Infinity, 9, 24, 2, 15);
    const found: string[] = [];
    for (let page = 1; page <= 4; page++) found.push(...await read(page));
    assertEquals([found.length, new Set(found).size], [24, 24], name);
    // A new search has another chance.
    counts.splice(0, Infinity, 24);
    assert((await read(1))[0] !== found[0], name);
  }
  await mcp.close();
});

Deno.test("a reranker that finds nothing leaves the order, and one that is sure of all too", async () => {
  await using test = await testRuntime();
  const { runtime } = test;
  for (let i = 0; i < 6; i++) {
    await store(runtime, StoreInput.parse({ content: `The cat ${"sleeps ".repeat(i)}in house ${i}` }));
  }
  const input = SearchInput.parse({ query: "cat in house" });
  const plain = (await search(runtime, input)).results.map(({ memory }) => memory.content);
  for (const logit of [-11, 11]) {
    const reranker: Reranker = {
      ...recording(0).reranker,
      score: (_, texts) => Promise.resolve(texts.map(() => logit)),
    };
    const { results } = await search({ ...runtime, embeddings: { ...runtime.embeddings, reranker } }, input);
    assertEquals(results.map(({ memory }) => memory.content), plain, String(logit));
  }
});

Deno.test("a search says how much effort it is worth, over REST and MCP; without a reranker it is told so", async () => {
  const { reranker, read } = recording(50);
  for (const [searchEffort, usual] of [["normal", undefined], ["high", 1], [undefined, 1]] as const) {
    const operations = searchEffort === undefined ? {} : { searchEffort };
    await using client = await openClient({ operations, embeddings: { reranker } });
    await client.store("The ferry leaves at nine");
    const mcp = await connectInMemory(client.runtime);
    const byRest = async (body: object) => (await client.send("POST", "/api/search", { query: "ferry", ...body })).json;
    const byTool = async (tool: string, args: object) =>
      (await mcp.call(tool, { query: "ferry", ...args })).structuredContent!;
    for (const effort of [undefined, "normal", "high"]) {
      const expected = effort === undefined ? usual : effort === "high" ? 1 : undefined;
      const given = effort === undefined ? {} : { effort }, before = read.length;
      for (
        const answer of [await byRest(given), await byTool("search", given), await byTool("retrieve_memory", given)]
      ) {
        assertEquals([answer.reranked, answer.notice ?? null], [expected, null], `${searchEffort} ${effort}`);
      }
      assertEquals(read.length - before, expected === undefined ? 0 : 3);
    }
    assertEquals((await client.send("POST", "/api/search", { query: "ferry", effort: "much" })).status, 422);
    await mcp.close();
  }
  await using without = await openClient();
  await without.store("The ferry leaves at nine");
  const asked = { query: "ferry", effort: "high" };
  const { json } = await without.send("POST", "/api/search", asked);
  assertEquals([json.results.length, json.reranked], [1, 0]);
  assertStringIncludes(json.notice, "MCP_RERANK_MODEL");
  const mcp = await connectInMemory(without.runtime);
  const { structuredContent } = await mcp.call("search", asked);
  assertStringIncludes(String(structuredContent!.notice), "MCP_RERANK_MODEL");
  await mcp.close();
});

Deno.test("who asks for high effort waits for a reranker that isn't loaded, also on the command line", async () => {
  const model = await overlapModel();
  const reranker = createReranker({ model, cacheFolder: model, offline: true }, { eager: false });
  try {
    const operations = { searchEffort: "normal", modelWaitMs: 60_000, rerankBudgetMs: 60_000 } as const;
    await using client = await openClient({ operations, embeddings: { reranker } });
    await client.store("The ferry leaves at nine");
    const ask = async (body: object) => (await client.send("POST", "/api/search", { query: "ferry", ...body })).json;
    await ask({});
    assertEquals(reranker.status.state, "idle", "a search of normal effort doesn't load it");
    assertEquals((await ask({ effort: "high" })).reranked, 1);
    await inFolder(async (folder) => {
      const env = testEnvironment(folder, { MCP_RERANK_MODEL: model, MCP_RERANK_BUDGET_MS: "60000" });
      await unimemIn(env, "store", "The ferry leaves at nine");
      const search = async (...more: string[]) =>
        JSON.parse((await unimemIn({ ...env, MCP_EMBEDDING_WAIT: "60" }, "search", "ferry", "--json", ...more)).out);
      assertEquals((await search()).reranked, 1);
      assertEquals((await search("--effort", "normal")).reranked, undefined);
      const wrong = await unimemIn(env, "search", "ferry", "--effort", "much");
      assertEquals(wrong.code, 2);
    });
  } finally {
    await reranker.close();
    await Deno.remove(model, { recursive: true });
  }
});

Deno.test("a missing cross-encoder says which setting to check, and never comes from the network", async () => {
  const reranker = createReranker({ model: "/no/such/folder", cacheFolder: "/tmp", offline: false });
  const { state, error } = await settled(reranker);
  assertEquals(state, "failed");
  assertStringIncludes(error!, "check MCP_RERANK_MODEL");
  await reranker.close();
});

Deno.test("a search is ordered by the reranker once it is ready, and says so while it is not", async () => {
  const model = await overlapModel();
  await using test = await testRuntime();
  const { runtime } = test;
  const contents = [
    "Cats sleep most of the day",
    "The cat food is in the kitchen cupboard",
    "Our cat is called Kitchen",
  ];
  for (const content of contents) await store(runtime, StoreInput.parse({ content }));
  const reranker = createReranker({ model, cacheFolder: model, offline: true });
  try {
    const settings: OperationSettings = { ...runtime.settings };
    const withReranker = { ...runtime, settings, embeddings: { ...runtime.embeddings, reranker } };
    const ask = (query: string) => search(withReranker, SearchInput.parse({ query }));
    assertStringIncludes((await ask("cat")).notice ?? "", "Not reranked");
    await settled(reranker);
    withReranker.settings.rerankBudgetMs = 60_000;
    const { results, notice, reranked } = await ask("where is the cupboard with the cat food");
    assertEquals([notice, reranked], [null, 3]);
    assertEquals(results[0]!.memory.content, contents[1]);
    const scores = results.map((hit) => hit.similarity_score!);
    assertEquals(scores, [...scores].sort((a, b) => b - a));
    assert(scores.every((score) => score >= 0 && score <= 1));
    settings.rerankBudgetMs = 0;
    const late = await ask("where is the cupboard with the cat food");
    const plain = await search(runtime, SearchInput.parse({ query: "where is the cupboard with the cat food" }));
    assertEquals(late.reranked, 0);
    const contentsOf = ({ results }: typeof late) => results.map((hit) => hit.memory.content);
    assertEquals(contentsOf(late), contentsOf(plain));
  } finally {
    await reranker.close();
    await Deno.remove(model, { recursive: true });
  }
});
