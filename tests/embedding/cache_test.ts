import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { EmbeddingCache } from "../../src/embedding/embedding_cache.ts";

/** The cache's memory alone, under one model. */
function memoryOf(bytes: number) {
  const cache = new EmbeddingCache(bytes);
  return {
    get: (text: string) => cache.get("m", "query", text)?.[0],
    set: (text: string, length: number) => cache.set("m", "query", text, [new Float32Array(length)]),
    bytes: () => cache.figures.bytes,
    close: () => cache.close(),
  };
}

Deno.test("the cache gives back the very vector it was given, for its model and text only", () => {
  const cache = new EmbeddingCache(10_000), vector = new Float32Array(4);
  cache.set("m", "query", "a", [vector]);
  assertStrictEquals(cache.get("m", "query", "a")![0], vector);
  assertEquals([cache.get("m", "query", "b"), cache.get("n", "query", "a")], [undefined, undefined]);
});

Deno.test("what was used longest ago is dropped first", () => {
  const cache = memoryOf(1200);
  for (const text of ["a", "b", "c"]) cache.set(text, 4);
  cache.get("a");
  cache.set("d", 4);
  assertEquals(["a", "b", "c", "d"].map((text) => cache.get(text) !== undefined), [true, false, true, true]);
});

Deno.test("a vector larger than the cache isn't kept, and a cache of 0 bytes keeps nothing", () => {
  const small = memoryOf(1000), none = memoryOf(0);
  small.set("a", 400);
  none.set("a", 1);
  assertEquals([small.get("a"), small.bytes(), none.get("a"), none.bytes()], [undefined, 0, undefined, 0]);
});

Deno.test("passages aren't kept in memory", () => {
  const cache = new EmbeddingCache(10_000);
  cache.set("m", "passage", "a", [new Float32Array(4)]);
  assertEquals([cache.get("m", "passage", "a"), cache.figures.bytes], [undefined, 0]);
});

Deno.test("the cache never holds more than its bytes, and a closed one holds none", () => {
  const uses = fc.array(fc.record({ key: fc.string({ maxLength: 30 }), length: fc.nat(500) }), { maxLength: 60 });
  fc.assert(fc.property(uses, fc.nat(8000), (items, limit) => {
    const cache = memoryOf(limit);
    for (const { key, length } of items) {
      cache.set(key, length);
      assert(cache.bytes() <= limit);
    }
    cache.close();
    assertEquals(cache.bytes(), 0);
  }));
});
