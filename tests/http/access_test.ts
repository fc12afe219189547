import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { openClient } from "./client.ts";

const KEY = "s3cret-key";

Deno.test("with a key every documented route but liveness and readiness needs it", async () => {
  await using client = await openClient({ http: { apiKey: KEY } });
  const { json } = await client.get("/openapi.json", { "X-API-Key": KEY });
  let tried = 0;
  for (const [path, methods] of Object.entries(json.paths)) {
    for (const method of Object.keys(methods as object)) {
      const answer = await client.send(method.toUpperCase(), path.replace(/\{\w+\}/g, "x"));
      assertEquals(answer.status, /^\/api\/health(\/ready)?$/.test(path) ? 200 : 401, `${method} ${path}`);
      tried++;
    }
  }
  assert(tried >= 11);
  for (const path of ["/openapi.json", "/api/nope", "/api//health", "/api/health/detailed", "/api/health/ready/x"]) {
    assertEquals((await client.get(path)).status, 401, path);
  }
  for (const path of ["/", "/docs", "/api/docs"]) assertEquals((await client.get(path)).status, 200, path);
});

Deno.test("the key is taken as Bearer token and as X-API-Key", async () => {
  await using client = await openClient({ http: { apiKey: KEY } });
  const statusOf = async (headers: HeadersInit) => (await client.get("/api/memories", headers)).status;
  assertEquals(await statusOf({ Authorization: `Bearer ${KEY}` }), 200);
  assertEquals(await statusOf({ Authorization: `bearer  ${KEY}` }), 200);
  assertEquals(await statusOf({ "X-API-Key": KEY }), 200);
  assertEquals(await statusOf({ "X-API-Key": `${KEY}x` }), 401);
  assertEquals(await statusOf({ "X-API-Key": KEY.slice(0, -1) }), 401);
  assertEquals(await statusOf({ "X-API-Key": "" }), 401);
  assertEquals(await statusOf({ Authorization: `Basic ${btoa(`x:${KEY}`)}` }), 401);
  assertEquals(await statusOf({ Authorization: KEY }), 401);
  assertEquals(await statusOf({ Cookie: `key=${KEY}` }), 401);
  assertEquals((await client.get(`/api/memories?api_key=${KEY}`)).status, 401);
});

Deno.test("a key beyond ASCII is taken in the bytes of its UTF-8", async () => {
  await using client = await openClient({ http: { apiKey: "κλειδί" } });
  const sent = String.fromCharCode(...new TextEncoder().encode("κλειδί"));
  assertEquals((await client.get("/api/memories", { "X-API-Key": sent })).status, 200);
});

Deno.test("a missing key and a wrong key are told apart", async () => {
  await using client = await openClient({ http: { apiKey: KEY } });
  const missing = await client.get("/api/memories");
  assertEquals([missing.status, missing.json.detail.error], [401, "authorization_required"]);
  assertEquals(missing.headers.get("www-authenticate"), "Bearer");
  const wrong = await client.get("/api/memories", { Authorization: "Bearer nope" });
  assertEquals([wrong.status, wrong.json.detail.error], [401, "invalid_token"]);
  assertStringIncludes(wrong.headers.get("www-authenticate")!, "Bearer");
  assertEquals(typeof wrong.json.detail.error_description, "string");
});

Deno.test("a refused request's body is not stored", async () => {
  await using client = await openClient({ http: { apiKey: KEY } });
  assertEquals((await client.send("POST", "/api/memories", { content: "x" })).status, 401);
  assertEquals((await client.get("/api/memories", { "X-API-Key": KEY })).json.total, 0);
});

Deno.test("only expected Host names are served", async () => {
  await using client = await openClient({ http: { allowedHosts: ["memory.example", "pinned.example:8443"] } });
  const statusOf = async (Host: string) => (await client.get("/api/health", { Host })).status;
  const served = ["localhost", "LOCALHOST:8000", "127.0.0.1:9", "[::1]:8000", "memory.example", "Memory.Example:1234"];
  for (const host of [...served, "pinned.example:8443"]) assertEquals(await statusOf(host), 200, host);
  const refused = [
    "evil.example",
    "pinned.example",
    "pinned.example:1",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
  ];
  for (const host of [...refused, "10.0.0.1:8000", "localhost:80:evil", "x@localhost", ""]) {
    assertEquals(await statusOf(host), 403, host);
  }
  const { json } = await client.get("/api/health", { Host: "evil.example" });
  assertStringIncludes(json.detail, '"evil.example"');
});

Deno.test("an asterisk among the allowed hosts serves every name", async () => {
  await using client = await openClient({ http: { allowedHosts: ["*"] } });
  assertEquals((await client.get("/api/health", { Host: "anything.example" })).status, 200);
});

Deno.test("a malformed Host is refused under every setting, with a 4xx", async () => {
  for (const [allowedHosts, status] of [[[], 403], [["*"], 400]] as const) {
    await using client = await openClient({ http: { allowedHosts } });
    for (const Host of ["a, b", "localhost:99999", "localhost:0", "x@localhost", "localhost/x", "[::1", "", "a b"]) {
      assertEquals((await client.get("/api/memories", { Host })).status, status, Host);
    }
  }
});

Deno.test("a name's last dot, and other forms of an address, make no difference to the Host", async () => {
  await using client = await openClient({ http: { allowedHosts: ["memory.example.", "::2"] } });
  for (const Host of ["localhost.:8000", "memory.example", "memory.example.:9", "[0:0:0:0:0:0:0:1]:8000", "[::2]"]) {
    assertEquals((await client.get("/api/health", { Host })).status, 200, Host);
  }
  for (const Host of ["localhost..", "[::3]", ".localhost"]) {
    assertEquals((await client.get("/api/health", { Host })).status, 403, Host);
  }
});

/** Requests of every kind that changes something, POST /mcp among them. */
const CHANGING = [
  ["POST", "/api/memories", { content: "x" }],
  ["POST", "/api/memories/batch", { memories: [{ content: "x" }] }],
  ["PUT", "/api/memories/0", { tags: [] }],
  ["DELETE", "/api/memories/0", undefined],
  ["POST", "/api/import", ""],
  ["POST", "/api/documents/upload", ""],
  ["POST", "/mcp", { jsonrpc: "2.0", id: 1, method: "tools/list" }],
  ["PATCH", "/api/memories/0", {}],
] as const;

Deno.test("pages of every origin but the service's own are refused, on other ports of this machine too", async () => {
  await using client = await openClient({ http: { allowedHosts: ["memory.example"] } });
  const foreign = [
    ["http://localhost:3000", "localhost:8000"],
    ["http://localhost", "localhost:8000"],
    ["https://localhost", "localhost:8000"],
    ["http://localhost.:3000", "localhost.:8000"],
    ["http://127.0.0.1:8000", "localhost:8000"],
    ["http://[::1]:6274", "[::1]:8000"],
    ["http://localhost:8000.evil.example", "localhost:8000"],
    ["http://localhost:8000@evil.example", "localhost:8000"],
    ["http://evil.example", "localhost:8000"],
    ["http://memory.example:8000", "localhost:8000"],
    ["http://memory.example:80", "memory.example:8000"],
    ["null", "localhost:8000"],
    ["file://", "localhost:8000"],
    ["chrome-extension://abc", "localhost:8000"],
    ["http://localhost:8000, http://evil.example", "localhost:8000"],
    ["", "localhost:8000"],
  ] as const;
  for (const [Origin, Host] of foreign) {
    for (const [method, path, body] of CHANGING) {
      const { status, json } = await client.send(method, path, body, { Origin, Host });
      assertEquals(status, 403, `${method} ${path} from ${Origin} to ${Host}`);
      assertStringIncludes(json.detail, "MCP_CORS_ORIGINS");
      if (/^http:\/\/[^@:]+:3000$/.test(Origin)) assertStringIncludes(json.detail, `add ${Origin} to`);
    }
  }
  assertEquals((await client.get("/api/memories")).json.total, 0);
});

Deno.test("the service's own pages may change things, under each of its names and behind a TLS proxy", async () => {
  await using client = await openClient({ http: { allowedHosts: ["memory.example"], apiKey: KEY } });
  const own = [
    ["http://localhost:8000", "localhost:8000"],
    ["HTTP://LocalHost:8000", "LOCALHOST:8000"],
    ["http://localhost.:8000", "localhost:8000"],
    ["http://[::1]:8000", "[::1]:8000"],
    ["http://[::1]:8000", "[0:0:0:0:0:0:0:1]:8000"],
    ["http://localhost", "localhost:80"],
    ["https://memory.example", "memory.example"],
    ["https://memory.example", "memory.example:443"],
    ["https://memory.example:8443", "memory.example:8443"],
  ] as const;
  const key = { "X-API-Key": KEY };
  for (const [i, [Origin, Host]] of own.entries()) {
    const answer = await client.send("POST", "/api/memories", { content: `${i}` }, { Origin, Host, ...key });
    assertEquals([answer.status, answer.json.success], [200, true], `${Origin} to ${Host}`);
  }
  // The scheme counts where it is known.
  for (const more of [{ "X-Forwarded-Proto": "https" }, { "Sec-Fetch-Site": "cross-site" }]) {
    const headers = { Origin: "http://memory.example", Host: "memory.example", ...key, ...more };
    assertEquals((await client.send("POST", "/api/memories", { content: "no" }, headers as HeadersInit)).status, 403);
  }
});

Deno.test("what a browser says of the site decides where no origin is named", async () => {
  await using client = await openClient({ http: { corsOrigins: ["https://app.example"] } });
  const statusOf = async (site: string, more: Record<string, string> = {}) =>
    (await client.send("POST", "/api/memories", { content: site }, { "Sec-Fetch-Site": site, ...more })).status;
  for (const site of ["same-origin", "none", "None"]) assertEquals(await statusOf(site), 200, site);
  for (const site of ["same-site", "cross-site", "other", ""]) assertEquals(await statusOf(site), 403, site);
  assertEquals(await statusOf("cross-site", { Origin: "https://app.example" }), 200);
  const refused = await client.send("DELETE", "/api/memories/0", undefined, {
    "Sec-Fetch-Site": "same-site",
    Referer: "http://localhost:5173/some/page",
  });
  assertStringIncludes(refused.json.detail, "add http://localhost:5173 to MCP_CORS_ORIGINS");
  assertEquals((await client.get("/api/memories", { "Sec-Fetch-Site": "cross-site" })).status, 200);
});

Deno.test("the pages of the other server of this process are its own", async () => {
  await using client = await openClient();
  const open = { state: "open" as const, since: 0 };
  client.health.listeners.set("MCP", { address: "http://127.0.0.1:8001", ...open });
  client.health.listeners.set("REST", { address: "https://[::]:8443", ...open, state: "lost" });
  const statusOf = async (Origin: string) =>
    (await client.send("POST", "/api/memories", { content: Origin }, {
      Origin,
      Host: "localhost:8000",
      "Sec-Fetch-Site": "same-site",
    })).status;
  for (const origin of ["http://localhost:8001", "http://127.0.0.1:8001", "http://[::1]:8001"]) {
    assertEquals(await statusOf(origin), 200, origin);
  }
  for (const origin of ["https://localhost:8001", "http://evil.example:8001", "https://localhost:8443"]) {
    assertEquals(await statusOf(origin), 403, origin);
  }
});

Deno.test("pages of this machine may ask what changes nothing, and can't read the answer", async () => {
  await using client = await openClient();
  const headers = { Origin: "http://localhost:3000", Host: "localhost:8000", "Sec-Fetch-Site": "same-site" };
  const { status, headers: answered } = await client.get("/api/memories", headers);
  assertEquals([status, answered.get("access-control-allow-origin")], [200, null]);
  assertEquals((await client.get("/api/memories", { ...headers, Origin: "null" })).status, 403);
  const ask = async (method: string) =>
    (await client.send("OPTIONS", "/api/memories/0", undefined, {
      ...headers,
      "Access-Control-Request-Method": method,
    }))
      .status;
  assertEquals([await ask("GET"), await ask("DELETE"), await ask("PUT")], [204, 403, 403]);
});

Deno.test("a body without a type is JSON from scripts, and refused from pages", async () => {
  await using client = await openClient({ http: { corsOrigins: ["https://app.example"] } });
  const statusOf = async (path: string, headers: Record<string, string>) => {
    const body = new TextEncoder().encode('{"content": "untyped"}');
    return (await client.app.request(path, { method: "POST", headers: { Host: "localhost:8000", ...headers }, body }))
      .status;
  };
  const pages: Record<string, string>[] = [
    { Origin: "http://localhost:8000" },
    { "Sec-Fetch-Site": "same-origin" },
    { "Sec-Fetch-Site": "none" },
    { Origin: "https://app.example", "Sec-Fetch-Site": "cross-site" },
  ];
  for (const headers of pages) {
    for (const path of ["/api/memories", "/api/import", "/mcp"]) assertEquals(await statusOf(path, headers), 415, path);
  }
  assertEquals((await client.get("/api/memories")).json.total, 0);
  assertEquals(await statusOf("/api/memories", {}), 200);
});

Deno.test("listed origins are compared as browsers write them", async () => {
  const corsOrigins = ["HTTPS://App.Example:443/", "http://localhost:5173", "http://[0::1]:5173", "vscode-webview://x"];
  await using client = await openClient({ http: { corsOrigins } });
  const statusOf = async (Origin: string) =>
    (await client.send("POST", "/api/search", { query: "x" }, { Origin, "Sec-Fetch-Site": "cross-site" })).status;
  for (const origin of ["https://app.example", "http://localhost:5173", "http://[::1]:5173", "vscode-webview://x"]) {
    assertEquals(await statusOf(origin), 200, origin);
  }
  for (
    const origin of ["http://app.example", "https://app.example.", "http://localhost:5174", "https://app.example:8"]
  ) {
    assertEquals(await statusOf(origin), 403, origin);
  }
});

Deno.test("without a key nothing that came through a proxy is served, but for probes", async () => {
  const ways = ["Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "x-forwarded-host", "X-Forwarded-Anything"];
  await using closed = await openClient();
  await using keyed = await openClient({ http: { apiKey: KEY } });
  await using open = await openClient({ http: { anonymous: true } });
  for (const name of ways) {
    const headers = { [name]: "for=203.0.113.7" };
    for (const path of ["/api/memories", "/", "/docs", "/api/events/stats", "/api/health/detailed"]) {
      const { status, json } = await closed.get(path, headers);
      assertEquals(status, 403, `${name} ${path}`);
      for (const way of ["MCP_API_KEY", "MCP_ALLOW_ANONYMOUS_ACCESS=true"]) assertStringIncludes(json.detail, way);
    }
    for (const path of ["/api/health", "/api/health/ready"]) {
      assertEquals((await closed.get(path, headers)).status, 200);
    }
    assertEquals((await open.get("/api/memories", headers)).status, 200);
    assertEquals((await keyed.get("/api/memories", headers)).status, 401);
    assertEquals((await keyed.get("/api/memories", { ...headers, "X-API-Key": KEY })).status, 200);
  }
});

Deno.test("every answer carries the headers that keep browsers from misusing it", async () => {
  await using client = await openClient({ http: { apiKey: KEY } });
  const key = { "X-API-Key": KEY };
  const answers = [
    await client.get("/"),
    await client.get("/docs"),
    await client.get("/api/health"),
    await client.get("/api/memories"),
    await client.get("/api/memories", key),
    await client.get("/api/memories?page=0", key),
    await client.get("/api/nope", key),
    await client.send("PATCH", "/api/memories", {}, key),
    await client.get("/api/memories", { Host: "evil.example" }),
    await client.get("/api/memories", { Origin: "https://evil.example" }),
    await client.send("POST", "/api/import", "x", { ...key, "Content-Type": "text/plain" }),
  ];
  assertEquals(answers.map(({ status }) => status), [200, 200, 200, 401, 200, 422, 404, 405, 403, 403, 415]);
  for (const { headers } of answers) {
    assertEquals(headers.get("x-content-type-options"), "nosniff");
    assertEquals(headers.get("cross-origin-resource-policy"), "same-origin");
    assertStringIncludes(headers.get("permissions-policy")!, "camera=()");
    assertEquals(headers.get("strict-transport-security"), null);
  }
  const overTls = await client.app.request("https://localhost/api/health");
  assertEquals(overTls.headers.get("strict-transport-security"), "max-age=31536000");
  await overTls.body?.cancel();
});

Deno.test("CORS is closed by default", async () => {
  await using client = await openClient();
  const { status, headers } = await client.get("/api/memories", { Origin: "https://app.example" });
  assertEquals([status, headers.get("access-control-allow-origin")], [403, null]);
  const preflight = await client.send("OPTIONS", "/api/memories", undefined, {
    Origin: "https://app.example",
    "Access-Control-Request-Method": "POST",
  });
  assertEquals([preflight.status, preflight.headers.get("access-control-allow-origin")], [403, null]);
});

Deno.test("listed origins may call, preflights included, and others may not", async () => {
  const origin = "https://app.example";
  await using client = await openClient({ http: { apiKey: KEY, corsOrigins: ["https://App.Example/"] } });
  const preflight = await client.send("OPTIONS", "/api/memories/x", undefined, {
    Origin: origin,
    "Access-Control-Request-Method": "PUT",
    "Access-Control-Request-Headers": "authorization, content-type",
  });
  assertEquals(preflight.status, 204);
  assertEquals(preflight.headers.get("access-control-allow-origin"), origin);
  assertStringIncludes(preflight.headers.get("access-control-allow-methods")!, "PUT");
  const allowed = preflight.headers.get("access-control-allow-headers")!;
  for (const name of ["Authorization", "X-Unimem-Space", "Last-Event-ID"]) assertStringIncludes(allowed, name);
  assertEquals(preflight.headers.get("vary"), "Origin");
  const call = await client.get("/api/memories", { Origin: origin, Authorization: `Bearer ${KEY}` });
  assertEquals([call.status, call.headers.get("access-control-allow-origin")], [200, origin]);
  assertStringIncludes(call.headers.get("access-control-expose-headers")!, "X-Request-Id");
  assertEquals(call.headers.get("access-control-allow-credentials"), null);
  const refused = await client.get("/api/memories", { Origin: origin });
  assertEquals([refused.status, refused.headers.get("access-control-allow-origin")], [401, origin]);
  const fault = await client.get("/api/memories?page=0", { Origin: origin, "X-API-Key": KEY });
  assertEquals([fault.status, fault.headers.get("access-control-allow-origin")], [422, origin]);
  assertEquals((await client.get("/api/health", { Origin: "https://evil.example" })).status, 403);
  assertEquals((await client.get("/api/health")).headers.get("vary"), "Origin");
});

Deno.test("an asterisk among the CORS origins lets every page call", async () => {
  await using client = await openClient({ http: { corsOrigins: ["*"] } });
  const { status, headers } = await client.get("/api/memories", { Origin: "https://any.example" });
  assertEquals([status, headers.get("access-control-allow-origin")], [200, "https://any.example"]);
});
