/** State, upkeep and end of a store: a part of what every storage driver does. */

import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { MemoryError } from "../../../src/errors.ts";
import { embedded, foundByWords, hashOf, MODEL, plain, vector } from "../fixtures.ts";
import type { StorageTest } from "../storage_contract.ts";

export function maintenance(test: StorageTest): void {
  test("maintains itself while it is used", async (storage) => {
    await storage.registerModel(MODEL);
    await storage.store(Array.from({ length: 50 }, (_, i) => embedded(i)));
    await storage.delete([hashOf(7)]);
    const [optimized, rebuilt] = await Promise.all([
      storage.maintain("optimize"),
      storage.maintain("rebuild_index"),
      storage.store([embedded(60)]),
    ]);
    assert(optimized !== "" && rebuilt !== "");
    assertEquals((await storage.list({ filter: {}, offset: 0, limit: 1 })).total, 50);
    assertEquals((await foundByWords(storage, "number 60", {}, 1))[0], "Memory number 60");
    const query = { text: null, vector: { model: MODEL.id, values: vector(9) }, filter: {}, limit: 1 };
    const { candidates } = await storage.candidates(query);
    assertEquals((await storage.getById([candidates[0]!.id]))[0]?.content_hash, hashOf(9));
  });

  test("closes once, after what runs, and refuses calls from then on", async (storage) => {
    const stored = storage.store([plain(1)]);
    await Promise.all([storage.close(), storage.close()]);
    assertEquals(await stored, ["stored"]);
    for (const call of [() => storage.ping(), () => storage.getByHash([hashOf(1)]), () => storage.store([plain(2)])]) {
      const error = await assertRejects(call);
      assertInstanceOf(error, MemoryError);
      assertEquals(error.code, "unavailable");
    }
    await storage.close();
  });
}
