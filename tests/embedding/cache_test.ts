import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { VectorCache } from "../../src/embedding/cache.ts";

Deno.test("the cache gives back the very vector it was given", () => {
  const cache = new VectorCache(10_000);
  const vector = new Float32Array(4);
  cache.set("a", vector);
  assertStrictEquals(cache.get("a"), vector);
  assertEquals(cache.get("b"), undefined);
});

Deno.test("what was used longest ago is dropped first", () => {
  const cache = new VectorCache(1200);
  for (const key of ["a", "b", "c"]) cache.set(key, new Float32Array(4));
  cache.get("a");
  cache.set("d", new Float32Array(4));
  assertEquals(["a", "b", "c", "d"].map((key) => cache.get(key) !== undefined), [true, false, true, true]);
});

Deno.test("a vector larger than the cache isn't kept, and a cache of 0 bytes keeps nothing", () => {
  const small = new VectorCache(1000), none = new VectorCache(0);
  small.set("a", new Float32Array(400));
  none.set("a", new Float32Array(1));
  assertEquals([small.get("a"), small.bytes, none.get("a"), none.bytes], [undefined, 0, undefined, 0]);
});

Deno.test("the cache never holds more than its bytes, and an empty one holds none", () => {
  const uses = fc.array(fc.record({ key: fc.string({ maxLength: 30 }), length: fc.nat(500) }), { maxLength: 60 });
  fc.assert(fc.property(uses, fc.nat(8000), (items, limit) => {
    const cache = new VectorCache(limit);
    for (const { key, length } of items) {
      cache.set(key, new Float32Array(length));
      assert(cache.bytes <= limit);
    }
    cache.clear();
    assertEquals(cache.bytes, 0);
  }));
});
