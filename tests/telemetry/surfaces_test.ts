import { assert, assertEquals, assertMatch } from "@std/assert";
import { createLogger } from "../../src/operations/logger.ts";
import { exposition } from "../../src/telemetry/exposition.ts";
import { openClient } from "../http/client.ts";
import { CONNECT, serveMcp, until } from "../mcp/clients.ts";
import { testRuntime } from "../helpers/runtime.ts";
import { overriddenStorage } from "../helpers/storage.ts";
import { parseExposition } from "./exposition.ts";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

Deno.test("REST and JSON-RPC: the counters equal the load sent, errors among it", async () => {
  await using client = await openClient();
  const { app } = client;
  const ask = async (method: string, path: string, body?: unknown) => {
    const init = { method, headers: { "Content-Type": "application/json" } };
    const answer = await app.request(path, body === undefined ? init : { ...init, body: JSON.stringify(body) });
    return await answer.text();
  };
  const rpc = (method: string, params?: unknown) => ask("POST", "/mcp", { id: 1, method, params });
  for (let i = 0; i < 5; i++) await ask("POST", "/api/search", { query: `word ${i}` });
  for (let i = 0; i < 3; i++) await ask("POST", "/api/search", { nothing: true });
  for (let i = 0; i < 2; i++) await ask("GET", `/api/memories/${"0".repeat(64)}`);
  for (let i = 0; i < 4; i++) await ask("GET", `/nothing/here/${i}`);
  await ask("DELETE", "/api/search");
  await rpc("tools/list");
  await rpc("tools/call", { name: "retrieve_memory", arguments: { query: "word" } });
  await rpc("tools/call", { name: "retrieve_memory", arguments: {} });
  for (let i = 0; i < 3; i++) await rpc("tools/call", { name: `tool ${i}` });
  for (let i = 0; i < 3; i++) await rpc(`method ${i}`);

  const { sum, samples } = parseExposition(await ask("GET", "/metrics"));
  const requests = (surface: string, operation: string, outcome: string) =>
    sum("unimem_requests_total", { surface, operation, outcome });
  assertEquals(requests("rest", "search", "ok"), 5);
  assertEquals(requests("rest", "search", "client_error"), 3);
  assertEquals(sum("unimem_requests_total", { surface: "rest", outcome: "client_error" }), 3 + 2 + 4 + 1);
  assertEquals(requests("rest", "unknown", "client_error"), 4 + 1);
  assertEquals(requests("rpc", "tools/list", "ok"), 1);
  assertEquals(requests("rpc", "retrieve_memory", "ok"), 1);
  assertEquals(requests("rpc", "retrieve_memory", "client_error"), 1);
  assertEquals(sum("unimem_requests_total", { operation: "unknown", surface: "rpc" }), 6);
  assertEquals(sum("unimem_request_duration_seconds_count"), sum("unimem_requests_total"));
  assertEquals(sum("unimem_requests_in_flight"), 1); // the scrape itself
  assert(sum("unimem_request_duration_seconds_sum") > 0);
  for (const { labels } of samples) assert(!/nothing|tool \d|method \d/.test(Object.values(labels).join()));
});

Deno.test("REST: faults, outages and refusals count as what they are, under the id that the client and the log have", async () => {
  const lines: string[] = [];
  const log = createLogger("info", (line) => lines.push(line), undefined, "json");
  const failing = { list: () => Promise.reject(new TypeError("line one\nline two")) };
  await using client = await openClient({
    storage: failing,
    http: { apiKey: "right-key-of-32-characters-or-so", log },
  });
  const { app } = client;
  const headers = { Authorization: "Bearer right-key-of-32-characters-or-so" };
  const fault = await app.request("/api/memories", { headers: { ...headers, "X-Request-Id": "my-request.7" } });
  assertEquals([fault.status, fault.headers.get("x-request-id")], [500, "my-request.7"]);
  assertMatch(await fault.text(), /as request my-request\.7"/);
  const refused = await app.request("/api/memories", { headers: { "X-Request-Id": "two words\t" } });
  assertEquals(refused.status, 401);
  assertMatch(refused.headers.get("x-request-id")!, UUID);
  assertEquals((await app.request("/metrics")).status, 401);

  const said = lines.map((line) => JSON.parse(line));
  assertEquals(said.map(({ level, outcome }) => [level, outcome]), [
    ["error", undefined],
    ["info", "fault"],
    ["info", "refused"],
    ["info", "refused"],
  ]);
  assertEquals(said.slice(0, 2).map(({ request }) => request), ["my-request.7", "my-request.7"]);
  assert(lines.every((line) => !line.includes("\n") && !line.includes("right-key")));
  const { operation, method, status, duration_ms } = said[1];
  assertEquals([operation, method, status, typeof duration_ms], ["listMemories", "GET", 500, "number"]);
});

Deno.test("MCP: the counters equal the calls over every transport, and what carried them does not count", async () => {
  await using test = await testRuntime();
  const { runtime } = test, server = serveMcp(runtime);
  const measured = async () => parseExposition(await exposition(runtime.telemetry.metrics));
  try {
    let clients = 0;
    for (const connect of Object.values(CONNECT)) {
      const client = await connect(server.url);
      clients++;
      await client.list();
      for (let i = 0; i < 3; i++) await client.call("search", { query: "word" });
      await client.call("search", {});
      await client.call(`tool ${clients}`);
      await client.close();
    }
    await until(() => server.listener.clients().sse === 0);
    const { sum, samples } = await measured();
    const requests = (operation: string, outcome: string) =>
      sum("unimem_requests_total", { surface: "mcp", operation, outcome });
    assertEquals(requests("search", "ok"), 3 * clients);
    assertEquals(requests("search", "client_error"), clients);
    assertEquals(requests("unknown", "client_error"), clients);
    assertEquals(requests("tools/list", "ok"), clients);
    assertEquals(sum("unimem_request_duration_seconds_count"), sum("unimem_requests_total"));
    assertEquals(sum("unimem_requests_in_flight"), 0);
    for (const { labels } of samples) assert(!/tool \d/.test(Object.values(labels).join()));
  } finally {
    await server.stop();
  }
});

Deno.test("MCP: a fault's reference is the id of the request, in the header, the answer and the log", async () => {
  await using test = await testRuntime();
  const { runtime } = test;
  const lines: string[] = [], log = createLogger("info", (line) => lines.push(line), undefined, "json");
  const storage = overriddenStorage(runtime.storage, { list: () => Promise.reject(new TypeError("broken")) });
  const server = serveMcp({ ...runtime, storage }, { log });
  try {
    const client = await CONNECT["Streamable HTTP 2026-07-28"](server.url, { "X-Request-Id": "call-9" });
    const result = await client.call("list_memories");
    assertMatch(result.content[0]!.text, /under call-9$/);
    await client.close();
    const said = lines.map((line) => JSON.parse(line)).filter(({ request }) => request === "call-9");
    assert(said.some(({ level, message }) => level === "error" && message.includes("broken")));
    assert(said.some(({ operation, outcome }) => operation === "list_memories" && outcome === "fault"));
    const health = await fetch(`${server.url}/health`, { headers: { "X-Request-Id": "probe" } });
    await health.body?.cancel();
    assertEquals(health.headers.get("x-request-id"), "probe");
    parseExposition(await (await fetch(`${server.url}/metrics`)).text());
  } finally {
    await server.stop();
  }
});
