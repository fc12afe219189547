import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createReranker } from "../../src/embedding/factory.ts";
import type { Reranker } from "../../src/embedding/embedder.ts";
import { MemoryError } from "../../src/errors.ts";
import type { OperationSettings } from "../../src/operations/runtime.ts";
import { search, SearchInput } from "../../src/operations/search.ts";
import { store, StoreInput } from "../../src/operations/store.ts";
import { until } from "../helpers/process.ts";
import { testRuntime } from "../helpers/runtime.ts";

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
