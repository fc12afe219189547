/** Words and tags of any language on the command line. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { inFolder, json, unimem } from "./command.ts";

Deno.test("the command line finds words and tags whatever their case, accents and Unicode form", () =>
  inFolder(async (folder) => {
    await json(folder, "store", "Die Straße ist gesperrt", "--tag", "cafe\u0301", "--type", "Décision");
    await json(folder, "store", "🎉 all green");
    // deno-lint-ignore no-explicit-any -- as printed
    const contents = ({ results }: any) => results.map((hit: any) => hit.memory.content);
    assertEquals(contents(await json(folder, "search", "STRASSE", "--mode", "exact")), ["Die Straße ist gesperrt"]);
    assertEquals(contents(await json(folder, "search", "🎉"))[0], "🎉 all green");
    const { memories } = await json(folder, "list", "--tag", "CAFÉ", "--type", "decision");
    assertEquals(memories.map(({ tags }: { tags: string[] }) => tags), [["cafe\u0301"]]);
  }));

Deno.test("a line of a search holds the word that matched", () =>
  inFolder(async (folder) => {
    await json(folder, "store", `${"İzmir ve İstanbul ".repeat(120)}papatya ve gül`);
    const { out } = await unimem(folder, "search", "papatya");
    assertStringIncludes(out, "papatya");
  }));
