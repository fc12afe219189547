// First: operations' schemas are described in OpenAPI, which has to be loaded before they are made.
import { appOver } from "../http/client.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { EmbeddingProvider } from "../../src/embedding/provider.ts";
import { CachedEmbeddingService } from "../../src/embedding/service.ts";
import { createLogger } from "../../src/operations/logger.ts";
import type { ServiceRuntime } from "../../src/operations/runtime.ts";
import { ServingModel } from "../../src/operations/serving.ts";
import { openStorage } from "../../src/storage/factory.ts";
import { testRuntime } from "../helpers/runtime.ts";
import { overriddenStorage } from "../helpers/storage.ts";
import { connectInMemory } from "../mcp/clients.ts";
import { memory } from "../storage/fixtures.ts";

const OTHER = { id: "local:other@1", name: "other", provider: "local" as const, dimensions: 3 };
const log = createLogger("error", () => {});

// deno-lint-ignore no-explicit-any -- answers of any route
type Json = any;

/** Calls REST. */
function client(runtime: ServiceRuntime) {
  const app = appOver(runtime);
  const read = async (response: Response) => ({ status: response.status, json: await response.json() as Json });
  return {
    get: async (path: string) => await read(await app.request(path)),
    post: async (path: string, body: unknown) =>
      await read(
        await app.request(path, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(body),
        }),
      ),
  };
}

/** Answers of every way to ask what is near, over REST and MCP: what each says in its notice. */
async function notices(runtime: ServiceRuntime, hash: string): Promise<Record<string, string | null | undefined>> {
  const rest = client(runtime), mcp = await connectInMemory(runtime);
  const call = async (name: string, args: Record<string, unknown>) =>
    (await mcp.call(name, args)).structuredContent?.notice as string | null | undefined;
  const rpc = async (name: string) => {
    const params = { name, arguments: { query: "memory" } };
    const { json } = await rest.post("/mcp", { jsonrpc: "2.0", id: 1, method: "tools/call", params });
    return (JSON.parse(json.result.content[0].text).notice ?? null) as string | null;
  };
  const found = {
    "rpc retrieve": await rpc("retrieve_memory"),
    "rpc recall": await rpc("recall_memory"),
    "rest semantic": (await rest.post("/api/search", { query: "memory", mode: "semantic" })).json.notice,
    "rest hybrid": (await rest.post("/api/search", { query: "memory" })).json.notice,
    "rest similar": (await rest.get(`/api/search/similar/${hash}`)).json.notice,
    "rest duplicates": (await rest.get("/api/manage/duplicates")).json.notice,
    "rest contradictions": (await rest.get("/api/contradictions")).json.notice,
    "mcp semantic": await call("search", { query: "memory", mode: "semantic" }),
    "mcp hybrid": await call("search", { query: "memory" }),
    "mcp similar": await call("search", { query: hash, mode: "similar" }),
    "mcp duplicates": await call("find_duplicates", {}),
    "mcp contradictions": await call("memory_contradictions", {}),
  };
  await mcp.close();
  return found;
}

Deno.test("when another process switches the store's model, searches say that the vector was ignored", async () => {
  await using opened = await testRuntime();
  const { runtime, folder } = opened, rest = client(runtime);
  const { json } = await rest.post("/api/memories", { content: "A memory of the harbour" });
  assertEquals((await rest.post("/api/search", { query: "memory", mode: "semantic" })).json.notice, null);

  const elsewhere = await openStorage({ backend: "sqlite", path: `${folder}/memories.db` });
  await elsewhere.registerModel(OTHER);
  await elsewhere.addVectors([{
    content_hash: json.content_hash,
    vectors: { model: OTHER.id, chunks: [Float32Array.of(1, 0, 0)] },
  }]);
  await elsewhere.activateVectors(OTHER.id);
  await elsewhere.close();

  const semantic = await rest.post("/api/search", { query: "memory", mode: "semantic" });
  assertEquals([semantic.status, semantic.json.results], [200, []]);
  assertStringIncludes(semantic.json.notice, "switched to another embedding model");
  const hybrid = await rest.post("/api/search", { query: "harbour" });
  assertEquals(hybrid.json.results.length, 1);
  assertStringIncludes(hybrid.json.notice, "switched to another embedding model");
  const mcp = await connectInMemory(runtime);
  for (const mode of ["semantic", "hybrid"]) {
    const { structuredContent } = await mcp.call("search", { query: "harbour", mode });
    assertStringIncludes(String(structuredContent?.notice), "switched to another embedding model", mode);
  }
  await mcp.close();
});

Deno.test("what compares stored vectors says so too when the store ignores them", async () => {
  await using opened = await testRuntime();
  const { json } = await client(opened.runtime).post("/api/memories", { content: "A memory of the harbour" });
  // The store switches between each reading of vectors and the search for those near to them.
  const { storage: real } = opened.runtime;
  const storage = overriddenStorage(real, {
    candidates: async (query) => {
      const vector = await query.vector;
      return await real.candidates({ ...query, vector: vector && { ...vector, model: "replaced" } });
    },
  });
  for (const [what, notice] of Object.entries(await notices({ ...opened.runtime, storage }, json.content_hash))) {
    assertStringIncludes(String(notice), "switched to another embedding model", what);
  }
});

Deno.test("while many memories lack vectors every search says so, and none once all have them", async () => {
  await using opened = await testRuntime();
  const { runtime } = opened, { storage, embeddings } = runtime, rest = client(runtime);
  const { json } = await rest.post("/api/memories", { content: "A memory of the harbour" });
  await storage.store([1, 2, 3].map((number) => ({ memory: memory(number), vectors: null })));
  for (const [what, notice] of Object.entries(await notices(runtime, json.content_hash))) {
    assertStringIncludes(String(notice), "1 of 4 memories", what);
  }
  const model = embeddings.configured.identity!.id, missing = await storage.withoutVectors(model, 10);
  await storage.addVectors(
    await Promise.all(missing.map(async ({ content_hash, content }) => ({
      content_hash,
      vectors: { model, chunks: await embeddings.configured.embedPassage(content) },
    }))),
  );
  for (const [what, notice] of Object.entries(await notices(runtime, json.content_hash))) {
    assertEquals(notice ?? null, null, what);
  }
});

/** A runtime as it is right after a start: its model loads until `loaded` is called. */
function starting(runtime: ServiceRuntime, modelWaitMs: number) {
  const gate = Promise.withResolvers<void>(), model = runtime.embeddings.configured;
  const provider: EmbeddingProvider = {
    load: async () => (await gate.promise, model.identity!),
    embed: async (text, kind) => kind === "query" ? [await model.embedQuery(text)] : await model.embedPassage(text),
    close: () => Promise.resolve(),
  };
  const configured = new CachedEmbeddingService(provider, { cacheBytes: 0, queueLimit: 100 });
  const fresh: ServiceRuntime = {
    ...runtime,
    embeddings: { serving: null, configured, reembedding: null },
    settings: { ...runtime.settings, modelWaitMs },
  };
  const gone = () =>
    new CachedEmbeddingService({ ...provider, load: () => Promise.reject(new Error("gone")) }, {
      cacheBytes: 0,
      queueLimit: 1,
    });
  const serving = new ServingModel(fresh, { openModel: gone, log, pollMs: 10 });
  return { runtime: fresh, loaded: gate.resolve, failed: gate.reject, stop: () => serving.stop() };
}

Deno.test("what is stored and asked while the model loads waits for it", async () => {
  await using opened = await testRuntime();
  await opened.runtime.storage.store([{ memory: memory(1, { content: "The boat lies in the bay" }), vectors: null }]);
  const { runtime, loaded, stop } = starting(opened.runtime, 60_000), rest = client(runtime);
  const stored = rest.post("/api/memories", { content: "Caroline adopted a puppy named Biscuit." });
  const asked = rest.post("/api/search", { query: "who has a young dog?", mode: "semantic" });
  const mcp = await connectInMemory(runtime);
  const similar = rest.get(`/api/search/similar/${memory(1).content_hash}`), duplicates = mcp.call("find_duplicates");
  await new Promise((resolve) => setTimeout(resolve, 50));
  loaded();
  const { json } = await stored;
  assert((await runtime.storage.vectors([json.content_hash]))[0] !== null);
  assertEquals((await asked).status, 200);
  assert(!/not ready/.test(String((await similar).json.notice)), (await similar).json.notice);
  assertEquals((await rest.post("/api/search", { query: "a young dog", mode: "semantic" })).json.results.length, 1);
  // A memory without vectors is embedded for the call.
  assertEquals((await rest.get(`/api/search/similar/${memory(1).content_hash}`)).json.results.length, 1);
  assertEquals((await duplicates).isError ?? false, false);
  await mcp.close();
  await stop();
});

Deno.test("the wait for the model ends with its bound, and searches then say that it is loading", async () => {
  await using opened = await testRuntime();
  const { runtime, loaded, stop } = starting(opened.runtime, 50), rest = client(runtime);
  await rest.post("/api/memories", { content: "The staging password rotates on Mondays." });
  const { json } = await rest.post("/api/search", { query: "staging password" });
  assertEquals(json.results.length, 1);
  assertStringIncludes(json.notice, "the embedding model is loading");
  loaded();
  await stop();
});

Deno.test("a model that failed is said to have failed, not to be loading", async () => {
  await using opened = await testRuntime();
  const { runtime, failed, stop } = starting(opened.runtime, 60_000), rest = client(runtime);
  failed(new Error("no such file"));
  await rest.post("/api/memories", { content: "The staging password rotates on Mondays." });
  const { json } = await rest.post("/api/search", { query: "staging password" });
  assertEquals(json.results.length, 1);
  assertStringIncludes(json.notice, "the embedding model failed");
  const { json: problem } = await rest.post("/api/search", { query: "staging password", mode: "semantic" });
  assertStringIncludes(problem.detail, "the embedding model failed");
  await stop();
});
