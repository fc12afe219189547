/** Words, tags and types of any language over REST. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { openClient } from "./client.ts";

const contents = (json: { results: { memory: { content: string } }[] }) => json.results.map((r) => r.memory.content);

Deno.test("a search finds an emoji, a hash in a long address and an inflected word first, by words and by meaning", async () => {
  await using client = await openClient();
  const hash = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567";
  const wanted: [content: string, queries: string[]][] = [
    ["🎉 all green", ["🎉"]],
    [`See https://git.example.org/${"deep/".repeat(20)}blob/${hash}/src/quokka_parser.ts?line=7`, [
      hash,
      "quokka_parser.ts",
    ]],
    ["Die Rechnungen der Druckerei wurden im März bezahlt", ["Rechnung"]],
    ["Разработчики отложили выпуск на две недели", ["разработчик"]],
    ["IŞIK Oto taktı", ["ışık", "isik"]],
  ];
  for (let i = 0; i < 8; i++) await client.store(`The team talked about plan ${i} and a parser`);
  for (const [content] of wanted) await client.store(content);
  for (const [content, queries] of wanted) {
    for (const query of queries) {
      const { json } = await client.send("POST", "/api/search", { query });
      assertEquals(contents(json)[0], content, query);
    }
  }
});

Deno.test("an exact search finds what is written in another case, with other accents or in another Unicode form", async () => {
  await using client = await openClient();
  await client.store("Die Straße ist gesperrt");
  await client.store("cafe\u0301 noir");
  const exact = async (query: string) =>
    contents((await client.send("POST", "/api/search", { query, mode: "exact" })).json);
  assertEquals(await exact("STRASSE"), ["Die Straße ist gesperrt"]);
  assertEquals(await exact("café noir"), ["cafe\u0301 noir"]);
  assertEquals(await exact("\u0301"), []);
});

Deno.test("tags are found, completed, renamed and deleted by whatever their case, accents and Unicode form", async () => {
  await using client = await openClient();
  await client.store("one", { tags: ["cafe\u0301"] });
  await client.store("two", { tags: ["Straße"], memory_type: "Décision" });
  const byTag = async (tag: string) => {
    const { json } = await client.send("POST", "/api/search/by-tag", { tags: [tag] });
    return contents(json);
  };
  assertEquals(await byTag("Café"), ["one"]);
  assertEquals(await byTag("STRASSE"), ["two"]);
  const reasons = (await client.send("POST", "/api/search/by-tag", { tags: ["CAFÉ"] })).json.results;
  assertStringIncludes(reasons[0].relevance_reason, "CAFÉ");
  const listed = await client.get(`/api/memories?tag=${encodeURIComponent("strasse")}&memory_type=decision`);
  assertEquals(listed.json.memories[0].tags, ["Straße"]);
  const suggested = await client.get(`/api/tags/suggest?prefix=${encodeURIComponent("STRASS")}`);
  assertEquals(suggested.json.tags, [{ tag: "Straße", count: 1 }]);
  const renamed = await client.send("PUT", `/api/manage/tags/${encodeURIComponent("STRASSE")}?new_tag=Weg`);
  assertEquals(renamed.json.affected_count, 1);
  assertEquals(await byTag("weg"), ["two"]);
  assertEquals(await byTag("strasse"), []);
  const deleted = await client.send("POST", "/api/manage/bulk-delete", { tag: "CAFE" });
  assertEquals(deleted.json.affected_count, 1);
  assertEquals(await byTag("café"), []);
});

Deno.test("the passage of a long memory holds the word, whatever stands before it", async () => {
  await using client = await openClient();
  const before: Record<string, string> = {
    "letters that are longer in lower case": "İzmir ve İstanbul ".repeat(120),
    "letters that are longer when folded": "Straße groß Fuß ".repeat(120),
    "ligatures": "ﬁnal ﬂight oﬃce ".repeat(120),
    "decomposed letters": "cafe\u0301 re\u0301sume\u0301 ".repeat(120),
    "emoji": "👩🏾‍💻 👍🏽 ".repeat(120),
  };
  for (const [what, text] of Object.entries(before)) {
    await client.store(`${text}papatya ${text}`, { tags: [what] });
    for (const query of ["papatya", "PAPATYA"]) {
      const { json } = await client.send("POST", "/api/search", { query, tags: [what] });
      const [{ passage, memory }] = json.results;
      assertStringIncludes(passage.text, "papatya", what);
      assertEquals(memory.content.slice(passage.start, passage.end), passage.text);
      assert(passage.text.isWellFormed());
    }
  }
});
