/** What only some stores can: a part of what every storage driver does. */

import { assertEquals, assertGreater } from "@std/assert";
import { join } from "node:path";
import { plain } from "../fixtures.ts";
import type { StorageTest } from "../storage_contract.ts";

export function capabilities(test: StorageTest): void {
  test("can do what its capabilities say", async (storage) => {
    await storage.store([plain(1), plain(2)]);
    const { connections, outbox, snapshots, upgrades } = storage.capabilities;
    if (connections !== undefined) {
      const { limit, calls, circuit } = connections.figures;
      assertGreater(limit, 0);
      assertGreater(calls, 0);
      assertEquals(circuit, "closed");
    }
    if (outbox !== undefined) assertEquals([outbox.diverting, outbox.figures.pending], [false, 0]);
    if (snapshots !== undefined) {
      const folder = await Deno.makeTempDir({ prefix: "unimem-snapshot-" }), file = join(folder, "copy.db");
      try {
        await Deno.writeFile(file, new Uint8Array());
        const { memories, trashed, relations } = await snapshots.snapshot(file);
        assertEquals([memories, trashed, relations], [2, 0, 0]);
        assertEquals(await snapshots.salvage(), null, "nothing is damaged");
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    }
    // It wrote all of it itself.
    if (upgrades !== undefined) {
      assertEquals(await upgrades.upgrade(), { done: 0, total: 0 });
      assertEquals(await upgrades.upgrade({ thorough: true }), { done: 0, total: 0 });
    }
  });
}
