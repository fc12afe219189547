// First: its packages give zod's schemas methods that those made before lack.
import { openClient } from "../http/client.ts";
import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { EmbeddingService } from "../../src/embedding/embedder.ts";

/** A model whose vectors of any two texts have the cosines that E5's have: 0.8 where unrelated, 0.9 where related. */
function narrowModel(like: EmbeddingService, name: string): EmbeddingService {
  const identity = { id: `local:${name}:3:test`, name, provider: "local" as const, dimensions: 3 };
  const vector = (text: string) => {
    const cosine = /ferry|boat/.test(text) ? 0.9 : 0.8;
    return Float32Array.of(cosine, Math.sqrt(1 - cosine * cosine), 0);
  };
  return {
    identity,
    status: like.status,
    counters: like.counters,
    ready: () => Promise.resolve(identity),
    embedQuery: () => Promise.resolve(Float32Array.of(1, 0, 0)),
    embedPassage: (text) => Promise.resolve([vector(text)]),
    close: () => Promise.resolve(),
  };
}

Deno.test("with a model whose cosines all are high, what is meant comes before what shares a common word", async () => {
  await using plain = await openClient();
  for (const [name, first] of [["multilingual-e5-small", "meaning"], ["unknown", "word"]] as const) {
    const model = narrowModel(plain.runtime.embeddings.configured, name);
    await using client = await openClient({ embeddings: { serving: model, configured: model } });
    const { storage } = client.runtime;
    await storage.registerModel(model.identity!);
    await storage.activateVectors(model.identity!.id);
    const ids = {
      meaning: await client.store(
        "The boat leaves the old pier at nine in the morning, says the harbour office in town",
      ),
      word: await client.store("Passage of the paper"),
    };
    for (let i = 0; i < 6; i++) await client.store(`A note about the garden, number ${i}, and what grows in it`);
    const { json } = await client.send("POST", "/api/search", { query: "boat passage", page_size: 3 });
    assertEquals(json.results[0].memory.content_hash, ids[first], name);
    const found = json.results.find((hit: { memory: { content_hash: string } }) =>
      hit.memory.content_hash === ids.meaning
    );
    assertAlmostEquals(found.scores.semantic, 0.9, 0.01, "the cosine is shown as it is");
  }
});
