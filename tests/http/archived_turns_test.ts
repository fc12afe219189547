/** Turns that hooks captured long ago go to the trash, never silently. */

import { openClient, type TestClient } from "./client.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { contentHash } from "../../src/memory/hash.ts";
import { archiveTurns, archiveTurnsJob } from "../../src/operations/archive_turns.ts";
import { createLogger } from "../../src/operations/logger.ts";

const DAY = 86_400, SOURCES = ["claude-code", "codex"];
const turns = { operations: { turnDays: 180 } };

interface Turn {
  content: string;
  /** Days since it was said, and since it was stored or changed. */
  said: number;
  stored: number;
  more?: Record<string, unknown>;
}

/** Sends turns as hooks do. */
async function capture(client: TestClient, all: Turn[], space = "default"): Promise<void> {
  const now = Date.now() / 1000;
  const lines = all.map(({ content, said, stored, more = {} }, i) => {
    const metadata = { source: "claude-code", role: "user", message_id: content, ...more.metadata as object };
    const { source, message_id } = metadata, content_hash = contentHash(content, { source, message_id });
    const [created_at, updated_at] = [now - said * DAY + i, now - stored * DAY + i];
    const line = {
      content,
      content_hash,
      memory_type: "turn",
      conversation_id: "claude-code:s",
      created_at,
      updated_at,
    };
    return JSON.stringify({ ...line, ...more, metadata });
  });
  const headers = { "content-type": "application/x-ndjson", "x-unimem-space": space };
  const { json } = await client.send("POST", "/api/import", lines.join("\n"), headers);
  assertEquals(json.stored, all.length, JSON.stringify(json));
}

async function left(client: TestClient, space = "default"): Promise<string[]> {
  const { json } = await client.get("/api/memories?page_size=100&order=time", { "x-unimem-space": space });
  return json.memories.map(({ content }: { content: string }) => content);
}

Deno.test("old turns that hooks captured go to the trash, by space, with a line, an event, health and the briefing", async () => {
  await using client = await openClient(turns);
  const many = Array.from({ length: 300 }, (_, i) => ({ content: `Old turn ${i}`, said: 200, stored: 200 }));
  await capture(client, many);
  await capture(client, [{ content: "An old turn of Atlas", said: 181, stored: 181 }], "atlas");
  const cited = { unimem_candidate_0: "a".repeat(64) }, dropped = { unimem_candidate_0: "dropped" };
  await capture(client, [
    { content: "Said long ago, captured today", said: 400, stored: 0 },
    { content: "Old and tagged", said: 400, stored: 400, more: { tags: ["keep"] } },
    { content: "Old, with a confirmed fact", said: 400, stored: 400, more: { metadata: cited } },
    { content: "Old, of an export of ChatGPT", said: 400, stored: 400, more: { metadata: { source: "chatgpt" } } },
    { content: "Old, with a dropped candidate", said: 400, stored: 400, more: { metadata: dropped } },
    { content: "Of last month", said: 30, stored: 30 },
  ]);
  await client.store("A memory that was stored on purpose", { created_at: Date.now() / 1000 - 400 * DAY });
  const lines: string[] = [], events: string[] = [];
  const stop = client.events.subscribe({
    send: (event) => events.push(JSON.stringify(event)) > 0,
    end: () => {},
  });
  const job = archiveTurnsJob(client.runtime, createLogger("info", (line) => lines.push(line)), SOURCES);
  await job.run(new AbortController().signal);
  stop();

  const kept = await left(client);
  assertEquals(kept.filter((content) => !content.startsWith("Old turn")).toSorted(), [
    "A memory that was stored on purpose",
    "Of last month",
    "Old and tagged",
    "Old, of an export of ChatGPT",
    "Old, with a confirmed fact",
    "Said long ago, captured today",
  ]);
  assertEquals([kept.length, await left(client, "atlas")], [6, []]);
  assert(lines.some((line) => line.includes("301 turns older than 180 days of the space default")), lines.join("\n"));
  assert(lines.some((line) => line.includes("1 turn older than 180 days of the space atlas")), lines.join("\n"));
  assert(events.some((event) => event.includes("turns older than 180 days archived")), events.join("\n"));
  const trash = (await client.get("/api/manage/trash?page_size=100")).json;
  assertEquals([trash.total, trash.items[0].reason], [301, "archived"]);

  const briefing = (await client.get("/api/briefing")).json.text;
  assertStringIncludes(briefing, "301 old turns archived");
  const { parts } = (await client.get("/api/health/detailed")).json;
  const work = parts.find(({ name }: { name: string }) => name === "work");
  assertEquals([work.state, work.message.includes("302 old turns archived")], ["healthy", true], work.message);

  // What is taken back stays: it is as new as its return.
  const [{ memory }] = trash.items;
  await client.send("POST", "/api/manage/trash/restore", { content_hashes: [memory.content_hash] });
  assertEquals([...await archiveTurns(client.runtime, { sources: SOURCES })], []);
  assertEquals((await left(client)).length, 7);
  const later = Date.now() / 1000 + 181 * DAY;
  assertEquals([...await archiveTurns(client.runtime, { sources: SOURCES, now: later })], [["default", 3]]);
});

Deno.test("nothing is archived where the setting is 0, or the trash keeps nothing", async () => {
  for (const operations of [{ turnDays: 0 }, {}, { turnDays: 180, trashDays: 0 }]) {
    await using client = await openClient({ operations });
    await capture(client, [{ content: "An old turn", said: 400, stored: 400 }]);
    assertEquals([...await archiveTurns(client.runtime, { sources: SOURCES })], []);
    assertEquals(await left(client), ["An old turn"]);
  }
});
