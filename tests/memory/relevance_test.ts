import { assert, assertEquals } from "@std/assert";
import { AUTO_BEST, chanceFound, cosineScale, countRelevant, relevanceText } from "../../src/memory/relevance.ts";

Deno.test("the chance that something was found rises with meaning and words, and falls with the store's size", () => {
  const middling = { cosine: 0.4, words: 0.4, memories: 1000 };
  const chance = (other: Partial<typeof middling> = {}) => chanceFound({ ...middling, ...other });
  assert(chance({ cosine: 0.5 }) > chance() && chance({ words: 0.6 }) > chance());
  assert(chance({ memories: 100 }) > chance() && chance({ memories: 100_000 }) < chance());
  assertEquals(chance({ memories: 100_000 }), chance({ memories: 10_000 }));
  for (const memories of [0, 1, 1e7]) {
    for (const cosine of [-1, 0, 1, null]) {
      for (const words of [0, 1, null]) {
        const value = chanceFound({ cosine, words, memories });
        assert(value >= 0 && value <= 1, String(value));
      }
    }
  }
});

Deno.test("without vectors the words decide, without words the vectors", () => {
  assert(chanceFound({ cosine: null, words: 1, memories: 1000 }) > 0.9);
  assert(chanceFound({ cosine: null, words: 0.1, memories: 1000 }) < 0.1);
  assert(chanceFound({ cosine: 0.7, words: null, memories: 1000 }) > 0.9);
  assert(chanceFound({ cosine: 0.2, words: null, memories: 1000 }) < 0.1);
});

Deno.test("auto keeps nothing below a likely best, and what has 0.4 of its relevance", () => {
  assertEquals(countRelevant([]), 0);
  assertEquals(countRelevant([AUTO_BEST - 0.01, 0.5]), 0);
  assertEquals(countRelevant([0.9, 0.6, 0.37, 0.35, 0.1]), 3);
  assertEquals(countRelevant([0.9, 0.8]), 2);
  assertEquals([relevanceText(0, 5), relevanceText(3, 5), relevanceText(5, 5)], [
    "none is likely what was asked for",
    "3 relevant, the others are weak",
    "all relevant",
  ]);
});

Deno.test("a model's scale is that of its id, exports of the bundled model have its own, others none", () => {
  const fitted = { "local:other:4:x": { slope: 2, offset: -1 } };
  assertEquals(cosineScale({ id: "local:other:4:x", name: "other" }, fitted), { slope: 2, offset: -1 });
  assertEquals(cosineScale({ id: "a", name: "sentence-transformers/all-MiniLM-L6-v2" }), { slope: 1, offset: 0 });
  assertEquals(cosineScale({ id: "constructor", name: "other" }, fitted), null);
  assertEquals(cosineScale(null), null);
  const e5 = cosineScale({ id: "a", name: "/srv/models/multilingual-e5-small" })!;
  assertEquals(e5, cosineScale({ id: "b", name: "intfloat/multilingual-e5-small" }));
  assertEquals([0.8, 0.9].map((cosine) => e5.slope * cosine + e5.offset > 0.4), [false, true]);
});
