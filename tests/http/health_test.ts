import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { MemoryError } from "../../src/errors.ts";
import type { EmbedderStatus, EmbeddingService } from "../../src/embedding/embedder.ts";
import { CachedEmbeddingService } from "../../src/embedding/service.ts";
import { openClient } from "./client.ts";

const down = () => Promise.reject(new MemoryError("unavailable", "Cannot reach the store at 10.0.0.1"));

/** Names of the parts that are not as they should be. */
const troubles = (parts: { name: string; state: string }[]) =>
  parts.filter(({ state }) => state !== "healthy" && state !== "off").map(({ name }) => name);

/** A model that can't be used. */
function unusable(status: EmbedderStatus): EmbeddingService {
  const no = () => Promise.reject(new MemoryError("unavailable", "Embedding model can't be used"));
  const cache = { cache_disk_hits: 0, cache_disk_bytes: 0, cache_error: null, caches: 1 };
  const counters = { model_loads: 0, model_runs: 0, cache_hits: 0, cache_misses: 0, cache_bytes: 0, queue_depth: 0 };
  return {
    identity: undefined,
    status,
    counters: { ...counters, ...cache, queue_limit: 10, queue_wait_ms: 0 },
    ready: no,
    embedQuery: no,
    embedPassage: no,
    close: () => Promise.resolve(),
  };
}

Deno.test("health tells version, uptime, queue, backend and what was opened and loaded", async () => {
  await using client = await openClient();
  const { status, json } = await client.get("/api/health");
  assertEquals(status, 200);
  assertEquals(json.status, "healthy");
  assertEquals(json.version, "0.0.0-test");
  assertMatch(json.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/);
  assert(json.uptime_seconds >= 0);
  assertEquals(json.write_queue, {
    queue_size: 0,
    max_size: 10_000,
    processing: false,
    capacity_remaining: 10_000,
  });
  assertEquals(json.backend, "sqlite");
  assertEquals(json.storage, { status: "connected", opens: 1 });
  assertEquals([json.embedding.state, json.embedding.model_loads, json.embedding.reembedding], ["ready", 1, null]);
});

Deno.test("liveness goes on answering while the store is down, and says so", async () => {
  await using client = await openClient({ storage: { ping: down } });
  const { status, json } = await client.get("/api/health");
  assertEquals([status, json.status, json.storage.status], [200, "unhealthy", "unreachable"]);
});

Deno.test("liveness doesn't wait for a store that hangs", async () => {
  await using client = await openClient({ storage: { ping: () => new Promise(() => {}) } });
  const started = performance.now();
  const { status, json } = await client.get("/api/health");
  assertEquals([status, json.status], [200, "unhealthy"]);
  assert(performance.now() - started < 10_000);
});

Deno.test("readiness is 200 while the store answers and 503 while it doesn't", async () => {
  await using up = await openClient();
  assertEquals((await up.get("/api/health/ready")).json, { status: "ready" });
  await using client = await openClient({ storage: { ping: down } });
  const { status, headers, json } = await client.get("/api/health/ready");
  const detail = "Not ready: the store does not answer; /api/health/detailed tells more";
  assertEquals([status, json], [503, { detail }]);
  assertEquals(headers.get("retry-after"), "5");
});

Deno.test("readiness turns 503 as soon as the service begins to stop, while liveness goes on", async () => {
  await using client = await openClient();
  client.health.stopping = true;
  const { status, headers, json } = await client.get("/api/health/ready");
  assertEquals([status, headers.get("retry-after")], [503, "5"]);
  assertStringIncludes(json.detail, "the service is stopping");
  assertEquals((await client.get("/api/health")).status, 200);
});

Deno.test("without the model the service is degraded but ready, for words still find memories", async () => {
  const failed = { state: "failed" as const, since: 1000, failed_since: 1000, error: "no such folder" };
  await using client = await openClient({ embeddings: { serving: null, configured: unusable(failed) } });
  await client.store("The staging password rotates on Mondays.");
  assertEquals((await client.get("/api/health/ready")).status, 200);
  const { json } = await client.get("/api/health/detailed");
  assertEquals([json.status, ...troubles(json.parts)], ["degraded", "model"]);
  const model = json.parts.find(({ name }: { name: string }) => name === "model");
  assertEquals([model.state, model.since], ["unhealthy", "1970-01-01T00:00:01.000000Z"]);
  assertStringIncludes(model.message, "no such folder");
  assertEquals((await client.get("/api/health")).json.status, "degraded");
});

Deno.test("a full queue refuses with 429, is named alone, and drains by itself", async () => {
  const gate = Promise.withResolvers<void>();
  const identity = { id: "test", name: "test", provider: "local" as const, dimensions: 2 };
  const provider = {
    load: () => Promise.resolve(identity),
    embed: async () => (await gate.promise, [Float32Array.of(1, 0)]),
    close: () => Promise.resolve(),
  };
  const slow = new CachedEmbeddingService(provider, { cacheBytes: 0, queueLimit: 2 });
  await slow.ready();
  await using client = await openClient({ embeddings: { serving: slow, configured: slow } });
  const waiting = ["one", "two"].map((query) => client.send("POST", "/api/search", { query }));
  while (slow.counters.queue_depth < 2) await new Promise((resolve) => setTimeout(resolve, 1));
  const refused = await client.send("POST", "/api/search", { query: "three" });
  assertEquals([refused.status, Number(refused.headers.get("retry-after")) >= 1], [429, true]);
  const { json } = await client.get("/api/health/detailed");
  assertEquals([json.status, ...troubles(json.parts)], ["degraded", "queue"]);
  assertEquals((await client.get("/api/health")).json.write_queue.capacity_remaining, 0);
  assertEquals((await client.get("/api/health/ready")).status, 200);
  gate.resolve();
  for (const answer of await Promise.all(waiting)) assertEquals(answer.status, 200);
  assertEquals(troubles((await client.get("/api/health/detailed")).json.parts), []);
});

Deno.test("what anyone may ask tells nothing of paths, servers and versions of what is used", async () => {
  await using client = await openClient({ http: { apiKey: "key" }, storage: { ping: down } });
  for (const path of ["/api/health", "/api/health/ready"]) {
    const { text } = await client.get(path);
    for (const secret of ["10.0.0.1", "memories.db", "Deno", "sqlite_version", "127.0.0.1"]) {
      assert(!text.includes(secret), `${path} tells ${secret}: ${text}`);
    }
  }
  assertEquals((await client.get("/api/health/detailed")).status, 401);
});

Deno.test("detailed health has the figures of every part", async () => {
  await using client = await openClient();
  await client.store("one", { tags: ["a", "b"] });
  await client.store("two", { tags: ["a"] });
  const { status, json } = await client.get("/api/health/detailed");
  assertEquals(status, 200);
  assertEquals(json.status, "healthy");
  assertEquals([json.storage.total_memories, json.storage.unique_tags, json.storage.memories_this_week], [2, 2, 2]);
  assertStringIncludes(json.storage.database_path, "memories.db");
  assert(json.storage.database_size_bytes > 0);
  assertEquals([json.storage.accessible, json.storage.embedding_dimension], [true, 384]);
  assertEquals(json.statistics.total_memories, 2);
  assertEquals(json.embedding.coverage.embedded, 2);
  assert(json.system.cpu_count >= 1 && json.system.disk_free_gb > 0 && json.system.process_memory_mb > 0);
  assertMatch(json.performance.uptime_formatted, /^\d+\.\d (seconds|minutes)$/);
});

Deno.test("detailed health says unhealthy while the store is down", async () => {
  await using client = await openClient({ storage: { ping: down } });
  const { status, json } = await client.get("/api/health/detailed");
  assertEquals([status, json.status, json.storage.accessible], [200, "unhealthy", false]);
  assertEquals(troubles(json.parts), ["store"]);
  assertEquals([json.storage.total_memories, json.storage.error], [null, "Cannot reach the store at 10.0.0.1"]);
});
