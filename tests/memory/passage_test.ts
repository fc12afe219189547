import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { exactPassageQuery, passageOf, passageQuery } from "../../src/memory/passage.ts";

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

Deno.test("a word within another one counts less than the word itself", () => {
  const text = `${filler}Support was important, said the report. ${filler}The port is closed. ${filler}`;
  assertStringIncludes(cut(text, "port"), "The port is closed");
  assertStringIncludes(cut(`${filler}Der Hafenkran wurde gewartet. ${filler}`, "Kran"), "Hafenkran");
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

/** A sentence for the needle, filler, and a question, in scripts with and without spaces, accents and case. */
const SCRIPTS: Record<string, [needle: string, filler: string, query: string]> = {
  Chinese: ["三月份由李伟修理了港口的起重机。", "办公室里那天没有发生什么值得一提的事情。", "谁修理了港口的起重机？"],
  Japanese: [
    "港のクレーンは三月に田中さんが修理した。",
    "その日は事務所で特に何も起こらなかった。",
    "クレーンを修理したのは誰ですか",
  ],
  Thai: ["สมชายซ่อมปั้นจั่นที่ท่าเรือในเดือนมีนาคม ", "วันนั้นไม่มีอะไรเกิดขึ้นในสำนักงานเลย ", "ใครซ่อมปั้นจั่นที่ท่าเรือ"],
  Korean: [
    "김민수가 삼월에 항구의 크레인을 수리했다. ",
    "그날 사무실에서는 별일이 없었다. ",
    "항구의 크레인을 누가 수리했나요?",
  ],
  Russian: [
    "Кран в порту отремонтировал Кирилл. ",
    "В тот день в конторе ничего особенного не произошло. ",
    "Кто отремонтировал кран?",
  ],
  Greek: [
    "Ο γερανός επισκευάστηκε από τον Νίκο. ",
    "Τίποτα ιδιαίτερο δεν συνέβη στο γραφείο. ",
    "ΠΟΙΟΣ ΕΠΙΣΚΕΥΑΣΤΗΚΕ ο γερανος",
  ],
  Arabic: [
    "أصلح كريم الرافعة في الميناء في مارس. ",
    "لم يحدث شيء يذكر في المكتب ذلك اليوم. ",
    "من أصلح الرافعة في الميناء؟",
  ],
  Hindi: [
    "करण ने मार्च में बंदरगाह की क्रेन की मरम्मत की। ",
    "उस दिन दफ़्तर में कुछ ख़ास नहीं हुआ। ",
    "बंदरगाह की क्रेन की मरम्मत किसने की?",
  ],
  Turkish: [
    "Limandaki vinç İbrahim tarafından onarıldı. ",
    "O gün İSTANBUL ofisinde dikkate değer bir şey olmadı. ",
    "vinç onarıldı",
  ],
  "accents left out": ["Le café fut réparé à Zürich. ", "Ce jour-là rien ne s'est passé. ", "cafe repare Zurich"],
};

for (const [script, [needle, other, query]] of Object.entries(SCRIPTS)) {
  for (const form of ["NFC", "NFD"]) {
    Deno.test(`a passage is found in ${script}, ${form}`, () => {
      const before = other.normalize(form).repeat(60), sentence = needle.normalize(form);
      const text = before + sentence + before, { start, end } = passageOf(text, passageQuery(query));
      assert(
        start <= before.length && end >= before.length + sentence.trimEnd().length,
        `${text.slice(start, end)} at ${start}, not ${before.length}`,
      );
    });
  }
}

Deno.test("an exact passage is where the words stand as written", () => {
  const text = `The day in the office. ${filler}Nothing in the office of the day, as it were. ${filler}`;
  const { start, end } = passageOf(text, exactPassageQuery("office of the day"));
  assertStringIncludes(text.slice(start, end), "office of the day");
  const long = "x".repeat(600), around = `${filler}${long}${filler}`;
  assertEquals(passageOf(around, exactPassageQuery(long)).start, filler.length);
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

Deno.test("the vowel am is found in a long text however it is written", () => {
  for (const [whole, parts] of [["ดำ", "ด\u0e4d\u0e32"], ["ນຳ", "ນ\u0ecd\u0eb2"]] as const) {
    for (const written of [whole, parts]) {
      const text = `${"filler words and more of them. ".repeat(40)}${written}${" other words follow here.".repeat(40)}`;
      for (const query of [whole, parts]) {
        const { start, end } = passageOf(text, exactPassageQuery(query));
        assertStringIncludes(text.slice(start, end), written);
      }
    }
  }
});
