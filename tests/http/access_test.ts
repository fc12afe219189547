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

Deno.test("pages of other origins are refused, the service's own and this machine's are served", async () => {
  await using client = await openClient();
  const statusOf = async (Origin: string, Host = "localhost:8000") =>
    (await client.send("POST", "/api/search", { query: "x" }, { Origin, Host })).status;
  assertEquals(await statusOf("http://localhost:8000"), 200);
  assertEquals(await statusOf("https://localhost:8000"), 200);
  assertEquals(await statusOf("http://localhost:3000"), 200);
  assertEquals(await statusOf("http://[::1]:6274"), 200);
  assertEquals(await statusOf("http://localhost.evil.example"), 403);
  assertEquals(await statusOf("http://evil.example"), 403);
  assertEquals(await statusOf("null"), 403);
  assertEquals(await statusOf("http://localhost:8000.evil.example"), 403);
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
  assertStringIncludes(preflight.headers.get("access-control-allow-headers")!, "Authorization");
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
