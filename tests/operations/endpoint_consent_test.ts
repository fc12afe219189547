import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { endpointOf } from "../../src/embedding/embedder.ts";
import { openStorage } from "../../src/storage/factory.ts";
import { inFolder, json, unimemIn } from "../cli/command.ts";
import { vectorOf } from "../helpers/embedding_endpoint.ts";
import { type Running, start, testEnvironment, until } from "../helpers/process.ts";
import { memory } from "../storage/fixtures.ts";

/** An endpoint that remembers every request it gets. */
function recordingEndpoint() {
  const received: { path: string; body: string }[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    const body = await request.text();
    received.push({ path: new URL(request.url).pathname, body });
    const { input } = JSON.parse(body) as { input: string[] };
    return Response.json({ data: input.map((text, index) => ({ index, embedding: vectorOf(text) })) });
  });
  const host = `127.0.0.1:${server.addr.port}`;
  return {
    host,
    settings: { MCP_EMBEDDING_URL: `http://${host}/v1`, MCP_MEMORY_EMBEDDING_MODEL: "far" },
    received,
    got: (text: string) => received.some(({ body }) => body.includes(text)),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

const SECRET = "The vault opens with the number 7351";

// deno-lint-ignore no-explicit-any -- answers of any route
type Json = any;

async function ask(service: Running, method: string, path: string, body?: unknown): Promise<Json> {
  const answer = await fetch(`${service.http}${path}`, {
    method,
    headers: { "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, ...await answer.json() };
}

const search = (service: Running, query: string, mode = "hybrid") =>
  ask(service, "POST", "/api/search", { query, mode });

const detailed = (service: Running) => ask(service, "GET", "/api/health/detailed");

/** Stores a memory by a service with the bundled model, which gets its vectors. */
async function fillLocally(folder: string): Promise<void> {
  await using service = await start("http", testEnvironment(folder));
  assertEquals((await ask(service, "POST", "/api/memories", { content: SECRET })).success, true);
  await until(() => detailed(service), ({ embedding }) => embedding.coverage.embedded === 1, "the vectors");
  service.kill("SIGTERM");
  await service.exit();
}

/** Waits until the service has looked at its model, and asserts that it keeps everything to itself. */
async function assertHeldBack(
  service: Running,
  endpoint: ReturnType<typeof recordingEndpoint>,
  isFirst = true,
): Promise<void> {
  await until(
    () => detailed(service),
    ({ embedding }) => embedding.status.state === "failed",
    "the model to be held back",
  );
  assertEquals(
    (await ask(service, "POST", "/api/memories", { content: "A new one about the harbour" })).success,
    isFirst,
  );
  for (const mode of ["hybrid", "semantic"]) {
    const found = await search(service, "vault number", mode);
    assertEquals([found.status, found.results.length], [200, 1], mode);
    assertEquals(found.results[0].memory.content, SECRET);
    assertEquals(found.results[0].scores.semantic, null);
    assertStringIncludes(found.notice, "words alone");
    assertStringIncludes(found.notice, endpoint.host);
    assertStringIncludes(found.notice, "unimem reembed");
  }
  const { parts } = await detailed(service), model = parts.find(({ name }: { name: string }) => name === "model");
  assertEquals(model.state, "degraded");
  assertStringIncludes(`${model.message} ${model.action}`, endpoint.host);
  assertStringIncludes(model.action, "unimem reembed");
}

Deno.test("a setting alone sends nothing of an existing store to an endpoint, `unimem reembed` does", () =>
  inFolder(async (folder) => {
    await using endpoint = recordingEndpoint();
    await fillLocally(folder);
    const env = testEnvironment(folder, { ...endpoint.settings, MCP_BACKGROUND_LEASE_SECONDS: "1" });
    for (const isFirst of [true, false]) {
      await using service = await start("http", env);
      await assertHeldBack(service, endpoint, isFirst);
      // Longer than the background work's pause.
      await new Promise((resolve) => setTimeout(resolve, 2500));
      service.kill("SIGTERM");
      assertEquals(await service.exit(), 0);
    }
    for (
      const command of [["search", "vault number"], ["store", "Another fact"], ["doctor"], ["import", "-"], ["status"]]
    ) await unimemIn(env, ...command);
    assertEquals(endpoint.received, []);

    const doctor = await unimemIn(env, "doctor", "--json");
    assertStringIncludes(doctor.out, "MCP_EMBEDDING_ALLOWED_HOST");

    const done = await unimemIn(env, "reembed");
    assertEquals(done.code, 0, done.err);
    assert(endpoint.got(SECRET));
    await using service = await start("http", env);
    await until(() => detailed(service), ({ embedding }) => embedding.status.state === "ready", "the model");
    const found = await search(service, "vault number");
    assertEquals(found.notice, null);
    assert(endpoint.got("vault number"));
  }));

Deno.test("a store whose vectors came from one endpoint isn't sent to another host", () =>
  inFolder(async (folder) => {
    await using first = recordingEndpoint();
    await using second = recordingEndpoint();
    {
      await using service = await start("http", testEnvironment(folder, first.settings));
      await ask(service, "POST", "/api/memories", { content: SECRET });
      await until(() => detailed(service), ({ embedding }) => embedding.coverage.embedded === 1, "the vectors");
      service.kill("SIGTERM");
      await service.exit();
    }
    assert(first.got(SECRET), "an empty store is free to begin with an endpoint");
    const before = first.received.length;
    {
      await using service = await start("http", testEnvironment(folder, second.settings));
      await assertHeldBack(service, second);
      service.kill("SIGTERM");
      await service.exit();
    }
    assertEquals([second.received, first.received.length], [[], before]);
    // Another model of the same host needs no word, and a setting that names the other host is one.
    const allowed = { ...second.settings, MCP_EMBEDDING_ALLOWED_HOST: second.host };
    await using _service = await start("http", testEnvironment(folder, allowed));
    await until(() => Promise.resolve(second.got(SECRET)), (sent) => sent, "the memories to be sent");
  }));

Deno.test("a store of memories without vectors is an existing store too, and an export imported into none is not", () =>
  inFolder(async (folder) => {
    await using endpoint = recordingEndpoint();
    const held = `${folder}/held`, free = `${folder}/free`;
    await Deno.mkdir(held);
    const storage = await openStorage({ backend: "sqlite", path: `${held}/unimem.db` });
    await storage.store([{ memory: memory(1, { content: SECRET }), vectors: null }]);
    await storage.close();
    {
      await using service = await start("http", testEnvironment(held, endpoint.settings));
      await assertHeldBack(service, endpoint);
      service.kill("SIGTERM");
      await service.exit();
    }
    assertEquals(endpoint.received, []);

    await json(held, "export", `${folder}/all.jsonl`);
    {
      await using service = await start("http", testEnvironment(free, endpoint.settings));
      await until(() => detailed(service), ({ embedding }) => embedding.status.state === "ready", "the model");
      service.kill("SIGTERM");
      await service.exit();
    }
    assertEquals((await unimemIn(testEnvironment(free, endpoint.settings), "import", `${folder}/all.jsonl`)).code, 0);
    await using service = await start("http", testEnvironment(free, endpoint.settings));
    await until(() => Promise.resolve(endpoint.got(SECRET)), (sent) => sent, "the memories to be sent");
    assertEquals((await detailed(service)).embedding.status.state, "ready");
  }));

Deno.test("endpoints are told apart by host and port, whatever the model is called", () => {
  const of = (id: string, name: string) => endpointOf({ id, name, dimensions: 3 });
  assertEquals(of("openai:h:8080:m:3", "m"), "h:8080");
  assertEquals(of("openai:h:8080:m:3", "8080:m"), "h");
  assertEquals(of("openai:[::1]:80:llama3:8b:3", "llama3:8b"), "[::1]:80");
  assertEquals(of("local:all-MiniLM-L6-v2:3:abc", "all-MiniLM-L6-v2"), null);
  assertEquals(of("python:m", "m"), null);
});
