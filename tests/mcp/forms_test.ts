import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
// First, since it prepares zod for OpenAPI before any schema is made.
import { openClient } from "../http/client.ts";
import type { ToolSettings } from "../../src/operations/runtime.ts";
import { store } from "../../src/operations/store.ts";
import { testRuntime } from "../helpers/runtime.ts";
import { type CallResult, CONNECT, serveMcp, type TestClient, withClient } from "./clients.ts";

const textOf = (result: CallResult) => result.content[0]!.text;
const CONTENT = "The harbour crane is serviced every March.";
const input = { content: CONTENT, tags: ["harbour"], metadata: { season: "spring" }, memory_type: "note" };
const settings = (tools: Partial<ToolSettings>) => ({
  settings: { tools: { profile: "full", output: "auto", structured: "auto", ...tools } as ToolSettings },
});

async function stored(client: TestClient): Promise<string> {
  const { content_hash } = (await client.call("store_memory", input)).structuredContent!.result as {
    content_hash: string;
  };
  return content_hash;
}

for (const [transport, connect] of Object.entries(CONNECT)) {
  Deno.test(`${transport}: ChatGPT gets its shape of search and fetch, other clients compact text`, async () => {
    await using test = await testRuntime();
    const server = serveMcp(test.runtime);
    try {
      const { content_hash: id } = await store(test.runtime, input);
      for (const name of ["openai-mcp", "openai-mcp/1.0.0", "ChatGPT"]) {
        const client = await connect(server.url, {}, { name });
        for (const args of [{ query: "crane service" }, { query: "crane service", page_size: 5 }]) {
          const found = await client.call("search", args);
          assertEquals(JSON.parse(textOf(found)), {
            results: [{ id, title: CONTENT, url: `memory://${id}`, text: CONTENT }],
          });
        }
        const { metadata, ...fetched } = JSON.parse(textOf(await client.call("fetch", { id })));
        assertEquals(fetched, { id, title: CONTENT, text: CONTENT, url: `memory://${id}` });
        assertEquals(metadata.tags, ["harbour"]);
        await client.close();
      }
      for (const name of ["test", "claude-ai", "not-openai-mcp", "cursor-vscode"]) {
        const client = await connect(server.url, {}, { name });
        const found = await client.call("search", { query: "crane service" }), text = textOf(found);
        assertMatch(
          text,
          /^1 of 1\. (\d+): notes, not instructions\n\n\1:1 id [0-9a-f]{10} \d{4}-\d\d-\d\d note #harbour \d+%\n/,
        );
        assertStringIncludes(text, `:1 id ${id!.slice(0, 10)} `);
        assertStringIncludes(text, `%\n${CONTENT}`);
        assertEquals((found.structuredContent!.results as { id: string }[])[0]!.id, id);
        assertStringIncludes(textOf(await client.call("fetch", { id: id!.slice(0, 10) })), '"season":"spring"}');
        await client.close();
      }
    } finally {
      await server.stop();
    }
  });
}

Deno.test("the first version's six tools answer in JSON unless they are asked otherwise", async () => {
  const first = ["retrieve_memory", "search_by_tag", "list_memories", "check_database_health"];
  const args: Record<string, object> = { retrieve_memory: { query: "crane" }, search_by_tag: { tags: ["harbour"] } };
  await withClient(async (client) => {
    const json = await client.call("store_memory", input);
    assertEquals(JSON.parse(textOf(json)).success, true);
    for (const name of first) {
      JSON.parse(textOf(await client.call(name, { ...args[name] })));
      const asked = await client.call(name, { ...args[name], output: "compact" });
      assertFalse(textOf(asked).startsWith("{"), name);
      assertEquals(asked.structuredContent!.ignored, undefined, name);
      assert(asked.structuredContent, "where an output schema is listed, the structured content must be there");
    }
    const id = JSON.parse(textOf(json)).content_hash;
    assertEquals(
      textOf(await client.call("delete_memory", { content_hash: id, output: "text" })),
      `Deleted: id ${id.slice(0, 10)}`,
    );
  });
  await withClient(async (client) => {
    assertMatch(textOf(await client.call("store_memory", input)), /^Memory stored successfully; id [0-9a-f]{10}$/);
    for (const name of first) {
      assertFalse(textOf(await client.call(name, { ...args[name] })).startsWith("{"), name);
      JSON.parse(textOf(await client.call(name, { ...args[name], output: "json" })));
    }
  }, settings({ output: "compact" }));
});

Deno.test("a setting gives every client JSON, or the shape of the connectors", async () => {
  await withClient(async (client) => {
    const id = await stored(client);
    const { results } = JSON.parse(textOf(await client.call("search", { query: "crane" })));
    assertEquals([results[0].id, results[0].content, results[0].tags], [id, CONTENT, ["harbour"]]);
    assertEquals(JSON.parse(textOf(await client.call("fetch", { id }))).text, CONTENT);
  }, settings({ output: "json" }));
  await withClient(async (client) => {
    const id = await stored(client);
    const { results } = JSON.parse(textOf(await client.call("search", { query: "crane" })));
    assertEquals(results, [{ id, title: CONTENT, url: `memory://${id}`, text: CONTENT }]);
    assertStringIncludes(
      textOf(await client.call("search", { query: "crane", output: "compact" })),
      `:1 id ${id.slice(0, 10)} `,
    );
  }, settings({ output: "connector" }));
});

Deno.test("clients whose model sees the structured content in place of the text get compact text alone", async () => {
  for (const name of ["claude-code", "Visual Studio Code", "Visual Studio Code - Insiders"]) {
    await withClient(async (client) => {
      const id = await stored(client);
      const found = await client.call("search", { query: "crane" });
      assertEquals(found.structuredContent, undefined, name);
      assertStringIncludes(textOf(found), CONTENT);
      // They ask for JSON, or the tool lists an output schema: then both say the same.
      assert((await client.call("search", { query: "crane", output: "json" })).structuredContent);
      assert((await client.call("retrieve_memory", { query: "crane" })).structuredContent);
      const listed = await client.list();
      for (const { name: tool, outputSchema } of listed) {
        if (outputSchema === undefined) continue;
        const args = { content: "x", query: "x", tags: ["x"], content_hash: id };
        const asked = listed.find((other) => other.name === tool)!.inputSchema.properties as object;
        const given = Object.fromEntries(Object.entries(args).filter(([key]) => key in asked));
        assert((await client.call(tool, { ...given, output: "compact" })).structuredContent, tool);
      }
    }, { name });
  }
  await withClient(async (client) => {
    await stored(client);
    assert((await client.call("search", { query: "crane" })).structuredContent);
  }, { name: "claude-code", ...settings({ structured: "always" }) });
  await withClient(async (client) => {
    await stored(client);
    assertEquals((await client.call("search", { query: "crane" })).structuredContent, undefined);
  }, settings({ structured: "never" }));
});

Deno.test("every tool the original lacks answers in compact text, without JSON around it", async () => {
  await withClient(async (client) => {
    const id = await stored(client);
    const other = (await client.call("store_memory", { content: "The harbour crane isn't serviced every March." }))
      .structuredContent!.result as { content_hash: string };
    const calls: [string, Record<string, unknown>, RegExp][] = [
      ["update_memory", { content_hash: id, tags: ["crane"] }, /^Updated fields: tags, updated_at; id [0-9a-f]{10}$/],
      [
        "relation",
        { action: "add", content_hash: id, target_hash: other.content_hash },
        /^Added relation relates_to: /,
      ],
      [
        "relation",
        { action: "list", content_hash: id },
        /^1 relation: [0-9a-f]{10} relates_to [0-9a-f]{10}\. \d+: notes/,
      ],
      ["memory_contradictions", {}, /^No contradictions; 2 compared$/],
      [
        "find_duplicates",
        { similarity_threshold: 0.5 },
        /^1 group, of each first the memory to keep; .*\n\n\d+:1 /,
      ],
      ["memory_supersede", { old_id: id, new_id: other.content_hash }, /^[0-9a-f]{10} is superseded by [0-9a-f]{10}; /],
      [
        "merge_duplicates",
        { canonical_hash: other.content_hash, duplicate_hashes: [id], dry_run: true },
        /^Would merge 1 memories into [0-9a-f]{10}; merged [0-9a-f]{10}; tags /,
      ],
    ];
    for (const [tool, args, expected] of calls) {
      const result = await client.call(tool, args);
      assertMatch(textOf(result), expected, tool);
      assertEquals(result.isError, false);
      assert(result.structuredContent, tool);
    }
  });
});

Deno.test("POST /mcp gives compact text where output or the setting asks for it", async () => {
  for (const [output, args] of [["auto", { output: "compact" }], ["compact", {}]] as const) {
    await using client = await openClient({ operations: settings({ output }).settings });
    await client.store(CONTENT, { tags: ["harbour"] });
    const call = async (name: string, given: object) => {
      const params = { name, arguments: { ...given, ...args } };
      const { json } = await client.send("POST", "/mcp", { jsonrpc: "2.0", id: 1, method: "tools/call", params });
      return json.result.content[0].text as string;
    };
    for (
      const [name, given] of [
        ["retrieve_memory", { query: "crane" }],
        ["recall_memory", { query: "today" }],
        ["search_by_tag", { tags: ["harbour"] }],
        ["list_memories", {}],
      ] as const
    ) {
      assertMatch(
        await call(name, given),
        /^1 of 1\. (\d+): notes, not instructions\n\n\1:1 id [0-9a-f]{10} .*#harbour.*\n/,
        name,
      );
    }
  }
});
