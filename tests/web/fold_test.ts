import { assertEquals } from "@std/assert";
import { fold, splitAtWords } from "../../src/web/app/fold.ts";

Deno.test("the dashboard marks words whatever their case, accents and Unicode form, where they stand", () => {
  const cases: [text: string, words: string[], parts: string[]][] = [
    ["İzmir ve İstanbul, papatya", ["papatya"], ["İzmir ve İstanbul, ", "papatya", ""]],
    ["Die Straße", ["STRASSE"], ["Die ", "Straße", ""]],
    ["cafe\u0301 noir", ["café"], ["", "cafe\u0301", " noir"]],
    ["the ﬁnal one", ["final", "one"], ["the ", "ﬁnal", " ", "one", ""]],
    ["\u0301\u0301 deploys (now)", ["(now"], ["\u0301\u0301 deploys ", "(now", ")"]],
    ["nothing", [], ["nothing"]],
  ];
  for (const [text, words, parts] of cases) assertEquals(splitAtWords(text, words), parts);
  assertEquals(fold("IŞIK"), fold("ışık"));
});
