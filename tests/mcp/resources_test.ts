import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Client, InMemoryTransport } from "@modelcontextprotocol/client";
import { Client as OlderClient } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ResourceUpdatedNotificationSchema } from "@modelcontextprotocol/sdk/types.js";
import { MemoryError } from "../../src/errors.ts";
import { InFlight } from "../../src/mcp/in_flight.ts";
import { createMcpServer } from "../../src/mcp/server.ts";
import { Subscriptions } from "../../src/mcp/subscriptions.ts";
import { deleteMemory } from "../../src/operations/delete.ts";
import { createLogger, type Logger } from "../../src/operations/logger.ts";
import type { Runtime } from "../../src/operations/runtime.ts";
import { store } from "../../src/operations/store.ts";
import { update } from "../../src/operations/update.ts";
import { testRuntime } from "../helpers/runtime.ts";
import { failingStorage } from "../helpers/storage.ts";
import { CONNECT, serveMcp, until } from "./clients.ts";

async function withClient(body: (client: Client, runtime: Runtime) => Promise<void>): Promise<void> {
  await using test = await testRuntime();
  await withClientOver(test.runtime, createLogger("error", () => {}), (client) => body(client, test.runtime));
}

async function withClientOver(
  runtime: Runtime,
  log: Logger,
  body: (client: Client) => Promise<void>,
): Promise<void> {
  const [clientSide, serverSide] = InMemoryTransport.createLinkedPair();
  await createMcpServer(runtime, { serverName: "unimem", log, surface: "mcp", inFlight: new InFlight() }).connect(
    serverSide,
  );
  const client = new Client({ name: "test", version: "1" });
  await client.connect(clientSide);
  try {
    await body(client);
  } finally {
    await client.close();
  }
}

async function remember(runtime: Runtime, content: string, tags: string[] = []): Promise<string> {
  return (await store(runtime, { content, tags, metadata: {} })).content_hash!;
}

/** The text of a resource's or a prompt's only part. */
const textOf = (part: unknown) => (part as { text: string }).text;

Deno.test("resources list and give recent memories, those of a tag and one memory", async () => {
  await withClient(async (client, runtime) => {
    const hash = await remember(runtime, "Deploys run on Thursdays.", ["deploy & ship"]);
    await remember(runtime, "The gate opens at six.");
    const { resources } = await client.listResources();
    assertEquals(resources.map(({ uri }) => uri), [
      "memory://recent",
      "unimem://briefing",
      "tag://deploy%20%26%20ship",
    ]);
    const { resourceTemplates } = await client.listResourceTemplates();
    assertEquals(resourceTemplates.map(({ uriTemplate }) => uriTemplate), [
      "memory://{content_hash}",
      "tag://{tag}",
    ]);
    const read = async (uri: string) => textOf((await client.readResource({ uri })).contents[0]);
    assertEquals(JSON.parse(await read(`memory://${hash}`)).content, "Deploys run on Thursdays.");
    assertStringIncludes(await read("memory://recent"), "2 of 2 memories");
    assertStringIncludes(await read("tag://deploy%20%26%20ship"), `memory://${hash}`);
    await assertRejects(() => read(`memory://${"0".repeat(64)}`), Error, "nothing is stored");
    await assertRejects(() => read("file:///etc/passwd"), Error, "Cannot read resource");
    await assertRejects(() => client.subscribeResource({ uri: "tag://%zz" }), Error, "Cannot subscribe");
  });
});

Deno.test("an outage or too many requests are told as what they are by resources, prompts and completions", async () => {
  await using test = await testRuntime();
  const logged: string[] = [];
  for (
    const [fault, told] of [
      [
        new MemoryError("unavailable", "Cannot reach the store at its address", { retryAfterSeconds: 7 }),
        "Cannot reach the store at its address; try again in 7 s",
      ],
      [
        new MemoryError("overloaded", "Cannot take a query: 10000 wait already", { retryAfterSeconds: 2 }),
        "Cannot take a query: 10000 wait already; try again in 2 s",
      ],
      [new MemoryError("full", "Cannot store anything: the disk has no room"), "the disk has no room"],
      [new TypeError("secret of the inside"), "Internal error"],
    ] as const
  ) {
    const storage = failingStorage(test.runtime.storage, fault);
    const log = createLogger("error", (line) => logged.push(line));
    await withClientOver({ ...test.runtime, storage }, log, async (client) => {
      const asked: [string, () => Promise<unknown>][] = [
        ["resources/list", () => client.listResources()],
        ["recent", () => client.readResource({ uri: "memory://recent" })],
        ["a tag", () => client.readResource({ uri: "tag://ops" })],
        ["a memory", () => client.readResource({ uri: `memory://${"0".repeat(64)}` })],
        ["a prompt", () => client.getPrompt({ name: "recall", arguments: { task: "deploy" } })],
        [
          "a completion",
          () =>
            client.complete({
              ref: { type: "ref/resource", uri: "tag://{tag}" },
              argument: { name: "tag", value: "" },
            }),
        ],
      ];
      for (const [what, ask] of asked) {
        const error = await assertRejects(ask, Error, told, what);
        assertEquals((error as { code?: number }).code, -32603, what);
        assertEquals(error.message.includes("secret"), false, what);
      }
    });
  }
  assertEquals(logged.length, 6, "only a fault of the service is one for the log");
});

Deno.test("prompts recall what bears on a task, and ask for what was learnt", async () => {
  await withClient(async (client, runtime) => {
    await remember(runtime, "Deploys run on Thursdays.", ["ops"]);
    assertEquals((await client.listPrompts()).prompts.map(({ name }) => name), ["recall", "briefing", "summarise"]);
    const prompt = async (name: string, args: Record<string, string>) =>
      textOf((await client.getPrompt({ name, arguments: args })).messages[0]!.content);
    assertStringIncludes(await prompt("recall", { task: "plan a deploy" }), "Deploys run on Thursdays.");
    assertStringIncludes(await prompt("recall", { task: "plan a deploy", tag: "other" }), "Nothing is remembered");
    assertStringIncludes(await prompt("summarise", { tag: "ops" }), 'Tag each with "ops"');
    await assertRejects(() => prompt("recall", {}), Error, "task is required");
    await assertRejects(() => prompt("sing", {}), Error, "none of that name");
  });
});

Deno.test("tags are completed in prompts and in resource templates", async () => {
  await withClient(async (client, runtime) => {
    await remember(runtime, "One.", ["atlas", "alpha", "beta"]);
    await remember(runtime, "Two.", ["atlas"]);
    for (const ref of [{ type: "ref/prompt", name: "recall" }, { type: "ref/resource", uri: "tag://{tag}" }] as const) {
      const { completion } = await client.complete({ ref, argument: { name: "tag", value: "a" } });
      assertEquals(completion.values.slice(0, 2), ["atlas", "alpha"]);
    }
    const ref = { type: "ref/prompt", name: "recall" } as const;
    assertEquals((await client.complete({ ref, argument: { name: "task", value: "a" } })).completion.values, []);
  });
});

for (
  const [name, transportOf] of Object.entries({
    "HTTP+SSE": (url: string) => new SSEClientTransport(new URL("/sse", url)),
    "Streamable HTTP": (url: string) => new StreamableHTTPClientTransport(new URL("/mcp", url)),
  })
) {
  Deno.test(`${name}: subscribers are told of changes by whatever surface, until they unsubscribe or go`, async () => {
    await using test = await testRuntime();
    const { runtime } = test, server = serveMcp(runtime), told: string[] = [];
    const client = new OlderClient({ name: "test", version: "1" });
    await client.connect(transportOf(server.url) as unknown as Parameters<OlderClient["connect"]>[0]);
    client.setNotificationHandler(
      ResourceUpdatedNotificationSchema,
      ({ params }: { params: { uri: string } }) => void told.push(params.uri),
    );
    const hash = await remember(runtime, "Subscribed.", ["x"]);
    for (const uri of [`memory://${hash}`, "tag://y", "memory://recent"]) await client.subscribeResource({ uri });
    assertEquals(runtime.events.stats().total_connections, 1);
    await remember(runtime, "Tagged y.", ["y"]);
    await until(() => told.length === 2);
    assertEquals(told.splice(0), ["tag://y", "memory://recent"]);
    await client.unsubscribeResource({ uri: "memory://recent" });
    await remember(runtime, "Nobody is told.");
    await deleteMemory(runtime, { content_hash: hash });
    await until(() => told.length === 2);
    assertEquals(told, [`memory://${hash}`, "tag://y"]);
    await client.close();
    await server.stop();
    assertEquals(runtime.events.stats().total_connections, 0);
  });
}

for (const [name, connect] of Object.entries(CONNECT)) {
  Deno.test(`${name}: the header X-Agent-ID tags what an agent stores`, async () => {
    await using test = await testRuntime();
    const server = serveMcp(test.runtime);
    const client = await connect(server.url, { "X-Agent-ID": "planner" });
    await client.call("store_memory", { content: "Stored by the planner.", tags: ["plan"] });
    const found = await client.call("search", { mode: "tag", tags: ["agent:planner"] });
    const results = found.structuredContent!.results as { tags: string[] }[];
    assertEquals(results.map(({ tags }) => tags), [["plan", "agent:planner"]]);
    await client.close();
    await server.stop();
  });
}

Deno.test("what a session keeps of its client is bounded: what it says of itself, and the addresses it subscribes to", async () => {
  await using test = await testRuntime();
  const server = serveMcp(test.runtime);
  const initialize = (name: string) => ({
    jsonrpc: "2.0",
    id: 1,
    method: "initialize",
    params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name, version: "1" } },
  });
  for (const [body, status] of [[initialize("x".repeat(100_000)), 400], [initialize("x".repeat(1000)), 200]] as const) {
    for (const message of [body, [body]]) {
      const answer = await fetch(`${server.url}/mcp`, {
        method: "POST",
        headers: { "content-type": "application/json", accept: "application/json, text/event-stream" },
        body: JSON.stringify(message),
      });
      await answer.body?.cancel();
      assertEquals(answer.status, status);
    }
  }
  await server.stop();
  await withClient(async (client) => {
    const tag = "\u{1f600}".repeat(128);
    for (const uri of [`tag://${"x".repeat(100_000)}`, `memory://${"0".repeat(100_000)}`]) {
      await assertRejects(() => client.subscribeResource({ uri }), Error, "Cannot subscribe");
    }
    await client.subscribeResource({ uri: `tag://${encodeURIComponent(tag)}` });
  });
});

Deno.test("an address counts once however it is written, and is told as it was written", async () => {
  await withClient(async (client, runtime) => {
    const told: string[] = [];
    client.setNotificationHandler("notifications/resources/updated", ({ params }) => void told.push(params.uri));
    const written = ["tag://a%62", "tag://ab", "tag://ab"];
    for (const uri of written) await client.subscribeResource({ uri });
    await remember(runtime, "Tagged ab.", ["ab"]);
    await until(() => told.length >= 2);
    assertEquals(told.toSorted(), ["tag://a%62", "tag://ab"]);
    for (const uri of written) await client.unsubscribeResource({ uri });
    assertEquals(runtime.events.stats().total_connections, 0);
  });
});

Deno.test("a memory subscribed to by the first digits of its key is told of, too", async () => {
  await withClient(async (client, runtime) => {
    const hash = await remember(runtime, "Subscribed by a short key.", ["x"]);
    const told: string[] = [];
    client.setNotificationHandler("notifications/resources/updated", ({ params }) => void told.push(params.uri));
    const written = [`memory://${hash.slice(0, 10)}`, `memory://${hash.slice(0, 12).toUpperCase()}`];
    for (const uri of [...written, "memory://0123456789"]) await client.subscribeResource({ uri });
    await update(runtime, { content_hash: hash, tags: ["y"] });
    await until(() => told.length >= 2);
    assertEquals(told.toSorted(), written.toSorted());
  });
});

Deno.test("titles and what a prompt repeats of its task are not cut in the middle of a character", async () => {
  await withClient(async (client, runtime) => {
    for (const lead of ["", "a"]) {
      await remember(runtime, lead + "🎉".repeat(200), ["party"]);
      const task = lead + "🎉".repeat(6000), prompt = await client.getPrompt({ name: "recall", arguments: { task } });
      const { text } = prompt.messages[0]!.content as { text: string };
      assertEquals([text.isWellFormed(), text.includes("\ufffd")], [true, false]);
    }
    const found = await client.callTool({ name: "search", arguments: { tags: ["party"] } });
    const { results } = found.structuredContent as { results: { title: string }[] };
    assertEquals(results.map(({ title }) => title).toSorted(), [`a${"🎉".repeat(39)}…`, `${"🎉".repeat(40)}…`]);
  });
});

Deno.test("hundreds of clients with a thousand subscriptions each are told of a change in slices", async () => {
  await using opened = await testRuntime();
  const { runtime } = opened;
  let told = 0;
  const clients = Array.from(
    { length: 300 },
    () => new Subscriptions(runtime, () => Promise.resolve(void told++)),
  );
  for (const client of clients) for (let n = 0; n < 1000; n++) client.add(`tag://t${n}`);
  runtime.events.publish({
    type: "memories_changed",
    tags: null,
    data: { change: "stored", count: 100, message: "Stored 100 memories" },
  });
  const atOnce = told;
  await until(() => told === 300_000);
  assert(atOnce < 100_000, `${atOnce} at once`);
  for (const client of clients) client.close();
});
