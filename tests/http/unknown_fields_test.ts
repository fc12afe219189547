/** Fields of a body that no route knows, the time a memory is of, and numbers that can't be kept. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { openClient } from "./client.ts";

Deno.test("unknown fields of a body are named in the answer, and those that are nearly known are refused", async () => {
  await using client = await openClient();
  const stored = await client.send("POST", "/api/memories", { content: "A note", sessionId: "s", priority: 3 });
  assertEquals([stored.status, stored.json.ignored], [200, ["sessionId", "priority"]]);
  const plain = await client.send("POST", "/api/memories", { content: "Another note" });
  assertEquals("ignored" in plain.json, false);
  const batch = await client.send("POST", "/api/memories/batch", {
    memories: [{ content: "In a batch", colour: "red" }],
  });
  assertEquals([batch.status, batch.json.ignored], [200, ["memories.colour"]]);
  const wrong = await client.send("POST", "/api/memories", { content: "x", "memory-type": "note" });
  assertEquals([wrong.status, wrong.json.detail[0].loc], [422, ["body", "memory-type"]]);
  assertStringIncludes(wrong.json.detail[0].msg, "use memory_type");
  const swapped = await client.send("POST", "/api/memories", { content: "x", tgas: ["a"] });
  assertEquals([swapped.status, swapped.json.detail[0].loc], [422, ["body", "tgas"]]);
  assertStringIncludes(swapped.json.detail[0].msg, "use tags");
  const nested = await client.send("POST", "/api/memories/batch", { memories: [{ content: "x", tag: ["a"] }] });
  assertEquals([nested.status, nested.json.detail[0].loc], [422, ["body", "memories", 0, "tag"]]);
  assertEquals((await client.get("/api/memories")).json.total, 3);
});

Deno.test("a memory can be of an earlier time, alone and in a batch, but not of the future", async () => {
  await using client = await openClient();
  const stored = await client.send("POST", "/api/memories", { content: "Of 2020", created_at: "2020-05-01T10:00:00Z" });
  assertEquals(stored.json.memory.created_at, Date.parse("2020-05-01T10:00:00Z") / 1000);
  const memories = [
    { content: "Second", conversation_id: "c", created_at: 1_600_000_200 },
    { content: "First", conversation_id: "c", created_at: 1_600_000_100 },
  ];
  assertEquals((await client.send("POST", "/api/memories/batch", { memories })).json.stored, 2);
  const listed = (await client.get("/api/memories?conversation_id=c")).json.memories;
  assertEquals(listed.map(({ content }: { content: string }) => content), ["Second", "First"]);
  const future = await client.send("POST", "/api/memories", { content: "x", created_at: Date.now() / 1000 + 3600 });
  assertEquals([future.status, future.json.detail[0].loc], [422, ["body", "created_at"]]);
  const soon = Date.now() / 1000 + 5;
  const ahead = await client.send("POST", "/api/memories", { content: "By a clock that is ahead", created_at: soon });
  assertEquals([ahead.status, ahead.json.memory.created_at < soon], [200, true]);
});

Deno.test("whole numbers that can't be kept exactly are refused by name, on every route that takes a body", async () => {
  await using client = await openClient();
  for (const digits of ["9007199254740993", "-12345678901234567890"]) {
    const body = `{"content": "n", "metadata": {"order": ${digits}}}`;
    const refused = await client.send("POST", "/api/memories", body);
    assertEquals(refused.status, 422);
    assertStringIncludes(refused.json.detail[0].msg, `"order" is ${digits}`);
    const lines = await client.send("POST", "/api/import", `{"content": "good"}\n${body}\n`, {
      "content-type": "application/x-ndjson",
    });
    assertEquals([lines.json.faults, lines.json.errors[0].place], [1, "Line 2"]);
  }
  const kept =
    '{"content": "9007199254740993", "metadata": {"n": 9007199254740991, "f": 0.12345678901234567890, "t": "9007199254740993"}}';
  const { json } = await client.send("POST", "/api/memories", kept);
  assertEquals(json.memory.metadata, { n: 9007199254740991, f: 0.12345678901234568, t: "9007199254740993" });
});
