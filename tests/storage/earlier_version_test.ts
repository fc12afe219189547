/** Stores that an earlier version of the analyser wrote: they find what a new one finds, once they are open or completed. */

import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openStorage } from "../../src/storage/factory.ts";
import type { MemoryStorage } from "../../src/storage/contract/storage.ts";
import { qdrantDefaults } from "../../src/storage/qdrant/settings.ts";
import { QDRANT_BIN, startQdrant } from "../helpers/qdrant.ts";
import { DIMENSIONS, foundByWords, hashOf, plain } from "./fixtures.ts";

const CONTENTS = [
  "Die Straße zum Hafen wurde gesperrt, und die Rechnungen sind offen",
  "cafe\u0301 noir",
  "Milk and bread",
];
const items = () =>
  CONTENTS.map((content, i) => plain(i + 1, { content, tags: [`Größe ${i}`], memory_type: "Décision" }));

async function assertFound(storage: MemoryStorage): Promise<void> {
  assertEquals((await foundByWords(storage, "Wo ist die Rechnung?"))[0], CONTENTS[0]);
  for (const [text, content] of [["e STRASSE zum hafen w", CONTENTS[0]], ["CAFÉ NOIR", CONTENTS[1]]]) {
    const { memories } = await storage.findText(text!, { filter: {}, offset: 0, limit: 9 });
    assertEquals(memories.map((found) => found.content), [content], text);
  }
  const filter = { tags: { values: ["grosse 1"], match: "any" as const }, memory_type: "decision" };
  const { memories } = await storage.list({ filter, offset: 0, limit: 9 });
  assertEquals(memories.map(({ content_hash }) => content_hash), [hashOf(2)]);
}

Deno.test("a database of an earlier analyser is read anew when it is opened, verbatim search included", async () => {
  const folder = await Deno.makeTempDir({ prefix: "unimem-earlier-" }), path = join(folder, "memory.db");
  try {
    let storage = await openStorage({ backend: "sqlite", path });
    await storage.store(items());
    await storage.close();
    const database = new DatabaseSync(path);
    // What an earlier version kept: terms of another analyser, and contents as they are in the full-text index.
    database.exec("UPDATE memory_terms SET analyser = 3, terms = x''; DELETE FROM content_words");
    const insert = database.prepare("INSERT INTO content_words (rowid, content) SELECT id, content FROM memories");
    insert.run();
    database.close();
    storage = await openStorage({ backend: "sqlite", path });
    const { memories } = await storage.findText("e STRASSE zum hafen w", { filter: {}, offset: 0, limit: 9 });
    assertEquals(memories.map(({ content }) => content), [CONTENTS[0]]);
    await assertFound(storage);
    assertEquals(await storage.maintain("optimize") !== "", true);
    await assertFound(storage);
    await storage.close();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test({
  name: "a Qdrant collection of an earlier version is searched while it is completed, and finds everything after it",
  ignore: QDRANT_BIN === undefined,
  fn: async () => {
    await using server = await startQdrant();
    const call = async (method: string, path: string, body: unknown) => {
      const response = await fetch(`${server.url}/collections/earlier/${path}`, {
        method,
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      const answer = await response.json();
      assertEquals(response.status, 200, JSON.stringify(answer));
      return answer.result;
    };
    const open = () =>
      openStorage({ ...qdrantDefaults(server.url), backend: "qdrant", collection: "earlier", dimensions: DIMENSIONS });
    let storage = await open();
    await storage.store(items());
    await storage.close();
    // What an earlier version kept: contents in lower case, no folded names, facts of its schema.
    for (const [i, content] of CONTENTS.entries()) {
      const point = `${hashOf(i + 1).slice(0, 8)}-${hashOf(i + 1).slice(8, 12)}-${hashOf(i + 1).slice(12, 16)}-${
        hashOf(i + 1).slice(16, 20)
      }-${hashOf(i + 1).slice(20, 32)}`;
      await call("POST", "points/payload?wait=true", { points: [point], payload: { folded: content.toLowerCase() } });
      await call("POST", "points/payload/delete?wait=true", { points: [point], keys: ["names", "analyser"] });
    }
    const facts = { schema: 2, models: [], active: null, complete: true };
    await call("POST", "points/payload?wait=true", { points: [1], payload: { unimem: facts } });
    storage = await open();
    const exact = async (text: string) =>
      (await storage.findText(text, { filter: {}, offset: 0, limit: 9 })).memories.map(({ content }) => content);
    assertEquals(await exact("die straße zum"), [CONTENTS[0]]);
    const filter = { tags: { values: ["Größe 1"], match: "all" as const }, memory_type: "Décision" };
    assertEquals((await storage.list({ filter, offset: 0, limit: 9 })).total, 1);
    assertEquals(await storage.capabilities.upgrades!.upgrade(), { done: 3, total: 3 });
    await assertFound(storage);
    assertEquals(await storage.capabilities.upgrades!.upgrade({ thorough: true }), { done: 0, total: 0 });
    await storage.close();
  },
});
