import { TOOLS } from "../../src/tools/table.ts";
import { runInNewContext } from "node:vm";
import { setFlagsFromString } from "node:v8";
import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  CONNECT,
  OPEN,
  openSession,
  openStream,
  serveMcp,
  type TestClient,
  type TestServer,
  until,
} from "./clients.ts";
import { createLogger } from "../../src/operations/logger.ts";
import { testRuntime } from "../helpers/runtime.ts";
import { overriddenStorage } from "../helpers/storage.ts";

/** Runs `body` against a listener over a fresh store. */
async function withServer(
  body: (server: TestServer) => Promise<void>,
  settings: Parameters<typeof serveMcp>[1] = {},
): Promise<void> {
  await using test = await testRuntime();
  const { runtime } = test;
  const server = serveMcp(runtime, settings);
  try {
    await body(server);
  } finally {
    await server.stop();
  }
}

const hashOf = async (client: TestClient, content: string) => {
  const result = await client.call("store_memory", { content });
  return (result.structuredContent!.result as { content_hash: string }).content_hash;
};

/** Bytes of the heap that are in use after a collection. */
async function liveHeap(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  collect();
  await new Promise((resolve) => setTimeout(resolve, 20));
  collect();
  return Deno.memoryUsage().heapUsed;
}

for (const [name, connect] of Object.entries(CONNECT)) {
  Deno.test(`${name}: an official client lists and calls tools and is told how to use them`, async () => {
    await withServer(async ({ url }) => {
      const client = await connect(url);
      assertEquals((await client.list()).length, TOOLS.length);
      assert(client.instructions!.includes("store_memory"));
      if (name.includes("20")) assertEquals(client.protocolVersion, name.split(" ").at(-1));
      const content_hash = await hashOf(client, "The harbour crane is serviced every March.");
      const found = await client.call("retrieve_memory", { query: "crane serviced" });
      const { memories } = found.structuredContent as { memories: { content_hash: string }[] };
      assertEquals(memories.map((memory) => memory.content_hash), [content_hash]);
      assertEquals((await client.call("delete_memory", { content_hash: "x" })).isError, true);
      await client.close();
    });
  });

  Deno.test(`${name}: concurrent clients get their own answers`, async () => {
    await withServer(async ({ url }) => {
      const clients = await Promise.all(Array.from({ length: 8 }, () => connect(url)));
      await Promise.all(clients.map(async (client, i) => {
        const results = await Promise.all(
          Array.from({ length: 25 }, (_, j) => client.call("search_by_tag", { tags: [`c${i}-${j}`] })),
        );
        assertEquals(results.map((result) => result.structuredContent!.tags), results.map((_, j) => [`c${i}-${j}`]));
      }));
      await Promise.all(clients.map((client) => client.close()));
    });
  });

  Deno.test(`${name}: a wrong or missing key is refused, the right one serves`, async () => {
    await withServer(async ({ url }) => {
      for (const headers of [{}, { authorization: "Bearer wrong" }, { "x-api-key": "" }]) {
        const refused = await connect(url, headers as Record<string, string>).then(
          () => null,
          (error) => String(error),
        );
        assertMatch(refused ?? "served", /401|authorization required|API key provided is invalid/i);
      }
      for (const headers of [{ authorization: "Bearer right" }, { "x-api-key": "right" }]) {
        const client = await connect(url, headers as Record<string, string>);
        assertEquals((await client.call("list_memories")).structuredContent!.total, 0);
        await client.close();
      }
    }, { access: { ...OPEN, apiKey: "right" } });
  });
}

Deno.test("clients of every transport see each other's writes", async () => {
  await withServer(async ({ url }) => {
    const clients = await Promise.all(Object.values(CONNECT).map((connect) => connect(url)));
    for (const [i, client] of clients.entries()) await hashOf(client, `Fact number ${i}.`);
    for (const client of clients) {
      assertEquals((await client.call("list_memories")).structuredContent!.total, clients.length);
    }
    await Promise.all(clients.map((client) => client.close()));
  });
});

Deno.test("an SSE client that goes frees its session at once", async () => {
  await withServer(async ({ url, listener }) => {
    const streams = await Promise.all(Array.from({ length: 5 }, () => openStream(url, "/sse")));
    await until(() => listener.clients().sse === 5);
    for (const stream of streams) stream.close();
    await until(() => listener.clients().sse === 0);
  });
});

Deno.test("a Streamable HTTP client that goes frees its session soon after its stream, a silent one later", async () => {
  await withServer(async ({ url, listener }) => {
    const gone = await openSession(url);
    const stays = await CONNECT["Streamable HTTP, first SDK"](url);
    await stays.list();
    assertEquals(listener.clients().streamable, 2);
    await new Promise((resolve) => setTimeout(resolve, 300));
    // Both have a stream open, so they are in use however long they say nothing.
    assertEquals(listener.clients().streamable, 2);
    gone.close();
    await until(() => listener.clients().streamable === 1);
    assertEquals((await stays.list()).length, TOOLS.length);
    const silent = await openSession(url, false);
    assertEquals(listener.clients().streamable, 2);
    await until(() => listener.clients().streamable === 1);
    silent.close();
    await stays.close();
  }, { sessions: { abandonedMs: 50, idleMs: 200 } });
});

Deno.test("a client that ends its session frees it at once", async () => {
  await withServer(async ({ url, listener }) => {
    const session = await openSession(url, false);
    const ended = await fetch(`${url}/mcp`, { method: "DELETE", headers: { "mcp-session-id": session.id } });
    assertEquals([ended.status, listener.clients().streamable], [200, 0]);
    await ended.body?.cancel();
    session.close();
  });
});

Deno.test("stateless clients leave nothing behind", async () => {
  await withServer(async ({ url, listener }) => {
    const client = await CONNECT["Streamable HTTP 2026-07-28"](url);
    await client.list();
    assertEquals(listener.clients(), { sse: 0, streamable: 0 });
    await client.close();
  });
});

Deno.test("a thousand calls over all transports don't make the process grow", async () => {
  await withServer(async ({ url, listener }) => {
    const clients = await Promise.all(Object.values(CONNECT).map((connect) => connect(url)));
    const round = (calls: number) =>
      Promise.all(clients.map(async (client) => {
        for (let i = 0; i < calls; i++) await client.call("list_memories", { page_size: 1 });
      }));
    await round(100);
    const before = await liveHeap();
    await round(250);
    const grown = (await liveHeap() - before) / 2 ** 20;
    assert(grown < 0.5, `The heap grew by ${grown.toFixed(1)} MB`);
    assertEquals(listener.clients(), { sse: 1, streamable: 2 });
    await Promise.all(clients.map((client) => client.close()));
  }, { log: createLogger("error", () => {}) }); // the test's own list of lines would grow
});

Deno.test("a stop lets running calls finish, then ends every stream", async () => {
  await using test = await testRuntime();
  const { runtime } = test;
  let release = () => {};
  const released = new Promise<void>((resolve) => release = resolve);
  const list = runtime.storage.list.bind(runtime.storage);
  const slow = overriddenStorage(runtime.storage, { list: (query) => released.then(() => list(query)) });
  const server = serveMcp({ ...runtime, storage: slow });
  const clients = await Promise.all(Object.values(CONNECT).map((connect) => connect(server.url)));
  const calls = clients.map((client) => client.call("list_memories"));
  await new Promise((resolve) => setTimeout(resolve, 100));
  const stopped = server.stop();
  setTimeout(release, 100);
  for (const result of await Promise.all(calls)) assertEquals(result.structuredContent!.total, 0);
  await stopped;
  assertEquals(server.listener.clients(), { sse: 0, streamable: 0 });
  await Promise.all(clients.map((client) => client.close()));
});
