/** What callers and followers of events are told of writes that wait in the outbox. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { MemoryError } from "../../src/errors.ts";
import { contentHash } from "../../src/memory/hash.ts";
import { deleteBatch, tagBatch, updateBatch } from "../../src/operations/batch.ts";
import { bulkDelete, BulkDeleteInput } from "../../src/operations/bulk_delete.ts";
import { deleteMemory } from "../../src/operations/delete.ts";
import { createLogger } from "../../src/operations/logger.ts";
import { startOutbox } from "../../src/operations/outbox.ts";
import type { Runtime } from "../../src/operations/runtime.ts";
import { store, storeBatch, StoreInput } from "../../src/operations/store.ts";
import { update } from "../../src/operations/update.ts";
import type { MemoryStore } from "../../src/storage/contract/spaces.ts";
import { withOutbox } from "../../src/storage/outbox/outbox_storage.ts";
import { until } from "../helpers/process.ts";
import { testRuntime, type TestRuntimeOptions } from "../helpers/runtime.ts";
import { Network } from "../storage/outage.ts";

/** A runtime whose store can be cut off, with an outbox before it, and what was said and told. */
async function cutOff(options: TestRuntimeOptions = {}) {
  const opened = await testRuntime(options), network = new Network();
  const inner = opened.runtime.storage as MemoryStore; // as it was opened
  const storage = await withOutbox(
    { path: `${opened.folder}/outbox.db`, maxWrites: 100, maxBytes: 1 << 20 },
    () => Promise.resolve(network.over(inner)),
  );
  const runtime: Runtime = { ...opened.runtime, storage };
  const log: string[] = [], events: string[] = [];
  const listening = runtime.events.subscribe({
    send: (event) => {
      const { content_hash } = JSON.parse(event.json);
      if (content_hash !== undefined) events.push(`${event.type} ${content_hash.slice(0, 8)}`);
      return true;
    },
    end: () => {},
  });
  startOutbox(runtime, createLogger("debug", (line) => log.push(line.replace(/^\S+ /, ""))));
  return {
    runtime,
    network,
    events,
    log,
    back: async () => {
      network.away = false;
      await until(() => Promise.resolve(log), (lines) => lines.some((line) => line.includes("is empty")), "the end");
    },
    async [Symbol.asyncDispose]() {
      listening();
      await storage.close();
      await opened[Symbol.asyncDispose]();
    },
  };
}

const input = (content: string, more = {}) => StoreInput.parse({ content, ...more });
const short = (content: string) => contentHash(content).slice(0, 8);

Deno.test("Answers say queued, and events and the change log tell of a write when it was made", async () => {
  await using opened = await cutOff();
  const { runtime, network, events, log, back } = opened;
  await store(runtime, input("old"));
  events.length = 0;
  network.away = true;

  const stored = await store(runtime, input("new", { tags: ["a"] }));
  assertEquals([stored.success, stored.queued, stored.duplicate, stored.memory?.tags], [true, true, undefined, ["a"]]);
  const batch = await storeBatch(runtime, { memories: [input("b1"), input("b2")] });
  assertEquals([batch.success, batch.stored, batch.duplicates, batch.queued], [true, 0, 0, 2]);
  assertEquals(
    batch.message,
    "Stored 0 of 2 memories; 2 are queued: the store is away; it is done when the store is back",
  );
  const changed = await update(runtime, { content_hash: contentHash("new"), metadata: { x: 1 } });
  assertEquals([changed.success, changed.queued, changed.memory], [true, true, null]);
  const tagged = await tagBatch(runtime, { content_hashes: [contentHash("old")], add_tags: ["t"], remove_tags: [] });
  assertEquals([tagged.success, tagged.queued, tagged.results[0]!.queued], [true, 1, true]);
  const both = await updateBatch(runtime, { updates: [{ content_hash: contentHash("b1"), memory_type: "note" }] });
  assertEquals(both.queued, 1);
  const deleted = await deleteMemory(runtime, { content_hash: contentHash("old") });
  assertEquals([deleted.success, deleted.queued, typeof deleted.restorable_until], [true, true, "number"]);
  const gone = await deleteBatch(runtime, { content_hashes: [contentHash("b2")], permanent: true });
  assertEquals([gone.success, gone.queued], [true, 1]);
  assertEquals([events, runtime.activity.changes().total], [[], 1], "nothing has changed yet");

  await back();
  assertEquals(events, [
    `memory_stored ${short("new")}`,
    `memory_stored ${short("b1")}`,
    `memory_stored ${short("b2")}`,
    `memory_updated ${short("new")}`,
    `memory_updated ${short("old")}`,
    `memory_updated ${short("b1")}`,
    `memory_deleted ${short("old")}`,
    `memory_deleted ${short("b2")}`,
  ]);
  assertEquals(runtime.activity.changes().changes.map(({ operation }) => operation).reverse(), [
    ...["store", "store", "store", "store"],
    ...["update", "update", "update", "trash", "delete"],
  ]);
  assertEquals(log.map((line) => line.split(" ")[0]), ["WARNING", "INFO"]);
  const [found, , trashed] = await Promise.all([
    runtime.storage.getByHash([contentHash("new")]),
    runtime.storage.getByHash([contentHash("b2")]),
    runtime.storage.listTrash({ offset: 0, limit: 9 }),
  ]);
  assertEquals([found[0]?.metadata, trashed.total], [{ x: 1 }, 1]);
});

Deno.test("Vectors are made when a memory is queued, and a long content is queued whole", async () => {
  await using opened = await cutOff({
    settings: { maxContentLength: 100, split: { overlap: 10, preserveBoundaries: true } },
  });
  const { runtime, network, back } = opened;
  network.away = true;
  const long = await store(runtime, input("words and more words. ".repeat(20)));
  assertEquals([long.success, long.queued, long.chunks_created], [true, true, long.chunk_hashes!.length]);
  await back();
  const [vectors] = await runtime.storage.vectors([long.content_hash!]);
  assert(vectors !== null);
});

Deno.test("What must read first is refused while the store is away, and leaves nothing behind", async () => {
  await using opened = await cutOff();
  const { runtime, network } = opened;
  network.away = true;
  const scope = BulkDeleteInput.parse({ tag: "a" });
  const error = await assertRejects(() => bulkDelete(runtime, scope), MemoryError);
  assertEquals([error.code, runtime.storage.capabilities.outbox!.figures.pending], ["unavailable", 0]);
});
