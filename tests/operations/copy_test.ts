/** What a copy does when the source changes at a given point of a pass. */

import { assertEquals, assertRejects } from "@std/assert";
import { MemoryError } from "../../src/errors.ts";
import { BACKGROUND_LEASE } from "../../src/operations/background/lease.ts";
import { copyStore } from "../../src/operations/moving/copy/copy.ts";
import { openStorage } from "../../src/storage/factory.ts";
import type { MemoryStore } from "../../src/storage/contract/spaces.ts";
import { inFolder } from "../helpers/folder.ts";
import { watchedStorage } from "../helpers/storage.ts";
import { embedded, hashOf, MODEL, plain } from "../storage/fixtures.ts";

Deno.test("a memory that is deleted and stored again while a pass goes by stays in the copy, with its relations", () =>
  inFolder(async (folder) => {
    const open = (name: string) => openStorage({ backend: "sqlite", path: `${folder}/${name}.db` });
    const source = await open("source"), target = await open("target");
    const named = (storage: MemoryStore, name: string) => ({ storage, name: `sqlite:${name}` });
    const options = { holder: "test", leaseMs: 60_000, pauseMs: 1 };
    const relation = { source: hashOf(1), target: hashOf(2), type: "follows", created_at: 1 };
    try {
      await source.registerModel(MODEL);
      await source.store([embedded(1), embedded(2), plain(3)]);
      await source.relate([relation]);
      assertEquals((await copyStore(named(source, "source"), named(target, "target"), options)).equal, true);

      // Gone while the pages are read, there again before the pass looks for what it didn't see.
      let pages = 0, deleted = false, storedAgain = false;
      const changing = watchedStorage(source, async (method) => {
        if (method === "scan" && !deleted && ++pages === 1) {
          deleted = true;
          await source.delete([hashOf(1)]);
        } else if (method === "getByHash" || method === "listTrash") {
          if (!deleted || storedAgain) return;
          storedAgain = true;
          await source.store([embedded(1)]);
          await source.relate([relation]);
        }
      });
      const removals: unknown[] = [];
      const counting = watchedStorage(target, (method, args) => {
        if (method === "delete" || method === "trash" || method === "unrelate") removals.push([method, ...args]);
      });
      const report = await copyStore(named(changing, "source"), named(counting, "target"), options);
      assertEquals([deleted, storedAgain], [true, true]);
      assertEquals([report.equal, report.removed, removals], [true, 0, []]);
      assertEquals((await target.getByHash([1, 2, 3].map(hashOf))).map((found) => found !== null), [true, true, true]);
      assertEquals(await target.relations({ limit: 9 }), [relation]);
    } finally {
      await source.close();
      await target.close();
    }
  }));

Deno.test("a copy goes on when a renewal of its lease is slow or fails, and ends when another process took it", () =>
  inFolder(async (folder) => {
    const open = (name: string) => openStorage({ backend: "sqlite", path: `${folder}/${name}.db` });
    const source = await open("source"), target = await open("target");
    const options = { holder: "test", leaseMs: 90, pauseMs: 1 };
    await source.registerModel(MODEL);
    await source.store([embedded(1), plain(2)]);
    /** Copies into the target; nothing is stored before the lease was looked at so often, and a little longer. */
    const copied = (looks: number, look: (number: number) => Promise<void>) => {
      let looked = 0;
      const enough = Promise.withResolvers<void>();
      const slow = watchedStorage(target, async (method, [name]) => {
        if (method === "note" && name === BACKGROUND_LEASE) {
          await look(++looked);
          // A while after, when what the look told has arrived.
          if (looked === looks) setTimeout(enough.resolve, 500);
        } else if (method === "store") await enough.promise;
      });
      return copyStore({ storage: source, name: "sqlite:source" }, { storage: slow, name: "sqlite:target" }, options);
    };
    try {
      const lost = copied(2, async (number) => {
        if (number < 2) return;
        const before = await target.note(BACKGROUND_LEASE);
        await target.changeNote(BACKGROUND_LEASE, before, JSON.stringify({ holder: "b", renewal: 1, ttl_ms: 60_000 }));
      });
      await assertRejects(() => lost, MemoryError, "another process took sqlite:target over");
      await target.changeNote(BACKGROUND_LEASE, await target.note(BACKGROUND_LEASE), null);
      await source.store([embedded(3)]);
      const report = await copied(6, async (number) => {
        // Longer than the share of its time in which a holder counts on it.
        if (number === 2) await new Promise((resolve) => setTimeout(resolve, 120));
        if (number === 3) throw new MemoryError("unavailable", "Cannot read a note: the store is away");
      });
      assertEquals([report.equal, (await target.stats()).total_memories], [true, 3]);
    } finally {
      await source.close();
      await target.close();
    }
  }));
