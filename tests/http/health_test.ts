import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { MemoryError } from "../../src/errors.ts";
import { openClient } from "./client.ts";

const down = () => Promise.reject(new MemoryError("unavailable", "Cannot reach the store at 10.0.0.1"));

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
  assertEquals([status, json], [503, { detail: "Cannot reach the store at 10.0.0.1" }]);
  assertEquals(headers.get("retry-after"), "1");
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
  assertEquals([json.storage.total_memories, json.storage.error], [null, "Cannot reach the store at 10.0.0.1"]);
});
