import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { passageOf, passageQuery } from "../../src/memory/passage.ts";

const filler = "Nothing of note happened on that day in the office. ".repeat(30);
const cut = (text: string, query: string, length?: number) => {
  const { start, end } = passageOf(text, passageQuery(query), length);
  return text.slice(start, end);
};

Deno.test("a passage is where most of the query's words stand, from the beginning of their sentence", () => {
  const text = `${filler}The harbour crane was serviced in March by Kiran. ${filler}`;
  assert(
    cut(text, "When was the crane in the harbour serviced?").startsWith("The harbour crane was serviced in March"),
  );
  assertStringIncludes(cut(`${filler}\n\n${text}`, "servicing of cranes"), "crane was serviced");
});

Deno.test("a rare word weighs more than frequent ones", () => {
  const text = `The office and the day. ${filler}Then zephyr failed. ${filler}`;
  const weighed = passageQuery("zephyr office day", (word) => word === "zephyr" ? 9 : 1);
  const { start, end } = passageOf(text, weighed);
  assertStringIncludes(text.slice(start, end), "zephyr");
});

Deno.test("a short text is its own passage, and one without the words shows its beginning", () => {
  assertEquals(passageOf("short", passageQuery("anything")), { start: 0, end: 5 });
  assert(cut(filler, "crane").startsWith("Nothing of note"));
  assert(cut(filler, "").length <= 320);
});

Deno.test("a match at the very end of a text is shown, and a place far into a long one is found", () => {
  const text = `${filler.repeat(50)}The needle.`;
  assertStringIncludes(cut(text, "needle"), "The needle.");
});

Deno.test("a passage lies in the text, holds a match, is no longer than asked, and cuts no character in two", () => {
  const piece = fc.constantFrom("word ", "needle ", "😀", "。", "\n", ". ", "É", "İ", "x".repeat(90));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 200 }), fc.integer({ min: 30, max: 400 }), (pieces, length) => {
      const text = pieces.join(""), { start, end } = passageOf(text, passageQuery("needle"), length);
      assert(start >= 0 && start <= end && end <= text.length && end - start <= Math.max(length, 0) + 1);
      const shown = text.slice(start, end);
      assertEquals(shown.isWellFormed(), text.isWellFormed());
      if (text.includes("needle")) assertStringIncludes(shown.toLowerCase(), "need");
    }),
    { numRuns: 500 },
  );
});
