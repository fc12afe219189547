import { assert, assertEquals } from "@std/assert";
import { inFolder } from "../helpers/folder.ts";
import { spawn, start, testEnvironment, until, within } from "../helpers/process.ts";
import { CONNECT } from "../mcp/clients.ts";
import { parseExposition } from "./exposition.ts";

/** The parts of a span that are looked at. */
interface Span {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  name: string;
}

/** Takes what a process exports. */
function collector() {
  const spans: Span[] = [], metrics = new Set<string>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const sent = await request.json();
    for (const { scopeSpans } of sent.resourceSpans ?? []) {
      for (const scope of scopeSpans) spans.push(...scope.spans);
    }
    for (const { scopeMetrics } of sent.resourceMetrics ?? []) {
      for (const scope of scopeMetrics) for (const { name } of scope.metrics) metrics.add(name);
    }
    return Response.json({});
  });
  return { spans, metrics, url: `http://127.0.0.1:${server.addr.port}`, stop: () => server.shutdown() };
}

const JSON_HEADERS = { "Content-Type": "application/json", Accept: "application/json, text/event-stream" };

const meaning = (http: string) =>
  until(
    () => fetch(`${http}/api/health`).then((answer) => answer.json()),
    (health) => health.embedding?.status === "ready" || health.embedding?.state === "ready",
    "the model",
  );

Deno.test("one trace of a real process covers the caller, the request, the operation, the store and the model", async () => {
  await inFolder(async (folder) => {
    const otlp = collector();
    try {
      await using service = await start(
        "unified",
        testEnvironment(folder, {
          OTEL_DENO: "true",
          OTEL_EXPORTER_OTLP_ENDPOINT: otlp.url,
          OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
          OTEL_METRIC_EXPORT_INTERVAL: "500",
          OTEL_BSP_SCHEDULE_DELAY: "100",
        }),
      );
      await meaning(service.http);
      const caller = "b7ad6b7169203331", rest = "0af7651916cd43dd8448eb211c80319c", mcp = "1".repeat(32);
      const post = async (url: string, trace: string, body: unknown) => {
        const headers = { ...JSON_HEADERS, traceparent: `00-${trace}-${caller}-01` };
        const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
        assert(answer.ok, await answer.clone().text());
        await answer.body?.cancel();
      };
      await post(`${service.http}/api/memories`, "c".repeat(32), { content: "An answer" });
      await post(`${service.http}/api/search`, rest, { query: "one question" });
      const client = await CONNECT["Streamable HTTP 2026-07-28"](service.mcp, {
        traceparent: `00-${mcp}-${caller}-01`,
      });
      await client.call("search", { query: "another question" });
      await client.close();
      const of = (trace: string) => otlp.spans.filter(({ traceId }) => traceId === trace);
      for (const trace of [rest, mcp]) {
        await until(
          () => Promise.resolve(of(trace).map(({ name }) => name)),
          (names) =>
            ["POST", "search", "store candidates", "store getById", "embed query"].every((n) => names.includes(n)),
          "the spans",
        );
        const byName = (name: string) => of(trace).find((span) => span.name === name)!;
        assertEquals(byName("POST").parentSpanId, caller);
        for (const call of ["store candidates", "store getById", "embed query"]) {
          assertEquals(byName(call).parentSpanId, byName("search").spanId, call);
        }
      }
      const isExported = (name: string) => otlp.metrics.has(name);
      await until(
        () => Promise.resolve([...otlp.metrics]),
        () => ["unimem_requests_total", "unimem_request_duration_seconds", "unimem_memories"].every(isExported),
        "the metrics",
      );
    } finally {
      await otlp.stop();
    }
  });
});

Deno.test("a process that serves everything loads one model, opens one database and makes one cache", async () => {
  await inFolder(async (folder) => {
    await using service = await start("unified", testEnvironment(folder));
    await meaning(service.http);
    const search = { method: "POST", headers: JSON_HEADERS, body: JSON.stringify({ query: "question" }) };
    for (let i = 0; i < 3; i++) await (await fetch(`${service.http}/api/search`, search)).body?.cancel();
    const { sum, samples } = parseExposition(await (await fetch(`${service.http}/metrics`)).text());
    assertEquals(sum("unimem_model_loads_total"), 1);
    assertEquals(sum("unimem_store_opens_total"), 1);
    assertEquals(sum("unimem_embedding_caches_total"), 1);
    assertEquals(sum("unimem_model_runs_total", { kind: "query", outcome: "ok" }), 1);
    assertEquals(sum("unimem_embedding_cache_lookups_total", { result: "hit" }), 2);
    assertEquals(sum("unimem_store_calls_total", { method: "candidates", outcome: "ok" }), 3);
    assertEquals(sum("unimem_model_run_duration_seconds_count", { kind: "query" }), 1);
    assertEquals(sum("unimem_memories"), 0);
    const facts = ["process_start_time_seconds", "process_resident_memory_bytes", "process_cpu_seconds_total"];
    for (const name of [...facts, "unimem_heap_used_bytes", "unimem_build_info"]) assert(sum(name) > 0, name);
    assert(samples.every(({ name }) => !name.startsWith("unimem_qdrant")));
    assert(sum("unimem_event_loop_delay_seconds_count") > 0);
  });
});

Deno.test("without metrics there is no route, and MCP alone has one of its own", async () => {
  await inFolder(async (folder) => {
    await using off = await start("http", testEnvironment(folder, { MCP_METRICS_ENABLED: "false" }));
    const answer = await fetch(`${off.http}/metrics`);
    await answer.body?.cancel();
    assertEquals(answer.status, 404);
  });
  await inFolder(async (folder) => {
    await using mcp = await start("mcp", testEnvironment(folder));
    const { sum } = parseExposition(await (await fetch(`${mcp.mcp}/metrics`)).text());
    assertEquals(sum("unimem_store_opens_total"), 1);
  });
});

Deno.test("stdio: standard output is protocol alone, and each call is one line of JSON on standard error", async () => {
  await inFolder(async (folder) => {
    const environment = testEnvironment(folder, { LOG_FORMAT: "auto" }); // no terminal here
    const child = await spawn(["stdio"], environment, { stdin: "piped", stdout: "piped" });
    const writer = child.stdin.getWriter();
    const send = (message: object) =>
      writer.write(new TextEncoder().encode(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`));
    await send({
      id: 1,
      method: "initialize",
      params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1" } },
    });
    await send({ method: "notifications/initialized" });
    const secret = "The launch code is\n0000";
    await send({ id: 2, method: "tools/call", params: { name: "store_memory", arguments: { content: secret } } });
    await send({ id: 3, method: "tools/call", params: { name: "no_such\ntool", arguments: {} } });
    await writer.close();
    const { code, stdout, stderr } = await within(child.output(), "stdio to end");
    assertEquals(code, 0);
    const lines = (bytes: Uint8Array) => new TextDecoder().decode(bytes).split("\n").filter((line) => line !== "");
    assertEquals(lines(stdout).map((line) => JSON.parse(line).id).sort(), [1, 2, 3]);
    const said = lines(stderr).map((line) => JSON.parse(line)).filter(({ surface }) => surface === "stdio");
    const calls = said.map(({ operation, outcome, request }) => [operation, outcome, typeof request]).sort();
    assertEquals(calls, [["store_memory", "ok", "string"], ["unknown", "client_error", "string"]]);
    assert(!new TextDecoder().decode(stderr).includes("launch code"));
  });
});
