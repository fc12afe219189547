import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { inFolder } from "./helpers/folder.ts";
import { type Running, spawn, start, testEnvironment, until, within } from "./helpers/process.ts";

async function post(base: string, path: string, body: unknown): Promise<Record<string, unknown>> {
  const response = await fetch(`${base}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  assertEquals(response.status, 200, JSON.stringify(answer));
  return answer;
}

const get = async (base: string, path: string) => await (await fetch(`${base}${path}`)).json();

async function connect(transport: Transport): Promise<Client> {
  const client = new Client({ name: "test", version: "1" });
  await within(client.connect(transport), "an MCP client to connect");
  return client;
}

const sse = (service: Running) => connect(new SSEClientTransport(new URL(`${service.mcp}/sse`)));
const streamable = (service: Running) =>
  connect(new StreamableHTTPClientTransport(new URL(`${service.mcp}/mcp`)) as Transport);

async function contents(client: Client, query: string): Promise<string[]> {
  const answer = await client.callTool({ name: "retrieve_memory", arguments: { query } });
  const { memories } = answer.structuredContent as { memories: { content: string }[] };
  return memories.map((memory) => memory.content);
}

/** Waits until searches by meaning work. */
const modelReady = (service: Running) =>
  until(
    () => get(service.http, "/api/health"),
    (health) => health.embedding.state === "ready",
    "the model",
  );

Deno.test("clients of REST, SSE and Streamable HTTP find each other's memories, now and after a restart", () =>
  inFolder(async (folder) => {
    const facts = {
      rest: "Atlas keeps its invoices in PostgreSQL.",
      sse: "Kiran prefers the blue logo for the launch page.",
      streamable: "The deploy window is Thursday morning.",
    };
    {
      await using service = await start("unified", testEnvironment(folder));
      const older = await sse(service), newer = await streamable(service);
      await post(service.http, "/api/memories", { content: facts.rest });
      await older.callTool({ name: "store_memory", arguments: { content: facts.sse } });
      await newer.callTool({ name: "store_memory", arguments: { content: facts.streamable } });
      await modelReady(service);
      for (const fact of Object.values(facts)) {
        const found = await post(service.http, "/api/search", { query: fact });
        assertEquals((found.results as { memory: { content: string } }[])[0]?.memory.content, fact);
        assertEquals((await contents(older, fact))[0], fact);
        assertEquals((await contents(newer, fact))[0], fact);
      }
      const health = await get(service.http, "/api/health");
      assertEquals(
        [health.embedding.model_loads, health.embedding.caches, health.storage.opens],
        [1, 1, 1],
        "one model, one cache of embeddings and one open store",
      );
      await older.close();
      await newer.close();
      service.kill("SIGTERM");
      assertEquals(await service.exit(), 0);
    }
    await using service = await start("unified", testEnvironment(folder));
    await modelReady(service);
    const found = await post(service.http, "/api/search", { query: "which colour does the logo have?" });
    assertEquals((found.results as { memory: { content: string } }[])[0]?.memory.content, facts.sse);
    assertEquals((await get(service.http, "/api/memories")).total, 3);
  }));

Deno.test("a stop in the middle of writes loses none that was answered", () =>
  inFolder(async (folder) => {
    const answered: string[] = [];
    {
      await using service = await start("unified", testEnvironment(folder));
      await modelReady(service);
      const writes = Array.from({ length: 50 }, async (_, i) => {
        try {
          const stored = await post(service.http, "/api/memories", { content: `Write number ${i} of the storm` });
          answered.push(stored.content_hash as string);
        } catch {
          // Refused by the stopping server: not answered, so it may be lost.
        }
        if (i === 10) service.kill("SIGTERM");
      });
      await within(Promise.all(writes), "the writes");
      assertEquals(await service.exit(), 0);
      assertEquals(/error|panic|uncaught/i.test(service.log()), false, service.log());
    }
    assert(answered.length > 0);
    await using service = await start("http", testEnvironment(folder));
    for (const hash of answered) assertEquals((await get(service.http, `/api/memories/${hash}`)).content_hash, hash);
  }));

Deno.test("a killed service keeps every answered write", () =>
  inFolder(async (folder) => {
    const answered: string[] = [];
    {
      await using service = await start("unified", testEnvironment(folder));
      const writes = Array.from({ length: 40 }, async (_, i) => {
        const stored = await post(service.http, "/api/memories", { content: `Kill number ${i}` }).catch(() => null);
        if (stored) answered.push(stored.content_hash as string);
        if (i === 20) service.kill("SIGKILL");
      });
      await within(Promise.all(writes), "the writes");
      await service.exit();
    }
    await using service = await start("http", testEnvironment(folder));
    for (const hash of answered) assertEquals((await get(service.http, `/api/memories/${hash}`)).content_hash, hash);
  }));

Deno.test("open streams do not hold up a stop", () =>
  inFolder(async (folder) => {
    await using service = await start("unified", testEnvironment(folder));
    await sse(service);
    await streamable(service);
    service.kill("SIGINT");
    assertEquals(await service.exit(), 0);
    assertEquals(/error/i.test(service.log()), false, service.log());
  }));

Deno.test("a port in use names the port and its setting, exits with 2 and leaves nothing listening", () =>
  inFolder(async (folder) => {
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const port = String((taken.addr as Deno.NetAddr).port);
    for (const variable of ["MCP_HTTP_PORT", "MCP_SERVER_PORT"]) {
      const child = await spawn(["unified"], testEnvironment(folder, { [variable]: port }));
      const { code, stderr } = await within(child.output(), "the end of unified");
      const said = new TextDecoder().decode(stderr);
      assertEquals(code, 2, said);
      assertStringIncludes(said, `another program has port ${port}; set ${variable}`);
      assertEquals(said.includes("    at "), false, said);
    }
  }));

Deno.test("a wrong setting stops the start with exit code 2 and names it", () =>
  inFolder(async (folder) => {
    const child = await spawn(["unified"], testEnvironment(folder, { MCP_HTTP_PORT: "eighty", MCP_API_KEY: "" }));
    const { code, stderr } = await within(child.output(), "the end of unified");
    const said = new TextDecoder().decode(stderr);
    assertEquals(code, 2);
    assertStringIncludes(said, 'MCP_HTTP_PORT="eighty"');
    assertStringIncludes(said, 'MCP_API_KEY=""');
  }));

Deno.test("http and mcp alone own their storage, and two of them share one file", () =>
  inFolder(async (folder) => {
    await using http = await start("http", testEnvironment(folder));
    await using mcp = await start("mcp", testEnvironment(folder));
    const client = await streamable(mcp);
    await post(http.http, "/api/memories", { content: "Written by the REST process." });
    assertEquals((await contents(client, "written by which process?"))[0], "Written by the REST process.");
    await client.callTool({ name: "store_memory", arguments: { content: "Written by the MCP process." } });
    const found = await post(http.http, "/api/search", { query: "MCP process" });
    assertEquals(
      (found.results as { memory: { content: string } }[])[0]?.memory.content,
      "Written by the MCP process.",
    );
    await client.close();
    mcp.kill("SIGTERM");
    assertEquals(await mcp.exit(), 0);
    http.kill("SIGTERM");
    assertEquals(await http.exit(), 0);
  }));

Deno.test("with a key both servers refuse callers without it", () =>
  inFolder(async (folder) => {
    await using service = await start("unified", testEnvironment(folder, { MCP_API_KEY: "open-sesame" }));
    assertEquals(await fetch(`${service.http}/api/health`).then(async (r) => (await r.body?.cancel(), r.status)), 200);
    for (const url of [`${service.http}/api/memories`, `${service.mcp}/sse`, `${service.mcp}/mcp`]) {
      const response = await fetch(url);
      await response.body?.cancel();
      assertEquals(response.status, 401, url);
    }
    const allowed = await fetch(`${service.http}/api/memories`, { headers: { authorization: "Bearer open-sesame" } });
    assertEquals((await allowed.json()).total, 0);
  }));

Deno.test("a missing model folder leaves word search and storing, and health says what is wrong", () =>
  inFolder(async (folder) => {
    const missing = `${folder}/no-such-model`;
    await using service = await start("unified", testEnvironment(folder, { MCP_MEMORY_EMBEDDING_MODEL: missing }));
    await post(service.http, "/api/memories", { content: "The staging password rotates on Mondays." });
    const health = await until(
      () => get(service.http, "/api/health"),
      (answer) => answer.embedding.state === "failed",
      "the model to fail",
    );
    assertEquals(health.status, "degraded");
    const found = await post(service.http, "/api/search", { query: "staging password" });
    assertEquals((found.results as unknown[]).length, 1);
    assertStringIncludes(String(found.notice), "Search by meaning is not ready");
  }));

Deno.test("loading the model reports to nobody and leaves nothing in the user's home", () =>
  inFolder(async (folder) => {
    const cache = Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno`;
    await Deno.mkdir(`${folder}/home`);
    const env = { ...testEnvironment(`${folder}/data`), HOME: `${folder}/home`, DENO_DIR: cache };
    await using service = await start("unified", env);
    await until(() => get(service.http, "/api/health"), ({ embedding }) => embedding.state === "ready", "the model");
    const { results } = await post(service.http, "/api/search", { query: "anything", mode: "semantic" });
    assertEquals(results, []);
    assertEquals(await Array.fromAsync(Deno.readDir(`${folder}/home`)), []);
  }));
