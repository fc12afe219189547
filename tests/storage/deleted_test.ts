/** Deleted means deleted: no file that a store writes keeps the words of what is gone. */

import { assert, assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { openStorage } from "../../src/storage/factory.ts";
import { withOutbox } from "../../src/storage/outbox/outbox_storage.ts";
import { MIGRATIONS } from "../../src/storage/sqlite/migrations.ts";
import { spawn, testEnvironment, until, within } from "../helpers/process.ts";
import { openClient } from "../http/client.ts";
import { embedded, foundByWords, hashOf, MODEL, plain } from "./fixtures.ts";
import { inFolder } from "../helpers/folder.ts";
import { Network } from "./outage.ts";

/** A word that stems to itself, and one part of which an index might keep alone. */
const WORD = "zwtrqxplo";

/** Files of a folder, at any depth, that hold the text in UTF-8 or UTF-16, however it is written in capitals. */
async function holding(folder: string, text: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory) found.push(...await holding(path, text));
    else {
      const bytes = new TextDecoder("latin1").decode(await Deno.readFile(path)).toLowerCase();
      if (bytes.includes(text) || bytes.includes([...text].join("\0"))) found.push(name);
    }
  }
  return found.sort();
}

Deno.test("after a permanent delete, an emptied trash and optimize no file holds the words, over REST", async () => {
  await using client = await openClient();
  const secret = `The ${WORD}1 password is ${WORD}2`;
  const keep = Array.from({ length: 60 }, (_, i) => ({ content: `Kept note number ${i} of the quiet archive` }));
  for (const memory of keep) await client.store(memory.content);
  const gone = await client.store(secret, {
    tags: [`${WORD}tag`],
    memory_type: `${WORD}type`,
    metadata: { note: `${WORD}meta` },
  });
  // Long enough for pages of its own.
  const trashed = await client.store(`${WORD}3 `.repeat(3000), { tags: [`${WORD}tag`] });
  await client.send("POST", "/api/search", { query: `${WORD}1 password` });
  assertEquals((await client.send("POST", "/api/manage/system/optimize_db")).status, 200);
  assert((await holding(client.folder, WORD)).length > 0, "the test looks in the wrong place");
  await client.send("PUT", `/api/memories/${trashed}`, { metadata: { note: `${WORD}later` } });
  await client.send("DELETE", `/api/memories/${gone}?permanent=true`);
  await client.send("DELETE", `/api/memories/${trashed}`);
  assertEquals((await client.send("DELETE", "/api/manage/trash")).status, 200);
  assertEquals((await client.send("POST", "/api/manage/system/optimize_db")).status, 200);
  assertEquals(await holding(client.folder, WORD), []);
  const left = await client.send("POST", "/api/search", { query: "quiet archive", n_results: 5 });
  assertEquals(left.json.results.length, 5);
});

Deno.test("an update and a merge leave nothing of the old values after optimize", () =>
  inFolder(async (folder, path) => {
    const storage = await openStorage({ backend: "sqlite", path });
    await storage.store([plain(1, { tags: [`${WORD}tag`], metadata: { note: `${WORD} `.repeat(4000) } }), plain(2)]);
    await storage.update(hashOf(1), { tags: ["other"], metadata: { note: "short" }, memory_type: `${WORD}type` }, 5);
    await storage.update(hashOf(1), { memory_type: null }, 6);
    await storage.maintain("optimize");
    assertEquals(await holding(folder, WORD), []);
    await storage.close();
  }));

Deno.test("many stored and deleted memories leave no word of theirs in any page", () =>
  inFolder(async (folder, path) => {
    const storage = await openStorage({ backend: "sqlite", path });
    await storage.registerModel(MODEL);
    const count = 2000, odd = (i: number) => i % 2 === 1;
    const all = Array.from(
      { length: count },
      (_, i) => embedded(i, { content: `${odd(i) ? WORD + i : "kept"} memory ${i} ${"filler ".repeat(i % 90)}` }),
    );
    for (let i = 0; i < count; i += 200) await storage.store(all.slice(i, i + 200));
    const gone = all.flatMap(({ memory }, i) => odd(i) ? [memory.content_hash] : []);
    await storage.trash(gone.slice(0, 500), { at: 5, reason: `${WORD} is gone` });
    await storage.delete(gone.slice(500));
    await storage.emptyTrash({});
    await storage.maintain("optimize");
    assertEquals(await holding(folder, WORD), []);
    assertEquals((await foundByWords(storage, "kept", {}, count)).length >= count / 2, true);
    await storage.close();
    assertEquals(await holding(folder, WORD), []);
  }));

Deno.test("terms that were dropped are found again when they come back, in every process that shares the file", () =>
  inFolder(async (_, path) => {
    const a = await openStorage({ backend: "sqlite", path }), b = await openStorage({ backend: "sqlite", path });
    const numbered = () => {
      const database = new DatabaseSync(path, { readOnly: true });
      const rows = database.prepare("SELECT number, term FROM terms WHERE term <> ''").all();
      database.close();
      return new Map(rows.map(({ number, term }) => [String(term), Number(number)]));
    };
    await a.store([plain(1, { content: "giraffe okapi" }), plain(2, { content: "zebra" })]);
    assertEquals((await foundByWords(b, "giraffe")).length, 1);
    await b.store([plain(3, { content: "okapi quagga" })]);
    const before = numbered();
    await a.delete([hashOf(1), hashOf(3)]);
    await a.maintain("optimize");
    assertEquals([...numbered().keys()], ["zebra"]);
    // Both had the numbers at hand.
    await b.store([plain(4, { content: "giraffe tapir" })]);
    await a.store([plain(5, { content: "quagga giraffe" })]);
    for (const storage of [a, b]) {
      assertEquals((await foundByWords(storage, "giraffe")).sort(), ["giraffe tapir", "quagga giraffe"]);
      assertEquals(await foundByWords(storage, "tapir"), ["giraffe tapir"]);
      assertEquals(await foundByWords(storage, "okapi"), []);
      assertEquals(await foundByWords(storage, "zebra"), ["zebra"]);
    }
    const old = new Set(before.values());
    for (const word of ["giraff", "giraffe", "quagga", "tapir"]) {
      const number = numbered().get(word);
      assert(number === undefined || !old.has(number), `${word} has the number of a dropped term`);
    }
    await Promise.all([a.close(), b.close()]);
    const again = await openStorage({ backend: "sqlite", path });
    assertEquals((await foundByWords(again, "giraffe")).length, 2);
    await again.close();
  }));

Deno.test("optimize goes on beside writes and searches, and loses none of them", () =>
  inFolder(async (_, path) => {
    const storage = await openStorage({ backend: "sqlite", path });
    await storage.store(Array.from({ length: 1500 }, (_, i) => plain(i, { content: `old${i} memory` })));
    await storage.delete(Array.from({ length: 700 }, (_, i) => hashOf(i)));
    const optimised = storage.maintain("optimize");
    for (let i = 0; i < 40; i++) {
      await storage.store([plain(5000 + i, { content: `old${i} again fresh${i}` })]);
      assertEquals((await foundByWords(storage, `fresh${i}`)).length, 1);
    }
    await optimised;
    await storage.maintain("rebuild_index");
    for (let i = 0; i < 40; i++) assertEquals((await foundByWords(storage, `old${i}`)).length, 1);
    assertEquals((await storage.list({ filter: {}, offset: 0, limit: 0 })).total, 840);
    await storage.close();
  }));

Deno.test("optimize says so when another process's reading keeps the log from being emptied", () =>
  inFolder(async (folder, path) => {
    const storage = await openStorage({ backend: "sqlite", path });
    await storage.store([plain(1, { content: WORD })]);
    const other = new DatabaseSync(path);
    other.exec("BEGIN");
    other.prepare("SELECT count(*) FROM memories").get();
    await storage.delete([hashOf(1)]);
    assert(/log not emptied/.test(await storage.maintain("optimize")));
    other.exec("ROLLBACK");
    other.close();
    assert(/log emptied/.test(await storage.maintain("optimize")));
    assertEquals(await holding(folder, WORD), []);
    await storage.close();
  }));

Deno.test("optimize clears the free pages of a file from before secure_delete", () =>
  inFolder(async (folder, path) => {
    const old = new DatabaseSync(path);
    old.exec("PRAGMA journal_mode = WAL; PRAGMA secure_delete = OFF");
    for (const step of MIGRATIONS.slice(0, 4)) old.exec(step);
    old.exec("PRAGMA application_id = 0x554e494d; PRAGMA user_version = 4");
    const insert = old.prepare(
      "INSERT INTO memories (content_hash, content, tags, metadata, created_at, updated_at, revision) " +
        "VALUES (?, ?, '[]', '{}', 1, 1, 1)",
    );
    for (let i = 0; i < 50; i++) insert.run(hashOf(i), `${WORD}${i} `.repeat(2000));
    old.exec("UPDATE counters SET value = 1 WHERE name = 'revision'; DELETE FROM memories");
    old.close();
    assertEquals(await holding(folder, WORD), ["memory.db"]);
    const storage = await openStorage({ backend: "sqlite", path });
    await storage.store([plain(99)]);
    await storage.maintain("optimize");
    assertEquals(await holding(folder, WORD), []);
    assertEquals((await storage.list({ filter: {}, offset: 0, limit: 0 })).total, 1);
    await storage.close();
  }));

Deno.test("the outbox's file and its log keep nothing of what was handed on or dropped", () =>
  inFolder(async (folder, path) => {
    const inner = await openStorage({ backend: "sqlite", path });
    const network = new Network(), settings = { path: join(folder, "outbox.db"), maxWrites: 1000, maxBytes: 1 << 24 };
    const storage = await withOutbox(settings, () => Promise.resolve(network.over(inner)));
    storage.capabilities.outbox!.start({ waiting() {}, made() {}, setAside() {}, empty() {} });
    network.away = true;
    const items = Array.from({ length: 20 }, (_, i) => plain(i, { content: `${WORD}${i} `.repeat(20 * i + 1) }));
    await storage.store(items, { mayQueue: true });
    assert((await holding(folder, WORD)).some((name) => name.startsWith("outbox.db")));
    network.away = false;
    await until(
      () => Promise.resolve(storage.capabilities.outbox!.figures),
      ({ pending }) => pending === 0,
      "the outbox to be empty",
    );
    const left = async () => (await holding(folder, WORD)).filter((name) => name.startsWith("outbox"));
    await until(left, (names) => names.length === 0, "the outbox to forget the words");
    await storage.delete(items.map(({ memory }) => memory.content_hash));
    await storage.maintain("optimize");
    assertEquals(await holding(folder, WORD), []);
    await storage.close();
  }));

Deno.test("the command line empties the store of what was deleted, and the embedding cache has no words in it", () =>
  inFolder(async (folder) => {
    const settings = { MCP_EMBEDDING_CACHE_PATH: join(folder, "vectors.db") };
    const run = async (...args: string[]) => {
      const child = await spawn(args, testEnvironment(folder, settings), { stdout: "piped" });
      const { code, stdout } = await within(child.output(), args.join(" "));
      assertEquals(code, 0);
      return JSON.parse(new TextDecoder().decode(stdout));
    };
    const { memory } = await run("store", `The ${WORD} note`, "--json");
    await run("reembed", "--json");
    await run("search", `${WORD} note`, "--json");
    const storage = await openStorage({ backend: "sqlite", path: join(folder, "unimem.db") });
    await storage.delete([memory.content_hash]);
    await storage.close();
    await run("optimize", "--json");
    assertEquals(await holding(folder, WORD), []);
    assert((await Deno.stat(join(folder, "vectors.db"))).size > 0);
  }));
