/** Faults in the middle of a SQLite store's work: in the index, while it closes, on its disk. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { MemoryError } from "../../src/errors.ts";
import { openStorage } from "../../src/storage/factory.ts";
import { MemoryIndex } from "../../src/storage/sqlite/memory_index.ts";
import { openClient } from "../http/client.ts";
import { foundByWords, hashOf, plain } from "./fixtures.ts";
import { inFolder } from "../helpers/folder.ts";

const withFolder = (run: (path: string) => Promise<void>) => inFolder((_, path) => run(path));

/** Lets a method of the index throw a number of times; disposing puts it back. */
function failing(method: "put" | "change" | "remove" | "setVectors", times: number): Disposable {
  const prototype = MemoryIndex.prototype as unknown as Record<string, (...args: unknown[]) => unknown>;
  const real = prototype[method]!;
  prototype[method] = function (this: unknown, ...args: unknown[]) {
    if (times-- > 0) throw new RangeError("Array buffer allocation failed");
    return real.apply(this, args);
  };
  return { [Symbol.dispose]: () => void (prototype[method] = real) };
}

Deno.test("a store whose index fails over a write answers it, and goes on over REST with nothing missing", async () => {
  await using client = await openClient();
  await client.store("Kept from before");
  {
    using _ = failing("put", 1);
    const [first, second] = await Promise.all([
      client.send("POST", "/api/memories", { content: "The quagga grazes" }),
      client.send("POST", "/api/memories", { content: "The okapi hides" }),
    ]);
    assertEquals([first.status, second.status], [200, 200]);
  }
  await client.store("Written after it");
  const { json } = await client.get("/api/memories");
  assertEquals(json.total, 4);
  for (const word of ["quagga", "okapi", "after"]) {
    const found = await client.send("POST", "/api/search", { query: word, n_results: 1 });
    assert(found.json.results[0].memory.content.includes(word), `${word} isn't found`);
  }
});

for (const method of ["put", "change", "remove", "setVectors"] as const) {
  Deno.test(`an index that fails in ${method} is read again, and neither this nor the next write hangs`, () =>
    withFolder(async (path) => {
      const storage = await openStorage({ backend: "sqlite", path });
      const model = { id: "local:m@1", name: "m", provider: "local" as const, dimensions: 2 };
      await storage.registerModel(model);
      const vectors = { model: model.id, chunks: [new Float32Array([1, 0])] };
      await storage.store([plain(1), plain(2), { ...plain(3), vectors }]);
      {
        using _ = failing(method, 1);
        const writes = [
          storage.store([plain(4, { content: "a late giraffe" })]),
          storage.update(hashOf(1), { tags: ["changed"] }, 5),
          storage.delete([hashOf(2)]),
          storage.addVectors([{ content_hash: hashOf(1), vectors }]),
        ];
        assertEquals((await Promise.allSettled(writes)).map(({ status }) => status), Array(4).fill("fulfilled"));
      }
      assertEquals(await storage.store([plain(5)]), ["stored"]);
      assertEquals((await storage.list({ filter: {}, offset: 0, limit: 0 })).total, 4);
      assertEquals(await foundByWords(storage, "giraffe"), ["a late giraffe"]);
      assertEquals(await storage.tags(), [{ tag: "changed", count: 1 }]);
      assertEquals((await storage.vectorCoverage()).embedded, 2);
      await storage.close();
    }));
}

Deno.test("closing ends a reading of the index between two steps, and refuses the calls that wait for it", () =>
  withFolder(async (path) => {
    const count = 3000;
    let storage = await openStorage({ backend: "sqlite", path });
    await storage.store(Array.from({ length: count }, (_, i) => plain(i)));
    await storage.close();
    const database = new DatabaseSync(path);
    const outdated = database.prepare("SELECT count(*) AS n FROM memory_terms WHERE analyser = 0");
    database.exec("UPDATE memory_terms SET analyser = 0");
    storage = await openStorage({ backend: "sqlite", path });
    const listing = storage.list({ filter: {}, offset: 0, limit: 1 });
    const refused = assertRejects(() => listing, MemoryError);
    await storage.close();
    assertEquals((await refused).code, "unavailable");
    assert(Number(outdated.get()!.n) > 0, "the whole index was read before the store was closed");
    database.close();
    storage = await openStorage({ backend: "sqlite", path });
    assertEquals((await storage.list({ filter: {}, offset: 0, limit: 1 })).total, count);
    await storage.close();
  }));
