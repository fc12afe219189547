/** Counts and sizes: a part of what every storage driver does. */

import { assertEquals } from "@std/assert";
import { hashOf, plain } from "../fixtures.ts";
import type { StorageTest } from "../storage_contract.ts";

export function statistics(test: StorageTest): void {
  test("counts memories by time and by value, under a filter", async (storage) => {
    await storage.store([
      plain(1, { created_at: 10, tags: ["a", "b"], memory_type: "note" }),
      plain(2, { created_at: 20, tags: ["b"] }),
      plain(3, { created_at: 29.5, tags: ["b", "c"], memory_type: "note" }),
      plain(4, { created_at: 40, memory_type: "decision" }),
    ]);
    assertEquals(await storage.histogram([0, 10, 20, 30, 40], {}), [0, 1, 2, 0]);
    assertEquals(await storage.histogram([15, 100], {}), [3]);
    assertEquals(await storage.histogram([0, 25, 100], { memory_type: "note" }), [1, 1]);
    assertEquals(await storage.histogram([50, 60, 70], {}), [0, 0]);
    assertEquals(await storage.countByValue("tags", {}), [
      { value: "b", count: 3, latest: 29.5 },
      { value: "a", count: 1, latest: 10 },
      { value: "c", count: 1, latest: 29.5 },
    ]);
    assertEquals(
      (await storage.countByValue("tags", { tags: { values: ["a"], match: "any" } })).map(({ value }) => value),
      [
        "a",
        "b",
      ],
    );
    assertEquals(await storage.countByValue("memory_type", { created_from: 15 }), [
      { value: "decision", count: 1, latest: 40 },
      { value: "note", count: 1, latest: 29.5 },
      { value: null, count: 1, latest: 20 },
    ]);
    assertEquals(await storage.countByValue("tags", { memory_type: "nothing" }), []);
  });

  test("counts memories by who stored them, how, and with which program", async (storage) => {
    const client = { name: "claude-code", version: "2" };
    await storage.store([
      plain(1, { created_at: 10, writer: { name: "laptop", channel: "mcp", client } }),
      plain(2, { created_at: 20, writer: { name: "laptop", channel: "rest" } }),
      plain(3, { created_at: 30, writer: { name: "desk", channel: "mcp", client: { name: "claude-code" } } }),
      plain(4, { created_at: 40 }),
    ]);
    assertEquals(await storage.countByValue("writer", {}), [
      { value: "laptop", count: 2, latest: 20 },
      { value: "desk", count: 1, latest: 30 },
      { value: null, count: 1, latest: 40 },
    ]);
    assertEquals(await storage.countByValue("channel", {}), [
      { value: "mcp", count: 2, latest: 30 },
      { value: "rest", count: 1, latest: 20 },
      { value: null, count: 1, latest: 40 },
    ]);
    assertEquals(await storage.countByValue("client", { created_from: 15 }), [
      { value: null, count: 2, latest: 40 },
      { value: "claude-code", count: 1, latest: 30 },
    ]);
  });

  test("tells how long contents are, longest first", async (storage) => {
    assertEquals(await storage.contentSizes(3), { total_bytes: 0, largest: [] });
    await storage.store(["é", "abc", "ab🦕"].map((content, i) => plain(i, { content })));
    const { total_bytes, largest } = await storage.contentSizes(2);
    assertEquals([total_bytes, largest], [11, [
      { content_hash: hashOf(2), bytes: 6 },
      { content_hash: hashOf(1), bytes: 3 },
    ]]);
  });

  test("counts tags, most used first and then by name", async (storage) => {
    await storage.store([plain(1, { tags: ["b", "c"] }), plain(2, { tags: ["c", "a"] }), plain(3, { tags: ["C"] })]);
    assertEquals(await storage.tags(), [
      { tag: "c", count: 2 },
      { tag: "C", count: 1 },
      { tag: "a", count: 1 },
      { tag: "b", count: 1 },
    ]);
    assertEquals((await storage.stats()).unique_tags, 4);
  });
}
