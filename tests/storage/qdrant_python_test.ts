/** Collections that the Python service made. */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { MemoryError } from "../../src/errors.ts";
import { openStorage } from "../../src/storage/factory.ts";
import { qdrantDefaults } from "../../src/storage/qdrant/settings.ts";
import { pythonCollection } from "../helpers/python_collection.ts";
import { QDRANT_BIN, startQdrant } from "../helpers/qdrant.ts";
import { DIMENSIONS, foundByWords, hashOf, MODEL, OTHER, vector } from "./fixtures.ts";

const ignore = QDRANT_BIN === undefined;

Deno.test({
  name: "A Python collection opens as it is, by meaning, words and filters, without the reserved point",
  ignore,
  fn: async () => {
    await using server = await startQdrant();
    await pythonCollection(server.url, "memories", 300, `sentence-transformers/${MODEL.name}`);
    const settings = { ...qdrantDefaults(server.url), backend: "qdrant" as const, dimensions: DIMENSIONS };
    const storage = await openStorage(settings);
    try {
      assertEquals(await storage.registerModel(MODEL), MODEL);
      const page = await storage.list({ filter: { metadata: { level: 2 } }, offset: 0, limit: 400 });
      assertEquals([page.total, page.memories.length], [100, 100]);
      assertEquals((await storage.list({ filter: {}, offset: 0, limit: 0 })).total, 300);
      assertEquals(await storage.tags(), [{ tag: "river", count: 300 }, { tag: "odd", count: 150 }]);
      assertEquals(await storage.vectorCoverage(), { active: MODEL, memories: 300, embedded: 300 });
      const near = await storage.candidates({
        text: null,
        vector: { model: MODEL.id, values: vector(7) },
        filter: {},
        limit: 1,
      });
      assertEquals((await storage.getById([near.candidates[0]!.id]))[0]?.content, "The Otter number 7 swims");
      assertEquals((await storage.stats()).details.upgraded, false);
      assertEquals(await storage.capabilities.upgrades!.upgrade(), { done: 300, total: 300 });
      assertEquals((await storage.stats()).details.upgraded, true);
      assertEquals((await foundByWords(storage, "otter 17", {}, 1)).length, 1);
      assertEquals(await foundByWords(storage, "17"), ["The Otter number 17 swims"]);
      assertEquals((await storage.findText("the otter NUMBER 17 s", { filter: {}, offset: 0, limit: 5 })).total, 1);
      assertEquals((await storage.update(hashOf(3), { tags: ["changed"] }, 9))?.tags, ["changed"]);
      assertEquals(await storage.delete([hashOf(4)]), [true]);
      assertEquals(await storage.capabilities.upgrades!.upgrade({ thorough: true }), { done: 0, total: 0 });
    } finally {
      await storage.close();
    }
  },
});

Deno.test({
  name: "A stopped upgrade of a Python collection goes on where it was",
  ignore,
  fn: async () => {
    await using server = await startQdrant();
    await pythonCollection(server.url, "memories", 300, MODEL.name);
    const settings = { ...qdrantDefaults(server.url), backend: "qdrant" as const, dimensions: DIMENSIONS };
    const first = await openStorage(settings), stop = new AbortController();
    const part = await first.capabilities.upgrades!.upgrade({ signal: stop.signal, onProgress: () => stop.abort() });
    await first.close();
    assert(part.done > 0 && part.done < 300 && part.total === 300, JSON.stringify(part));
    const second = await openStorage(settings);
    const rest = await second.capabilities.upgrades!.upgrade();
    await second.close();
    assertEquals([rest.done, rest.total], [300 - part.done, 300 - part.done]);
  },
});

Deno.test({
  name: "A collection of unknown vectors with other dimensions is refused with what to do",
  ignore,
  fn: async () => {
    await using server = await startQdrant();
    await pythonCollection(server.url, "memories", 3, null);
    const settings = { ...qdrantDefaults(server.url), backend: "qdrant" as const };
    const error = await assertRejects(async () => {
      // A server that is slow to answer opens first, and the next call meets the fault.
      const storage = await openStorage({ ...settings, dimensions: 384 });
      await storage.ping().then(() => storage.tags()).finally(() => storage.close());
    }, MemoryError);
    assertEquals(error.code, "configuration");
    assertStringIncludes(error.message, "MCP_QDRANT_COLLECTION_NAME");
    const storage = await openStorage(settings);
    assertEquals((await assertRejects(() => storage.registerModel(OTHER), MemoryError)).code, "configuration");
    await storage.close();
  },
});
