/** What replaced memories are once what replaced them is deleted, restored or merged, on each surface. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { openClient, type TestClient } from "../http/client.ts";
import { connectInMemory } from "../mcp/clients.ts";

/** Stores texts, each of which takes the place of the one before; their hashes. */
async function chain(client: TestClient, ...texts: string[]): Promise<string[]> {
  const hashes: string[] = [];
  for (const text of texts) {
    hashes.push(await client.store(text, { tags: ["door"] }));
    const [older, newer] = hashes.slice(-2);
    if (newer === undefined) continue;
    const body = { new_hash: newer, reason: `now ${text}` };
    assertEquals((await client.send("POST", `/api/memories/${older}/supersede`, body)).status, 200);
  }
  return hashes;
}

async function listed(client: TestClient): Promise<string[]> {
  const { json } = await client.get("/api/memories?page_size=100");
  return json.memories.map(({ content }: { content: string }) => content).toSorted();
}

async function found(client: TestClient): Promise<string[]> {
  const { json } = await client.send("POST", "/api/search", { query: "what is the door like", n_results: 20 });
  return json.results.map(({ memory }: { memory: { content: string } }) => memory.content).toSorted();
}

const RED = "The door is red.", BLUE = "The door is blue.", GREEN = "The door is green.";

/** Ways to delete a memory for a while, and for good. */
const DELETIONS: Record<string, (client: TestClient, hash: string) => Promise<{ status: number }>> = {
  "one by one": (client, hash) => client.send("DELETE", `/api/memories/${hash}`),
  "in a batch": (client, hash) => client.send("DELETE", "/api/memories/batch", { content_hashes: [hash] }),
  "by its tag": async (client, hash) => {
    await client.send("PUT", `/api/memories/${hash}`, { tags: ["wrong"] });
    return await client.send("POST", "/api/manage/bulk-delete", { tag: "wrong", confirm_count: 1 });
  },
  "for good": (client, hash) => client.send("DELETE", `/api/memories/${hash}?permanent=true`),
  "over MCP": async ({ runtime }, content_hash) => {
    const mcp = await connectInMemory(runtime);
    const { isError } = await mcp.call("delete_memory", { content_hash });
    await mcp.close();
    return { status: isError ? 400 : 200 };
  },
};

for (const [way, remove] of Object.entries(DELETIONS)) {
  Deno.test(`what a memory had replaced is current once that one is deleted ${way}, and comes back with it`, async () => {
    await using client = await openClient();
    const [red, blue] = await chain(client, RED, BLUE);
    assertEquals(await listed(client), [BLUE]);
    assertEquals((await remove(client, blue!)).status, 200);
    assertEquals([await listed(client), await found(client)], [[RED], [RED]]);
    assertEquals((await client.get(`/api/memories/${red}`)).json.superseded_by, undefined);
    const restored = await client.send("POST", "/api/manage/trash/restore", { content_hashes: [blue] });
    if (way === "for good") return assertEquals(restored.json.success, false);
    assertEquals(restored.json.success, true);
    assertEquals([await listed(client), await found(client)], [[BLUE], [BLUE]]);
    const { superseded_by, superseded_reason } = (await client.get(`/api/memories/${red}`)).json;
    assertEquals([superseded_by, superseded_reason], [blue, `now ${BLUE}`]);
    const { json } = await client.get(`/api/memories/${red}/relations`);
    assertEquals(json.relations.map((link: { relation_type: string }) => link.relation_type), ["supersedes"]);
  });
}

Deno.test("deleting one in the middle of a chain leaves the newest current, and deleting that one brings back the older", async () => {
  await using client = await openClient();
  const [, blue, green] = await chain(client, RED, BLUE, GREEN);
  await client.send("DELETE", `/api/memories/${blue}`);
  assertEquals(await listed(client), [GREEN]);
  await client.send("DELETE", `/api/memories/${green}`);
  assertEquals(await listed(client), [RED]);
});

Deno.test("a merge takes over what the memories had replaced that it merges away", async () => {
  await using client = await openClient();
  const [red, blue] = await chain(client, RED, BLUE), kept = await client.store("The door is blue now.");
  const merge = { canonical_hash: kept, duplicate_hashes: [blue] };
  assertEquals((await client.send("POST", "/api/manage/duplicates/merge", merge)).status, 200);
  assertEquals(await listed(client), ["The door is blue now."]);
  assertEquals((await client.get(`/api/memories/${red}`)).json.superseded_by, kept);
  assertEquals((await client.get(`/api/memories/${kept}/relations`)).json.relations.length, 1);
  await client.send("DELETE", `/api/memories/${kept}`);
  assertEquals(await listed(client), [RED]);
});

Deno.test("a memory that is deleted in the moment in which it replaces another hides nothing", async () => {
  let red = "", blue = "", raced = 0;
  await using client = await openClient({
    storage: (view) => ({
      relate: async (relations) => {
        raced++;
        // The other side has looked for what it replaced already.
        await view.delete([blue]);
        const patch = { superseded: { by: blue, at: Date.now() / 1000, reason: "" } };
        await view.update(red, patch, Date.now() / 1000);
        return await view.relate(relations);
      },
    }),
  });
  red = await client.store(RED), blue = await client.store(BLUE);
  const { status } = await client.send("POST", `/api/memories/${red}/supersede`, { new_hash: blue });
  assertEquals([status, raced], [404, 1]);
  assertEquals(await listed(client), [RED]);
});

Deno.test("memory_supersede takes a replacement back with reinstate, and says what it needs", async () => {
  await using client = await openClient();
  const [red, blue] = await chain(client, RED, BLUE), mcp = await connectInMemory(client.runtime);
  try {
    for (const args of [{ old_id: red }, { old_id: red, new_id: blue, reinstate: true }]) {
      const { isError, content } = await mcp.call("memory_supersede", args);
      assert(isError);
      assertStringIncludes(content[0]!.text, "new_id");
    }
    const { isError, structuredContent } = await mcp.call("memory_supersede", { old_id: red, reinstate: "true" });
    assertEquals(isError, false);
    assertEquals([structuredContent?.success, structuredContent?.superseded_by], [true, null]);
    assertEquals(await listed(client), [BLUE, RED]);
    const unknown = await mcp.call("memory_supersede", { old_id: "0".repeat(64), reinstate: true });
    assert(unknown.isError);
  } finally {
    await mcp.close();
  }
});
