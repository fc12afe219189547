/** A database with overwritten pages: nothing is written into it any more, and everything that can be read comes out. */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { MemoryError } from "../../src/errors.ts";
import { contentHash } from "../../src/memory/hash.ts";
import { exportMemories } from "../../src/operations/moving/export.ts";
import { openStorage, storeFiles } from "../../src/storage/factory.ts";
import type { MemoryStorage } from "../../src/storage/contract/storage.ts";
import { FILLINGS, overwrite, type Page, pagesOf, rowsIn } from "./damage.ts";
import { memory, MODEL, vector } from "./fixtures.ts";

const COUNT = 900, TRASHED = 60, LINKS = 40;

/** The content of a memory; every tenth takes pages of its own. */
const contentOf = (i: number) => `Memory ${i} of the ledger ${`with line ${i} `.repeat(i % 10 === 0 ? 700 : i % 37)}`;

/** A store with memories, trash and relations, whose log is empty. */
async function made(path: string): Promise<void> {
  const storage = await openStorage({ backend: "sqlite", path });
  await storage.registerModel(MODEL);
  const items = Array.from({ length: COUNT + TRASHED }, (_, i) => {
    const content = contentOf(i);
    const fields = { content, content_hash: contentHash(content), tags: [`t${i % 5}`], metadata: { number: i } };
    return { memory: memory(i, fields), vectors: { model: MODEL.id, chunks: [vector(i)] } };
  });
  for (let i = 0; i < items.length; i += 100) await storage.store(items.slice(i, i + 100));
  const hashes = items.map(({ memory }) => memory.content_hash);
  await storage.trash(hashes.slice(COUNT), { at: 1_700_000_000, reason: "deleted" });
  await storage.relate(
    hashes.slice(0, LINKS).map((source, i) => ({ source, target: hashes[i + 1]!, type: "follows", created_at: 5 })),
  );
  await storage.close();
}

const TEMPLATE = await (async () => {
  const folder = await Deno.makeTempDir({ prefix: "unimem-damage-" });
  addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  await made(join(folder, "memory.db"));
  return join(folder, "memory.db");
})();
const PAGES = pagesOf(TEMPLATE);

/** A copy of the store to damage. */
async function withStore(run: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "unimem-damaged-" });
  try {
    await Deno.copyFile(TEMPLATE, join(folder, "memory.db"));
    await run(join(folder, "memory.db"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

interface Exported {
  header: Record<string, unknown>;
  trailer: Record<string, unknown>;
  memories: Map<string, string>;
  trashed: number;
  relations: number;
  unreadable: { content_hash: string | null; row: number; trashed: boolean }[];
}

async function exported(storage: MemoryStorage): Promise<Exported> {
  const runtime = { storage, now: () => 1, version: "test" };
  const chunks = await Array.fromAsync(exportMemories(runtime, { vectors: true, trash: true }));
  const lines = chunks.map(({ text }) => text).join("").trim().split("\n").map((line) => JSON.parse(line));
  const of = (kind: string) => lines.filter((line) => line.kind === kind);
  return {
    header: lines[0],
    trailer: lines.at(-1),
    memories: new Map(of("memory").map(({ content_hash, content }) => [content_hash, content])),
    trashed: of("trashed").length,
    relations: of("relation").length,
    unreadable: of("unreadable"),
  };
}

/** What a call is refused with; null when it isn't. */
async function refusal(call: Promise<unknown>): Promise<MemoryError | null> {
  return await call.then(() => null, (error) => error);
}

/** Calls that between them read everything a store has. */
async function readAll(storage: MemoryStorage): Promise<void> {
  const all = { filter: {}, offset: 0, limit: 1000 };
  const hashes = Array.from({ length: COUNT }, (_, i) => contentHash(contentOf(i)));
  const calls = [
    storage.list(all),
    storage.getByHash(hashes),
    storage.vectors(hashes),
    storage.findText("the ledger with line", all),
    storage.listTrash({ offset: 0, limit: 1000 }),
    storage.restore(hashes),
    storage.relations({ limit: 1000 }),
  ];
  for (const result of await Promise.allSettled(calls)) {
    if (result.status === "rejected") assertEquals(result.reason.code, "unavailable", result.reason);
  }
}

/** Pages of each table and index: a leaf and, where there is one, a page above. */
const CHOSEN = PAGES.filter(({ name, kind }, i) =>
  !["sqlite_schema", "content_words_config"].includes(name) && // nothing opens without these
  PAGES.findLastIndex((page) => page.name === name && page.kind === kind) === i
);

for (const { name, kind, number } of CHOSEN) {
  Deno.test(`a damaged ${kind} page of ${name} loses no answered write, and the export has all but its rows`, () =>
    withStore(async (path) => {
      overwrite(path, [number]);
      const storage = await openStorage({ backend: "sqlite", path });
      await readAll(storage);
      let stored = 0, error: MemoryError | null = null;
      for (let i = 0; error === null && i < 30; i++) {
        const content = `Written later ${i}`;
        const item = { memory: memory(5000 + i, { content, content_hash: contentHash(content) }), vectors: null };
        error = await refusal(storage.store([item]));
        if (error === null) stored++;
      }
      const { condition } = await storage.condition().then(
        (condition) => ({ condition }),
        () => ({ condition: null }),
      );
      const known = condition === null || condition.issues.some(({ kind }) => kind === "damaged");
      if (known) {
        assertEquals(error?.code, "unavailable");
        assertStringIncludes(error!.message, "unimem export");
      }
      const { memories, trashed, relations, unreadable, trailer } = await exported(storage);
      const lostMemories = unreadable.filter(({ trashed }) => !trashed).length;
      assertEquals(memories.size + lostMemories, COUNT + stored, `${memories.size} and ${lostMemories} lost`);
      assertEquals(trashed + unreadable.length - lostMemories, TRASHED);
      if (name !== "relations") assertEquals(relations, LINKS);
      for (let i = 0; i < COUNT; i++) {
        const content = contentOf(i), hash = contentHash(content);
        assert(memories.get(hash) === content || unreadable.some(({ content_hash }) => content_hash === hash), content);
      }
      const holds = name === "memories" || name === "trash" ? kind !== "internal" : false;
      assertEquals(unreadable.length > 0, holds, `${unreadable.length} can't be read`);
      if (unreadable.length > 0) assertEquals(trailer.unreadable, unreadable.length);
      assertEquals(trailer.memories, memories.size);
      await storage.close();
      assertEquals([...Deno.readDirSync(join(path, ".."))].filter(({ name }) => name.includes("salvage")), []);
    }));
}

for (const [filling, fill] of Object.entries(FILLINGS)) {
  Deno.test(`a leaf of ${filling}: exactly its memories are named, by hash and row`, () =>
    withStore(async (path) => {
      const page = PAGES.find(({ name, kind }) => name === "memories" && kind === "leaf")!;
      const lost = rowsIn(path, page.number, "SELECT id, content_hash AS value FROM memories WHERE id = ?");
      assert(lost.length > 0);
      overwrite(path, [page.number], fill);
      const storage = await openStorage({ backend: "sqlite", path });
      const { memories, unreadable, trailer, header } = await exported(storage);
      assertEquals(unreadable.map(({ content_hash }) => content_hash!).sort(), lost.sort());
      assert(unreadable.every(({ row }) => row > 0));
      assertEquals([memories.size, trailer.unreadable], [COUNT - lost.length, lost.length]);
      assertEquals(header.kind, "header");
      await storage.close();
    }));
}

Deno.test("the pages above the memories, the hashes and the revisions damaged at once: every memory still comes out", () =>
  withStore(async (path) => {
    const internal = PAGES.filter(({ kind, name }) => kind === "internal" && !name.startsWith("sqlite_schema"));
    overwrite(path, internal.map(({ number }) => number));
    const storage = await openStorage({ backend: "sqlite", path });
    const { memories, trashed, relations, trailer } = await exported(storage);
    assertEquals([memories.size, trashed], [COUNT, TRASHED]);
    assert(relations >= LINKS - 1, "more is lost than the entry in the page above"); // its entries are rows too
    assertEquals(trailer.uncertain, true);
    await storage.close();
  }));

Deno.test("a store that doesn't open for its damage says what to do, keeps no lock, and its memories still come out", () =>
  withStore(async (path) => {
    const needed = PAGES.filter(({ name }) => ["sqlite_schema", "content_words_config"].includes(name));
    assert(needed.length >= 2);
    for (const { number } of needed) {
      await Deno.copyFile(TEMPLATE, path);
      overwrite(path, [number]);
      const error = await assertRejects(() => openStorage({ backend: "sqlite", path }), MemoryError);
      assertEquals(error.code, "configuration");
      if (number !== 1) assertStringIncludes(error.message, "unimem export");
      {
        await using salvage = await storeFiles.salvage(path);
        const memories = (await Array.fromAsync(salvage.memories(null))).flat();
        assertEquals([memories.length, salvage.altered.length], [COUNT, 0]);
        assertEquals(new Set(memories.map(({ content }) => content)).size, COUNT);
        assertEquals((await Array.fromAsync(salvage.trashed())).flat().length, TRASHED);
      }
      (await storeFiles.take(path)).release();
    }
  }));

for (const page of ["4096", "1024", "16384"]) {
  Deno.test(`a header that is gone, or names pages of another size than ${page} bytes, costs no memory, nor does the log`, () =>
    withStore(async (path) => {
      await Deno.remove(path);
      const storage = await openStorage({ backend: "sqlite", path, pragmas: { page_size: page } });
      const added = (i: number) => {
        const content = contentOf(i);
        return { memory: memory(i, { content, content_hash: contentHash(content) }), vectors: null };
      };
      await storage.store(Array.from({ length: 300 }, (_, i) => added(i)));
      await storage.maintain("optimize"); // which empties the log
      await storage.store([added(300)]);
      assert((await Deno.stat(`${path}-wal`)).size > 0);
      const whole = await Deno.readFile(path), log = await Deno.readFile(`${path}-wal`);
      await storage.close();
      const other = page === "4096" ? 0x2000 : 0x1000;
      for (const [at, bytes] of [[0, new Array(100).fill(0)], [16, [2, 0]], [16, [other >> 8, 0]]] as const) {
        await Deno.writeFile(path, whole);
        await Deno.writeFile(`${path}-wal`, log);
        using file = await Deno.open(path, { write: true });
        await file.seek(at, Deno.SeekMode.Start);
        await file.write(Uint8Array.from(bytes));
        await using salvage = await storeFiles.salvage(path);
        const found = (await Array.fromAsync(salvage.memories(null))).flat();
        assertEquals(new Set(found.map(({ content }) => content)).size, 301, `${bytes.length} bytes at ${at}`);
        assertEquals(salvage.altered, []);
      }
    }));
}

Deno.test("a text that was changed within its pages comes out and is named", () =>
  withStore(async (path) => {
    const bytes = await Deno.readFile(path), text = new TextDecoder("latin1").decode(bytes);
    // In the middle of a long memory, where nothing but its own hash can tell.
    const at = text.indexOf("with line 10 with line 10 ");
    assert(at > 0);
    using file = await Deno.open(path, { write: true });
    await file.seek(at, Deno.SeekMode.Start);
    await file.write(new TextEncoder().encode("XXXX XXXX XX"));
    overwrite(path, [PAGES.find(({ name, kind }) => name === "content_words_data" && kind === "leaf")!.number]);
    overwrite(path, [PAGES.find(({ name, kind }) => name === "counters" && kind === "leaf")!.number]);
    const storage = await openStorage({ backend: "sqlite", path });
    const { memories, trailer } = await exported(storage);
    assertEquals([memories.size, trailer.altered, trailer.unreadable], [COUNT, 1, 0]);
    await storage.close();
  }));

Deno.test("pages overwritten under an open store: writes go on until a read comes upon it, then none is answered", () =>
  withStore(async (path) => {
    const storage = await openStorage({ backend: "sqlite", path });
    await storage.list({ filter: {}, offset: 0, limit: 1 });
    const leaves = PAGES.filter(({ name, kind }: Page) => name === "memories" && kind === "leaf");
    overwrite(path, leaves.slice(0, 5).map(({ number }) => number));
    const added = (i: number) => ({
      memory: memory(7000 + i, { content: `New ${i}`, content_hash: contentHash(`New ${i}`) }),
      vectors: null,
    });
    assertEquals(await storage.store([added(1)]), ["stored"]);
    const hashes = Array.from({ length: COUNT }, (_, i) => contentHash(contentOf(i)));
    assertEquals((await refusal(storage.getByHash(hashes)))?.code, "unavailable");
    const writes = [
      storage.store([added(2)]),
      storage.update(hashes[COUNT - 1]!, { tags: ["x"] }, 5),
      storage.delete([hashes[COUNT - 1]!]),
      storage.trash([hashes[COUNT - 1]!], { at: 1, reason: "deleted" }),
      storage.emptyTrash({}),
      storage.relate([{ source: hashes[0]!, target: hashes[5]!, type: "x", created_at: 1 }]),
      storage.changeNote("note", null, "value"),
      storage.maintain("optimize"),
    ];
    for (const error of await Promise.all(writes.map(refusal))) {
      assertEquals(error?.code, "unavailable");
      assertStringIncludes(error!.message, "restore a backup");
    }
    const { memories, unreadable } = await exported(storage);
    assert(memories.has(contentHash("New 1")) && !memories.has(contentHash("New 2")));
    assertEquals(memories.size + unreadable.length, COUNT + 1);
    await storage.close();
  }));

Deno.test("words of a client's that sound like damage don't count as such", () =>
  withStore(async (path) => {
    const storage = await openStorage({ backend: "sqlite", path });
    await assertRejects(() => storage.scan("database disk image is malformed", 1), MemoryError);
    await storage.findText("malformed: not a database", { filter: {}, offset: 0, limit: 1 });
    const item = { memory: memory(9000, { content: "disk image is malformed" }), vectors: null };
    assertEquals(await storage.store([item]), ["stored"]);
    assertEquals(await storage.capabilities.snapshots!.salvage(), null);
    await storage.close();
  }));
