/** How many requests the calls of a service cost at its Qdrant. */

import { assertEquals } from "@std/assert";
import { createApp } from "../../src/http/app.ts";
import type { ServiceRuntime } from "../../src/operations/runtime.ts";
import { openStorage } from "../../src/storage/factory.ts";
import { qdrantDefaults } from "../../src/storage/qdrant/settings.ts";
import { GatedQdrant } from "../helpers/gated_qdrant.ts";
import { QDRANT_BIN, startQdrant } from "../helpers/qdrant.ts";
import { testRuntime } from "../helpers/runtime.ts";
import { connectInMemory, OPEN } from "../mcp/clients.ts";
import { memory } from "./fixtures.ts";

const ignore = QDRANT_BIN === undefined;
const COLLECTION = "requests", READ = `POST ${COLLECTION}/points`;

/** A runtime over an empty collection, and the requests about memories that a step of a test makes. */
async function withQdrant(
  test: (runtime: ServiceRuntime, requestsOf: (step: () => Promise<unknown>) => Promise<string[]>) => Promise<void>,
): Promise<void> {
  await using server = await startQdrant();
  await using proxy = new GatedQdrant(server.url);
  await using opened = await testRuntime();
  const identity = opened.runtime.embeddings.configured.identity!;
  const storage = await openStorage({
    ...qdrantDefaults(proxy.url("test")),
    backend: "qdrant",
    collection: COLLECTION,
    dimensions: identity.dimensions,
  });
  try {
    await storage.registerModel(identity);
    let requests: string[] = [];
    proxy.gate = ({ name }) => void requests.push(name);
    await test({ ...opened.runtime, storage }, async (step) => {
      requests = [];
      await step();
      return requests;
    });
  } finally {
    await storage.close();
  }
}

function post(runtime: ServiceRuntime, path: string, body: unknown) {
  return createApp(runtime, OPEN).request(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

async function store(runtime: ServiceRuntime, count: number, conversation_id?: string): Promise<void> {
  for (let i = 0; i < count; i++) {
    const content = `Ana: Day ${i} at the harbour of ${conversation_id ?? "Kiel"}, with ${i % 7} boats`;
    const { status } = await post(runtime, "/api/memories", { content, ...conversation_id ? { conversation_id } : {} });
    assertEquals(status, 200);
  }
}

const count = (requests: readonly string[], name: string) => requests.filter((other) => other === name).length;

Deno.test({
  name: "the turns around all results of a search cost one request to Qdrant",
  ignore,
  fn: () =>
    withQdrant(async (runtime, requestsOf) => {
      await store(runtime, 60, "talk");
      const mcp = await connectInMemory(runtime);
      const search = async (context: number) => {
        const { structuredContent } = await mcp.call("search", { query: "boats at the harbour", k: 50, context });
        const { results } = structuredContent as { results: { context?: { before: unknown[]; after: unknown[] } }[] };
        return results;
      };
      assertEquals((await search(0)).length, 50); // now its contents and weights are known
      await search(0);
      const without = await requestsOf(() => search(0));
      let results: Awaited<ReturnType<typeof search>> = [];
      const withContext = await requestsOf(async () => results = await search(2));
      assertEquals(withContext.length - without.length, 1, withContext.join(", "));
      assertEquals(results.length, 50);
      await mcp.close();
    }),
});

Deno.test({
  name: "a search over Qdrant reads the contents of what it finds once",
  ignore,
  fn: () =>
    withQdrant(async (runtime, requestsOf) => {
      await store(runtime, 30);
      const search = async (query: string, mode = "hybrid") => {
        const response = await post(runtime, "/api/search", { query, mode, n_results: 10 });
        const { results } = await response.json();
        assertEquals(results.length, 10);
        assertEquals(
          results.every(({ memory }: { memory: { content: string } }) => /harbour/.test(memory.content)),
          true,
        );
      };
      // Contents come with the answer that names the best.
      const cold = await requestsOf(() => search("boats in the harbour"));
      assertEquals(count(cold, READ), 0, cold.join(", "));
      // As long as they are short, they do so again: that is cheaper than another request.
      await search("harbour boats");
      assertEquals(await requestsOf(() => search("which boats?")), [`${READ}/query/batch`]);
      const exact = await requestsOf(() => search("at the harbour", "exact"));
      assertEquals(count(exact, READ), 0, exact.join(", "));
      // Long ones that are kept are scored as they are, and those that are shown are read.
      for (let i = 0; i < 30; i++) {
        const content = `Long day ${i} at the harbour. ${"Ropes, nets and boats were mended there. ".repeat(120)}`;
        assertEquals((await post(runtime, "/api/memories", { content })).status, 200);
      }
      await search("nets mended");
      await search("ropes mended");
      const warm = await requestsOf(() => search("nets and ropes"));
      assertEquals(count(warm, READ), 1, warm.join(", "));
      assertEquals(warm.length, 2, warm.join(", "));
    }),
});

Deno.test({
  name: "a search over Qdrant leaves out what was replaced or has expired, whether it was found before or not",
  ignore,
  fn: () =>
    withQdrant(async (runtime, requestsOf) => {
      await store(runtime, 20);
      const search = async () => {
        const response = await post(runtime, "/api/search", { query: "boats at the harbour", n_results: 30 });
        const { results } = await response.json();
        return results.map(({ memory }: { memory: { content: string } }) => memory.content) as string[];
      };
      const contents = await search(), { storage } = runtime, now = Date.now() / 1000;
      assertEquals(contents.length, 20);
      assertEquals(await requestsOf(search), [`${READ}/query/batch`]);
      const { memories } = await storage.list({ filter: {}, offset: 0, limit: 20 });
      const [replaced, expired] = memories;
      await storage.update(replaced!.content_hash, {
        superseded: { by: memories[2]!.content_hash, at: now, reason: "" },
      }, now);
      await storage.update(expired!.content_hash, { metadata: { unimem_expires: now - 60 } }, now);
      for (let i = 0; i < 3; i++) {
        const left = await search();
        assertEquals(left.length, 18);
        assertEquals([left.includes(replaced!.content), left.includes(expired!.content)], [false, false]);
      }
      assertEquals(await requestsOf(search), [`${READ}/query/batch`]);
    }),
});

Deno.test({
  name: "a search among turns over Qdrant asks for the turns around all it found at once",
  ignore,
  fn: () =>
    withQdrant(async (runtime, requestsOf) => {
      for (let talk = 0; talk < 6; talk++) await store(runtime, 20, `talk ${talk}`);
      const search = async (query: string) => {
        const { results } = await (await post(runtime, "/api/search", { query, n_results: 10 })).json();
        assertEquals(results.length, 10);
      };
      await search("boats of Monday"); // the average length and how many there are, for a while
      const again = await requestsOf(() => search("harbour day with five boats"));
      const batches = count(again, `${READ}/query/batch`);
      assertEquals([batches <= 2, again.length <= 3], [true, true], again.join(", "));
    }),
});

Deno.test({
  name: "a search over Qdrant scores what words found by meaning too, in one round trip",
  ignore,
  fn: () =>
    withQdrant(async ({ storage }, requestsOf) => {
      const model = await storage.activeModel(), dimensions = model!.dimensions;
      // The hundred nearest hold none of those with the word.
      await storage.store(Array.from({ length: 150 }, (_, i) => ({
        memory: memory(i + 1, { content: i < 120 ? `Boat ${i}` : `Lantern ${i}` }),
        vectors: { model: model!.id, chunks: [direction(dimensions, i / 100)] },
      })));
      const search = async (text: string) => {
        const vector = { model: model!.id, values: direction(dimensions, 0) };
        return (await storage.candidates({ text, vector, filter: {}, limit: 100 })).candidates;
      };
      await search("boat"); // how many there are is known by now
      let found: Awaited<ReturnType<typeof search>> = [];
      const requests = await requestsOf(async () => found = await search("lantern"));
      assertEquals(requests, [`${READ}/query/batch`]);
      assertEquals(found.length, 130);
      for (const { semantic, words } of found) {
        assertEquals(semantic !== null && semantic > 0, true);
        if (words[0]! > 0) assertEquals(semantic! < Math.cos(1.1), true);
      }
    }),
});

/** A unit vector at an angle to the first axis, in radians. */
function direction(dimensions: number, angle: number): Float32Array {
  const values = new Float32Array(dimensions);
  values[0] = Math.cos(angle);
  values[1] = Math.sin(angle);
  return values;
}

Deno.test({
  name: "looking for duplicates on Qdrant reads no memory that a search has read",
  ignore,
  fn: () =>
    withQdrant(async (runtime, requestsOf) => {
      await store(runtime, 12);
      const [hash] = (await runtime.storage.list({ filter: {}, offset: 0, limit: 1 })).memories.map((m) =>
        m.content_hash
      );
      const similar = await requestsOf(async () => {
        const response = await createApp(runtime, OPEN).request(`/api/search/similar/${hash}?n_results=5`);
        assertEquals((await response.json()).results.length, 5);
      });
      // The memory itself by its key, and its vectors.
      assertEquals(count(similar, READ), 2, similar.join(", "));
    }),
});
