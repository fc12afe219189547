import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import { type ErrorCode, MemoryError } from "../../src/errors.ts";
import { openClient } from "./client.ts";

const failing = (error: unknown) => ({
  storage: { list: () => Promise.reject(error), store: () => Promise.reject(error) },
});

const STATUSES: [code: ErrorCode, status: number][] = [
  ["invalid_input", 422],
  ["not_found", 404],
  ["conflict", 409],
  ["too_large", 413],
  ["overloaded", 429],
  ["unavailable", 503],
  ["unsupported", 501],
];

for (const [code, status] of STATUSES) {
  Deno.test(`an operation's ${code} is answered ${status} with its text`, async () => {
    await using client = await openClient(failing(new MemoryError(code, "Cannot do it: reason")));
    const answer = await client.get("/api/memories");
    const text = "Cannot do it: reason";
    // A 422 is always a list, as its schema says.
    const detail = status === 422 ? [{ type: "value_error", loc: ["query"], msg: text, input: null }] : text;
    assertEquals([answer.status, answer.json], [status, { detail }]);
    assertEquals(client.logged, []);
  });
}

Deno.test("an error that names a field points at it", async () => {
  const error = new MemoryError("invalid_input", "Cannot use it", { field: "tags.0", value: "x" });
  await using client = await openClient(failing(error));
  const fault = { type: "value_error", msg: "Cannot use it", input: "x" };
  assertEquals((await client.get("/api/memories")).json, { detail: [{ ...fault, loc: ["query", "tags", 0] }] });
  const { json } = await client.send("POST", "/api/memories", { content: "x" });
  assertEquals(json, { detail: [{ ...fault, loc: ["body", "tags", 0] }] });
});

Deno.test("overload and outage say when to try again", async () => {
  for (const [code, status] of [["overloaded", 429], ["unavailable", 503]] as const) {
    await using soon = await openClient(failing(new MemoryError(code, "Later")));
    assertEquals((await soon.get("/api/memories")).headers.get("retry-after"), "1");
    await using late = await openClient(failing(new MemoryError(code, "Later", { retryAfterSeconds: 4.2 })));
    const answer = await late.send("POST", "/api/memories", { content: "x" });
    assertEquals([answer.status, answer.headers.get("retry-after")], [status, "5"]);
  }
});

Deno.test("a fault of the service is logged, and the client learns only its id", async () => {
  const faults = [
    new TypeError("secret /path/to/x"),
    new MemoryError("internal", "secret state", { cause: new Error("secret cause") }),
    new MemoryError("configuration", "secret setting"),
  ];
  for (const fault of faults) {
    await using client = await openClient(failing(fault));
    const { status, headers, json, text } = await client.get("/api/memories?tag=private");
    assertEquals(status, 500);
    const id = headers.get("x-request-id")!;
    assertMatch(id, /^[0-9a-f-]{36}$/);
    assertEquals(json, { detail: `Internal Server Error; the log has it as request ${id}` });
    assertFalse(text.includes("secret"));
    assertEquals(client.logged.length, 1);
    assertStringIncludes(client.logged[0]!, id);
    assertStringIncludes(client.logged[0]!, fault.message);
    assertFalse(client.logged[0]!.includes("private"));
  }
});

Deno.test("an unknown route is answered 404, a wrong method 405 with the allowed ones", async () => {
  await using client = await openClient();
  assertEquals((await client.get("/api/nope")).json, { detail: "Not Found" });
  assertEquals((await client.get("/api/nope")).status, 404);
  const patch = await client.send("PATCH", "/api/memories", {});
  assertEquals([patch.status, patch.json], [405, { detail: "Method Not Allowed" }]);
  assertEquals(patch.headers.get("allow"), "POST, GET, HEAD");
  const post = await client.send("POST", `/api/memories/${"0".repeat(64)}`, {});
  assertEquals(post.headers.get("allow"), "GET, HEAD, PUT, DELETE");
  assertEquals((await client.send("GET", "/api/search")).status, 405);
});

Deno.test("HEAD answers like GET, without a body", async () => {
  await using client = await openClient();
  const { status, headers, text } = await client.send("HEAD", "/api/memories");
  assertEquals([status, text], [200, ""]);
  assertEquals(headers.get("content-type"), "application/json");
});

Deno.test("every answer keeps browsers from guessing types and leaking addresses", async () => {
  await using client = await openClient();
  const answers = [
    await client.get("/api/memories"),
    await client.get("/api/nope"),
    await client.get("/docs"),
    await client.get("/api/memories", { Host: "evil.example" }),
  ];
  assertEquals(answers.map(({ status }) => status), [200, 404, 200, 403]);
  for (const { headers } of answers) {
    assertEquals(headers.get("x-content-type-options"), "nosniff");
    assertEquals(headers.get("referrer-policy"), "no-referrer");
    assert(headers.get("cache-control"));
  }
});

Deno.test("a body over the limit is answered 413, announced or not", async () => {
  await using client = await openClient({ http: { maxBodyBytes: 2000 } });
  const big = JSON.stringify({ content: "x".repeat(3000) });
  const announced = await client.send("POST", "/api/memories", big, { "Content-Length": String(big.length) });
  assertEquals([announced.status, announced.json], [413, {
    detail: "Cannot read the request body: it exceeds 2000 bytes",
  }]);
  const lying = await client.send("POST", "/api/memories", big, { "Content-Length": "10" });
  assertEquals(lying.status, 413);
  let pulled = 0;
  const endless = new ReadableStream({
    pull(controller) {
      pulled++;
      controller.enqueue(new Uint8Array(1000));
    },
  });
  const chunked = await client.app.request("/api/memories", { method: "POST", body: endless });
  assertEquals(chunked.status, 413);
  await chunked.body?.cancel();
  assert(pulled < 10, `read on after the limit: ${pulled} chunks`);
  assertEquals((await client.send("POST", "/api/memories", { content: "fits" })).status, 200);
});
