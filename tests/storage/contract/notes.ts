/** Notes: a part of what every storage driver does. */

import { assertEquals } from "@std/assert";
import { AWKWARD } from "../fixtures.ts";
import type { StorageTest } from "../storage_contract.ts";

export function notes(test: StorageTest): void {
  test("changes a note only where the one that was read still stands", async (storage) => {
    const text = AWKWARD.join(" ");
    assertEquals(await storage.note("lease"), null);
    assertEquals(await storage.changeNote("lease", "something", "else"), false);
    assertEquals(await storage.changeNote("lease", null, text), true);
    assertEquals([await storage.note("lease"), await storage.note("other")], [text, null]);
    assertEquals(await storage.changeNote("lease", null, "again"), false);
    const outcomes = await Promise.all(["a", "b", "c"].map((after) => storage.changeNote("lease", text, after)));
    assertEquals(outcomes.filter(Boolean).length, 1);
    const left = await storage.note("lease");
    assertEquals(left, ["a", "b", "c"][outcomes.indexOf(true)]!);
    assertEquals(await storage.changeNote("lease", text, null), false);
    assertEquals(await storage.changeNote("lease", left, null), true);
    assertEquals(await storage.note("lease"), null);
    assertEquals((await storage.stats()).total_memories, 0);
  });
}
