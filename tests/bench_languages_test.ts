import { assert, assertEquals } from "@std/assert";
import { LANGUAGES, measureLanguages } from "../bench/languages.ts";
import { readDataset } from "../bench/lib/dataset.ts";

Deno.test("the languages' set has thirty memories and ten questions each, whose answers are among them", async () => {
  for (const language of LANGUAGES) {
    const { docs, qs } = await readDataset(new URL(`../bench/languages/${language}.json`, import.meta.url).pathname);
    const ids = new Set(docs.map(({ id }) => id));
    assertEquals([ids.size, new Set(docs.map(({ t }) => t)).size, qs.length], [30, 30, 10], language);
    for (const { q, ev } of qs) assert(ev.every((id) => ids.has(id)), `${language}: ${q}`);
  }
});

Deno.test("words alone find the answers in every language, in a store of its own and among the others", async () => {
  for (const [language, { alone, pool }] of await measureLanguages()) {
    assert(alone.first >= 0.9, `${language} alone: ${alone.first}`);
    assert(pool.first >= 0.9, `${language} in one pool: ${pool.first}`);
  }
});
