/** What becomes of replaced memories when what replaced them goes: a part of what every storage driver does. */

import { assertEquals } from "@std/assert";
import type { Memory } from "../../../src/memory/memory.ts";
import type { MemoryStorage } from "../../../src/storage/contract/storage.ts";
import { AWKWARD, hashOf, memory, numberOf, plain } from "../fixtures.ts";
import type { StorageTest } from "../storage_contract.ts";

export function succession(test: StorageTest): void {
  /** By number, what memories are replaced by; 0 for a current one, and those that aren't stored left out. */
  const replacements = async (storage: MemoryStorage, numbers: number[]) => {
    const found = await storage.getByHash(numbers.map(hashOf));
    return Object.fromEntries(numbers.flatMap((number, i) => {
      const by = found[i]?.superseded?.by;
      return found[i] === null ? [] : [[number, by === undefined ? 0 : numberOf(by)]];
    }));
  };
  const replaced = (number: number, by: number, fields: Partial<Memory> = {}) =>
    plain(number, { ...fields, superseded: { by: hashOf(by), at: 1_700_000_500.25, reason: `for ${by}` } });
  const TRASHING = { at: 20, reason: "deleted" };

  test("makes current what a deleted memory had replaced, and replaces it again when that one is back", async (storage) => {
    await storage.store([replaced(1, 3), replaced(2, 3, { tags: ["kept"], updated_at: 9 }), plain(3), replaced(4, 5)]);
    const before = await storage.getByHash([hashOf(1), hashOf(2)]);
    const current = async () =>
      (await storage.list({ filter: { superseded: false }, offset: 0, limit: 9 })).memories
        .map(({ content_hash }) => numberOf(content_hash)).toSorted();
    assertEquals(await storage.trash([hashOf(3)], TRASHING), [true]);
    assertEquals(await current(), [1, 2]);
    assertEquals((await storage.getByHash([hashOf(2)]))[0]?.tags, ["kept"]);
    const { items } = await storage.listTrash({ offset: 0, limit: 9 });
    assertEquals(items.map((item) => item.memory), [memory(3)]);
    const had = [1, 2].map((number) => ({ hash: hashOf(number), at: 1_700_000_500.25, reason: "for 3" }));
    assertEquals(items[0]?.replaced?.by, null);
    assertEquals(items[0]?.replaced?.memories.toSorted((a, b) => numberOf(a.hash) - numberOf(b.hash)), had);
    assertEquals(await storage.restore([hashOf(3)]), [true]);
    assertEquals(await storage.getByHash([hashOf(1), hashOf(2)]), before, "with the reason and the time that it had");
    assertEquals(await current(), [3]);
    assertEquals(await storage.delete([hashOf(3)]), [true]);
    assertEquals(await current(), [1, 2]);
    // What another memory replaced stays as it is.
    assertEquals(await replacements(storage, [4]), { 4: 5 });
  });

  test("takes memories into the trash with what they had replaced elsewhere", async (storage) => {
    await storage.store([replaced(1, 2), plain(2)]);
    const before = await storage.getByHash([hashOf(1)]);
    await storage.trash([hashOf(2)], TRASHING);
    const { items } = await storage.listTrash({ offset: 0, limit: 9 });
    await storage.emptyTrash({});
    assertEquals(await storage.importTrashed(items), [true]);
    assertEquals((await storage.listTrash({ offset: 0, limit: 9 })).items, items);
    assertEquals(await storage.restore([hashOf(2)]), [true]);
    assertEquals(await storage.getByHash([hashOf(1)]), before);
  });

  test("keeps reasons in the trash whatever text they are", async (storage) => {
    const reason = AWKWARD.join(" ");
    await storage.store([plain(1, { superseded: { by: hashOf(2), at: 5, reason } }), plain(2)]);
    const before = await storage.getByHash([hashOf(1)]);
    assertEquals(await storage.trash([hashOf(2)], { at: 20, reason }), [true]);
    assertEquals((await storage.listTrash({ offset: 0, limit: 9 })).items[0]?.reason, reason);
    assertEquals(await replacements(storage, [1]), { 1: 0 });
    assertEquals(await storage.restore([hashOf(2)]), [true]);
    assertEquals(await storage.getByHash([hashOf(1)]), before);
    await storage.importTrashed([{ memory: memory(3), deleted_at: 30, reason }]);
    assertEquals((await storage.listTrash({ offset: 0, limit: 9 })).items.map((item) => item.reason), [reason]);
  });

  test("hands on what a deleted memory had replaced to the one that had replaced it", async (storage) => {
    const chain = [replaced(1, 2), replaced(2, 3), replaced(3, 4), plain(4)];
    await storage.store(chain);
    await storage.trash([hashOf(2)], TRASHING);
    assertEquals(await replacements(storage, [1, 3, 4]), { 1: 3, 3: 4, 4: 0 });
    await storage.restore([hashOf(2)]);
    assertEquals(await replacements(storage, [1, 2, 3, 4]), { 1: 2, 2: 3, 3: 4, 4: 0 });
    await storage.delete([hashOf(4)]);
    assertEquals(await replacements(storage, [1, 2, 3]), { 1: 2, 2: 3, 3: 0 });
    // One that was replaced by what has gone since is current when it comes back.
    await storage.trash([hashOf(2)], TRASHING);
    await storage.delete([hashOf(3)]);
    await storage.restore([hashOf(2)]);
    assertEquals(await replacements(storage, [1, 2]), { 1: 0, 2: 0 });
  });

  test("deletes and restores at once memories that replaced each other", async (storage) => {
    await storage.store([replaced(1, 2), replaced(2, 3), plain(3)]);
    const all = { 1: 2, 2: 3, 3: 0 };
    for (const hashes of [[2, 3], [3, 2], [1, 2, 3]].map((numbers) => numbers.map(hashOf))) {
      await storage.trash(hashes, TRASHING);
      const left = await replacements(storage, [1, 2, 3]);
      assertEquals(left, hashes.length === 3 ? {} : { 1: 0 });
      assertEquals(await storage.restore(hashes), hashes.map(() => true));
      assertEquals(await replacements(storage, [1, 2, 3]), all);
    }
  });

  test("leaves alone what was changed or deleted while what had replaced it was in the trash", async (storage) => {
    await storage.store([replaced(1, 4), replaced(2, 4), replaced(3, 4), plain(4), plain(5)]);
    await storage.trash([hashOf(4)], TRASHING);
    await storage.update(hashOf(1), { superseded: { by: hashOf(5), at: 1, reason: "" } }, 30);
    await storage.delete([hashOf(2)]);
    await storage.restore([hashOf(4)]);
    assertEquals(await replacements(storage, [1, 2, 3, 4, 5]), { 1: 5, 3: 4, 4: 0, 5: 0 });
    // Stored again, it is another memory.
    await storage.trash([hashOf(4)], TRASHING);
    await storage.store([plain(4)]);
    assertEquals(await replacements(storage, [3, 4]), { 3: 0, 4: 0 });
  });

  test("lets no circle of replaced memories come about by what comes back from the trash", async (storage) => {
    await storage.store([replaced(1, 2), replaced(2, 3), plain(3)]);
    await storage.trash([hashOf(2), hashOf(3)], TRASHING);
    await storage.restore([hashOf(3)]);
    const [three] = await storage.getByHash([hashOf(3)]), superseded = { by: hashOf(1), at: 1_800_000_000, reason: "" };
    await storage.updateUnchanged(three!, { superseded }, 30, { current: hashOf(1) });
    await storage.restore([hashOf(2)]);
    assertEquals(await replacements(storage, [1, 2, 3]), { 1: 0, 2: 3, 3: 1 });
  });

  test("hands on what it moves to the trash as it was read to the successor that is named", async (storage) => {
    await storage.store([replaced(1, 2), plain(2), plain(3)]);
    const [read] = await storage.getByHash([hashOf(2)]);
    assertEquals(await storage.trashUnchanged([read!], TRASHING, { successor: hashOf(3) }), [true]);
    assertEquals(await replacements(storage, [1, 3]), { 1: 3, 3: 0 });
    await storage.restore([hashOf(2)]);
    assertEquals(await replacements(storage, [1, 2, 3]), { 1: 2, 2: 0, 3: 0 });
  });
}
