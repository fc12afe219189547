/** Links between memories: a part of what every storage driver does. */

import { assertEquals } from "@std/assert";
import { hashOf, plain } from "../fixtures.ts";
import type { StorageTest } from "../storage_contract.ts";

export function relations(test: StorageTest): void {
  test("links memories once, in both directions, newest first", async (storage) => {
    await storage.store([plain(1), plain(2), plain(3)]);
    const link = (source: number, type: string, target: number, created_at: number) => ({
      source: hashOf(source),
      target: hashOf(target),
      type,
      created_at,
    });
    const first = link(1, "contradicts", 2, 1.5), second = link(3, "it's ''about''", 1, 2), third = link(2, "a", 3, 3);
    assertEquals(await storage.relate([first, second, third, { ...first, created_at: 9 }, link(1, "a", 8, 1)]), [
      "added",
      "added",
      "added",
      "duplicate",
      "missing",
    ]);
    assertEquals(await storage.relations({ limit: 9 }), [third, second, first]);
    assertEquals(await storage.relations({ limit: 1 }), [third]);
    assertEquals(await storage.relations({ hashes: [hashOf(1)], limit: 9 }), [second, first]);
    assertEquals(await storage.relations({ hashes: [hashOf(1), hashOf(2)], types: ["contradicts"], limit: 9 }), [
      first,
    ]);
    assertEquals(await storage.relations({ hashes: [], limit: 9 }), []);
    assertEquals(await storage.unrelate([third, link(3, "a", 2, 0)]), [true, false]);
    assertEquals(await storage.relations({ hashes: [hashOf(2)], limit: 9 }), [first]);
  });

  test("hides relations of memories in the trash, and drops them with a memory", async (storage) => {
    await storage.store([plain(1), plain(2), plain(3)]);
    const relation = { source: hashOf(1), target: hashOf(2), type: "a", created_at: 1 };
    const other = { source: hashOf(3), target: hashOf(1), type: "a", created_at: 1 };
    await storage.relate([relation, other]);
    await storage.trash([hashOf(2)], { at: 10, reason: "deleted" });
    assertEquals(await storage.relations({ limit: 9 }), [other]);
    await storage.restore([hashOf(2)]);
    assertEquals((await storage.relations({ limit: 9 })).length, 2);
    await storage.delete([hashOf(3)]);
    await storage.store([plain(3)]);
    assertEquals(await storage.relations({ limit: 9 }), [relation]);
    await storage.trash([hashOf(2)], { at: 10, reason: "deleted" });
    await storage.emptyTrash({});
    await storage.store([plain(2)]);
    assertEquals(await storage.relations({ limit: 9 }), []);
  });
}
