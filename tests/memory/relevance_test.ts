import { assert, assertEquals } from "@std/assert";
import {
  AUTO_BEST,
  chanceFound,
  cosineScale,
  countedShare,
  leastRelevance,
  relevanceText,
} from "../../src/memory/relevance.ts";

Deno.test("the chance that something was found rises with meaning and words, and falls with the store's size", () => {
  const middling = { cosine: 0.4, words: 0.4, memories: 1000 };
  const chance = (other: Partial<typeof middling> = {}) => chanceFound({ ...middling, ...other });
  assert(chance({ cosine: 0.5 }) > chance() && chance({ words: 0.6 }) > chance());
  assert(chance({ memories: 100 }) > chance() && chance({ memories: 100_000 }) < chance());
  assertEquals(chance({ memories: 100_000 }), chance({ memories: 1_000_000 }));
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

Deno.test("auto keeps nothing below a likely best, and what has 0.3 of its relevance", () => {
  assertEquals(leastRelevance(0), Infinity);
  assertEquals(leastRelevance(AUTO_BEST - 0.01), Infinity);
  assertEquals(leastRelevance(AUTO_BEST), AUTO_BEST * 0.3);
  assertEquals([0.9, 0.6, 0.28, 0.26, 0.1].filter((relevance) => relevance >= leastRelevance(0.9)).length, 3);
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

Deno.test("what an unrelated question reaches grows with the store, without a jump, and hardly beyond 3,000 memories", () => {
  const at = (memories: number) => chanceFound({ cosine: 0.45, words: 0.3, memories });
  let before = 1;
  for (let memories = 1; memories < 20_000; memories = Math.ceil(memories * 1.1)) {
    const now = at(memories);
    assert(now <= before && before - now < 0.15, `${memories}: ${before} to ${now}`);
    before = now;
  }
  assert(at(10) > 0.95 && at(3000) < 0.2);
  assert(at(3000) - at(100_000) < 0.1);
});

Deno.test("words of a long text count less, for it holds many by chance", () => {
  assertEquals([countedShare(0.8, 20), countedShare(0.8, 150)], [0.8, 0.8]);
  assertEquals(countedShare(0.8, 600), 0.4);
});
