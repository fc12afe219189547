/** Words, tags and snippets of any language over MCP. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { complete } from "../../src/mcp/completion.ts";
import { type CallResult, withClient } from "./clients.ts";

// deno-lint-ignore no-explicit-any -- answers of several tools
const structured = (result: CallResult) => result.structuredContent as any;

Deno.test("tools find an emoji, an inflected word and text in another Unicode form", () =>
  withClient(async (client) => {
    const contents = [
      "🎉 all green",
      "Las llaves del sótano cuelgan en la cocina",
      "cafe\u0301 noir",
      "Straße gesperrt",
    ];
    for (const content of [...contents, "The team talked about a plan"]) {
      await client.call("store_memory", { content });
    }
    const first = async (query: string, mode: string) =>
      structured(await client.call("search", { query, mode, page_size: 5 })).results[0]?.content;
    assertEquals(await first("🎉", "hybrid"), contents[0]);
    assertEquals(await first("llave", "hybrid"), contents[1]);
    assertEquals(await first("CAFÉ", "exact"), contents[2]);
    assertEquals(await first("STRASSE", "exact"), contents[3]);
  }));

Deno.test("a tag in another case, with other accents or in another Unicode form names the same memories", () =>
  withClient(async (client, runtime) => {
    await client.call("store_memory", { content: "one", tags: ["cafe\u0301"] });
    await client.call("store_memory", { content: "two", tags: ["IŞIK"] });
    const byTag = async (tag: string) =>
      structured(await client.call("search_by_tag", { tags: [tag] })).memories.map((m: { content: string }) =>
        m.content
      );
    assertEquals(await byTag("CAFÉ"), ["one"]);
    assertEquals(await byTag("ışık"), ["two"]);
    assertEquals(structured(await client.call("list_memories", { tag: "isik" })).total, 1);
    assertEquals((await complete(runtime, { name: "tag", value: "CAF" })).values, ["cafe\u0301"]);
  }));

Deno.test("a snippet holds the word that matched, whatever stands before it", () =>
  withClient(async (client) => {
    await client.call("store_memory", { content: `${"İzmir ve İstanbul ".repeat(120)}papatya ve gül` });
    for (const detail of ["snippets", "full"]) {
      const [result] = structured(await client.call("search", { query: "papatya", detail })).results;
      const { start, end } = detail === "full" ? result.passage : { start: 0, end: Infinity };
      assertStringIncludes(result.content.slice(start, end), "papatya");
    }
  }));
