/** Who wrote a memory: kept by the service, told in results, asked for by filters, and never what a client sends. */

// First, since it prepares zod for OpenAPI before any schema is made.
import { openClient, type TestClient } from "../http/client.ts";
import { assert, assertEquals } from "@std/assert";
import { uploadsSettled } from "../../src/operations/documents/upload.ts";
import { inFolder, json, unimem } from "../cli/command.ts";
import { connectInMemory } from "../mcp/clients.ts";
import { callerRuntime } from "../../src/operations/caller_runtime.ts";
import { adminKeyCaller, localCaller } from "../../src/access/caller.ts";
import { copyStore } from "../../src/operations/moving/copy/copy.ts";
import { openStorage } from "../../src/storage/factory.ts";

const API_KEY = "a-key-of-some-length", KEY = { authorization: `Bearer ${API_KEY}` };
const FORGED = { name: "the boss", channel: "cli", client: { name: "forged" } };

const openKeyed = () => openClient({ http: { apiKey: API_KEY } });

async function writersOf(client: TestClient, query = ""): Promise<unknown[]> {
  const { json } = await client.get(`/api/memories?page_size=100${query}`, KEY);
  return json.memories.map(({ writer }: { writer: unknown }) => writer);
}

Deno.test("what a client sends as writer changes nothing, on any way in", async () => {
  await using client = await openKeyed();
  const more = { writer: FORGED, channel: "import", client: { name: "forged" }, space: "other" };
  const stored = await client.send("POST", "/api/memories", { content: "one", metadata: { writer: FORGED }, ...more }, {
    ...KEY,
    "x-agent-id": "the boss",
  });
  assertEquals(stored.json.memory.writer, { name: "MCP_API_KEY", channel: "rest" });
  await client.send("POST", "/api/memories/batch", { memories: [{ content: "two", ...more }] }, KEY);
  await client.send("PUT", `/api/memories/${stored.json.content_hash}`, { tags: ["x"], ...more }, KEY);
  const call = { name: "store_memory", arguments: { content: "three", ...more } };
  await client.send("POST", "/mcp", { jsonrpc: "2.0", id: 1, method: "tools/call", params: call }, KEY);
  assertEquals(await writersOf(client), [
    { name: "MCP_API_KEY", channel: "mcp" },
    { name: "MCP_API_KEY", channel: "rest" },
    { name: "MCP_API_KEY", channel: "rest" },
  ]);
});

Deno.test("a memory over MCP keeps the client's name and version, and fetch shows it", async () => {
  await using client = await openClient();
  const bound = callerRuntime(client.runtime as Parameters<typeof callerRuntime>[0], localCaller("mcp"));
  const agent = await connectInMemory(bound, undefined, "claude-code");
  try {
    await agent.call("store_memory", { content: "Told by an agent", writer: FORGED });
    const writer = { name: "local", channel: "mcp", client: { name: "claude-code", version: "1" } };
    const { json } = await client.get("/api/memories");
    assertEquals(json.memories[0].writer, writer);
    const { structuredContent } = await agent.call("fetch", { id: json.memories[0].content_hash, output: "json" });
    assertEquals((structuredContent!.metadata as Record<string, unknown>).writer, writer);
    const search = async (args: Record<string, unknown>) =>
      ((await agent.call("search", { query: "agent", output: "json", ...args })).content[0]!.text.match(/Told/g) ?? [])
        .length > 0;
    assertEquals([await search({ channel: "mcp" }), await search({ channel: "rest" })], [true, false]);
    assertEquals([await search({ writer: "local" }), await search({ writer: "other" })], [true, false]);
  } finally {
    await agent.close();
  }
});

Deno.test("lists and searches can be narrowed to a writer and a channel", async () => {
  await using client = await openKeyed();
  await client.send("POST", "/api/memories", { content: "Apples are red" }, KEY);
  await client.send("POST", "/mcp", {
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: { name: "store_memory", arguments: { content: "Apples are green" } },
  }, KEY);
  assertEquals((await writersOf(client, "&channel=rest")).length, 1);
  assertEquals((await writersOf(client, "&channel=import")).length, 0);
  assertEquals((await writersOf(client, "&writer=MCP_API_KEY")).length, 2);
  assertEquals((await writersOf(client, "&writer=mcp_api_key")).length, 0);
  for (const path of ["/api/search", "/api/search/by-time"]) {
    const found = async (more: object) =>
      (await client.send("POST", path, { query: path === "/api/search" ? "apples" : "today", ...more }, KEY)).json
        .results
        .length;
    assertEquals(
      [await found({}), await found({ channel: "mcp" }), await found({ writer: "nobody" })],
      [2, 1, 0],
      path,
    );
  }
  assertEquals((await client.get("/api/memories?channel=post", KEY)).status, 422);
});

Deno.test("a document's memories are by its uploader, over the channel document", async () => {
  await using client = await openKeyed();
  const form = new FormData();
  form.append("file", new File(["# One\n\nA text."], "note.md"));
  const response = await client.app.request("/api/documents/upload", { method: "POST", headers: KEY, body: form });
  await response.body?.cancel();
  await uploadsSettled(client.runtime);
  assertEquals(await writersOf(client), [{ name: "MCP_API_KEY", channel: "document" }]);
});

Deno.test("an export keeps the writers for who has the whole store, and for nobody else", async () => {
  await using source = await openKeyed();
  await source.send("POST", "/api/memories", { content: "kept" }, KEY);
  const own = { name: "MCP_API_KEY", channel: "rest" };
  const { text } = await source.get("/api/export", KEY);
  const send = (client: TestClient, body: string) =>
    client.send("POST", "/api/import", body, { ...KEY, "content-type": "application/x-ndjson" });
  await using target = await openKeyed();
  assertEquals((await send(target, text)).json.stored, 1);
  assertEquals(await writersOf(target), [own]);
  // Without a key nothing is known of who sends it; without a header it is no own export.
  await using open = await openClient();
  assertEquals((await send(open, text)).json.stored, 1);
  assertEquals(await writersOf(open), [{ name: "anonymous", channel: "import" }]);
  await using plain = await openKeyed();
  assertEquals((await send(plain, JSON.stringify({ content: "plain", writer: FORGED }) + "\n")).json.stored, 1);
  assertEquals(await writersOf(plain), [{ name: "MCP_API_KEY", channel: "import" }]);
  // What can't be read as a writer does not keep the memory from being imported.
  await using odd = await openKeyed();
  const changed = text.replace('"channel":"rest"', '"channel":"post"');
  assert(changed !== text);
  assertEquals((await send(odd, changed)).json.stored, 1);
  assertEquals(await writersOf(odd), [{ name: "MCP_API_KEY", channel: "import" }]);
});

Deno.test("a copy keeps the writers", async () => {
  await using client = await openKeyed();
  await client.send("POST", "/api/memories", { content: "kept" }, KEY);
  const path = `${client.folder}/copy.db`, target = await openStorage({ backend: "sqlite", path });
  try {
    await copyStore(
      { name: "a", storage: client.runtime.storage },
      { name: "b", storage: target },
      {
        holder: "test",
        leaseMs: 60_000,
        replace: false,
        onProgress: () => {},
        signal: new AbortController().signal,
      } as unknown as Parameters<typeof copyStore>[2],
    );
    const { memories } = await target.list({ filter: {}, offset: 0, limit: 10 });
    assertEquals(memories.map(({ writer }) => writer), [{ name: "MCP_API_KEY", channel: "rest" }]);
  } finally {
    await target.close();
  }
});

Deno.test("commands store as local, import as the file, and list by both", () =>
  inFolder(async (folder) => {
    await json(folder, "store", "By a command");
    const file = `${folder}/lines.jsonl`;
    Deno.writeTextFileSync(file, JSON.stringify({ content: "By a file", writer: FORGED }) + "\n");
    assertEquals((await unimem(folder, "import", file)).code, 0);
    const list = async (...args: string[]) =>
      (await json(folder, "list", ...args)).memories.map(({ writer }: { writer: unknown }) => writer);
    assertEquals(await list("--channel", "cli"), [{ name: "local", channel: "cli" }]);
    assertEquals(await list("--writer", "lines.jsonl"), [{ name: "lines.jsonl", channel: "import" }]);
    assertEquals((await unimem(folder, "list", "--channel", "post")).code, 2);
    // Export and import of one's own.
    assertEquals((await unimem(folder, "export", `${folder}/own.jsonl`)).code, 0);
    const other = `${folder}/other`;
    assertEquals((await unimem(other, "import", `${folder}/own.jsonl`)).code, 0);
    const writers = (await json(other, "list")).memories.map(({ writer }: { writer: unknown }) => writer);
    assertEquals(writers, [{ name: "lines.jsonl", channel: "import" }, { name: "local", channel: "cli" }]);
  }));

Deno.test("names that clients give themselves stay short and on one line", async () => {
  await using client = await openClient();
  const caller = { ...adminKeyCaller("mcp"), client: { name: `a\n\u202e${"x".repeat(5000)}`, version: "1\0" } };
  const { store, StoreInput } = await import("../../src/operations/store.ts");
  const bound = callerRuntime(client.runtime as Parameters<typeof callerRuntime>[0], caller);
  const { memory } = await store(bound, StoreInput.parse({ content: "by someone odd" }));
  const { name, version } = memory!.writer!.client!;
  assert(name.length <= 200 && /^a x+$/.test(name), name);
  assertEquals(version, "1");
});
