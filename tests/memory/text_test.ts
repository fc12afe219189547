import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  analyse,
  analyseQuery,
  ANALYSER_VERSION,
  analyseText,
  asks,
  queryTerms,
  readQuery,
} from "../../src/memory/text.ts";
import { turnFeatures } from "../../src/memory/turn.ts";
import { assertLinear } from "../hostile/growth.ts";
import { ordinaryTexts } from "./ordinary_texts.ts";

Deno.test("an identifier has itself and its parts as terms, whatever joins them", () => {
  const terms: Record<string, string[]> = {
    "parse_config": ["parse_config", "pars", "config"],
    "sharedStorage": ["sharedstorag", "share", "storag"],
    "HTTPServer2": ["httpserver2", "http", "server2"],
    "ERR-4041": ["err-4041", "err", "4041"],
    "C++ and F# 2.5.1": ["c++", "c", "and", "f#", "f", "2.5.1", "2", "5", "1"],
    "don't Ana's rock'n'roll": ["dont", "ana", "rocknrol"],
    "Décisions d'équipe": ["decis", "decisions", "equip", "equipe"],
    "D'Angelo's O'Neill": ["dangelo", "d", "angelo", "oneil", "o", "neill"],
    "東京都": ["東", "京", "都", "東京", "京都"],
  };
  assertEquals(Object.fromEntries(Object.keys(terms).map((text) => [text, analyse(text)])), terms);
});

Deno.test("a text has the same terms beside words of other scripts as alone", () => {
  const text = fc.string({ unit: fc.constantFrom(..."aAbBzZ09 ._-/:@#+&'\"(),s \n"), maxLength: 60 });
  fc.assert(
    fc.property(text, (text) => {
      const alone = analyseText(text), beside = analyseText(`${text} щ`);
      fc.pre(alone.language === beside.language); // one word more may be too little for so many
      assertEquals(beside.terms, [...alone.terms, "щ"]);
    }),
    { numRuns: 3000 },
  );
});

Deno.test("a word longer than any word is no term, a run of words has them all", () => {
  assertEquals(analyse(`key ${"a1".repeat(65)} end`), ["kei", "end"]);
  assertEquals(analyse("a1".repeat(64)).length, 1);
  const path = Array.from({ length: 100 }, (_, i) => `part${i}`);
  for (const joiner of "._-/:@#+&") {
    assertEquals(new Set(path).difference(new Set(analyse(path.join(joiner)))), new Set());
  }
  const url = `https://x.example/${"a/".repeat(80)}my-file_name.ts`;
  for (const term of ["my-file_name.ts", "x.example", "http", "name", "ts"]) assert(analyse(url).includes(term), term);
  assertEquals(analyse("東".repeat(5000)).length, 9999);
});

Deno.test("the number of terms is bounded, and what comes first counts", () => {
  const terms = analyse(`first ${"w ".repeat(400_000)}`);
  assertEquals(terms[0], "first");
  assert(terms.length <= 200_001);
});

Deno.test("texts are stemmed by their language, and other words stay as they are", () => {
  const terms: Record<string, string[]> = {
    "Die Rechnungen wurden bezahlt": ["die", "rechnung", "rechnungen", "wurd", "wurden", "bezahlt"],
    "Les équipes ont décidé": ["le", "les", "equip", "equipes", "ont", "decid", "decide"],
    "Faturalar martta ödendi ve bu çok iyi": ["faturalar", "martta", "odendi", "ve", "bu", "cok", "iyi"],
    "Счета оплатили в марте": ["счет", "счета", "оплат", "оплатили", "в", "март", "марте"],
    "the running developers": ["the", "run", "develop"],
    "running": ["run"],
  };
  for (const [text, expected] of Object.entries(terms)) assertEquals(analyse(text), expected, text);
});

Deno.test("a query asks for its words in the forms of its language, or of the store's where it is unclear", () => {
  const formsOf = (query: string, languages: Parameters<typeof queryTerms>[1] = []) =>
    Object.fromEntries(queryTerms(readQuery(query), languages).map(({ word, forms }) => [word, forms]));
  assertEquals(formsOf("Wann wurden die Rechnungen bezahlt?"), {
    rechnungen: ["rechnungen", "rechnung"],
    bezahlt: ["bezahlt"],
  });
  assertEquals(formsOf("Rechnungen"), { rechnungen: ["rechnungen"] });
  assertEquals(formsOf("Rechnungen", ["de"]), { rechnungen: ["rechnungen", "rechnung"] });
  assertEquals(formsOf("which developers are running"), {
    developers: ["develop", "developers"],
    running: ["run", "running"],
  });
  assertEquals(formsOf("where is it", ["de"]), { where: ["where"], is: ["is"], it: ["it"] });
});

Deno.test("ordinary texts keep the terms, the speakers and the questions of this analyser's version", async () => {
  const path = new URL("fixtures/analysis.json", import.meta.url);
  const kept = JSON.parse(await Deno.readTextFile(path)) as { version: number; analyses: Record<string, unknown>[] };
  assertEquals(kept.version, ANALYSER_VERSION, "a new version of the analyser needs new expectations");
  const texts = ordinaryTexts(kept.analyses.length);
  texts.forEach((text, i) => {
    const found = {
      terms: analyse(text).join(" "),
      query: analyseQuery(text).map(({ forms }) => forms.join("|")).join(" "),
      speaker: turnFeatures(text, 0).speaker.join(" "),
      asks: asks(text),
    };
    assertEquals(found, kept.analyses[i], `of ${JSON.stringify(text)}`);
  });
});

Deno.test("a turn asks when what is said last is a question, whatever brackets and quotes close it", () => {
  const turns: Record<string, boolean> = {
    "Why?": true,
    "Why？": true,
    'He said "why?"': true,
    "Why?”)  \n": true,
    "Why? [shares a photo: a dog]": true,
    "Why? [a] [b]": false,
    "Why? [a[b]": true,
    "Because. [why?]": false,
    "Why? ]": false,
    "[why?]": false,
    "]": false,
    "[]": false,
    "?": true,
    "": false,
    '"': false,
    "Why? So.": false,
  };
  assertEquals(Object.fromEntries(Object.keys(turns).map((text) => [text, asks(text)])), turns);
});

Deno.test("a word of many marks is found by itself, in whatever order they were typed", () => {
  const marks = "\u0301\u0327\u0316".repeat(20), sorted = [..."\u0327\u0316\u0301"].join("").repeat(20);
  assertEquals(analyse(`a${marks}b`), ["ab"]);
  assertEquals(analyse(`a${sorted}b`), ["ab"]);
});

const features = (text: string) => turnFeatures(text, 0);
for (const run of [analyse, analyseQuery, asks, features]) {
  Deno.test(`${run.name} takes time that grows with the text's length only`, () => assertLinear(run));
}
