import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { analyse, analyseQuery, ANALYSER_VERSION, asks } from "../../src/memory/text.ts";
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
    "Décisions d'équipe": ["decis", "dequip"],
    "東京都": ["東", "京", "都", "東京", "京都"],
  };
  assertEquals(Object.fromEntries(Object.keys(terms).map((text) => [text, analyse(text)])), terms);
});

Deno.test("a text has the same terms beside words of other scripts as alone", () => {
  const text = fc.string({ unit: fc.constantFrom(..."aAbBzZ09 ._-/:@#+&'\"(),s \n"), maxLength: 60 });
  fc.assert(
    fc.property(text, (text) => {
      assertEquals(analyse(`${text} щ`), [...analyse(text), "щ"]);
    }),
    { numRuns: 3000 },
  );
});

Deno.test("a token longer than any word is no term", () => {
  assertEquals(analyse(`key ${"a1".repeat(65)} end`), ["kei", "end"]);
  assertEquals(analyse("a1".repeat(64)).length, 1);
});

Deno.test("ordinary texts keep the terms, the speakers and the questions of this analyser's version", async () => {
  const path = new URL("fixtures/analysis.json", import.meta.url);
  const kept = JSON.parse(await Deno.readTextFile(path)) as { version: number; analyses: Record<string, unknown>[] };
  assertEquals(kept.version, ANALYSER_VERSION, "a new version of the analyser needs new expectations");
  const texts = ordinaryTexts(kept.analyses.length);
  texts.forEach((text, i) => {
    const found = {
      terms: analyse(text).join(" "),
      query: analyseQuery(text).join(" "),
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
for (const run of [analyse, asks, features]) {
  Deno.test(`${run.name} takes time that grows with the text's length only`, () => assertLinear(run));
}
