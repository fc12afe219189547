import { assert, assertEquals, assertFalse, assertMatch } from "@std/assert";
import { MemoryError } from "../../src/errors.ts";
import { createLogger } from "../../src/operations/logger.ts";
import type { Runtime } from "../../src/operations/runtime.ts";
import { TOOLS } from "../../src/tools/table.ts";
import { type CallResult, connectInMemory, withClient } from "./clients.ts";
import recorded from "./fixtures/recorded.json" with { type: "json" };
import { testRuntime } from "../helpers/runtime.ts";
import { failingStorage } from "../helpers/storage.ts";

/** A runtime whose store fails in a given way. */
const failing = (runtime: Runtime, error: Error): Runtime => ({
  ...runtime,
  storage: failingStorage(runtime.storage, error),
});

const textOf = (result: CallResult) => result.content[0]!.text;
const HASH = /^[0-9a-f]{64}$/;

Deno.test("tools keep the names, parameters, defaults and required arguments existing clients use", async () => {
  await withClient(async (client) => {
    const tools = await client.list();
    const known = tools.filter((tool) => tool.name in recorded.tools);
    assertEquals(known.map((tool) => tool.name).sort(), Object.keys(recorded.tools).sort());
    assert(tools.length <= 15, "agents pay for each tool in context");
    for (const tool of known) {
      const expected: Recorded = recorded.tools[tool.name as keyof typeof recorded.tools];
      const properties = tool.inputSchema.properties as Record<string, Record<string, unknown>>;
      for (const [name, { types, default: fallback }] of Object.entries(expected.properties)) {
        const property = properties[name]!;
        // One of the types is advertised; arguments_test.ts shows that the others are accepted.
        assert(types.includes(property.type as string), `${tool.name}.${name}`);
        // 0.6 hides most answers, so that this one default differs on purpose.
        if (name === "min_similarity") assertEquals(property.default, 0);
        else if (fallback !== undefined) assertEquals(property.default, fallback, `${tool.name}.${name}`);
      }
      assertEquals((tool.inputSchema.required ?? []) as string[], expected.required, tool.name);
    }
  });
});

interface Recorded {
  properties: Record<string, { types: string[]; default?: unknown }>;
  required: string[];
}

Deno.test("every tool has a title, a short description, all four annotations and plain object schemas", async () => {
  await withClient(async (client) => {
    const tools = await client.list();
    for (const tool of tools) {
      const { title, readOnlyHint, destructiveHint, idempotentHint, openWorldHint } = tool.annotations!;
      for (const hint of [readOnlyHint, destructiveHint, idempotentHint, openWorldHint]) {
        assertEquals(typeof hint, "boolean", tool.name);
      }
      assertEquals(title, tool.title);
      assert(tool.description!.length <= 400, `${tool.name} costs agents too much`);
      for (const schema of [tool.inputSchema, ...tool.outputSchema ? [tool.outputSchema] : []]) {
        assertEquals(schema.type, "object", tool.name);
        for (const keyword of ["anyOf", "oneOf", "allOf", "$ref", "$defs", "$schema"]) assertFalse(keyword in schema);
      }
    }
    assert(JSON.stringify(tools.map(({ outputSchema: _, ...tool }) => tool)).length < 20_000);
  });
});

Deno.test("answers have the shapes that were recorded", async () => {
  await withClient(async (client) => {
    for (const example of recorded.examples as Example[]) {
      const result = await client.call(example.tool, example.arguments);
      const name = `${example.tool} ${JSON.stringify(example.arguments)}`;
      assertEquals(result.isError, example.error ?? false, `${name}: ${textOf(result)}`);
      if (example.error) continue;
      const structured = result.structuredContent!;
      assertEquals(missing(example.structured, structured), [], name);
      if (example.result) assertEquals(missing(example.result, structured.result as object), [], name);
      const memories = structured.memories as object[] | undefined;
      if (example.memory && memories?.[0]) assertEquals(missing(example.memory, memories[0]), [], name);
      // Parts that work are left out of the text.
      const text = "parts" in structured ? { ...structured, parts: [] } : structured.result ?? structured;
      assertEquals(JSON.parse(textOf(result)), text, name);
      assert(TOOLS.find((tool) => tool.name === example.tool)!.output.safeParse(structured).success, name);
    }
  });
});

interface Example {
  tool: string;
  arguments: Record<string, unknown>;
  error?: boolean;
  structured: string[];
  result?: string[];
  memory?: string[];
}

const missing = (names: string[], object: object) => names.filter((name) => !(name in object));

Deno.test("what one tool stores the others find", async () => {
  await withClient(async (client) => {
    const content = "Kiran prefers the blue logo for the Atlas launch page.";
    const stored = await client.call("store_memory", { content, tags: ["atlas"], memory_type: "decision" });
    const { content_hash } = stored.structuredContent!.result as { content_hash: string };
    assertMatch(content_hash, HASH);
    for (
      const [tool, args] of [
        ["retrieve_memory", { query: "which logo does Kiran like?" }],
        ["search_by_tag", { tags: "atlas" }],
        ["list_memories", { tag: "atlas", memory_type: "decision" }],
      ] as const
    ) {
      const { memories } = (await client.call(tool, args)).structuredContent as {
        memories: { content_hash: string }[];
      };
      assertEquals(memories.map((memory) => memory.content_hash), [content_hash], tool);
    }
    assertEquals((await client.call("delete_memory", { content_hash })).structuredContent, {
      success: true,
      content_hash,
    });
    assertEquals((await client.call("list_memories")).structuredContent!.total, 0);
  });
});

Deno.test("storing what is there already says so and changes nothing", async () => {
  await withClient(async (client) => {
    await client.call("store_memory", { content: "The gate code changes on Mondays.", tags: ["gate"] });
    const again = await client.call("store_memory", { content: "The gate code changes on Mondays.", tags: ["other"] });
    assertEquals(again.isError, false);
    const { success, duplicate } = again.structuredContent!.result as { success: boolean; duplicate: boolean };
    assertEquals([success, duplicate], [false, true]);
    const { memories } = (await client.call("list_memories")).structuredContent as { memories: { tags: string[] }[] };
    assertEquals(memories.map((memory) => memory.tags), [["gate"]]);
  });
});

Deno.test("tags come as a list, as comma-separated text or as the text of a JSON list", async () => {
  const cases: [unknown, string[]][] = [
    [["a", " b ", "a", ""], ["a", "b"]],
    ["alpha, beta,,alpha", ["alpha", "beta"]],
    ['["j1","j,2"]', ["j1", "j,2"]],
    [["a,b"], ["a,b"]],
    ["[draft", ["[draft"]],
    ['"NEAR(', ['"NEAR(']],
    ["备份, 🚀*", ["备份", "🚀*"]],
    [null, []],
  ];
  await withClient(async (client) => {
    for (const [i, [tags, expected]] of cases.entries()) {
      await client.call("store_memory", { content: `case ${i}`, tags });
      const { memories } = (await client.call("list_memories", { page_size: 1 })).structuredContent as {
        memories: { tags: string[] }[];
      };
      assertEquals(memories[0]!.tags, expected, JSON.stringify(tags));
    }
    assertEquals((await client.call("search_by_tag", { tags: "alpha,j1" })).structuredContent!.total, 2);
    assertEquals(
      (await client.call("search_by_tag", { tags: ["alpha", "beta"], match_all: true })).structuredContent!.match_type,
      "ALL",
    );
  });
});

Deno.test("arguments written as text are read as what they stand for, and null as not given", async () => {
  await withClient(async (client) => {
    await client.call("store_memory", {
      content: "x1",
      metadata: '{"source":"meeting"}',
      memory_type: null,
      tags: null,
    });
    const found = await client.call("list_memories", { page: "1", page_size: "5", memory_type: null });
    const { memories, page_size } = found.structuredContent as {
      memories: { memory_type: string; metadata: unknown }[];
      page_size: number;
    };
    assertEquals(memories.map(({ memory_type, metadata }) => ({ memory_type, metadata })), [
      { memory_type: "note", metadata: { source: "meeting" } },
    ]);
    assertEquals(page_size, 5);
    const tagged = await client.call("search_by_tag", { tags: ["x"], match_all: "true" });
    assertEquals(tagged.structuredContent!.match_type, "ALL");
  });
});

Deno.test("wrong arguments are tool errors that name the argument, what it must be and what it was", async () => {
  const cases: [string, Record<string, unknown>, string][] = [
    ["store_memory", { tags: ["x"] }, "Cannot run store_memory: content is required"],
    ["store_memory", { content: "" }, 'Cannot run store_memory: content must not be empty or blank, got ""'],
    ["store_memory", { content: 5 }, "Cannot run store_memory: content must be a text, got 5"],
    [
      "store_memory",
      { content: "a\0b" },
      'Cannot run store_memory: content must not contain NUL characters, got "a\\u0000b"',
    ],
    [
      "store_memory",
      { content: "a\ud800b" },
      'Cannot run store_memory: content must be well-formed Unicode, without lone surrogates, got "a\\ud800b"',
    ],
    [
      "store_memory",
      { content: "x", tags: 5 },
      "Cannot run store_memory: tags must be a list of texts or comma-separated text, got 5",
    ],
    ["retrieve_memory", { query: "x", page: 0 }, "Cannot run retrieve_memory: page must be at least 1, got 0"],
    [
      "retrieve_memory",
      { query: "x", page_size: 10_000 },
      "Cannot run retrieve_memory: page_size must be at most 100, got 10000",
    ],
    [
      "retrieve_memory",
      { query: "x", page: 1.5, mode: "fuzzy" },
      'Cannot run retrieve_memory: page must be a whole number, got 1.5; mode must be one of hybrid, semantic, exact, got "fuzzy"',
    ],
    [
      "retrieve_memory",
      { query: "x", created_after: "lst week" },
      'Cannot run retrieve_memory: created_after must be Unix seconds or an ISO 8601 date, got "lst week"',
    ],
    ["search_by_tag", { tags: " , " }, "Cannot run search_by_tag: tags must name at least one tag, got []"],
    [
      "list_memories",
      { pagesize: 5 },
      'Cannot run list_memories: "pagesize" is not an argument; use page_size',
    ],
    [
      "delete_memory",
      { content_hash: "0".repeat(64), all: true },
      'Cannot run delete_memory: "all" is not an argument; the arguments are content_hash, permanent',
    ],
    [
      "delete_memory",
      { content_hash: "abc" },
      "Cannot run delete_memory: content_hash must be a content_hash of 64 hexadecimal digits, or its first 10 or more, " +
      'got "abc"',
    ],
    ["no_such_tool", {}, "Unknown tool: no_such_tool"],
  ];
  await withClient(async (client) => {
    for (const [tool, args, expected] of cases) {
      const result = await client.call(tool, args);
      assertEquals([textOf(result), result.isError], [expected, true]);
      assertEquals(result.structuredContent, undefined);
    }
  });
});

Deno.test("an unknown hash and content over the limit say what to do next", async () => {
  await withClient(async (client, runtime) => {
    const hash = "0".repeat(64);
    const unknown = await client.call("delete_memory", { content_hash: hash });
    assertEquals(
      [unknown.isError, textOf(unknown)],
      [
        true,
        `Cannot delete memory ${hash}: nothing is stored under this content_hash; ` +
        "find its id with search",
      ],
    );
    const limit = runtime.settings.maxContentLength;
    const long = await client.call("store_memory", { content: "x".repeat(limit + 1) });
    assertEquals(
      [long.isError, textOf(long)],
      [true, `Cannot store content of ${limit + 1} characters: the limit is ${limit}; split it into several memories`],
    );
  }, { settings: { split: null } });
});

Deno.test("a store that is away is a tool error with the time to try again, and health still answers", async () => {
  await using test = await testRuntime();
  const { runtime } = test;
  const down = failing(
    runtime,
    new MemoryError("unavailable", "Cannot reach the store", {
      cause: new Error("/secret/path"),
      retryAfterSeconds: 2,
    }),
  );
  const client = await connectInMemory(down);
  const result = await client.call("list_memories");
  assertEquals([result.isError, textOf(result)], [true, "Cannot reach the store; try again in 2 s"]);
  const health = await client.call("check_database_health");
  assertEquals(health.structuredContent!.status, "unhealthy");
  assertFalse(textOf(health).includes("secret"));
  await client.close();
});

Deno.test("a fault of ours shows the agent a reference and the log the details", async () => {
  await using test = await testRuntime();
  const { runtime } = test;
  const lines: string[] = [];
  const client = await connectInMemory(
    failing(runtime, new TypeError("undefined is not /home/me/secret.db")),
    createLogger("error", (line) => lines.push(line)),
  );
  const result = await client.call("list_memories");
  const reference = /^Cannot run list_memories: an internal error occurred; .* under ([0-9a-f-]{36})$/.exec(
    textOf(result),
  );
  assert(reference, textOf(result));
  assertEquals(lines.length, 1);
  assert(lines[0]!.includes(reference![1]!) && lines[0]!.includes("secret.db"));
  await client.close();
});

Deno.test("check_database_health counts memories, opened stores and loaded models", async () => {
  await withClient(async (client, { storage }) => {
    await client.call("store_memory", { content: "One memory." });
    const { structuredContent: health } = await client.call("check_database_health");
    assertEquals([health!.storage_opens, health!.total_memories, health!.storage_status], [
      storage.opens,
      1,
      "connected",
    ]);
    assert((health!.model_loads as number) <= 1);
    assert(["healthy", "degraded"].includes(health!.status as string));
  });
});

Deno.test("the server tells agents when to look and when to store, in few words", async () => {
  await withClient((client) => {
    for (const name of ["search", "store_memory", "memory_supersede"]) assert(client.instructions!.includes(name));
    assert(client.instructions!.length < 900);
    return Promise.resolve();
  });
});
