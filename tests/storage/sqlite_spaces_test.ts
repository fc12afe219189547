/** Spaces in a database file: files from before there were any, other processes, upkeep and what is left of damage. */

import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openStorage, storeFiles } from "../../src/storage/factory.ts";
import type { MemoryStore } from "../../src/storage/contract/spaces.ts";
import type { MemoryStorage } from "../../src/storage/contract/storage.ts";
import { APPLICATION_ID, MIGRATIONS } from "../../src/storage/sqlite/migrations.ts";
import { quantise } from "../../src/storage/sqlite/quantise.ts";
import { overwrite, pagesOf } from "./damage.ts";
import { embedded, foundByWords, hashOf, MODEL, plain, vector } from "./fixtures.ts";

const PAGE = { offset: 0, limit: 99 };
/** Schema of the last version that knew no spaces. */
const WITHOUT_SPACES = 6;

const only = (store: MemoryStore, name: string) => store.spaces.within({ write: name, read: [name] });
const contentsOf = async (storage: MemoryStorage) =>
  (await storage.list({ filter: {}, ...PAGE, order: "oldest" })).memories.map(({ content }) => content);

async function inFolder(run: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "unimem-spaces-" });
  try {
    await run(join(folder, "memory.db"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A file as the version before wrote it. */
function fileWithoutSpaces(path: string): void {
  const database = new DatabaseSync(path), { codes, remainders } = quantise([vector(1)], MODEL.dimensions);
  for (const step of MIGRATIONS.slice(0, WITHOUT_SPACES)) database.exec(step);
  database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${WITHOUT_SPACES}`);
  database.exec("UPDATE counters SET value = 9 WHERE name = 'revision'");
  const memory = database.prepare(
    "INSERT INTO memories (content_hash, content, tags, metadata, created_at, updated_at, revision, superseded) " +
      "VALUES (?, ?, '[\"old\"]', '{}', ?, 5, 9, ?)",
  );
  [1, 2, 3, 9].forEach((n) =>
    memory.run(hashOf(n), `Memory number ${n}`, n, n === 2 ? `{"by":"${hashOf(3)}","at":5,"reason":"newer"}` : null)
  );
  database.exec(`DELETE FROM memories WHERE content_hash = '${hashOf(9)}'; INSERT INTO tombstones VALUES (9, 4)`);
  const { id, name, provider, dimensions } = MODEL;
  database.prepare("INSERT INTO models VALUES (1, ?, ?, ?, ?)").run(id, name, provider, dimensions);
  database.exec("UPDATE counters SET value = 1 WHERE name = 'active_model'");
  database.prepare("INSERT INTO vectors VALUES (1, 1, ?, ?)").run(codes, remainders);
  database.exec(
    "INSERT INTO trash (content_hash, content, tags, metadata, created_at, updated_at, deleted_at, reason) " +
      `VALUES ('${hashOf(7)}', 'Trashed', '[]', '{}', 7, 7, 8, 'deleted')`,
  );
  database.prepare("INSERT INTO trash_vectors VALUES (?, 1, ?, ?)").run(hashOf(7), codes, remainders);
  const relate = database.prepare("INSERT INTO relations VALUES (?, 'about', ?, 3)");
  relate.run(hashOf(1), hashOf(3));
  relate.run(hashOf(1), hashOf(7));
  database.exec("INSERT INTO notes VALUES ('kept', 'as it was')");
  database.close();
}

Deno.test("A file from before there were spaces opens with everything in default", () =>
  inFolder(async (path) => {
    fileWithoutSpaces(path);
    let store = await openStorage({ backend: "sqlite", path });
    const home = only(store, "default");
    assertEquals(await contentsOf(home), [1, 2, 3].map((n) => `Memory number ${n}`));
    assertEquals((await store.spaces.list()).map(({ name, memories, trashed }) => [name, memories, trashed]), [
      ["default", 3, 1],
    ]);
    const [first, second] = await home.getByHash([hashOf(1), hashOf(2)]);
    assertEquals([first!.tags, first!.space, first!.writer, second!.superseded!.by], [
      ["old"],
      undefined,
      undefined,
      hashOf(3),
    ]);
    assertEquals((await foundByWords(home, "number 3"))[0], "Memory number 3");
    assertEquals((await home.findText("memory number", { filter: {}, ...PAGE })).total, 3);
    assertEquals((await home.vectors([hashOf(1), hashOf(2)])).map((set) => set?.model ?? null), [MODEL.id, null]);
    assertEquals((await home.relations({ limit: 9 })).length, 1);
    assertEquals(await home.restore([hashOf(7)]), [true]);
    assertEquals([(await home.relations({ limit: 9 })).length, (await home.vectors([hashOf(7)]))[0]?.model], [
      2,
      MODEL.id,
    ]);
    assertEquals(await store.note("kept"), "as it was");
    await only(store, "team").store([plain(1)]);
    await home.delete([hashOf(1)]);
    assertEquals([await contentsOf(only(store, "team")), (await home.relations({ limit: 9 })).length], [[
      "Memory number 1",
    ], 0]);
    await store.close();
    store = await openStorage({ backend: "sqlite", path });
    assertEquals((await contentsOf(store)).length, 4);
    await store.close();

    const database = new DatabaseSync(path);
    assertEquals(database.prepare("PRAGMA foreign_key_check").all(), []);
    assertEquals(database.prepare("PRAGMA integrity_check").all().map((row) => row.integrity_check), ["ok"]);
    // No row id comes back that an earlier memory had.
    assertEquals(database.prepare("SELECT min(id) AS id FROM memories WHERE space > 1").get()!.id, 6);
    database.close();
  }));

Deno.test("Processes that share a file see each other's spaces, names and moves at once", () =>
  inFolder(async (path) => {
    const [one, two] = await Promise.all([1, 2].map(() => openStorage({ backend: "sqlite", path })));
    await one!.registerModel(MODEL);
    await only(one!, "a").store([embedded(1), embedded(2)]);
    assertEquals(await contentsOf(only(two!, "a")), ["Memory number 1", "Memory number 2"]);
    assertEquals(await two!.spaces.rename("a", "b"), true);
    assertEquals([await contentsOf(only(one!, "a")), (await contentsOf(only(one!, "b"))).length], [[], 2]);
    assertEquals((await only(one!, "b").getByHash([hashOf(1)]))[0]!.space, "b");
    assertEquals(await one!.spaces.move([hashOf(1)], "b", "c"), ["moved"]);
    assertEquals([await foundByWords(only(two!, "b"), "memory"), await foundByWords(only(two!, "c"), "memory")], [
      ["Memory number 2"],
      ["Memory number 1"],
    ]);
    const query = { text: null, vector: { model: MODEL.id, values: vector(1) }, filter: {}, limit: 9 };
    assertEquals((await only(two!, "c").candidates(query)).candidates.length, 1);
    await only(two!, "c").delete([hashOf(1)]);
    assertEquals(await two!.spaces.remove("c"), true);
    assertEquals((await one!.spaces.list()).map(({ name }) => name), ["default", "b"]);
    await Promise.all([one!.close(), two!.close()]);
  }));

Deno.test("Upkeep leaves memories, trash and relations in their spaces", () =>
  inFolder(async (path) => {
    let store = await openStorage({ backend: "sqlite", path });
    const a = only(store, "a"), b = only(store, "b");
    for (const view of [a, b]) {
      await view.store([1, 2, 3].map((n) => plain(n, { tags: [view.scope.write] })));
      await view.relate([{ source: hashOf(1), target: hashOf(2), type: "about", created_at: 1 }]);
      await view.trash([hashOf(3)], { at: 5, reason: "deleted" });
    }
    const stateOf = async (view: MemoryStorage) => [
      await view.list({ filter: {}, ...PAGE }),
      await view.listTrash(PAGE),
      await view.relations({ limit: 9 }),
      await foundByWords(view, "number 2"),
    ];
    const before = [await stateOf(a), await stateOf(b)];
    await store.maintain("optimize");
    await store.maintain("rebuild_index");
    assertEquals([await stateOf(a), await stateOf(b)], before);
    await store.close();
    store = await openStorage({ backend: "sqlite", path });
    assertEquals([await stateOf(only(store, "a")), await stateOf(only(store, "b"))], before);
    await store.close();
  }));

Deno.test("What is left of a damaged file says which space it was in", () =>
  inFolder(async (path) => {
    const store = await openStorage({ backend: "sqlite", path });
    const writer = { name: "ann", channel: "rest" } as const;
    for (const space of ["default", "a", "b"]) {
      const view = only(store, space);
      await view.store([1, 2, 3].map((n) => plain(n, { writer })));
      await view.relate([{ source: hashOf(1), target: hashOf(2), type: "about", created_at: 1 }]);
      await view.trash([hashOf(3)], { at: 5, reason: "deleted" });
    }
    await store.close();
    overwrite(
      path,
      pagesOf(path).filter(({ name }) => name === "sqlite_autoindex_memories_1").map((page) => page.number),
    );
    await using salvage = await storeFiles.salvage(path);
    const all = async <T>(steps: AsyncGenerator<T[]>) => (await Array.fromAsync(steps)).flat();
    const memories = await all(salvage.memories(null)), trashed = await all(salvage.trashed());
    const relations = await all(salvage.relations());
    assertEquals(memories.map(({ content_hash, space }) => [content_hash, space]), [
      [hashOf(1), undefined],
      [hashOf(2), undefined],
      ...["a", "b"].flatMap((space) => [[hashOf(1), space], [hashOf(2), space]]),
    ]);
    assertEquals(memories.every((memory) => memory.writer?.name === "ann"), true);
    assertEquals(trashed.map(({ memory }) => memory.space), [undefined, "a", "b"]);
    assertEquals(relations.map(({ space }) => space), [undefined, "a", "b"]);
  }));
