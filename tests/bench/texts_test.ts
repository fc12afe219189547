import { assert, assertEquals } from "@std/assert";
import { longTextAt, questionAt, tagAt, textAt } from "../../bench/lib/texts.ts";

const COUNT = 20_000;

Deno.test("texts and questions repeat with their number and differ from all others", () => {
  assertEquals(textAt(12), textAt(12));
  for (const make of [textAt, questionAt]) {
    assertEquals(new Set(Array.from({ length: COUNT }, (_, i) => make(i).toLowerCase())).size, COUNT);
  }
});

Deno.test("texts are as long as conversation turns and use thousands of words, most of them rarely", () => {
  const texts = Array.from({ length: COUNT }, (_, i) => textAt(i));
  const length = texts.reduce((sum, text) => sum + text.length, 0) / COUNT;
  assert(length > 90 && length < 180, `${length} characters`);
  const counts = new Map<string, number>();
  for (const word of texts.join(" ").toLowerCase().match(/\p{L}+/gu)!) counts.set(word, (counts.get(word) ?? 0) + 1);
  assert(counts.size > 3000, `${counts.size} words`);
  assert([...counts.values()].filter((count) => count <= 3).length > counts.size / 3);
});

Deno.test("tags are shared", () => {
  assert(new Set(Array.from({ length: 500 }, (_, i) => tagAt(i))).size < 50);
});

Deno.test("long texts repeat with their number, differ from all others and have the length that is asked for", () => {
  const texts = Array.from({ length: 300 }, (_, i) => longTextAt(i, 2000));
  assertEquals(longTextAt(7, 2000), texts[7]);
  assertEquals(new Set(texts).size, texts.length);
  for (const { length } of texts) assert(length >= 2000 && length < 2200, `${length} characters`);
});
