import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { fold, foldWithOffsets } from "../../src/memory/fold.ts";
import { assertLinear } from "../hostile/growth.ts";

Deno.test("texts that differ in case, optional marks and Unicode forms alone fold to one", () => {
  const same = [
    ["Straße", "STRASSE", "strasse", "STRAẞE"],
    ["IŞIK", "ışık", "isik", "İŞİK", "Işik"],
    ["Σίσυφος", "ΣΊΣΥΦΟΣ", "σισυφοσ"],
    ["café", "cafe\u0301", "CAFÉ", "Cafe"],
    ["ﬁnance", "finance", "ＦＩＮＡＮＣＥ"],
    ["ёлка", "елка", "ЁЛКА", "е\u0308лка"],
    ["й", "и\u0306", "Й"],
    ["cœur", "COEUR", "coeur"],
    ["Łódź", "lodz"],
    ["Smørrebrød", "smorrebrod"],
    ["שָׁלוֹם", "שלום"],
    ["مُحَمَّد", "محمد", "محـــمد"],
    ["أحمد", "احمد", "أحمد".normalize("NFD")],
    ["کتاب", "كتاب"],
    ["می‌خواهم", "میخواهم"],
    ["が", "か\u3099", "ｶﾞ".normalize("NFKC").replace("ガ", "が")],
    ["한글", "한글".normalize("NFD")],
    ["น้ำ", "น้ำ".normalize("NFKC")],
    ["❤️", "❤"],
    ["👍🏽", "👍"],
    ["soft\u00adhyphen", "softhyphen"],
  ];
  for (const [first, ...others] of same) for (const other of others) assertEquals(fold(other), fold(first!), other);
});

Deno.test("letters that are others of their own stay apart", () => {
  const different = [["й", "и"], ["ї", "і"], ["が", "か"], ["कि", "क"], ["บ้า", "บา"], ["ñandu", "nambu"], ["🇩🇪", "🇫🇷"]];
  for (const [a, b] of different) assert(fold(a!) !== fold(b!), `${a} and ${b}`);
});

const texts = fc.string({
  unit: fc.constantFrom(
    ..."aZ ßİıŞΣςéỳﬁﷺЁйїשָُ한ｶﾞn\u0301\u0308\u034f\u200d👍🏽❤️ำ้น𝕏",
    "\u1112\u1161\u11ab",
    "\ud800",
    "\udc00",
  ),
  maxLength: 40,
});

Deno.test("folding what is folded, or an equivalent form of it, changes nothing", () => {
  fc.assert(
    fc.property(texts, (text) => {
      const folded = fold(text);
      assertEquals(fold(folded), folded);
      assertEquals(fold(text.normalize("NFD")), folded);
      assertEquals(fold(text.normalize("NFC")), folded);
    }),
    { numRuns: 3000 },
  );
});

Deno.test("й, ў and ї stay what they are under other marks in any order, and alef becomes plain", () => {
  for (const letter of ["й", "ў", "ї"]) {
    for (const marks of ["\u034f\uff9e", "\uff9e", "\u034f\u0e49", "\u0e49\u0301", "\u0301"]) {
      const folded = fold(letter + marks);
      assertEquals([folded.normalize("NFC")[0], fold(folded)], [letter, folded], JSON.stringify(letter + marks));
      assertEquals(fold((letter + marks).normalize("NFD")), folded);
    }
  }
  for (const alef of ["\u0627\u0653", "\u0627\u034f\u0653", "\u0627\u064b\u0654", "\u0622"]) {
    assertEquals(fold(alef), "\u0627");
  }
});

Deno.test("offsets of a folded text lead to what its parts were made of", () => {
  const text = "İzmir ve İstanbul, cafe\u0301 Straße ﬁnal 👍🏽 papatya";
  const { folded, originalOf } = foldWithOffsets(text);
  for (
    const [word, original] of [["papatya", "papatya"], ["cafe", "cafe\u0301"], ["strasse", "Straße"], ["final", "ﬁnal"]]
  ) {
    const at = folded.indexOf(word!);
    assertEquals(text.slice(originalOf(at), originalOf(at + word!.length)), original);
  }
  assertEquals(originalOf(folded.length), text.length);
  fc.assert(
    fc.property(texts, texts, (before, after) => {
      const text = `${before} needle ${after}`, { folded, originalOf } = foldWithOffsets(text);
      const at = folded.indexOf("needle");
      assertEquals(text.slice(originalOf(at), originalOf(at + 6)), "needle");
      let last = 0;
      for (let i = 0; i <= folded.length; i++) {
        const original = originalOf(i);
        assert(original >= last && original <= text.length);
        last = original;
      }
    }),
    { numRuns: 2000 },
  );
});

for (const run of [fold, foldWithOffsets]) {
  Deno.test(`${run.name}: time grows with the text's length only`, () =>
    assertLinear(run, undefined, { largest: 16 * 1024 }));
}
