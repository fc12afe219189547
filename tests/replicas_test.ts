/** Several services over one store: background work in one of them, and what the others do meanwhile. */

import { assert, assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import { openStorage, type StorageSettings } from "../src/storage/factory.ts";
import { qdrantDefaults } from "../src/storage/qdrant/settings.ts";
import { type EmbeddingEndpoint, startEmbeddingEndpoint, vectorOf } from "./helpers/embedding_endpoint.ts";
import { type Running, start, testEnvironment, until } from "./helpers/process.ts";
import { QDRANT_BIN, startQdrant } from "./helpers/qdrant.ts";
import { memory } from "./storage/fixtures.ts";

const MEMORIES = 800;
/** Memories that a service embeds between two writes; at most so many are embedded twice when it is killed. */
const BATCH = 16;

/** A store for several services: how a test opens it, and what the services are told. */
interface Shared extends AsyncDisposable {
  settings: StorageSettings;
  env: Record<string, string>;
  folder: string;
}

async function sqliteFile(): Promise<Shared> {
  const folder = await Deno.makeTempDir({ prefix: "unimem-replicas-" });
  return {
    settings: { backend: "sqlite", path: `${folder}/unimem.db` },
    env: {},
    folder,
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

async function qdrantServer(): Promise<Shared> {
  const server = await startQdrant(), folder = await Deno.makeTempDir({ prefix: "unimem-replicas-" });
  return {
    settings: { ...qdrantDefaults(server.url), backend: "qdrant", dimensions: 3 },
    env: { MCP_QDRANT_URL: server.url },
    folder,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** Stores memories with vectors of the model `first`. */
async function fill(settings: StorageSettings, endpoint: EmbeddingEndpoint): Promise<void> {
  const storage = await openStorage(settings), model = endpoint.identity("first");
  await storage.registerModel(model);
  await storage.store(Array.from({ length: MEMORIES }, (_, i) => {
    const stored = memory(i, { content: `Fact ${i} of many` });
    return { memory: stored, vectors: { model: model.id, chunks: [Float32Array.from(vectorOf(stored.content))] } };
  }));
  await storage.close();
}

/** Starts a service that wants the model `second`. */
function replica({ folder, env }: Shared, endpoint: EmbeddingEndpoint, key: string): Promise<Running> {
  return start(
    "http",
    testEnvironment(folder, {
      ...env,
      MCP_EMBEDDING_URL: endpoint.url,
      MCP_EMBEDDING_API_KEY: key,
      MCP_MEMORY_EMBEDDING_MODEL: "second",
      MCP_BACKGROUND_LEASE_SECONDS: "1",
      LOG_LEVEL: "debug",
    }),
  );
}

async function search(service: Running, query: string): Promise<string | undefined> {
  const answer = await fetch(`${service.http}/api/search`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query }),
  });
  return (await answer.json()).notice;
}

const detailed = async (service: Running) => await (await fetch(`${service.http}/api/health/detailed`)).json();
const coverage = async (service: Running) => (await detailed(service)).embedding.coverage;
/** What the health answer says of background work. */
const workMessage = async (service: Running): Promise<string> =>
  (await detailed(service)).parts.find(({ name }: { name: string }) => name === "work").message;
const switched = (service: Running) =>
  until(
    () => coverage(service),
    ({ active, embedded }) => active.name === "second" && embedded === MEMORIES,
    "the new model to take over",
  );
/** Waits until a search asks the endpoint for the query's vector of that model. */
const searchesWith = (service: Running, endpoint: EmbeddingEndpoint, key: string, model: string) => {
  let asked = 0;
  return until(
    async () => {
      const query = `What about ${model} ${key} ${asked++}?`;
      await search(service, query);
      return endpoint.texts(key, model).includes(query);
    },
    (found) => found,
    `${key} to search with ${model}`,
  );
};
const isPassage = (text: string) => text.startsWith("Fact ");
const passages = (endpoint: EmbeddingEndpoint, key: string) => endpoint.texts(key, "second").filter(isPassage);
const slow = (model: string) => model === "second" ? 40 : 0;

for (
  const [name, open, ignore] of [["SQLite file", sqliteFile, false], ["Qdrant", qdrantServer, !QDRANT_BIN]] as const
) {
  Deno.test({
    name: `of two services over one ${name} one re-embeds; the other serves the old model and then the new one`,
    ignore,
    fn: async () => {
      await using shared = await open();
      await using endpoint = startEmbeddingEndpoint(slow);
      await fill(shared.settings, endpoint);
      await using a = await replica(shared, endpoint, "a");
      await until(() => Promise.resolve(passages(endpoint, "a").length), (count) => count > 0, "a to begin");
      await using b = await replica(shared, endpoint, "b");
      await searchesWith(b, endpoint, "b", "first");
      assert(passages(endpoint, "a").length < MEMORIES, "a was still at it");
      assertStringIncludes(await workMessage(b), `:${a.pid}:`);
      await switched(a);
      await searchesWith(b, endpoint, "b", "second");
      assertEquals(new Set(passages(endpoint, "a")).size, MEMORIES);
      assertEquals(passages(endpoint, "b"), []);
      for (const service of [a, b]) {
        service.kill("SIGTERM");
        assertEquals(await service.exit(), 0);
        assertEquals(/ERROR/.test(service.log()), false, service.log());
      }
    },
  });

  Deno.test({
    name: `when the service that re-embeds a ${name} is killed, another takes over and does only what is left`,
    ignore,
    fn: async () => {
      await using shared = await open();
      await using endpoint = startEmbeddingEndpoint(slow);
      await fill(shared.settings, endpoint);
      await using a = await replica(shared, endpoint, "a");
      await until(() => Promise.resolve(passages(endpoint, "a").length), (count) => count > 100, "a to be at it");
      await using b = await replica(shared, endpoint, "b");
      await searchesWith(b, endpoint, "b", "first");
      a.kill("SIGKILL");
      await a.exit();
      const before = passages(endpoint, "a").length;
      assert(before < MEMORIES, "a was still at it");
      await switched(b);
      const after = passages(endpoint, "b");
      assertGreater(after.length, 0);
      assertEquals(new Set(after).size, after.length);
      assert(before + after.length <= MEMORIES + BATCH, `${before} and ${after.length}`);
      assert(/Background work runs here/.test(b.log()), b.log());
    },
  });
}
