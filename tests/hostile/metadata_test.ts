import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { openClient, type TestClient } from "../http/client.ts";
import type { Metadata } from "../../src/memory/memory.ts";
import { importEntries } from "../../src/operations/moving/import.ts";
import { inFolder, json as printed, unimem } from "../cli/command.ts";
import { testRuntime } from "../helpers/runtime.ts";
import { connectInMemory } from "../mcp/clients.ts";
import { memory } from "../storage/fixtures.ts";

/** Parsed, since in a literal `__proto__` would set the prototype. */
const PROTO = JSON.parse('{"a":1,"__proto__":{"b":2}}') as Metadata;
const NESTED_PROTO = { list: [{ deep: PROTO }] };
const LARGE = { text: "é".repeat(33_000) };
const MANY = { inner: [Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`k${i}`, i]))] };
const REFUSED = { PROTO, NESTED_PROTO, LARGE, MANY };
const NUMBERS = { list: Array(40_000).fill(0) };
const BAD_NAMES = [
  "a\nb",
  "a\rb",
  "a\tb",
  "a\u0000b",
  "a\u001bb",
  "a\u007fb",
  "a\u0085b",
  "a\u2028b",
  "a\u2029b",
  "a\u202eb",
  "a\u2067b",
];

/** Requests that write a memory's fields, with the field as the answer has it. */
const WRITES: Record<string, (fields: Record<string, unknown>, hash: string) => [string, string, unknown]> = {
  "a store": (fields) => ["POST", "/api/memories", { content: "new", ...fields }],
  "a batch": (
    fields,
  ) => ["POST", "/api/memories/batch", { memories: [{ content: "ok" }, { content: "new", ...fields }] }],
  "an update": (fields, hash) => ["PUT", `/api/memories/${hash}`, fields],
  "a batch of updates": (fields, hash) => [
    "PUT",
    "/api/memories/batch",
    { updates: [{ content_hash: hash, ...fields }] },
  ],
};

async function refused(client: TestClient, field: string, value: unknown): Promise<void> {
  const hash = await client.store("there already");
  for (const [name, request] of Object.entries(WRITES)) {
    const { status, json } = await client.send(...request({ [field]: value }, hash));
    // Updates change tags, type and metadata only; other fields are unknown to them.
    if (!["tags", "memory_type", "metadata"].includes(field) && name.includes("update")) continue;
    if (status === 404 || status === 405) throw new Error(`${name}: ${status}`);
    assertEquals(status, 422, `${name} of ${field} ${JSON.stringify(value)?.slice(0, 60)}`);
    assert(json.detail[0].loc.includes(field), JSON.stringify(json.detail[0].loc));
  }
  assertEquals((await client.get("/api/memories")).json.total, 1);
  const { json } = await client.get(`/api/memories/${hash}`);
  assertEquals([json.tags, json.metadata], [[], {}]);
}

Deno.test("metadata over 64 KB, of more than 1,000 keys or with a key __proto__ is refused by every write over REST", async () => {
  await using client = await openClient();
  for (const value of [...Object.values(REFUSED), NUMBERS]) await refused(client, "metadata", value);
});

Deno.test("control characters and line breaks in tags, types and ids are refused by every write over REST", async () => {
  await using client = await openClient();
  for (const name of BAD_NAMES) {
    await refused(client, "tags", ["ok", name]);
    for (const field of ["memory_type", "conversation_id", "agent_id", "client_hostname"]) {
      await refused(client, field, name);
    }
  }
  const hash = await client.store("there already");
  const tagged = { content_hashes: [hash], add_tags: ["a\nb"] };
  assertEquals((await client.send("POST", "/api/memories/batch/tags", tagged)).status, 422);
  assertEquals((await client.send("PUT", `/api/manage/tags/old?new_tag=${encodeURIComponent("a\nb")}`)).status, 422);
  const form = new FormData();
  form.append("file", new File(["text"], "a.txt"));
  form.append("tags", "a\nb");
  const upload = await client.app.request("/api/documents/upload", { method: "POST", body: form });
  assertEquals(upload.status, 422, await upload.text());
});

Deno.test("metadata up to the limits is stored, and blanks around tags are still dropped", async () => {
  await using client = await openClient();
  const keys = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`k${i}`, i]));
  const text = { text: "x".repeat(65_536 - '{"text":""}'.length) };
  for (const metadata of [keys, text, JSON.parse('{"constructor":1,"prototype":{"toString":2}}')]) {
    const { status, json } = await client.send("POST", "/api/memories", {
      content: `with ${JSON.stringify(metadata).slice(0, 20)}`,
      metadata,
      tags: ["\n plain \n"],
    });
    assertEquals(status, 200);
    assertEquals([json.memory.metadata, json.memory.tags], [metadata, ["plain"]]);
  }
});

Deno.test("updates can't grow metadata beyond the limits one after another", async () => {
  await using client = await openClient();
  const hash = await client.store("grows", { metadata: { first: "x".repeat(40_000) } });
  const second = { metadata: { second: "x".repeat(40_000) } };
  const { status, json } = await client.send("PUT", `/api/memories/${hash}`, second);
  assertEquals(status, 422);
  assertStringIncludes(json.detail[0].msg, "65536 bytes");
  assertEquals((await client.send("PUT", `/api/memories/${hash}`, { metadata: { first: "" } })).status, 200);
  assertEquals((await client.send("PUT", `/api/memories/${hash}`, second)).status, 200);
});

Deno.test("a filter by __proto__ is refused instead of matching everything", async () => {
  await using client = await openClient();
  await client.store("anything");
  const search = await client.send("POST", "/api/search", '{"query":"anything","metadata":{"__proto__":"x"}}');
  assertEquals([search.status, search.json.detail[0].loc], [422, ["body", "metadata"]]);
  const inert = await client.send("POST", "/api/search", '{"query":"anything","metadata":{"constructor":"x"}}');
  assertEquals([inert.status, inert.json.results], [200, []]);
});

Deno.test("what earlier versions stored stays readable and editable", async () => {
  await using client = await openClient();
  const old = memory(1, {
    tags: ["line\nbreak", "plain"],
    memory_type: "a\tb",
    metadata: { huge: "x".repeat(100_000) },
  });
  await client.runtime.storage.store([{ memory: old, vectors: null }]);
  const path = `/api/memories/${old.content_hash}`;
  assertEquals((await client.get(path)).json.tags, old.tags);
  const edits: [Record<string, unknown>, number][] = [
    [{ memory_type: "note" }, 200],
    [{ tags: ["line\nbreak", "more"] }, 200],
    [{ tags: ["another\nbreak"] }, 422],
    [{ metadata: { more: 1 } }, 422],
    [{ metadata: { huge: "x".repeat(90_000) } }, 422],
    [{ metadata: { huge: "x".repeat(100) } }, 200],
    [{ metadata: { more: 1 } }, 200],
  ];
  for (const [edit, status] of edits) {
    const answer = await client.send("PUT", path, edit);
    assertEquals(answer.status, status, `${JSON.stringify(edit).slice(0, 60)}: ${answer.text.slice(0, 300)}`);
  }
  const { json } = await client.get(path);
  assertEquals([json.tags, json.memory_type, json.metadata], [["line\nbreak", "more"], "note", {
    huge: "x".repeat(100),
    more: 1,
  }]);
  const found = await client.send("POST", "/api/search/by-tag", { tags: ["line\nbreak"] });
  assertEquals(found.json.results.length, 1);
  const taken = await client.send("POST", "/api/memories/batch/tags", {
    content_hashes: [old.content_hash],
    remove_tags: ["line\nbreak"],
  });
  assertEquals(taken.json.succeeded, 1);
});

Deno.test("the tools of MCP and of the JSON-RPC route refuse the same", async () => {
  await using client = await openClient();
  const mcp = await connectInMemory(client.runtime);
  try {
    const cases: [string, unknown][] = [
      ...Object.values(REFUSED).map((value): [string, unknown] => ["metadata", value]),
      ["metadata", JSON.stringify(PROTO)],
      ...BAD_NAMES.flatMap((
        name,
      ): [string, unknown][] => [["tags", [name]], ["memory_type", name], ["client_hostname", name]]),
      ["conversation_id", "a\nb"],
      ["tags", "a,b\nc"],
    ];
    for (const [field, value] of cases) {
      const given = { content: "new", [field]: value };
      const result = await mcp.call("store_memory", given);
      assert(result.isError, `MCP took ${field} ${JSON.stringify(value).slice(0, 60)}`);
      assertStringIncludes(result.content[0]!.text, field);
      if (
        field === "conversation_id" ||
        typeof value === "string" && field !== "memory_type" && field !== "client_hostname"
      ) {
        continue;
      }
      const params = { name: "store_memory", arguments: given };
      const { json } = await client.send("POST", "/mcp", { jsonrpc: "2.0", id: 1, method: "tools/call", params });
      assertEquals(json.error?.code, -32602, `JSON-RPC took ${field} ${JSON.stringify(value).slice(0, 60)}`);
    }
    const hash = await client.store("there already");
    for (const [field, value] of [["metadata", PROTO], ["tags", ["a\nb"]], ["memory_type", "a\nb"]]) {
      const result = await mcp.call("update_memory", { content_hash: hash, [field as string]: value });
      assert(result.isError, `update_memory took ${field}`);
    }
    assertEquals((await client.get("/api/memories")).json.total, 1);
  } finally {
    await mcp.close();
  }
});

Deno.test("the command line refuses the same", async () => {
  await inFolder(async (folder) => {
    for (const args of [["--meta", "__proto__=1"], ["--tag", "a\nb"], ["--type", "a\nb"], ["--conversation", "a\nb"]]) {
      const { code, err } = await unimem(folder, "store", "new", ...args);
      assert(code !== 0, args.join(" "));
      assertStringIncludes(err, args[0]!);
    }
    assertEquals((await printed(folder, "list")).total, 0);
    const { code } = await unimem(folder, "search", "new", "--meta", "__proto__=1");
    assert(code !== 0);
  });
});

Deno.test("an import takes out what no new memory may have, and names the row", async () => {
  await using test = await testRuntime();
  const lines = [
    { kind: "memory", content: "tags", tags: ["line\nbreak", "\u001b[2Jplain", "\n"], memory_type: "a\r\nb" },
    { kind: "memory", content: "proto", metadata: { kept: 1, inner: [PROTO], ...PROTO } },
    { kind: "memory", content: "large", metadata: { kept: 1, huge: "x".repeat(70_000) } },
    { kind: "memory", content: "many", metadata: { kept: 1, ...MANY } },
    { kind: "memory", content: "clean", tags: [" plain "], metadata: { kept: 1 } },
    { kind: "memory", content: "other", conversation_id: "c\n1" },
  ];
  const entries = (async function* () {
    for (const [i, value] of lines.entries()) yield { place: `Row ${i + 1}`, value };
  })();
  const report = await importEntries(test.runtime, entries);
  assertEquals([report.stored, report.faults, report.cleaned, report.success], [6, 0, 5, true]);
  assertEquals(report.notes.map(({ place }) => place), ["Row 1", "Row 2", "Row 3", "Row 4", "Row 6"]);
  assertStringIncludes(report.notes[2]!.message, '"huge"');
  const { memories } = await test.runtime.storage.list({ filter: {}, offset: 0, limit: 10, order: "oldest" });
  assertEquals(
    memories.map(({ tags, memory_type, metadata, conversation_id }) => [tags, memory_type, metadata, conversation_id]),
    [
      [["line break", "[2Jplain"], "a b", {}, null],
      [[], null, { kept: 1, inner: [{ a: 1 }], a: 1 }, null],
      [[], null, { kept: 1 }, null],
      [[], null, { kept: 1 }, null],
      [["plain"], null, { kept: 1 }, null],
      [[], null, {}, "c 1"],
    ],
  );
});
