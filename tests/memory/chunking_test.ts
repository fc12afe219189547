import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { type Chunk, chunkText } from "../../src/memory/chunking.ts";

/** Counts like a tokenizer that makes a token of every four characters of a word. */
const countTokens = (text: string) =>
  (text.match(/\S+/g) ?? []).reduce((sum, word) => sum + Math.ceil(word.length / 4), 0);

function chunksOf(text: string, budget: number, overlap: number, count = countTokens): Chunk[] {
  return [...chunkText(text, { countTokens: count, budget, overlap })];
}

function textsOf(text: string, budget: number, overlap: number): string[] {
  return chunksOf(text, budget, overlap).map(({ start, end }) => text.slice(start, end).trim());
}

const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 400 }),
  fc.string({ unit: "grapheme", maxLength: 400 }),
  fc.array(
    fc.constantFrom("word ", "Sentence end. ", "\n\n", "x".repeat(300), "短い文。", "\ud800", "\0", "  ", "🎉"),
    {
      maxLength: 120,
    },
  ).map((parts) => parts.join("")),
);

Deno.test("chunks cover the text, move forward, overlap no more than asked, and stay within budget", () => {
  fc.assert(
    fc.property(anyText, fc.integer({ min: 12, max: 80 }), fc.nat(5), (text, budget, overlap) => {
      const chunks = chunksOf(text, budget, overlap);
      assertEquals(chunks.length === 0, text === "");
      chunks.forEach((chunk, index) => {
        const before = chunks[index - 1];
        assert(chunk.start < chunk.end && chunk.end <= text.length);
        assert(countTokens(text.slice(chunk.start, chunk.end)) <= budget);
        if (before === undefined) return assertEquals(chunk.start, 0);
        assert(chunk.start > before.start && chunk.start <= before.end && chunk.end > before.end);
        assert(countTokens(text.slice(chunk.start, before.end)) <= overlap + 1);
      });
      if (text !== "") assertEquals(chunks.at(-1)!.end, text.length);
    }),
    { numRuns: 400 },
  );
});

Deno.test("no chunk begins or ends inside a character", () => {
  const whole = /^(?![\udc00-\udfff])[^]*(?<![\ud800-\udbff])$/;
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom("🎉", "a", " "), maxLength: 300 }), (text) => {
    for (const { start, end } of chunksOf(text, 3, 1)) assert(whole.test(text.slice(start, end)));
  }));
});

Deno.test("a text that fits is one chunk", () => {
  assertEquals(chunksOf("  two words \n", 12, 2), [{ start: 0, end: 13 }]);
});

Deno.test("cuts are made at paragraphs, else at sentences, else at words", () => {
  const paragraphs = "one two three four five six seven\n\neight nine ten eleven twelve";
  assertEquals(textsOf(paragraphs, 10, 0)[0], "one two three four five six seven");
  const sentences = "one two three four. Five six seven eight. Nine ten more";
  assertEquals(textsOf(sentences, 13, 0)[0], "one two three four. Five six seven eight.");
  assertEquals(textsOf("aa bb cc dd ee ff", 4, 0), ["aa bb cc dd", "ee ff"]);
});

Deno.test("a chunk repeats the last sentence of the one before where it fits the overlap", () => {
  const chunks = textsOf("aa bb cc dd ee. Ff gg. Hh ii jj kk ll mm", 7, 3);
  assertEquals(chunks[0], "aa bb cc dd ee. Ff gg.");
  assert(chunks[1]!.startsWith("Ff gg. Hh"));
});

Deno.test("a word longer than a window is cut, and so is a script without spaces", () => {
  assert(chunksOf("x".repeat(1000), 20, 4).length > 10);
  const japanese = "これは文です。".repeat(100);
  const cut = chunksOf(japanese, 30, 0);
  assert(cut.length > 5);
  for (const { start, end } of cut) assert(japanese.slice(start, end).endsWith("。"));
});

Deno.test("a tokenizer that counts more for a whole than for its words doesn't break the budget", () => {
  const jealous = (text: string) => Math.ceil(countTokens(text) ** 1.2);
  const text = "word ".repeat(500);
  for (const { start, end } of chunksOf(text, 40, 4, jealous)) assert(jealous(text.slice(start, end)) <= 40);
});

Deno.test("work grows with the length and not with its square", () => {
  const counted = (length: number) => {
    let characters = 0;
    const count = (text: string) => {
      characters += text.length;
      return countTokens(text);
    };
    const text = "some words, and a sentence. ".repeat(length / 28);
    assert(chunksOf(text, 250, 30, count).length > 1);
    return characters;
  };
  assert(counted(280_000) / counted(28_000) < 12);
});

Deno.test("pathological texts of a megabyte are cut in a moment", () => {
  const size = 1 << 20;
  for (const unit of [" ", "x", "\n", "。", "\ud800", "🎉", ". "]) {
    const began = performance.now();
    chunksOf(unit.repeat(size / unit.length), 254, 31);
    const took = performance.now() - began;
    assert(took < 5000, `${JSON.stringify(unit)} took ${took} ms`);
  }
});

Deno.test("a budget or an overlap that leads nowhere is refused", () => {
  assertThrows(() => chunksOf("a", 0, 0), RangeError);
  assertThrows(() => chunksOf("a", 10, 5), RangeError);
  assertThrows(() => chunksOf("a", 10, -1), RangeError);
});
