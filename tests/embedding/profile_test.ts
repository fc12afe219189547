import { assertEquals, assertThrows } from "@std/assert";
import { pool } from "../../src/embedding/pooling.ts";
import { profileOf } from "../../src/embedding/profile.ts";

Deno.test("models get the prefixes and the pooling of their family", () => {
  const families: [string, string, string, string][] = [
    ["all-MiniLM-L6-v2", "", "", "mean"],
    ["intfloat/e5-small", "query: ", "passage: ", "mean"],
    ["Xenova/multilingual-e5-large", "query: ", "passage: ", "mean"],
    ["/srv/models/e5-base-v2/", "query: ", "passage: ", "mean"],
    ["nomic-ai/nomic-embed-text-v1.5", "search_query: ", "search_document: ", "mean"],
    ["BAAI/bge-small-en-v1.5", "Represent this sentence for searching relevant passages: ", "", "cls"],
    ["BAAI/bge-m3", "", "", "cls"],
    ["someone/else5", "", "", "mean"],
    ["/srv/e5-tests/all-MiniLM-L6-v2", "", "", "mean"],
  ];
  for (const [model, query, passage, pooling] of families) {
    assertEquals(profileOf(model), { prefix: { query, passage }, pooling } as never, model);
  }
});

Deno.test("an instruction model puts its task before queries only", () => {
  const { prefix } = profileOf("intfloat/multilingual-e5-large-instruct");
  assertEquals([prefix.query.startsWith("Instruct: "), prefix.query.endsWith("\nQuery: "), prefix.passage], [
    true,
    true,
    "",
  ]);
});

Deno.test("token vectors are pooled by mean, first or last token, to unit length", () => {
  const tokens = Float32Array.of(3, 0, 0, 4, 0, 5);
  assertEquals([...pool(tokens, 3, 2, "cls")], [1, 0]);
  assertEquals([...pool(tokens, 3, 2, "last")], [0, 1]);
  const [x, y] = pool(tokens, 3, 2, "mean");
  assertEquals([x!.toFixed(4), y!.toFixed(4)], [(3 / Math.sqrt(90)).toFixed(4), (9 / Math.sqrt(90)).toFixed(4)]);
});

Deno.test("a vector without direction is an error, not a vector of no length", () => {
  assertThrows(() => pool(new Float32Array(4), 2, 2, "mean"), RangeError);
  assertThrows(() => pool(Float32Array.of(NaN, 1), 1, 2, "mean"), RangeError);
});
