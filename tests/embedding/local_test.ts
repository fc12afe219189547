import { assert, assertEquals, assertRejects } from "@std/assert";
import { MemoryError } from "../../src/errors.ts";
import type { EmbeddingService } from "../../src/embedding/embedder.ts";
import { createEmbeddingService, createEmbeddingServiceFor, type LocalSettings } from "../../src/embedding/factory.ts";
import reference from "./fixtures/reference-embeddings.json" with { type: "json" };

const SETTINGS: LocalSettings = {
  provider: "local",
  model: "all-MiniLM-L6-v2",
  cacheFolder: "/nonexistent/cache",
  offline: true,
  threads: 2,
  cacheBytes: 1 << 20,
  queueLimit: 1000,
};

/** Runs a test with the bundled model loaded, and closes it. */
function withModel(name: string, body: (service: EmbeddingService) => Promise<void>): void {
  Deno.test(name, async () => {
    const service = createEmbeddingService(SETTINGS);
    try {
      await service.ready();
      await body(service);
    } finally {
      await service.close();
    }
  });
}

function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((sum, value, index) => sum + value * b[index]!, 0);
}

async function passage(service: EmbeddingService, text: string): Promise<Float32Array> {
  return (await service.embedPassage(text))[0]!;
}

withModel("vectors agree with those of the original model and of its int8 export", async (service) => {
  for (const [index, text] of reference.texts.entries()) {
    // The reference cuts long texts off, as queries are.
    const vector = await service.embedQuery(text);
    assertEquals(vector.length, 384);
    assert(Math.abs(cosine(vector, vector) - 1) < 1e-5, `length of ${JSON.stringify(text.slice(0, 40))}`);
    assert(cosine(vector, reference.int8[index]!) >= 0.99, `int8 of ${JSON.stringify(text.slice(0, 40))}`);
    assert(cosine(vector, reference.fp32[index]!) >= 0.97, `fp32 of ${JSON.stringify(text.slice(0, 40))}`);
  }
});

withModel("a text's vector doesn't depend on its neighbours or on concurrency", async (service) => {
  const texts = reference.texts.filter((text) => text !== "");
  const alone = [];
  for (const text of texts) alone.push(await passage(service, text));
  const together = await Promise.all(texts.toReversed().map((text) => passage(service, text)));
  assertEquals(together.toReversed(), alone);
});

withModel("the identity names model, dimensions and weights, and 100 callers load them once", async (service) => {
  const identities = await Promise.all(Array.from({ length: 100 }, () => service.ready()));
  assertEquals(identities[99], {
    id: identities[0]!.id,
    name: "all-MiniLM-L6-v2",
    provider: "local",
    dimensions: 384,
  });
  assert(/^local:all-MiniLM-L6-v2:384:[0-9a-f]{12}$/.test(identities[0]!.id), identities[0]!.id);
  assertEquals(service.counters.model_loads, 1);
});

withModel("a long passage gets a vector for each chunk, and a detail in it is found", async (service) => {
  const filler = "The weather was mild and nothing much happened that day. ".repeat(60);
  const detail = "Marta keeps the spare key to the boat under the blue flowerpot.";
  const vectors = await service.embedPassage(`${filler}\n\n${detail}\n\n${filler}`);
  assert(vectors.length >= 5, `${vectors.length} chunks`);
  assert(service.counters.model_runs === vectors.length);
  const query = await service.embedQuery("where is the key of the boat");
  const best = Math.max(...vectors.map((vector) => cosine(vector, query)));
  const first = cosine(vectors[0]!, query);
  assert(best > first + 0.15, `best ${best}, first ${first}`);
});

withModel("queries overtake waiting passages", async (service) => {
  let done = 0;
  const passages = Array.from({ length: 100 }, (_, i) => service.embedPassage(`memory ${i}`).then(() => done++));
  await service.embedQuery("urgent");
  assert(done < 50, `${done} passages were done before`);
  await Promise.all(passages);
});

withModel("queries run between the chunks of a long passage, and the event loop goes on", async (service) => {
  let done = false, turns = 0;
  const timer = setInterval(() => turns++, 1);
  const long = service.embedPassage("Many sentences make a long text. ".repeat(3000)).then((all) => {
    done = true;
    return all;
  });
  await service.embedQuery("one");
  await service.embedQuery("two");
  const overtaken = !done;
  const chunks = (await long).length;
  clearInterval(timer);
  assert(overtaken);
  // Runs on this thread would leave it one turn for each. Turns are counted and not timed, because a busy machine
  // makes both take longer.
  assert(turns > 2 * chunks, `${turns} turns of the event loop during ${chunks} chunks`);
});

withModel("no input crashes the tokenizer", async (service) => {
  const inputs = [
    "",
    " ",
    "\0",
    "a\0b",
    "\ud800",
    "x\udc00y",
    "\u200b\u200d",
    "🎉".repeat(2000),
    "x".repeat(100_000),
    " ".repeat(100_000),
    "\ufffd\ufeff",
    "[CLS] [SEP] [MASK] [PAD] [UNK]",
    "constructor __proto__ toString",
  ];
  for (const input of inputs) {
    const query = await service.embedQuery(input);
    const [vector] = await service.embedPassage(input);
    assert(query.every(Number.isFinite) && vector!.every(Number.isFinite), JSON.stringify(input.slice(0, 20)));
  }
  assertEquals(await service.embedQuery("a\0b\ud800"), await service.embedQuery("a b\ufffd"));
});

withModel("closing finishes what runs and rejects what waits", async (service) => {
  const all = Array.from({ length: 200 }, (_, i) => service.embedPassage(`memory ${i} of many in a row`));
  await all[0];
  const [results] = await Promise.all([Promise.allSettled(all), service.close()]);
  const rejected = results.filter((result) => result.status === "rejected");
  assert(rejected.length > 0 && rejected.length < 200, `${rejected.length} rejected`);
  assert(rejected.every(({ reason }) => reason instanceof MemoryError && reason.code === "unavailable"));
  await assertRejects(() => service.embedQuery("a"), MemoryError, "closed");
});

withModel("closing waits for no more than the run in hand of a long text", async (service) => {
  const long = service.embedPassage("東京都は日本の首都である".repeat(3000));
  const refused = assertRejects(() => long, MemoryError, "closed");
  // Behind its first run, so that it has begun.
  await service.embedQuery("a");
  const { model_runs } = service.counters;
  await Promise.all([service.close(), refused]);
  assertEquals(service.counters.model_runs, model_runs);
});

Deno.test("a service can be closed while its model loads, and another be opened after", async () => {
  for (let round = 0; round < 2; round++) {
    const service = createEmbeddingService(SETTINGS);
    const ready = assertRejects(() => service.ready(), MemoryError, "closed");
    await service.close();
    await ready;
  }
  const again = createEmbeddingService(SETTINGS);
  await again.ready();
  await again.close();
});

Deno.test("the model of stored vectors can be had beside another that is configured", async () => {
  const first = createEmbeddingService(SETTINGS);
  const identity = await first.ready();
  await first.close();
  const former = createEmbeddingServiceFor(identity, { ...SETTINGS, model: "someone/other-model" });
  assertEquals((await former.ready()).id, identity.id);
  await former.close();
});

Deno.test("a former model that the settings no longer lead to is unavailable", async () => {
  const identity = { id: "openai:example.org:big:9", name: "big", provider: "openai" as const, dimensions: 9 };
  const former = createEmbeddingServiceFor(identity, SETTINGS);
  const error = await assertRejects(() => former.ready(), MemoryError, "openai:example.org:big:9");
  assertEquals(error.code, "unavailable");
  await former.close();
});
