import { assertEquals, assertStringIncludes } from "@std/assert";
import { expireMemories } from "../../src/operations/expire_memories.ts";
import { openClient, type TestClient } from "./client.ts";

const at = (iso: string) => Date.parse(iso) / 1000;

async function listed(client: TestClient, query: string): Promise<string[]> {
  const { json } = await client.get(`/api/memories?${query}`);
  return json.memories.map(({ content }: { content: string }) => content);
}

async function found(client: TestClient, body: Record<string, unknown>): Promise<string[]> {
  const { json } = await client.send("POST", "/api/search", { n_results: 50, ...body });
  return json.results.map(({ memory }: { memory: { content: string } }) => memory.content).sort();
}

Deno.test("as_of finds what counted at a time, in searches, lists and exports", async () => {
  await using client = await openClient();
  const jan = at("2025-01-01"), more = { created_at: jan };
  const old = await client.store("The office is in Kiel.", more);
  await client.store("The office is in Bonn.", { created_at: at("2025-06-01") });
  await client.store("The lease of the office.", { ...more, valid_from: "2024-01-01", valid_until: "2025-03-01" });
  await client.store("The new office rules.", { ...more, valid_from: "2025-04-01T00:00:00Z" });
  const next = await client.store("The office has moved to Bonn for good.", { created_at: at("2025-06-02") });
  await client.send("POST", `/api/memories/${old}/supersede`, { new_hash: next, valid_until: "2025-06-02" });
  const expected: [string, string[]][] = [
    ["2023-06-01", []],
    ["2024-06-01", ["The lease of the office."]],
    ["2025-02-01", ["The lease of the office.", "The office is in Kiel."]],
    ["2025-03-01", ["The office is in Kiel."]],
    ["2025-05-01", ["The new office rules.", "The office is in Kiel."]],
    ["2025-07-01", ["The new office rules.", "The office has moved to Bonn for good.", "The office is in Bonn."]],
  ];
  for (const [as_of, contents] of expected) {
    assertEquals((await listed(client, `as_of=${as_of}`)).sort(), contents, as_of);
    for (const mode of ["hybrid", "exact"]) {
      assertEquals(await found(client, { query: "office", mode, as_of }), contents);
    }
    const lines = (await client.get(`/api/export?as_of=${as_of}`)).text.trim().split("\n").map((line) =>
      JSON.parse(line)
    );
    const kept = lines.filter(({ kind }) => kind === "memory").map(({ content }) => content).sort();
    assertEquals([kept, lines.at(-1).memories], [contents, contents.length]);
  }
  assertEquals((await listed(client, "page_size=50")).length, 4);
  assertEquals((await client.get("/api/memories?as_of=someday")).status, 422);
});

Deno.test("times can be given by batches and updates, and taken away again", async () => {
  await using client = await openClient();
  const times = { valid_from: "2025-01-01", valid_until: 1_800_000_000, expires: "2100-01-01" };
  const { json } = await client.send("POST", "/api/memories/batch", {
    memories: [{ content: "A badge for Kim.", ...times }],
  });
  const { content_hash, memory } = json.results[0];
  assertEquals([memory.valid_from, memory.valid_until, memory.expires], [
    at("2025-01-01"),
    1_800_000_000,
    at("2100-01-01"),
  ]);
  const change = async (body: Record<string, unknown>) =>
    (await client.send("PUT", `/api/memories/${content_hash}`, body)).json;
  await change({ tags: ["kept"], valid_from: null, expires: "none", valid_until: 1_900_000_000 });
  const after = (await client.get(`/api/memories/${content_hash}`)).json;
  assertEquals([after.valid_from, after.valid_until, after.expires], [at("2025-01-01"), 1_900_000_000, undefined]);
  const updates = [{ content_hash, valid_until: "none" }];
  await client.send("PUT", "/api/memories/batch", { updates });
  assertEquals((await client.get(`/api/memories/${content_hash}`)).json.valid_until, undefined);
  for (const body of [{ valid_from: 5, valid_until: 5 }, { expires: "soon" }]) {
    const { status, text } = await client.send("POST", "/api/memories", { content: "Never so.", ...body });
    assertEquals(status, 422, text);
  }
  const { status, json: problem } = await client.send("PUT", `/api/memories/${content_hash}`, {
    valid_from: 9,
    valid_until: 8,
  });
  assertEquals(status, 422);
  assertStringIncludes(JSON.stringify(problem), "valid_until must be later than valid_from");
  assertEquals((await listed(client, "page_size=50")).length, 1);
});

Deno.test("an expired memory is found no more, and moves to the trash with its reason, in its own space", async () => {
  await using client = await openClient();
  const headers = { "X-Unimem-Space": "atlas" };
  const now = Date.now() / 1000;
  const later = await client.store("The voucher of next year.", { expires: now + 1000 });
  const gone = await client.store("The voucher of last year.", { expires: now - 10 });
  await client.send("POST", "/api/memories", { content: "The voucher of Atlas.", expires: now - 10 }, headers);
  await client.store("The voucher without an end.");
  // Not one of ours.
  await client.store("The voucher of somebody.", { metadata: { expires: 5, unimem_expires: "5" } });
  const left = ["The voucher of next year.", "The voucher of somebody.", "The voucher without an end."];
  assertEquals((await listed(client, "page_size=50")).sort(), left);
  for (const mode of ["hybrid", "exact"]) assertEquals(await found(client, { query: "voucher", mode }), left);
  assertEquals((await client.get(`/api/memories/${gone}`)).status, 200);

  assertEquals(await expireMemories(client.runtime), 2);
  assertEquals(await expireMemories(client.runtime), 0);
  const trash = async (more = {}) => (await client.get("/api/manage/trash", more)).json.items;
  assertEquals(
    (await trash()).map(({ memory, reason }: Record<string, Record<string, unknown>>) => [memory!.content, reason]),
    [
      ["The voucher of last year.", "expired"],
    ],
  );
  assertEquals((await trash(headers)).length, 1);
  assertEquals((await client.get(`/api/memories/${later}`)).status, 200);
  // Given another time before it is taken back, it is found again.
  await client.send("POST", "/api/manage/trash/restore", { content_hashes: [gone] });
  await client.send("PUT", `/api/memories/${gone}`, { expires: "none" });
  assertEquals((await listed(client, "page_size=50")).length, 4);
});
