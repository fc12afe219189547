import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { openClient } from "./client.ts";

const HASH = "0".repeat(64);

/** A request and the fault it must be answered with. */
interface Case {
  name: string;
  method?: string;
  path?: string;
  body?: unknown;
  type: string;
  loc: (string | number)[];
}

const nested = (levels: number) => `{"content":"x","metadata":${'{"a":'.repeat(levels)}1${"}".repeat(levels)}}`;
const store = (body: unknown) => ({ method: "POST", path: "/api/memories", body });
const search = (body: Record<string, unknown>) => ({
  method: "POST",
  path: "/api/search",
  body: { query: "x", ...body },
});
const list = (query: string) => ({ method: "GET", path: `/api/memories?${query}` });

const CASES: Case[] = [
  { name: "an unfinished JSON body", ...store('{"content": '), type: "json_invalid", loc: ["body", 12] },
  { name: "a body that isn't JSON", ...store("content=x"), type: "json_invalid", loc: ["body", 0] },
  { name: "an empty body", ...store(""), type: "json_invalid", loc: ["body", 0] },
  { name: "a JSON list as body", ...store([]), type: "dict_type", loc: ["body"] },
  { name: "null as body", ...store(null), type: "dict_type", loc: ["body"] },
  { name: "a body without content", ...store({ tags: ["x"] }), type: "missing", loc: ["body", "content"] },
  { name: "content that is a number", ...store({ content: 5 }), type: "string_type", loc: ["body", "content"] },
  { name: "content that is null", ...store({ content: null }), type: "string_type", loc: ["body", "content"] },
  { name: "empty content", ...store({ content: "" }), type: "value_error", loc: ["body", "content"] },
  { name: "blank content", ...store({ content: " \n\t" }), type: "value_error", loc: ["body", "content"] },
  { name: "a NUL in content", ...store({ content: "a\0b" }), type: "value_error", loc: ["body", "content"] },
  {
    name: "a lone surrogate in content",
    ...store('{"content":"a\\ud800"}'),
    type: "value_error",
    loc: ["body", "content"],
  },
  { name: "tags as text", ...store({ content: "x", tags: "a,b" }), type: "list_type", loc: ["body", "tags"] },
  {
    name: "a tag that is a number",
    ...store({ content: "x", tags: ["a", 1] }),
    type: "string_type",
    loc: ["body", "tags", 1],
  },
  { name: "a NUL in a tag", ...store({ content: "x", tags: ["a\0"] }), type: "value_error", loc: ["body", "tags", 0] },
  {
    name: "a lone surrogate in a tag",
    ...store('{"content":"x","tags":["\\udfff"]}'),
    type: "value_error",
    loc: ["body", "tags", 0],
  },
  {
    name: "a tag of 257 characters",
    ...store({ content: "x", tags: ["t".repeat(257)] }),
    type: "string_too_long",
    loc: ["body", "tags", 0],
  },
  { name: "101 tags", ...store({ content: "x", tags: Array(101).fill("t") }), type: "too_long", loc: ["body", "tags"] },
  {
    name: "metadata as a list",
    ...store({ content: "x", metadata: [] }),
    type: "dict_type",
    loc: ["body", "metadata"],
  },
  {
    name: "a NUL in metadata",
    ...store({ content: "x", metadata: { a: ["\0"] } }),
    type: "value_error",
    loc: ["body", "metadata"],
  },
  {
    name: "a lone surrogate in a metadata key",
    ...store('{"content":"x","metadata":{"\\ud800":1}}'),
    type: "value_error",
    loc: ["body", "metadata"],
  },
  {
    name: "an infinite number in metadata",
    ...store('{"content":"x","metadata":{"a":1e999}}'),
    type: "value_error",
    loc: ["body", "metadata"],
  },
  { name: "metadata nested 65 deep", ...store(nested(65)), type: "value_error", loc: ["body", "metadata"] },
  { name: "metadata nested 50,000 deep", ...store(nested(50_000)), type: "value_error", loc: ["body", "metadata"] },
  {
    name: "a NUL in memory_type",
    ...store({ content: "x", memory_type: "\0" }),
    type: "value_error",
    loc: ["body", "memory_type"],
  },
  {
    name: "a NUL in client_hostname",
    ...store({ content: "x", client_hostname: "\0" }),
    type: "value_error",
    loc: ["body", "client_hostname"],
  },
  {
    name: "an empty conversation_id",
    ...store({ content: "x", conversation_id: "" }),
    type: "string_too_short",
    loc: ["body", "conversation_id"],
  },
  {
    name: "an empty batch",
    method: "POST",
    path: "/api/memories/batch",
    body: { memories: [] },
    type: "too_short",
    loc: ["body", "memories"],
  },
  {
    name: "a batch with one bad item",
    method: "POST",
    path: "/api/memories/batch",
    body: { memories: [{ content: "ok" }, { content: "" }] },
    type: "value_error",
    loc: ["body", "memories", 1, "content"],
  },
  {
    name: "a batch of 1,001",
    method: "POST",
    path: "/api/memories/batch",
    body: { memories: Array(1001).fill({ content: "x" }) },
    type: "too_long",
    loc: ["body", "memories"],
  },
  {
    name: "an update with tags as text",
    method: "PUT",
    path: `/api/memories/${HASH}`,
    body: { tags: "notalist" },
    type: "list_type",
    loc: ["body", "tags"],
  },
  {
    name: "a search without query",
    method: "POST",
    path: "/api/search",
    body: {},
    type: "missing",
    loc: ["body", "query"],
  },
  { name: "an empty query", ...search({ query: "" }), type: "value_error", loc: ["body", "query"] },
  { name: "a NUL in the query", ...search({ query: "a\0" }), type: "value_error", loc: ["body", "query"] },
  {
    name: "a query of 10,001 characters",
    ...search({ query: "q".repeat(10_001) }),
    type: "value_error",
    loc: ["body", "query"],
  },
  {
    name: "n_results of 10,000",
    ...search({ n_results: 10_000 }),
    type: "less_than_equal",
    loc: ["body", "n_results"],
  },
  { name: "n_results of 0", ...search({ n_results: 0 }), type: "greater_than_equal", loc: ["body", "n_results"] },
  { name: "page_size of 1.5", ...search({ page_size: 1.5 }), type: "int_type", loc: ["body", "page_size"] },
  { name: "search page 0", ...search({ page: 0 }), type: "greater_than_equal", loc: ["body", "page"] },
  {
    name: "a threshold of 1.5",
    ...search({ similarity_threshold: 1.5 }),
    type: "less_than_equal",
    loc: ["body", "similarity_threshold"],
  },
  { name: "an unknown mode", ...search({ mode: "fuzzy" }), type: "literal_error", loc: ["body", "mode"] },
  {
    name: "a time that isn't one",
    ...search({ created_after: "soonish" }),
    type: "value_error",
    loc: ["body", "created_after"],
  },
  {
    name: "a time that is a list",
    ...search({ created_after: [] }),
    type: "value_error",
    loc: ["body", "created_after"],
  },
  {
    name: "a metadata filter with an object",
    ...search({ metadata: { a: {} } }),
    type: "value_error",
    loc: ["body", "metadata", "a"],
  },
  { name: "list page 0", ...list("page=0"), type: "greater_than_equal", loc: ["query", "page"] },
  { name: "list page -1", ...list("page=-1"), type: "greater_than_equal", loc: ["query", "page"] },
  { name: "a page in words", ...list("page=one"), type: "float_parsing", loc: ["query", "page"] },
  { name: "an endless page", ...list(`page=${"9".repeat(400)}`), type: "float_parsing", loc: ["query", "page"] },
  { name: "list page_size 101", ...list("page_size=101"), type: "less_than_equal", loc: ["query", "page_size"] },
  { name: "match_all=maybe", ...list("match_all=maybe"), type: "bool_parsing", loc: ["query", "match_all"] },
  { name: "a NUL in a tag filter", ...list("tag=a%00"), type: "value_error", loc: ["query", "tag", 0] },
  {
    name: "a time filter that isn't one",
    ...list("created_before=yesterdayish"),
    type: "value_error",
    loc: ["query", "created_before"],
  },
];

Deno.test("bad input is answered 422, naming the field", async (t) => {
  await using client = await openClient();
  for (const { name, method = "GET", path = "/", body, type, loc } of CASES) {
    await t.step(name, async () => {
      const { status, json } = await client.send(method, path, body);
      assertEquals(status, 422, JSON.stringify(json));
      const [fault] = json.detail;
      assertEquals([fault.type, fault.loc], [type, loc]);
      assert("input" in fault && fault.msg.length > 0);
    });
  }
  assertEquals(client.logged, []);
  assertEquals((await client.get("/api/memories")).json.total, 0);
});

Deno.test("every fault of a request is listed at once, with the values sent", async () => {
  await using client = await openClient();
  const { json } = await client.send("POST", "/api/memories", { content: 5, tags: "a,b", metadata: [] });
  assertEquals(json, {
    detail: [
      { type: "string_type", loc: ["body", "content"], msg: "Input should be a valid string", input: 5 },
      { type: "list_type", loc: ["body", "tags"], msg: "Input should be a valid list", input: "a,b" },
      { type: "dict_type", loc: ["body", "metadata"], msg: "Input should be a valid dictionary", input: [] },
    ],
  });
});

Deno.test("faults are worded as existing clients know them", async () => {
  await using client = await openClient();
  assertEquals((await client.get("/api/memories?page=0")).json, {
    detail: [{
      type: "greater_than_equal",
      loc: ["query", "page"],
      msg: "Input should be greater than or equal to 1",
      input: "0",
      ctx: { ge: 1 },
    }],
  });
  assertEquals((await client.send("POST", "/api/memories", { tags: ["x"] })).json, {
    detail: [{ type: "missing", loc: ["body", "content"], msg: "Field required", input: { tags: ["x"] } }],
  });
});

Deno.test("an answer shows a long value shortened and at most 20 faults", async () => {
  await using client = await openClient();
  const { json, text } = await client.send("POST", "/api/memories", {
    content: "x".repeat(50_000) + "\0",
    tags: Array(100).fill(7),
  });
  assertEquals(json.detail.length, 20);
  assert(text.length < 5000);
});

Deno.test("content over the limit is answered 413, naming field and limit", async () => {
  await using client = await openClient({ operations: { maxContentLength: 1000, split: null } });
  const { status, json } = await client.send("POST", "/api/memories", { content: "x".repeat(1001) });
  assertEquals(status, 413);
  assertEquals(json.detail[0].loc, ["body", "content"]);
  assertStringIncludes(json.detail[0].msg, "the limit is 1000");
  const batch = { memories: [{ content: "fits" }, { content: "x".repeat(1001) }] };
  const answer = await client.send("POST", "/api/memories/batch", batch);
  assertEquals(answer.status, 413);
  assertEquals(answer.json.detail[0].loc, ["body", "memories", 1, "content"]);
  assertEquals((await client.get("/api/memories")).json.total, 0);
});

Deno.test("an unknown content_hash is answered 404 in the words clients know", async () => {
  await using client = await openClient();
  for (const hash of [HASH, "nope", "%00", "..%2f..%2fetc%2fpasswd"]) {
    const { status, json } = await client.get(`/api/memories/${hash}`);
    assertEquals([status, json], [404, { detail: "Memory not found" }]);
  }
  const update = await client.send("PUT", `/api/memories/${HASH}`, { tags: ["x"] });
  assertEquals([update.status, update.json], [404, { detail: `Memory with hash ${HASH} not found` }]);
  const deletion = await client.send("DELETE", `/api/memories/${HASH}`);
  assertEquals([deletion.status, deletion.json], [404, { detail: `Memory with hash ${HASH} not found` }]);
});

Deno.test("a body of another type is answered 415, one without a type is read as JSON", async () => {
  await using client = await openClient();
  const body = JSON.stringify({ content: "typed" });
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "multipart/form-data"]) {
    const { status, json } = await client.send("POST", "/api/memories", body, { "Content-Type": type });
    assertEquals(status, 415);
    assertStringIncludes(json.detail, type);
  }
  for (const type of ["application/json; charset=utf-8", "application/vnd.api+json"]) {
    assertEquals((await client.send("POST", "/api/memories", body, { "Content-Type": type })).status, 200);
  }
  const untyped = await client.app.request("/api/memories", { method: "POST", body: new TextEncoder().encode(body) });
  assertEquals(untyped.status, 200);
  await untyped.body?.cancel();
});

Deno.test("a compressed body is answered 415", async () => {
  await using client = await openClient();
  const { status, json } = await client.send("POST", "/api/memories", { content: "x" }, { "Content-Encoding": "gzip" });
  assertEquals(status, 415);
  assertStringIncludes(json.detail, "gzip");
});

Deno.test("a body that ends early is answered 422 and not logged as a fault", async () => {
  await using client = await openClient();
  const body = new ReadableStream({ pull: (controller) => controller.error(new TypeError("connection reset")) });
  const response = await client.app.request("/api/memories", { method: "POST", body });
  assertEquals([response.status, await response.json()], [422, {
    detail: [{ type: "value_error", loc: ["body"], msg: "Cannot read the request body: it ended early", input: null }],
  }]);
  assertEquals(client.logged, []);
});

Deno.test("a body that isn't UTF-8 is answered 422", async () => {
  await using client = await openClient();
  const body = new Uint8Array([...new TextEncoder().encode('{"content":"'), 0xff, 0xfe, 0x22, 0x7d]);
  const response = await client.app.request("/api/memories", { method: "POST", body });
  assertEquals(response.status, 422);
  assertEquals((await response.json()).detail[0].ctx.error, "The body is not UTF-8");
});

Deno.test("unknown fields and parameters are ignored, names of object internals among them", async () => {
  await using client = await openClient();
  const body = '{"content":"x","__proto__":{"tags":["p"]},"constructor":1,"metadata":{"constructor":{"y":1},"k":1}}';
  const { status, json } = await client.send("POST", "/api/memories", body);
  assertEquals(status, 200);
  assertEquals([json.memory.tags, json.memory.metadata], [[], JSON.parse('{"constructor":{"y":1},"k":1}')]);
  assertEquals((await client.get("/api/memories?__proto__=1&constructor=2&toString=3&zzz=4")).status, 200);
});
