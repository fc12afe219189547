/** What clients and models really send: other names, values as text, nulls, and additions of their own. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
// First, since it prepares zod for OpenAPI before any schema is made.
import "../../src/http/app.ts";
import { RPC_TOOLS } from "../../src/http/rpc_tools.ts";
import { contentHash } from "../../src/memory/hash.ts";
import { TOOLS } from "../../src/tools/table.ts";
import { inputSchema, type Tool } from "../../src/tools/tool.ts";
import { testRuntime } from "../helpers/runtime.ts";
import { type CallResult, serveMcp, type TestClient, withClient } from "./clients.ts";

const textOf = (result: CallResult) => result.content[0]!.text;
const hashOf = async (client: TestClient, content: string, more = {}) =>
  ((await client.call("store_memory", { content, ...more })).structuredContent!.result as { content_hash: string })
    .content_hash;

Deno.test("additions of clients are ignored and named, in the text and in the structured content", async () => {
  await withClient(async (client) => {
    const added = { toolCallId: "call_1", sessionId: "s", _meta_info: 1, reasoning: "because" };
    const stored = await client.call("store_memory", { content: "Deploys run on Thursdays", ...added });
    assertEquals(stored.isError, false);
    assertEquals(stored.structuredContent!.ignored, Object.keys(added));
    assertEquals(JSON.parse(textOf(stored)).ignored, Object.keys(added));
    const found = await client.call("search", { query: "deploys", mode: "exact", chatId: "c" });
    assertEquals(found.structuredContent!.ignored, ["chatId"]);
    assertStringIncludes(textOf(found), "Ignored arguments, which are not known: chatId");
    const plain = await client.call("list_memories");
    assertEquals("ignored" in plain.structuredContent!, false);
  });
});

Deno.test("older names stand for arguments, and an argument's own name counts where both are given", async () => {
  await withClient(async (client) => {
    for (let i = 0; i < 3; i++) await client.call("store_memory", { content: `Note ${i} about kestrels` });
    for (const tool of ["retrieve_memory", "search"]) {
      const { structuredContent } = await client.call(tool, {
        query: "kestrels",
        n_results: 2,
        similarity_threshold: 0,
      });
      assertEquals(structuredContent!.page_size, 2, tool);
    }
    assertEquals((await client.call("list_memories", { limit: "1" })).structuredContent!.page_size, 1);
    const both = await client.call("list_memories", { limit: 1, page_size: 2 });
    assertEquals([both.structuredContent!.page_size, both.structuredContent!.ignored], [2, ["limit"]]);
  });
});

Deno.test("a name that is nearly an argument is an error that says which, and tools that delete refuse any", async () => {
  await withClient(async (client) => {
    const hash = await hashOf(client, "A note");
    for (
      const [tool, args, expected] of [
        ["retrieve_memory", { query: "x", memorytype: "note" }, '"memorytype" is not an argument; use memory_type'],
        ["retrieve_memory", { querry: "x" }, '"querry" is not an argument; use query'],
        ["store_memory", { content: "x", tag: "a" }, '"tag" is not an argument; use tags'],
        ["store_memory", { content: "x", tgas: ["a"] }, '"tgas" is not an argument; use tags'],
        ["search", { query: "x", "Match-All": true }, '"Match-All" is not an argument; use match_all'],
        ["delete_memory", { content_hash: hash, everything: true }, '"everything" is not an argument'],
        ["merge_duplicates", { canonical_hash: hash, duplicate_hashes: [hash], dryrun: true }, "use dry_run"],
        ["merge_duplicates", { canonical_hash: hash, duplicate_hashes: [hash], simulate: true }, '"simulate" is not'],
      ] as const
    ) {
      const result = await client.call(tool, args);
      assertEquals(result.isError, true, JSON.stringify(args));
      assertStringIncludes(textOf(result), expected);
    }
    // What is given already can't be what another name means.
    assertEquals((await client.call("search", { query: "x", tags: ["a"], tag: "a" })).isError, false);
    assertEquals((await client.call("delete_memory", { id: hash, toolCallId: "c" })).isError, false);
  });
});

Deno.test("values written as text mean what they say, and the word null that there is none", async () => {
  await withClient(async (client) => {
    const one = await hashOf(client, "A first note about Porto", {
      tags: "['city', 'travel']",
      metadata: "{'n': True}",
    });
    const two = await hashOf(client, "A first note about Porto!", { tags: "null", memory_type: "null" });
    const { memories } = (await client.call("list_memories", { created_after: "1700000000" })).structuredContent as {
      memories: { content_hash: string; tags: string[]; memory_type: string | null; metadata: unknown }[];
    };
    const [second, first] = memories;
    assertEquals([first!.content_hash, first!.tags, first!.metadata], [one, ["city", "travel"], { n: true }]);
    assertEquals([second!.content_hash, second!.tags, second!.memory_type], [two, [], "note"]);
    for (const match_all of ["False", "false", "0", "no"]) {
      const found = await client.call("search_by_tag", { tags: '["city","other"]', match_all });
      assertEquals([found.structuredContent!.match_type, found.structuredContent!.total], ["ANY", 1], match_all);
    }
    const listed = await client.call("list_memories", { page_size: "null", created_before: "null", tag: "null" });
    assertEquals(listed.structuredContent!.total, 2);
    const merged = await client.call("merge_duplicates", {
      canonical_hash: one,
      duplicate_hashes: `["${two}"]`,
      dry_run: "True",
    });
    assertEquals([merged.isError, merged.structuredContent!.dry_run], [false, true]);
    // Words stay words.
    assertEquals((await client.call("store_memory", { content: "null" })).isError, false);
    assertEquals((await client.call("retrieve_memory", { query: "null" })).isError, false);
  });
});

Deno.test("search without a query lists what its filters leave", async () => {
  await withClient(async (client) => {
    await client.call("store_memory", { content: "One", tags: ["a"], memory_type: "decision" });
    await client.call("store_memory", { content: "Two", tags: ["b"] });
    const contents = async (args: Record<string, unknown>) =>
      ((await client.call("search", args)).structuredContent!.results as { content: string }[]).map((r) => r.content);
    assertEquals(await contents({ tags: ["a"] }), ["One"]);
    assertEquals(await contents({ memory_type: "decision" }), ["One"]);
    assertEquals((await client.call("search", {})).isError, true);
  });
});

Deno.test("null means absent wherever MCP lets something be left out", async () => {
  await using test = await testRuntime();
  const server = serveMcp(test.runtime);
  const post = async (body: unknown) => {
    const response = await fetch(`${server.url}/mcp`, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json, text/event-stream", ...session },
      body: JSON.stringify(body),
    });
    return { response, json: await response.json() };
  };
  let session: Record<string, string> = {};
  try {
    const params = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "t", version: "1" } };
    const { response } = await post({ jsonrpc: "2.0", id: 1, method: "initialize", params });
    session = { "mcp-session-id": response.headers.get("mcp-session-id")! };
    for (
      const [method, params] of [
        ["tools/list", null],
        ["tools/list", { cursor: null }],
        ["prompts/list", { cursor: null, _meta: null }],
        ["tools/call", { name: "check_database_health", arguments: null }],
        ["prompts/get", { name: "recall", arguments: { task: "deploy", tag: null } }],
        ["prompts/get", { name: "summarise", arguments: null }],
        ["ping", null],
      ] as const
    ) {
      const { json } = await post({ jsonrpc: "2.0", id: 2, method, params });
      assertEquals(json.error, undefined, `${method} ${JSON.stringify(params)}`);
    }
  } finally {
    await server.stop();
  }
});

Deno.test("whole numbers beyond 2^53 are refused by name instead of changed", async () => {
  await using test = await testRuntime();
  const server = serveMcp(test.runtime);
  try {
    const call = (digits: string) =>
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"store_memory","arguments":` +
      `{"content":"n","metadata":{"order":${digits}}}}}`;
    const post = async (body: string) => {
      const headers = {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        "mcp-protocol-version": "2026-07-28",
      };
      return await (await fetch(`${server.url}/mcp`, { method: "POST", headers, body })).json();
    };
    assertStringIncludes((await post(call("12345678901234567890"))).error.message, '"order" is 12345678901234567890');
    assertEquals((await test.runtime.storage.stats()).total_memories, 0);
  } finally {
    await server.stop();
  }
});

Deno.test("an initialize that still names a session that has ended begins a new one", async () => {
  await using test = await testRuntime();
  const server = serveMcp(test.runtime);
  try {
    const response = await fetch(`${server.url}/mcp`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        "mcp-session-id": crypto.randomUUID(),
      },
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "initialize",
        params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "t", version: "1" } },
      }),
    });
    assertEquals(response.status, 200);
    assert(response.headers.get("mcp-session-id"));
    await response.body?.cancel();
  } finally {
    await server.stop();
  }
});

/** Constructs that function schemas of OpenAI and Gemini don't both take. */
const REFUSED = ["anyOf", "oneOf", "allOf", "not", "$ref", "$defs", "prefixItems", "patternProperties", "const"];

function* schemasIn(value: unknown, path: string): Generator<[string, Record<string, unknown>]> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield [path, value as Record<string, unknown>];
  for (const [key, inner] of Object.entries(value)) yield* schemasIn(inner, `${path}.${key}`);
}

Deno.test("input schemas hold one plain type a field", () => {
  for (const tool of TOOLS) {
    for (const [path, schema] of schemasIn(inputSchema(tool.input), tool.name)) {
      for (const word of REFUSED) assertEquals(word in schema, false, `${path} has ${word}`);
      assertEquals(Array.isArray(schema.type) || Array.isArray(schema.items), false, path);
    }
  }
});

/** The strict form of function schemas: every field required, optional ones nullable, free objects as JSON text. */
function strictArguments(tool: Tool, given: Record<string, unknown>): Record<string, unknown> {
  const properties = Object.keys(inputSchema(tool.input).properties ?? {});
  return Object.fromEntries(properties.map((name) => {
    const value = given[name];
    return [
      name,
      value === undefined ? null : typeof value === "object" && !Array.isArray(value) ? JSON.stringify(value) : value,
    ];
  }));
}

/** The strict form of a function schema: every field required, optional ones nullable, free objects as JSON text. */
function strictSchema(schema: Record<string, unknown>): Record<string, unknown> {
  const properties = (schema.properties ?? {}) as Record<string, Record<string, unknown>>;
  const required = new Set(schema.required as string[] ?? []);
  const strict = Object.entries(properties).map(([name, { default: _, ...property }]) => {
    const isFree = property.type === "object" && property.properties === undefined;
    const plain = isFree ? { type: "string", description: property.description } : property;
    return [name, required.has(name) ? plain : { ...plain, type: [plain.type, "null"] }];
  });
  return {
    type: "object",
    properties: Object.fromEntries(strict),
    required: Object.keys(properties),
    additionalProperties: false,
  };
}

Deno.test("every input schema has a strict form, of which metadata is the text of JSON", () => {
  const rpc = RPC_TOOLS.map(({ name, input }) => ({ name, input }));
  for (const { name, input } of [...TOOLS, ...rpc]) {
    const strict = strictSchema(inputSchema(input)),
      properties = strict.properties as Record<string, { type: unknown }>;
    assertEquals(strict.required, Object.keys(input.shape), name);
    for (const [field, { type }] of Object.entries(properties)) {
      const [plain, ...more] = [type].flat();
      assert(["string", "integer", "number", "boolean", "array"].includes(String(plain)), `${name}.${field}: ${plain}`);
      assert(more.every((other) => other === "null"), `${name}.${field}`);
    }
    if ("metadata" in properties) assertEquals([properties.metadata!.type].flat()[0], "string", name);
  }
});

Deno.test("metadata as JSON text, as the strict form has it, keeps what it says", async () => {
  await withClient(async (client, { storage }) => {
    const metadata = { ticket: 42, nested: { list: [1, null, "x"] }, text: '{"not":"read"}', none: null };
    const hash = await hashOf(client, "A note");
    for (
      const [name, args] of [["store_memory", { content: "Text" }], ["update_memory", { content_hash: hash }]] as const
    ) {
      const result = await client.call(name, { ...args, metadata: JSON.stringify(metadata) });
      assertEquals(result.isError, false, textOf(result));
    }
    const python = await client.call("store_memory", { content: "Python", metadata: "{'a': None, 'b': True}" });
    assertEquals(python.isError, false);
    const { memories } = await storage.list({ filter: {}, offset: 0, limit: 9, order: "oldest" });
    assertEquals(memories.map((memory) => memory.metadata), [metadata, metadata, { a: null, b: true }]);
    const found = await client.call("retrieve_memory", { query: "note", metadata: '{"ticket":42}' });
    assertEquals((found.structuredContent!.memories as unknown[]).length, 2);
    for (const text of ['{"order":12345678901234567890}', "{'order': 12345678901234567890}"]) {
      const refused = await client.call("store_memory", { content: "Big", metadata: text });
      assertEquals(refused.isError, true);
      assertStringIncludes(textOf(refused), 'metadata: "order" is 12345678901234567890, which can\'t be kept exactly');
    }
    for (const text of ["[1]", "words", '"text"', "{"]) {
      const refused = await client.call("store_memory", { content: "Wrong", metadata: text });
      assertStringIncludes(textOf(refused), "metadata must be an object, got");
    }
  });
});

Deno.test("every tool takes the strict form of its schema, in which all fields are there", async () => {
  await withClient(async (client) => {
    const hash = await hashOf(client, "A note"), other = await hashOf(client, "Another note");
    const given: Record<string, Record<string, unknown>> = {
      store_memory: { content: "Text", metadata: { a: 1 } },
      search: { query: "note" },
      fetch: { id: hash },
      retrieve_memory: { query: "note", metadata: {} },
      search_by_tag: { tags: ["a"] },
      list_memories: {},
      update_memory: { content_hash: hash, metadata: { b: [1] } },
      relation: { action: "list", content_hash: hash },
      memory_supersede: { old_id: hash, new_id: other },
      memory_contradictions: {},
      find_duplicates: {},
      merge_duplicates: { canonical_hash: other, duplicate_hashes: [hash], dry_run: true },
      check_database_health: {},
      memory_candidates: {},
      delete_memory: { content_hash: hash },
    };
    assertEquals(Object.keys(given).sort(), TOOLS.map(({ name }) => name).sort());
    for (const [name, args] of Object.entries(given)) {
      const tool = TOOLS.find((tool) => tool.name === name)!;
      const result = await client.call(name, strictArguments(tool, args));
      assertEquals(result.isError ? textOf(result) : null, null, tool.name);
    }
  });
});

Deno.test("an answer costs at most 20,000 tokens unless asked, says what is missing, and fetch reads on", async () => {
  await withClient(async (client) => {
    for (let i = 0; i < 10; i++) await hashOf(client, `Report ${i}: ${"kestrels nest in boxes ".repeat(900)}`);
    const tokens = (result: CallResult) => new TextEncoder().encode(textOf(result)).length / 4;
    for (
      const [tool, args] of [
        ["search", { query: "kestrels", mode: "exact", detail: "full" }],
        ["retrieve_memory", { query: "kestrels", mode: "exact" }],
        ["list_memories", {}],
      ] as const
    ) {
      const result = await client.call(tool, args);
      assert(tokens(result) < 20_500, `${tool}: ${tokens(result)}`);
      assertEquals(result.structuredContent!.truncated, true, tool);
      assertStringIncludes(result.structuredContent!.how as string, "fetch");
    }
    const long = await hashOf(client, "x".repeat(99_999));
    let text = "";
    for (let offset: unknown = 0; offset !== undefined;) {
      const { structuredContent } = await client.call("fetch", { id: long, offset });
      text += structuredContent!.text;
      offset = structuredContent!.next_offset;
    }
    assertEquals(text.length, 99_999);
  });
});

Deno.test("a choice of a number or a word is taken in the one type that is advertised", async () => {
  await withClient(async (client) => {
    for (const min_relevance of ["auto", "0.5", ".5", 0.5, "null"]) {
      assertEquals(
        (await client.call("search", { query: "kestrels", min_relevance })).isError,
        false,
        `${min_relevance}`,
      );
    }
    for (const min_relevance of ["often", "2", 2]) {
      assertEquals(
        (await client.call("search", { query: "kestrels", min_relevance })).isError,
        true,
        `${min_relevance}`,
      );
    }
  });
});

Deno.test("numbers in a list of tags are texts, words in other case are meant, and None is nothing", async () => {
  await withClient(async (client, { storage }) => {
    const cases: [unknown, string[]][] = [
      [[2024, "a", true, null], ["2024", "a", "true"]],
      ["[1,2]", ["1", "2"]],
      ["['x', None, 3]", ["x", "3"]],
      ["a, b", ["a", "b"]],
      ["None", []],
    ];
    for (const [i, [tags, expected]] of cases.entries()) {
      const hash = await hashOf(client, `Note ${i}`, { tags });
      assertEquals((await storage.getByHash([hash]))[0]!.tags, expected, JSON.stringify(tags));
    }
    for (const args of [{ mode: "Recent" }, { mode: "EXACT", query: "Note" }, { query: "Note", order: "Time" }]) {
      assertEquals((await client.call("search", { ...args, page_size: "None", memory_type: "None" })).isError, false);
    }
    assertEquals((await client.call("find_duplicates", { strategy: "keep-oldest" })).isError, false);
    assertStringIncludes(textOf(await client.call("search", { mode: "fuzzy" })), 'got "fuzzy"');
    assertStringIncludes(
      textOf(await client.call("store_memory", { content: "x", tags: { a: 1 } })),
      "tags must be a list",
    );
  });
});

Deno.test("an id may be the address of a resource, and go by the name memory_id", async () => {
  await withClient(async (client) => {
    const id = await hashOf(client, "A note");
    for (
      const args of [{ id: `memory://${id}` }, { id: `memory://${id.slice(0, 12)}` }, { memory_id: id.toUpperCase() }]
    ) {
      assertEquals((await client.call("fetch", args)).structuredContent!.id, id);
    }
    assertEquals((await client.call("update_memory", { memory_id: id, tags: ["x"] })).isError, false);
    assertEquals((await client.call("delete_memory", { memory_id: id })).isError, false);
  });
});

Deno.test("fetch reads a long text on to its end exactly, whatever stands at the borders of its parts", async () => {
  await withClient(async (client) => {
    const texts = {
      ellipses: `${"…".repeat(500)}end`,
      mixed: "a… 🎉b…".repeat(150),
      pairs: "🎉🧭".repeat(300),
      quotes: '"\n\\'.repeat(300),
    };
    for (const [name, content] of Object.entries(texts)) {
      const id = await hashOf(client, content, { metadata: { note: "n".repeat(300) } });
      for (const max_tokens of [50, 150, 333]) {
        let text = "", offset: number | undefined = 0, calls = 0;
        while (offset !== undefined && calls++ < 500) {
          const answer = (await client.call("fetch", { id, offset, max_tokens })).structuredContent!;
          const part = answer.text as string;
          assert(part.isWellFormed(), `${name}: ${JSON.stringify(part.slice(-4))}`);
          text += part;
          offset = answer.next_offset as number | undefined;
        }
        assertEquals(text === content, true, `${name} in parts of ${max_tokens} tokens: ${text.length}`);
      }
    }
    const id = await hashOf(client, `${"🎉".repeat(10)}.`);
    assertEquals((await client.call("fetch", { id, offset: 3 })).structuredContent!.text, `${"🎉".repeat(9)}.`);
  });
});

Deno.test("fetch keeps the turns around a memory within the answer, and still gives its text", async () => {
  await withClient(async (client) => {
    const ids: string[] = [];
    for (let i = 0; i < 7; i++) {
      const text = i === 3 ? "Which boxes do kestrels take?" : `Turn ${i}: ${"a box on a pole ".repeat(100)}`;
      ids.push(await hashOf(client, text, { conversation_id: "boxes" }));
    }
    for (const [max_tokens, most] of [[1000, 1000], [200, 260]] as const) {
      const result = await client.call("fetch", { id: ids[3], context: 3, max_tokens });
      const { text, truncated, before = [], after = [] } = result.structuredContent! as Record<string, unknown[]>;
      assertEquals([String(text), truncated as unknown], ["Which boxes do kestrels take?", true]);
      assert(textOf(result).length / 4 < most, `${textOf(result).length} characters within ${most} tokens`);
      if (max_tokens !== 200) assertEquals([before.length, after.length], [3, 3]);
    }
  });
});

Deno.test("many relations keep within the answer's tokens too, and it says how many there are", async () => {
  await withClient(async (client, { storage }) => {
    const hub = await hashOf(client, "The hub"), count = 60;
    const spokes = await Promise.all(Array.from({ length: count }, (_, i) => hashOf(client, `Spoke ${i}`)));
    await storage.relate(spokes.map((target) => ({ source: hub, target, type: "relates_to", created_at: 1 })));
    const result = await client.call("relation", { action: "list", content_hash: hub, max_tokens: 1000 });
    const { relations, memories, truncated, ...found } = result.structuredContent! as Record<string, unknown[]>;
    assert(JSON.stringify([relations, memories]).length < 4400);
    assertEquals([found.count as unknown, truncated as unknown], [count, true]);
    assertStringIncludes(textOf(result), `${relations!.length} of ${count} relations: `);
    const whole = (await client.call("relation", { action: "list", content_hash: hub })).structuredContent!;
    assertEquals((whole.relations as unknown[]).length, count);
  });
});

Deno.test("an id of digits alone may come as a number, and the word null is no id", async () => {
  await withClient(async (client) => {
    const [content, digits] = ofDigits();
    const hash = await hashOf(client, content);
    assertEquals((await client.call("fetch", { id: digits })).structuredContent!.id, hash);
    assertEquals((await client.call("update_memory", { content_hash: digits, tags: ["x"] })).isError, false);
    const listed = await client.call("relation", { action: "list", content_hash: digits, target_hash: "null" });
    assertEquals(listed.isError ? textOf(listed) : null, null);
    assertStringIncludes(textOf(await client.call("fetch", { id: 4.5 })), "id must be a text, got 4.5");
    assertStringIncludes(textOf(await client.call("fetch", { id: 12 })), "its first 10 or more");
    const gone = await client.call("delete_memory", { id: digits, permanent: null, reason: null });
    assertEquals(gone.isError ? textOf(gone) : gone.structuredContent!.content_hash, hash);
    assertEquals("ignored" in gone.structuredContent!, false);
  });
});

/** A text whose key begins with ten digits, and these as a number. */
function ofDigits(): [content: string, digits: number] {
  for (let i = 0;; i++) {
    const content = `kestrel ${i}`, hash = contentHash(content);
    if (/^[1-9]\d{9}/.test(hash)) return [content, Number(hash.slice(0, 10))];
  }
}
