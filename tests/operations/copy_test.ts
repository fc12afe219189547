/** What a copy does when the source changes at a given point of a pass. */

import { assertEquals } from "@std/assert";
import { copyStore } from "../../src/operations/moving/copy/copy.ts";
import { openStorage } from "../../src/storage/factory.ts";
import type { MemoryStorage } from "../../src/storage/contract/storage.ts";
import { inFolder } from "../helpers/folder.ts";
import { watchedStorage } from "../helpers/storage.ts";
import { embedded, hashOf, MODEL, plain } from "../storage/fixtures.ts";

Deno.test("a memory that is deleted and stored again while a pass goes by stays in the copy, with its relations", () =>
  inFolder(async (folder) => {
    const open = (name: string) => openStorage({ backend: "sqlite", path: `${folder}/${name}.db` });
    const source = await open("source"), target = await open("target");
    const named = (storage: MemoryStorage, name: string) => ({ storage, name: `sqlite:${name}` });
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
