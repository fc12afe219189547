/** A text that keeps the model busy for long doesn't keep those of other clients waiting. */

import { assert, assertEquals } from "@std/assert";
import { contentHash } from "../../src/memory/hash.ts";
import { openClient } from "../http/client.ts";

/** As many tokens as characters: hundreds of runs of the model. */
const dense = (length: number) => "東京都は日本の首都である".repeat(Math.ceil(length / 12)).slice(0, length);

Deno.test("a short store is answered while a text of many thousand tokens is embedded, and that one is found throughout", async () => {
  await using client = await openClient();
  const model = client.runtime.embeddings.serving!;
  const order: string[] = [], end = "The lighthouse keeper is called Maren.";
  const send = async (name: string, content: string) => {
    const { status } = await client.send("POST", "/api/memories", { content });
    order.push(name);
    assertEquals(status, 200);
  };
  const long = `${dense(20_000)}\n\n${end}`, before = model.counters.model_runs;
  const storing = send("long", long);
  await send("short", "The invoice goes to Anna.");
  await send("two parts", "The harbour of the town is closed in winter. ".repeat(40));
  await send("last", "The invoice goes to Mallory.");
  assertEquals(order, ["short", "two parts", "last"]);
  await storing;
  assert(model.counters.model_runs - before > 60);
  // No part of it was left out.
  const [vectors] = await client.runtime.storage.vectors([contentHash(long)]);
  assert(vectors!.chunks.length > 60);
  const { json } = await client.send("POST", "/api/search", { query: "who keeps the lighthouse", mode: "semantic" });
  assertEquals(json.results[0].memory.content, long);
});

Deno.test("a short store overtakes a batch of long texts", async () => {
  await using client = await openClient();
  const order: string[] = [];
  const batch = client.send("POST", "/api/memories/batch", {
    memories: Array.from({ length: 12 }, (_, i) => ({ content: `${i} ${dense(5000)}` })),
  }).then(({ json }) => (order.push("batch"), json));
  for (let i = 0; i < 3; i++) {
    await client.store(`Something short, number ${i}`);
    order.push("short");
  }
  assertEquals((await batch).stored, 12);
  assertEquals(order, ["short", "short", "short", "batch"]);
});
