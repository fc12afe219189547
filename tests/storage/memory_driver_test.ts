import { assertEquals } from "@std/assert";
import { createApp } from "../../src/http/app.ts";
import { testRuntime } from "../helpers/runtime.ts";
import { OPEN } from "../mcp/clients.ts";
import { openMemoryStorage } from "./memory_driver/memory_storage.ts";
import { describeStorage } from "./storage_contract.ts";

describeStorage("The driver in memory", () => {
  const storage = openMemoryStorage();
  return Promise.resolve({ storage, [Symbol.asyncDispose]: () => storage.close() });
});

Deno.test("a service over a driver that no part of it knows stores, finds and reports its health", async () => {
  await using opened = await testRuntime();
  const storage = openMemoryStorage();
  await storage.registerModel(opened.runtime.embeddings.configured.identity!);
  const app = createApp({ ...opened.runtime, storage }, OPEN);
  const post = async (path: string, body: unknown) => {
    const headers = { "content-type": "application/json" };
    return await (await app.request(path, { method: "POST", headers, body: JSON.stringify(body) })).json();
  };
  const { content_hash } = await post("/api/memories", { content: "The harbour of Kiel", tags: ["sea"] });
  await post("/api/memories", { content: "Bread from the bakery" });
  const { results } = await post("/api/search", { query: "Where do ships land?", n_results: 1 });
  assertEquals(results[0].memory.content_hash, content_hash);
  const health = await (await app.request("/api/health/detailed")).json();
  assertEquals([health.storage.backend, health.statistics.total_memories], ["memory", 2]);
  await storage.close();
});
