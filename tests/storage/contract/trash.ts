/** The trash: a part of what every storage driver does. */

import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { Memory } from "../../../src/memory/memory.ts";
import { embedded, foundByWords, hashOf, memory, MODEL, numberOf, plain, TOLERANCE, vector } from "../fixtures.ts";
import type { StorageTest } from "../storage_contract.ts";

export function trash(test: StorageTest): void {
  test("hides what is in the trash from everything but the trash", async (storage) => {
    await storage.registerModel(MODEL);
    await storage.store([embedded(1, { tags: ["t"], memory_type: "x" }), embedded(2), embedded(3)]);
    const trashing = { at: 1_800_000_000.5, reason: 'deleted by "someone"' };
    assertEquals(await storage.trash([hashOf(1), "no such hash"], trashing), [true, false]);
    assertEquals(await storage.trash([hashOf(3)], { at: 1_800_000_001, reason: "later" }), [true]);
    assertEquals(await storage.trash([hashOf(3)], trashing), [false]);
    assertEquals(await storage.getByHash([1, 2, 3].map(hashOf)), [null, memory(2), null]);
    assertEquals((await storage.list({ filter: {}, offset: 0, limit: 9 })).total, 1);
    assertEquals(await storage.tags(), []);
    assertEquals(await foundByWords(storage, "memory"), ["Memory number 2"]);
    const query = { text: null, vector: { model: MODEL.id, values: vector(1) }, filter: {}, limit: 10 };
    assertEquals((await storage.candidates(query)).candidates.length, 1);
    assertEquals((await storage.findText("number", { filter: {}, offset: 0, limit: 9 })).total, 1);
    assertEquals((await storage.stats()).total_memories, 1);
    assertEquals(await storage.histogram([0, 2e9], {}), [1]);
    assertEquals((await storage.countByValue("memory_type", {})).map(({ value }) => value), [null]);
    assertEquals(await storage.vectors([hashOf(1)]), [null]);
    assertEquals(await storage.withoutVectors(MODEL.id, 9), []);
    assertEquals(await storage.update(hashOf(1), { tags: [] }, 1), null);
    assertEquals(await storage.delete([hashOf(1)]), [false]);
    assertEquals(await storage.listTrash({ offset: 0, limit: 1 }), {
      items: [{ memory: memory(3), deleted_at: 1_800_000_001, reason: "later" }],
      total: 2,
    });
    const { items } = await storage.listTrash({ offset: 1, limit: 9 });
    assertEquals(items, [{
      memory: memory(1, { tags: ["t"], memory_type: "x" }),
      deleted_at: trashing.at,
      reason: trashing.reason,
    }]);
  });

  test("takes back from the trash all that a memory had", async (storage) => {
    await storage.registerModel(MODEL);
    const full = embedded(1, { tags: ["t"], conversation_id: "talk", metadata: { a: [1] } });
    await storage.store([full, embedded(2)]);
    await storage.trash([hashOf(1)], { at: 1, reason: "deleted" });
    assertEquals(await storage.restore([hashOf(1), hashOf(2), "no such hash"]), [true, false, false]);
    assertEquals(await storage.restore([hashOf(1)]), [false]);
    assertEquals(await storage.getByHash([hashOf(1)]), [full.memory]);
    assertEquals((await storage.listTrash({ offset: 0, limit: 9 })).total, 0);
    assertEquals((await storage.vectorCoverage()).embedded, 2);
    const query = { text: "1", vector: { model: MODEL.id, values: vector(1) }, filter: {}, limit: 1 };
    const { candidates } = await storage.candidates(query);
    assertEquals((await storage.getById([candidates[0]!.id]))[0]?.content_hash, hashOf(1));
    assertAlmostEquals(candidates[0]!.semantic!, 1, TOLERANCE);
    assertEquals(await storage.tags(), [{ tag: "t", count: 1 }]);
  });

  test("drops from the trash what is stored again, without bringing it back", async (storage) => {
    await storage.store([plain(1, { tags: ["old"] })]);
    await storage.trash([hashOf(1)], { at: 1, reason: "deleted" });
    assertEquals(await storage.store([plain(1, { tags: ["new"] })]), ["stored"]);
    assertEquals((await storage.listTrash({ offset: 0, limit: 9 })).total, 0);
    assertEquals(await storage.restore([hashOf(1)]), [false]);
    assertEquals((await storage.getByHash([hashOf(1)]))[0]?.tags, ["new"]);
  });

  test("empties the trash by age, by key or altogether, each memory once", async (storage) => {
    await storage.store(Array.from({ length: 8 }, (_, i) => plain(i)));
    for (let i = 0; i < 8; i++) await storage.trash([hashOf(i)], { at: i, reason: "deleted" });
    const counts = await Promise.all([1, 2].map(() => storage.emptyTrash({ deleted_before: 3 })));
    assertEquals(counts.reduce((sum, count) => sum + count, 0), 3);
    assertEquals(await storage.emptyTrash({ hashes: [hashOf(3), hashOf(0), "no such hash"] }), 1);
    assertEquals(await storage.emptyTrash({ hashes: [hashOf(7)], deleted_before: 7 }), 0);
    assertEquals(await storage.emptyTrash({ hashes: [] }), 0);
    assertEquals((await storage.listTrash({ offset: 0, limit: 9 })).total, 4);
    assertEquals(await storage.emptyTrash({}), 4);
    assertEquals(await storage.listTrash({ offset: 0, limit: 9 }), { items: [], total: 0 });
  });

  test("brings memories into the trash without storing them", async (storage) => {
    await storage.store([plain(1)]);
    const item = (number: number) => ({ memory: memory(number, { tags: ["x"] }), deleted_at: 5, reason: "deleted" });
    assertEquals(await storage.importTrashed([item(1), item(2), item(2)]), [false, true, false]);
    assertEquals(await storage.importTrashed([item(2)]), [false]);
    assertEquals((await storage.listTrash({ offset: 0, limit: 9 })).items, [item(2)]);
    assertEquals(await storage.getByHash([hashOf(2)]), [null]);
    assertEquals(await storage.restore([hashOf(2)]), [true]);
    assertEquals(await storage.getByHash([hashOf(2)]), [item(2).memory]);
  });

  test("moves to the trash only what is as it was read", async (storage) => {
    await storage.store([plain(1), plain(2), plain(3)]);
    const read = await storage.getByHash([1, 2, 3].map(hashOf)) as Memory[];
    await storage.update(hashOf(2), { tags: ["new"] }, 5);
    await storage.delete([hashOf(3)]);
    assertEquals(await storage.trashUnchanged(read, { at: 6, reason: "merged" }), [true, false, false]);
    assertEquals((await storage.getByHash([1, 2, 3].map(hashOf))).map((found) => found?.tags), [
      undefined,
      ["new"],
      undefined,
    ]);
    const { items } = await storage.listTrash({ offset: 0, limit: 9 });
    assertEquals(items.map(({ memory, reason }) => [numberOf(memory.content_hash), reason]), [[1, "merged"]]);
  });
}
