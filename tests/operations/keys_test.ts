/** Short keys, wherever a content_hash is taken, over every surface. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { openClient, type TestClient } from "../http/client.ts";
import { getPrompt } from "../../src/mcp/prompts.ts";
import { contentHash } from "../../src/memory/hash.ts";
import { connectInMemory } from "../mcp/clients.ts";
import { memory } from "../storage/fixtures.ts";

const A = "The gate code is 4711.", B = "The gate code is 4712.";
const short = (content: string, digits = 10) => contentHash(content).slice(0, digits);
const [a, b] = [contentHash(A), contentHash(B)];

async function opened(): Promise<TestClient> {
  const client = await openClient();
  await client.store(A, { tags: ["gate"] });
  await client.store(B);
  return client;
}

Deno.test("every REST route that takes a content_hash takes its first ten digits", async () => {
  await using client = await opened();
  const ok = async (method: string, path: string, body?: unknown) => {
    const { status, json } = await client.send(method, path, body);
    assertEquals(status, 200, `${method} ${path}: ${JSON.stringify(json)}`);
    return json;
  };
  for (const key of [short(A), short(A, 11), short(A, 40).toUpperCase(), short(A, 63), a, `${a}-0`]) {
    assertEquals((await ok("GET", `/api/memories/${key}`)).content_hash, a, key);
  }
  assertEquals((await ok("PUT", `/api/memories/${short(A)}`, { tags: ["x"] })).content_hash, a);
  assertEquals((await ok("GET", `/api/search/similar/${short(A)}`)).results[0].memory.content_hash, b);
  const relation = await ok("POST", `/api/memories/${short(A)}/relations`, { target_hash: short(B) });
  assertEquals([relation.source, relation.target], [a, b]);
  assertEquals((await ok("GET", `/api/memories/${short(B)}/relations`)).count, 1);
  assertEquals((await ok("DELETE", `/api/memories/${short(A)}/relations?target_hash=${short(B)}`)).success, true);
  const superseded = await ok("POST", `/api/memories/${short(A)}/supersede`, { new_hash: short(B) });
  assertEquals([superseded.superseded, superseded.superseded_by], [a, b]);
  assertEquals((await client.runtime.storage.getByHash([a]))[0]!.superseded!.by, b);
  assertEquals((await ok("DELETE", `/api/memories/${short(A)}/supersede`)).superseded, a);
  const updated = await ok("PUT", "/api/memories/batch", { updates: [{ content_hash: short(A), tags: ["y"] }] });
  assertEquals(updated.results[0].content_hash, a);
  const tagged = await ok("POST", "/api/memories/batch/tags", { content_hashes: [short(A), b], add_tags: ["z"] });
  assertEquals([tagged.succeeded, tagged.results.map((each: { content_hash: string }) => each.content_hash)], [2, [
    a,
    b,
  ]]);
  const merged = await ok("POST", "/api/manage/duplicates/merge", {
    canonical_hash: short(A),
    duplicate_hashes: [short(B)],
    dry_run: true,
  });
  assertEquals(merged.merged, [b]);
  assertEquals((await ok("DELETE", `/api/memories/${short(A)}`)).content_hash, a);
  assertEquals((await ok("POST", "/api/manage/trash/restore", { content_hashes: [short(A)] })).restored, [a]);
  assertEquals((await ok("DELETE", "/api/memories/batch", { content_hashes: [short(A)] })).succeeded, 1);
  assertEquals((await ok("DELETE", `/api/manage/trash?content_hashes=${short(A)}`)).affected_count, 1);
  assertEquals((await ok("GET", "/api/memories")).total, 1);
});

Deno.test("every MCP tool and resource that takes an id takes its first ten digits", async () => {
  await using client = await opened();
  const mcp = await connectInMemory(client.runtime);
  const ok = async (name: string, args: Record<string, unknown>) => {
    const result = await mcp.call(name, args);
    assertEquals(result.isError, false, `${name}: ${result.content[0]!.text}`);
    return result.structuredContent!;
  };
  assertEquals((await ok("fetch", { id: short(A) })).id, a);
  assertEquals((await ok("update_memory", { content_hash: short(A), tags: ["x"] })).content_hash, a);
  const similar = (await ok("search", { mode: "similar", query: short(A) })).results as { id: string }[];
  assertEquals(similar.map(({ id }) => id), [b]);
  assertEquals((await ok("relation", { action: "add", content_hash: short(A), target_hash: short(B) })).target, b);
  assertEquals((await ok("relation", { action: "list", content_hash: short(B) })).count, 1);
  assertEquals((await ok("memory_supersede", { old_id: short(A), new_id: short(B) })).superseded_by, b);
  const merged = await ok("merge_duplicates", {
    canonical_hash: short(B),
    duplicate_hashes: [short(A)],
    dry_run: true,
  });
  assertEquals(merged.merged, [a]);
  assertEquals((await ok("delete_memory", { content_hash: short(A) })).content_hash, a);
  await mcp.close();
  const { json } = await client.send("POST", "/mcp", {
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: { name: "delete_memory", arguments: { content_hash: short(B) } },
  });
  assertEquals(JSON.parse(json.result.content[0].text).success, true);
  assertEquals((await client.runtime.storage.stats()).total_memories, 0);
});

Deno.test("a short key of several memories is an error that names them, and nothing happens", async () => {
  await using client = await openClient();
  const keys = [0, 1].map((digit) => `abcdef0123${digit}`.padEnd(64, "0"));
  await client.runtime.storage.store(keys.map((content_hash, i) => ({
    memory: memory(i, { content_hash, content: `Note ${i}` }),
    vectors: null,
  })));
  const key = "abcdef0123";
  for (
    const [method, path, body] of [
      ["GET", `/api/memories/${key}`],
      ["DELETE", `/api/memories/${key}`],
      ["PUT", `/api/memories/${key}`, { tags: ["x"] }],
      ["DELETE", "/api/memories/batch", { content_hashes: [keys[0], key] }],
      ["POST", `/api/memories/${keys[0]}/relations`, { target_hash: key }],
      ["GET", `/api/search/similar/${key}`],
    ] as const
  ) {
    const { status, text } = await client.send(method, path, body);
    assertEquals(status, 409, `${method} ${path}: ${text}`);
    for (const named of keys) assertStringIncludes(text, named);
  }
  assertEquals((await client.get("/api/memories")).json.total, 2);
  assertEquals((await client.get(`/api/memories/${key}1`)).json.content, "Note 1");
  const mcp = await connectInMemory(client.runtime);
  const refused = await mcp.call("delete_memory", { content_hash: key });
  assert(refused.isError);
  assertStringIncludes(
    refused.content[0]!.text,
    `Cannot tell which memory ${key} means: ${keys.join(", ")} begin with it`,
  );
  const params = { name: "delete_memory", arguments: { content_hash: key } };
  const { error } = (await client.send("POST", "/mcp", { id: 1, method: "tools/call", params })).json;
  assertEquals(error.code, -32602);
  for (const named of keys) assertStringIncludes(error.message, named);
  assertEquals((await client.runtime.storage.stats()).total_memories, 2);
  // In the trash they are looked up by themselves.
  await client.send("DELETE", `/api/memories/${keys[0]}`);
  assertEquals((await client.send("POST", "/api/manage/trash/restore", { content_hashes: [key] })).json.restored, [
    keys[0],
  ]);
  await mcp.close();
});

Deno.test("of several keys in a request, the one that means several memories is named by its field", async () => {
  await using client = await openClient();
  const keys = [0, 1].map((digit) => `abcdef0123${digit}`.padEnd(64, "0")), short = "abcdef0123";
  await client.runtime.storage.store(keys.map((content_hash, i) => ({
    memory: memory(i, { content_hash, content: `Note ${i}` }),
    vectors: null,
  })));
  for (
    const [method, path, body, field] of [
      [
        "PUT",
        "/api/memories/batch",
        { updates: [{ content_hash: keys[0], tags: ["x"] }, { content_hash: short, tags: ["x"] }] },
        "updates.1.content_hash",
      ],
      ["DELETE", "/api/memories/batch", { content_hashes: [keys[0], short] }, "content_hashes.1"],
      ["POST", "/api/memories/batch/tags", { content_hashes: [short], add_tags: ["x"] }, "content_hashes.0"],
      ["POST", `/api/memories/${keys[0]}/relations`, { target_hash: short }, "target_hash"],
      ["POST", `/api/memories/${keys[0]}/supersede`, { new_hash: short }, "new_hash"],
      [
        "POST",
        "/api/manage/duplicates/merge",
        { canonical_hash: keys[0], duplicate_hashes: [keys[1], short] },
        "duplicate_hashes.1",
      ],
    ] as const
  ) {
    const { status, json } = await client.send(method, path, body);
    assertEquals(status, 409, path);
    assert(json.detail.endsWith(`begin with it; give more digits in ${field}`), `${path}: ${json.detail}`);
  }
  for (
    const { tags, superseded } of await client.runtime.storage.getByHash(keys) as {
      tags: string[];
      superseded: unknown;
    }[]
  ) {
    assertEquals([tags, superseded], [[], undefined]);
  }
});

Deno.test("changes of many memories take a list of updates alone; content_hashes beside it is refused", async () => {
  await using client = await opened();
  const bodies = [
    { updates: [{ content_hash: a, tags: ["x"] }], content_hashes: [b] },
    { updates: [{ content_hash: a, tags: ["x"] }], tags: ["y"] },
    { content_hashes: [a], tags: ["x"] },
    { updates: [{ content_hashes: [a], tags: ["x"] }] },
  ];
  for (const body of bodies) {
    const { status, text } = await client.send("PUT", "/api/memories/batch", body);
    assertEquals(status, 422, text);
  }
  assertEquals((await client.get(`/api/memories/${a}`)).json.tags, ["gate"]);
  const added = { updates: [{ content_hash: a, tags: ["x"] }], sessionId: "s", _trace: 1 };
  assertEquals((await client.send("PUT", "/api/memories/batch", added)).json.succeeded, 1);
});

Deno.test("a key is shown by as many digits as it takes to mean one memory of the store", async () => {
  await using client = await openClient();
  // Forged: three begin with ten digits, two of them with 21.
  const keys = ["abcdef0123400", "abcdef012349", "abcdef0123".padEnd(20, "7") + "a", "abcdef0123".padEnd(20, "7") + "b"]
    .map((digits) => digits.padEnd(64, "0"));
  const lone = "0123456789".padEnd(64, "a");
  await client.runtime.storage.store([...keys, lone].map((content_hash, i) => ({
    memory: memory(i, { content_hash, content: `Crane ${i}`, tags: ["crane"], created_at: 1_700_000_000 + i }),
    vectors: null,
  })));
  const shown = [
    "abcdef01234009".slice(0, 12),
    "abcdef012349",
    keys[2]!.slice(0, 21),
    keys[3]!.slice(0, 21),
    lone.slice(0, 10),
  ];
  const mcp = await connectInMemory(client.runtime);
  const idsIn = (text: string) => [...text.matchAll(/ id ([0-9a-f]+) /g)].map((match) => match[1]!).sort();
  for (
    const [tool, args] of [
      ["search", { mode: "recent" }],
      ["search", { query: "crane", mode: "exact" }],
      ["list_memories", { output: "compact" }],
      ["search_by_tag", { tags: ["crane"], output: "compact" }],
    ] as const
  ) {
    const { content } = await mcp.call(tool, args);
    assertEquals(idsIn(content[0]!.text), [...shown].sort(), tool);
  }
  const params = { name: "list_memories", arguments: { output: "compact" } };
  const { result } = (await client.send("POST", "/mcp", { id: 1, method: "tools/call", params })).json;
  assertEquals(idsIn(result.content[0].text), [...shown].sort());
  const prompt = await getPrompt(client.runtime, "recall", { task: "crane" });
  assertEquals(idsIn(prompt.messages[0]!.content.text), [...shown].sort());
  // Each means the memory that it was shown for.
  for (const [i, id] of shown.entries()) {
    const { structuredContent } = await mcp.call("fetch", { id });
    assertEquals(structuredContent!.id, [...keys, lone][i]);
  }
  const changed = await mcp.call("update_memory", { content_hash: keys[2], tags: ["x"] });
  assertStringIncludes(changed.content[0]!.text, `id ${shown[2]}`);
  const linked = await mcp.call("relation", { action: "add", content_hash: keys[2], target_hash: keys[3] });
  assertStringIncludes(linked.content[0]!.text, `${shown[2]} to ${shown[3]}`);
  await mcp.close();
});

Deno.test("a short key that no memory has, and one that is too short, are told as such", async () => {
  await using client = await opened();
  const mcp = await connectInMemory(client.runtime);
  assertEquals((await client.get("/api/memories/ffffffffff")).status, 404);
  assertEquals((await client.get(`/api/memories/${a.slice(0, 9)}`)).status, 404);
  const missing = await mcp.call("fetch", { id: "ffffffffff" });
  assertStringIncludes(missing.content[0]!.text, "Cannot get memory ffffffffff: nothing is stored under");
  const few = await mcp.call("fetch", { id: a.slice(0, 9) });
  assertStringIncludes(few.content[0]!.text, "64 hexadecimal digits, or its first 10 or more");
  const batch = await client.send("DELETE", "/api/memories/batch", { content_hashes: [a.slice(0, 9)] });
  assertEquals(batch.status, 422);
  await mcp.close();
});
