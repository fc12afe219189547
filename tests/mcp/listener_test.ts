import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { MemoryError } from "../../src/errors.ts";
import { createMcpListener, type McpListener, type McpListenerSettings } from "../../src/mcp/listener.ts";
import { OPEN } from "./clients.ts";
import { testRuntime } from "../helpers/runtime.ts";

/** Runs `body` with a listener that no network is in front of. */
async function withListener(
  body: (send: (path: string, init?: RequestInit) => Promise<Response>, listener: McpListener) => Promise<void>,
  settings: Partial<McpListenerSettings> = {},
): Promise<void> {
  // These tests are about the port; without a model stores take no time.
  await using test = await testRuntime({ embeddings: { serving: null } });
  const { runtime } = test;
  const listener = createMcpListener(runtime, { access: OPEN, serverName: "unimem", ...settings });
  try {
    await body((path, init) => listener.fetch(new Request(`http://127.0.0.1:8001${path}`, init)), listener);
  } finally {
    await listener.close();
  }
}

const JSON_HEADERS = { "content-type": "application/json", accept: "application/json, text/event-stream" };
const post = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: "POST",
  headers: { ...JSON_HEADERS, ...headers },
  body: typeof body === "string" ? body : JSON.stringify(body),
});
const INITIALIZE = {
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "test", version: "1" } },
};
const rpcCode = async (response: Response) => (await response.json()).error.code;

const PING = { jsonrpc: "2.0", id: 1, method: "ping" };

/** Reads the first event of a stream and leaves it open. */
async function firstEvent(
  response: Response,
): Promise<{ data: string; reader: ReadableStreamDefaultReader<Uint8Array> }> {
  const reader = response.body!.getReader();
  const { value } = await reader.read();
  return { data: /^data: (.*)$/m.exec(new TextDecoder().decode(value))![1]!, reader };
}

Deno.test("GET /health answers probes without a key", async () => {
  await withListener(async (send) => {
    const response = await send("/health");
    assertEquals([response.status, await response.json()], [200, { status: "ok" }]);
  }, { access: { ...OPEN, apiKey: "k" } });
});

Deno.test("GET /health/ready is 503 while the service stops or its store is away, and tells no more than that", async () => {
  await using test = await testRuntime();
  const { runtime } = test;
  const settings = { access: { ...OPEN, apiKey: "k" }, serverName: "test" };
  const listener = createMcpListener(runtime, settings);
  const ready = async (from = listener) => {
    const response = await from.fetch(new Request("http://127.0.0.1/health/ready"));
    return [response.status, await response.json()];
  };
  assertEquals(await ready(), [200, { status: "ready" }]);
  const ping = () => Promise.reject(new MemoryError("unavailable", "Cannot reach the store at 10.0.0.1"));
  const storage = Object.assign(Object.create(runtime.storage), { ping });
  const down = createMcpListener({ ...runtime, storage }, settings);
  const more = "/api/health/detailed tells more";
  assertEquals(await ready(down), [503, { detail: `Not ready: the store does not answer; ${more}` }]);
  runtime.health.stopping = true;
  assertEquals(await ready(), [503, { detail: `Not ready: the service is stopping; ${more}` }]);
  await Promise.all([listener.close(), down.close()]);
});

Deno.test("every other path needs the key, as Bearer or X-API-Key", async () => {
  await withListener(async (send) => {
    for (
      const [path, init] of [["/mcp", post(INITIALIZE)], ["/mcp", {}], ["/sse", {}], ["/messages", post({})], [
        "/",
        {},
      ]] as const
    ) {
      const response = await send(path, init);
      assertEquals(response.status, 401, path);
      assert(response.headers.get("www-authenticate")!.startsWith("Bearer"));
      await response.body?.cancel();
    }
    for (const headers of [{ authorization: "Bearer k" }, { "x-api-key": "k" }]) {
      const response = await send("/mcp", post(INITIALIZE, headers as unknown as Record<string, string>));
      assertEquals((await response.json()).result.protocolVersion, "2025-06-18");
    }
  }, { access: { ...OPEN, apiKey: "k" } });
});

Deno.test("a foreign Host or Origin is refused on every path", async () => {
  await withListener(async (send) => {
    for (const path of ["/mcp", "/sse", "/messages", "/health"]) {
      for (const headers of [{ host: "evil.example" }, { origin: "https://evil.example" }]) {
        const response = await send(path, { headers: headers as unknown as Record<string, string> });
        assertEquals(response.status, 403, path);
        await response.body?.cancel();
      }
    }
  });
});

Deno.test("pages on other ports are refused on all of MCP, whatever the method", async () => {
  await withListener(async (send, listener) => {
    const pages: Record<string, string>[] = [
      { origin: "http://localhost:3000" },
      { origin: "http://127.0.0.1:8000" },
      { origin: "null" },
      { "sec-fetch-site": "same-site" },
      { "sec-fetch-site": "cross-site" },
    ];
    for (const headers of pages) {
      for (const path of ["/mcp", "/sse", "/messages?sessionId=x"]) {
        for (const init of [{ headers }, { ...post(INITIALIZE, headers) }, { method: "DELETE", headers }]) {
          const response = await send(path, init);
          assertEquals(response.status, 403, `${path} ${JSON.stringify(init)}`);
          assertStringIncludes((await response.json()).detail, "MCP_CORS_ORIGINS");
        }
      }
    }
    assertEquals(listener.clients(), { sse: 0, streamable: 0 });
    const own = await send(
      "/mcp",
      post(INITIALIZE, { origin: "http://127.0.0.1:8001", "sec-fetch-site": "same-origin" }),
    );
    assertEquals(own.status, 200);
    await own.body?.cancel();
  });
});

Deno.test("without a key what came through a proxy is refused, but for probes", async () => {
  const headers = { "x-forwarded-for": "203.0.113.7" };
  await withListener(async (send) => {
    for (
      const [path, init] of [["/mcp", post(INITIALIZE, headers)], ["/sse", { headers }], ["/metrics", {
        headers,
      }]] as const
    ) {
      const response = await send(path, init);
      assertEquals(response.status, 403, path);
      assertStringIncludes((await response.json()).detail, "MCP_ALLOW_ANONYMOUS_ACCESS=true");
    }
    for (const path of ["/health", "/health/ready"]) {
      const response = await send(path, { headers });
      assertEquals(response.status, 200);
      await response.body?.cancel();
    }
  });
});

Deno.test("every answer of the port carries the headers that keep browsers from misusing it", async () => {
  await withListener(async (send) => {
    const inits: [string, RequestInit][] = [
      ["/health", {}],
      ["/mcp", post(INITIALIZE)],
      ["/mcp", post("{")],
      ["/elsewhere", {}],
      ["/sse", {}],
      ["/mcp", { headers: { host: "evil.example" } }],
    ];
    for (const [path, init] of inits) {
      const { headers, body } = await send(path, init);
      assertEquals(headers.get("x-content-type-options"), "nosniff", path);
      assertEquals(headers.get("cross-origin-resource-policy"), "same-origin", path);
      assertStringIncludes(headers.get("permissions-policy")!, "camera=()", path);
      await body?.cancel();
    }
  });
});

Deno.test("unknown sessions get 404 and missing ones 400, on both HTTP transports", async () => {
  await withListener(async (send) => {
    const ping = { jsonrpc: "2.0", id: 1, method: "ping" };
    const unknown = { "mcp-session-id": crypto.randomUUID() };
    assertEquals((await send("/mcp", post(ping, unknown))).status, 404);
    assertEquals((await send("/mcp", { headers: { ...unknown, accept: "text/event-stream" } })).status, 404);
    assertEquals((await send("/mcp", { method: "DELETE", headers: unknown })).status, 404);
    assertEquals((await send("/mcp", post(ping))).status, 400);
    assertEquals((await send("/mcp")).status, 400);
    assertEquals((await send(`/messages?sessionId=${crypto.randomUUID()}`, post(ping))).status, 404);
    assertEquals((await send("/messages", post(ping))).status, 400);
  });
});

Deno.test("bodies that are no MCP messages get JSON-RPC errors and cost no session", async () => {
  await withListener(async (send, listener) => {
    const initialized = await send("/mcp", post(INITIALIZE));
    const session = { "mcp-session-id": initialized.headers.get("mcp-session-id")! };
    await initialized.body?.cancel();
    const sse = await send("/sse");
    const { data: messages, reader } = await firstEvent(sse);
    for (
      const body of ["", "{", "null", "42", '"x"', "[]", "{}", '{"jsonrpc":"1.0","id":1,"method":"ping"}', "\xff\xfe"]
    ) {
      const bytes = body === "\xff\xfe" ? new Uint8Array([0xff, 0xfe]) : body;
      for (const [path, headers] of [["/mcp", {}], ["/mcp", session], [messages, {}]] as const) {
        const response = await send(path, { method: "POST", headers: { ...JSON_HEADERS, ...headers }, body: bytes });
        assertEquals(response.status, 400, `${path} ${JSON.stringify(headers)} ${body}`);
        const { jsonrpc, error, id } = await response.json();
        assertEquals([jsonrpc, Number.isInteger(error.code)], ["2.0", true]);
        // The id is echoed where the body has one, and null where it can't be told.
        assert(id === null || id === 1);
      }
    }
    assertEquals(listener.clients(), { sse: 1, streamable: 1 });
    await reader.cancel();
    assertEquals(listener.clients().sse, 0);
  });
});

Deno.test("wrong methods, types and sizes are refused in JSON-RPC's words", async () => {
  await withListener(async (send) => {
    const text = { ...post(INITIALIZE), headers: { "content-type": "text/plain" } };
    assertEquals((await send("/mcp", text)).status, 415);
    assertEquals((await send("/mcp", { method: "PUT" })).headers.get("allow"), "GET, POST, DELETE");
    assertEquals((await send("/sse", post({}))).status, 405);
    assertEquals((await send("/messages")).status, 405);
    const large = await send("/mcp", post({ ...INITIALIZE, padding: "x".repeat(2000) }));
    assertEquals([large.status, await rpcCode(large)], [413, -32000]);
    const nowhere = await send("/elsewhere", post(INITIALIZE));
    assertEquals([nowhere.status, await rpcCode(nowhere)], [404, -32000]);
  }, { access: { ...OPEN, maxBodyBytes: 1000 } });
});

Deno.test("a session of the older era lives from initialize to DELETE", async () => {
  await withListener(async (send, listener) => {
    const response = await send("/mcp/", post(INITIALIZE));
    const id = response.headers.get("mcp-session-id")!;
    const { result } = await response.json();
    assertEquals([result.protocolVersion, result.serverInfo.name], ["2025-06-18", "unimem"]);
    const inSession = { "mcp-session-id": id, "mcp-protocol-version": "2025-06-18" };
    const ready = await send("/mcp", post({ jsonrpc: "2.0", method: "notifications/initialized" }, inSession));
    assertEquals(ready.status, 202);
    const list = await send("/mcp/", post({ jsonrpc: "2.0", id: 2, method: "tools/list" }, inSession));
    assertEquals((await list.json()).result.tools.length, 15);
    assertEquals(listener.clients().streamable, 1);
    assertEquals((await send("/mcp", { method: "DELETE", headers: inSession })).status, 200);
    assertEquals(listener.clients().streamable, 0);
    assertEquals((await send("/mcp", post({ jsonrpc: "2.0", id: 3, method: "ping" }, inSession))).status, 404);
  });
});

Deno.test("clients of the older era get resources and prompts", async () => {
  await withListener(async (send) => {
    const response = await send("/mcp", post(INITIALIZE));
    const inSession = { "mcp-session-id": response.headers.get("mcp-session-id")! };
    assertEquals(Object.keys((await response.json()).result.capabilities).sort(), [
      "completions",
      "prompts",
      "resources",
      "tools",
    ]);
    for (
      const [method, expected] of [
        ["resources/list", { resources: 2 }],
        ["resources/templates/list", { resourceTemplates: 2 }],
        ["prompts/list", { prompts: 3 }],
      ] as const
    ) {
      const answer = await send("/mcp", post({ jsonrpc: "2.0", id: 2, method }, inSession));
      const { result } = await answer.json();
      assertEquals(Object.entries(expected).map(([name]) => result[name].length), Object.values(expected));
    }
    const unknown = await send("/mcp", post({ jsonrpc: "2.0", id: 3, method: "memories/eat" }, inSession));
    assertEquals(await rpcCode(unknown), -32601);
  });
});

Deno.test("an initialize that is refused leaves no session", async () => {
  await withListener(async (send, listener) => {
    const refused = await send("/mcp", post(INITIALIZE, { accept: "text/html" }));
    assertEquals(refused.status, 406);
    assertEquals(listener.clients().streamable, 0);
  });
});

Deno.test("at the limit the session unused longest makes room, and SSE clients are told to come back", async () => {
  await withListener(async (send, listener) => {
    const open = async () => (await send("/mcp", post(INITIALIZE))).headers.get("mcp-session-id")!;
    const [first, second] = [await open(), await open()];
    const ping = { jsonrpc: "2.0", id: 1, method: "ping" };
    await send("/mcp", post(ping, { "mcp-session-id": first }));
    await open();
    assertEquals((await send("/mcp", post(ping, { "mcp-session-id": first }))).status, 200);
    assertEquals((await send("/mcp", post(ping, { "mcp-session-id": second }))).status, 404);
    const streams = [await send("/sse"), await send("/sse")];
    const refused = await send("/sse");
    assertEquals([refused.status, refused.headers.get("retry-after")], [503, "5"]);
    assertEquals(listener.clients(), { sse: 2, streamable: 2 });
    for (const stream of streams) await stream.body!.cancel();
  }, { sessions: { max: 2 } });
});

Deno.test("sessions with an open stream are never dropped for being idle or for room", async () => {
  await withListener(async (send, listener) => {
    const id = (await send("/mcp", post(INITIALIZE))).headers.get("mcp-session-id")!;
    const stream = await send("/mcp", { headers: { accept: "text/event-stream", "mcp-session-id": id } });
    assertEquals(stream.headers.get("content-type"), "text/event-stream");
    assertEquals((await send("/mcp", post(INITIALIZE))).status, 503);
    await new Promise((resolve) => setTimeout(resolve, 150));
    assertEquals(listener.clients().streamable, 1);
    await stream.body!.cancel();
    await new Promise((resolve) => setTimeout(resolve, 150));
    assertEquals(listener.clients().streamable, 0);
  }, { sessions: { max: 1, idleMs: 60, abandonedMs: 60 } });
});

/** Calls a listener as from a socket's other end. */
const from = (hostname: string) => ({ remoteAddr: { transport: "tcp" as const, hostname, port: 1 } });

Deno.test("one address has a share of SSE streams and of sessions, and leaves the rest to others", async () => {
  await withListener(async (_send, listener) => {
    const call = (path: string, address: string, init?: RequestInit) =>
      listener.fetch(new Request(`http://127.0.0.1:8001${path}`, init), from(address));
    const opened: Response[] = [];
    // At the same time, so that none is counted late.
    const many = await Promise.all(Array.from({ length: 6 }, () => call("/sse", "192.0.2.1")));
    const refused = many.filter(({ status }) => status === 503);
    assertEquals([refused.length, refused[0]!.headers.get("retry-after")], [4, "5"]);
    opened.push(
      ...many.filter(({ status }) => status === 200),
      await call("/sse", "192.0.2.2"),
      await call("/sse", "::1"),
    );
    assertEquals(opened.map(({ status }) => status), [200, 200, 200, 200]);
    assertEquals((await call("/sse", "192.0.2.3")).status, 503);
    await opened[0]!.body!.cancel();
    opened[0] = await call("/sse", "192.0.2.1");
    assertEquals(opened[0].status, 200);

    const open = async (address: string) => {
      const response = await call("/mcp", address, post(INITIALIZE));
      await response.body?.cancel();
      const id = response.headers.get("mcp-session-id");
      if (id !== null) await (await call("/mcp", address, post(PING, { "mcp-session-id": id }))).body?.cancel();
      return { status: response.status, id, retry: response.headers.get("retry-after") };
    };
    const first = [await open("192.0.2.1"), await open("192.0.2.1"), await open("192.0.2.1")];
    assertEquals(first.map(({ status }) => status), [200, 200, 503]);
    const others = [await open("192.0.2.2"), await open("192.0.2.3"), await open("192.0.2.4")];
    assertEquals(others.map(({ status, retry }) => [status, retry]), [[200, null], [200, null], [503, "5"]]);
    // Those in use are still there.
    for (const { id } of [...first, ...others]) {
      if (id !== null) assertEquals((await call("/mcp", "x", post(PING, { "mcp-session-id": id }))).status, 200);
    }
    await Promise.all(opened.map(({ body }) => body!.cancel()));
  }, { sessions: { max: 4, maxPerAddress: 2 } });
});

Deno.test("a session with a request under way makes room for nobody", async () => {
  await withListener(async (send) => {
    const id = (await send("/mcp", post(INITIALIZE))).headers.get("mcp-session-id")!;
    let reply!: (value: string) => void;
    const slow = new ReadableStream({
      start: (controller) =>
        void (reply = (text) => {
          controller.enqueue(new TextEncoder().encode(text));
          controller.close();
        }),
    });
    const call = send("/mcp", { ...post(PING, { "mcp-session-id": id }), body: slow });
    reply(JSON.stringify(PING));
    assertEquals((await call).status, 200);
    assertEquals((await send("/mcp", post(INITIALIZE))).status, 503);
    await new Promise((resolve) => setTimeout(resolve, 120));
    assertEquals((await send("/mcp", post(INITIALIZE))).status, 200);
  }, { sessions: { max: 1, abandonedMs: 100 } });
});

Deno.test("quiet streams carry comments that keep proxies from closing them", async () => {
  await withListener(async (send) => {
    const { reader } = await firstEvent(await send("/sse"));
    // Timers of the listener don't keep a process alive; the test does.
    const alive = setTimeout(() => {}, 2000);
    const { value } = await reader.read();
    clearTimeout(alive);
    assertEquals(new TextDecoder().decode(value), ": keepalive\n\n");
    await reader.cancel();
  }, { keepAliveSeconds: 0.02 });
});

Deno.test("a client that never reads its stream is cut off before its answers fill the memory", async () => {
  await withListener(async (send, listener) => {
    const { data: messages, reader } = await firstEvent(await send("/sse"));
    const store = (i: number) => ({
      jsonrpc: "2.0",
      id: i,
      method: "tools/call",
      params: { name: "store_memory", arguments: { content: `${i} ${"words ".repeat(1500)}` } },
    });
    const big = {
      jsonrpc: "2.0",
      id: 0,
      method: "tools/call",
      params: { name: "list_memories", arguments: { page_size: 100, max_tokens: 1_000_000 } },
    };
    for (let i = 1; i <= 100; i++) await send(messages, post(store(i)));
    for (let i = 0; i < 50 && listener.clients().sse > 0; i++) {
      await (await send(messages, post(big))).body?.cancel();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assertEquals(listener.clients().sse, 0);
    await reader.cancel();
  });
});

Deno.test("after a stop the port refuses, and stopping again does nothing", async () => {
  await withListener(async (send, listener) => {
    await listener.close();
    await listener.close();
    assertEquals((await send("/mcp", post(INITIALIZE))).status, 503);
  });
});

Deno.test("pages of a listed origin may call, with the headers MCP needs", async () => {
  await withListener(async (send) => {
    const origin = "https://app.example";
    const preflight = await send("/mcp", {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "POST" },
    });
    assertEquals(preflight.status, 204);
    assert(preflight.headers.get("access-control-allow-headers")!.includes("Mcp-Session-Id"));
    const response = await send("/mcp", post(INITIALIZE, { origin }));
    assertEquals(response.headers.get("access-control-allow-origin"), origin);
    assertEquals(response.headers.get("access-control-expose-headers"), "Mcp-Session-Id, X-Request-Id");
    await response.body?.cancel();
  }, { access: { ...OPEN, corsOrigins: ["https://app.example"] } });
});
