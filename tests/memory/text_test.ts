import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { analyse } from "../../src/memory/text.ts";

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
