/** Spaces: a part of what every storage driver does. */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { MemoryError } from "../../../src/errors.ts";
import type { MemoryStore } from "../../../src/storage/contract/spaces.ts";
import type { MemoryStorage } from "../../../src/storage/contract/storage.ts";
import { embedded, foundByWords, hashOf, memory, MODEL, numberOf, plain, vector } from "../fixtures.ts";
import type { StorageTest } from "../storage_contract.ts";

const ALL = { filter: {}, offset: 0, limit: 99 };
const PAGE = { offset: 0, limit: 99 };
const only = (store: MemoryStore, name: string) => store.spaces.within({ write: name, read: [name] });
const at = (seconds: number) => ({ at: seconds, reason: "deleted" });
const link = (source: number, target: number) => ({
  source: hashOf(source),
  target: hashOf(target),
  type: "about",
  created_at: 1,
});
const contentsOf = async (storage: MemoryStorage) =>
  (await storage.list({ ...ALL, order: "oldest" })).memories.map(({ content }) => content);
const factsOf = async (store: MemoryStore) =>
  (await store.spaces.list()).map(({ name, memories, trashed }) => [name, memories, trashed]);

export function spaces(test: StorageTest): void {
  test("keeps the same text once in each space, with what each says of it", async (store) => {
    const team = only(store, "team"), mine = only(store, "default");
    assertEquals(await mine.store([plain(1, { tags: ["mine"] })]), ["stored"]);
    assertEquals(await team.store([plain(1, { tags: ["theirs"] }), plain(2)]), ["stored", "stored"]);
    assertEquals(await team.store([plain(1)]), ["duplicate"]);
    const [here] = await mine.getByHash([hashOf(1)]), [there] = await team.getByHash([hashOf(1)]);
    assertEquals([here!.tags, here!.space, "space" in here!], [["mine"], undefined, false]);
    assertEquals([there!.tags, there!.space], [["theirs"], "team"]);
    assertEquals(await mine.getByHash([hashOf(2)]), [null]);
    await team.update(hashOf(1), { tags: ["changed"] }, 5);
    await mine.delete([hashOf(1)]);
    assertEquals([await mine.getByHash([hashOf(1)]), (await team.getByHash([hashOf(1)]))[0]!.tags], [[null], [
      "changed",
    ]]);
  });

  test("gives a memory by its handle only where its space is read", async (store) => {
    const team = only(store, "team");
    await team.store([plain(1, { content: "kiwi" })]);
    const { candidates } = await team.candidates({ text: "kiwi", vector: null, filter: {}, limit: 9 });
    assertEquals(candidates.length, 1);
    const ids = candidates.map(({ id }) => id);
    assertEquals((await team.getById(ids)).map((found) => found?.content), ["kiwi"]);
    assertEquals(await only(store, "other").getById(ids), [null]);
    assertEquals(await only(store, "default").getById(ids), [null]);
    assertEquals((await store.getById(ids))[0]?.space, "team");
  });

  test("reads several spaces as if they were one, and changes one of them", async (store) => {
    await only(store, "a").store([
      plain(1, { content: "kiwi and plum", tags: ["x"], created_at: 1 }),
      plain(2, { content: "kiwi", created_at: 3, conversation_id: "talk" }),
    ]);
    await only(store, "b").store([
      plain(3, { content: "kiwi kiwi fig", tags: ["x", "y"], created_at: 2, memory_type: "note" }),
      plain(4, { content: "yam", created_at: 4, conversation_id: "talk" }),
      plain(1, { content: "kiwi and plum", tags: ["b"], created_at: 5 }),
    ]);
    await only(store, "c").store([plain(9, { content: "kiwi from elsewhere", tags: ["z"] })]);
    const view = store.spaces.within({ write: "b", read: ["a", "b"] });
    assertEquals(view.scope, { write: "b", read: ["a", "b"] });
    const found = await view.list({ ...ALL, order: "oldest" });
    assertEquals([found.total, found.memories.map(({ content_hash: hash, space }) => [hash, space])], [5, [
      [hashOf(1), "a"],
      [hashOf(3), "b"],
      [hashOf(2), "a"],
      [hashOf(4), "b"],
      [hashOf(1), "b"],
    ]]);
    const page = await view.list({ filter: {}, offset: 1, limit: 2 });
    assertEquals(page.memories.map(({ content_hash }) => content_hash), [hashOf(4), hashOf(2)]);
    // The writing space comes first, whatever the order to read in.
    assertEquals((await view.getByHash([hashOf(1), hashOf(2), hashOf(9)])).map((one) => one?.space), [
      "b",
      "a",
      undefined,
    ]);
    assertEquals((await view.tags()).slice(0, 1), [{ tag: "x", count: 2 }]);
    assertEquals((await view.stats()).total_memories, 5);
    assertEquals(await view.keysFrom("0", 9, "memories"), [1, 2, 3, 4].map(hashOf));
    assertEquals(await view.histogram([0, 2.5, 9], {}), [2, 3]);
    const { memories, total } = await view.findText("KIWI", ALL);
    assertEquals([total, memories[0]!.content], [4, "kiwi kiwi fig"]);
    assertEquals((await foundByWords(view, "kiwi")).length, 4);
    assertEquals([await view.update(hashOf(2), { tags: ["no"] }, 9), await view.delete([hashOf(2)])], [null, [false]]);
    assertEquals(await view.trash([hashOf(1), hashOf(2)], at(9)), [true, false]);
    assertEquals((await view.getByHash([hashOf(1)])).map((one) => one?.space), ["a"]);
    const around = await view.neighbours(
      [{ content_hash: hashOf(4), conversation_id: "talk", created_at: 4, space: "b" }],
      3,
    );
    assertEquals(around, [{ before: [], after: [] }]);
  });

  test("gives the turns around a memory from its own space, where several are read", async (store) => {
    const turns = (from: number) =>
      [from, from + 1, from + 2].map((n) => plain(n, { conversation_id: "talk", created_at: n }));
    await only(store, "default").store(turns(1));
    await only(store, "a").store(turns(2));
    await only(store, "b").store(turns(11));
    const asked = (number: number, space: string | null) => ({
      content_hash: hashOf(number),
      conversation_id: "talk",
      created_at: number,
      ...space === null ? {} : { space },
    });
    const asking = [asked(3, "a"), asked(2, null), asked(12, "b"), asked(3, null)];
    const around = async (view: MemoryStorage) =>
      (await view.neighbours(asking, 2)).map(({ before, after }) =>
        [...before, ...after].map(({ content_hash, space = "default" }) => `${space} ${numberOf(content_hash)}`)
      );
    const ofA = ["a 2", "a 4"], ofDefault = ["default 1", "default 3"], ofB = ["b 11", "b 13"];
    const all = [ofA, ofDefault, ofB, ["default 1", "default 2"]];
    assertEquals(await around(store), all);
    assertEquals(await around(store.spaces.within({ write: "a", read: ["a", "default", "b"] })), all);
    assertEquals(await around(store.spaces.within({ write: "a", read: ["a", "b"] })), [ofA, [], ofB, []]);
  });

  test("weighs words by the spaces read alone", async (store) => {
    const fruit = ["kiwi", "kiwi plum", "fig"].map((content, i) => plain(i + 1, { content }));
    await only(store, "a").store(fruit);
    const ask = (view: MemoryStorage) => view.candidates({ text: "kiwi yam", vector: null, filter: {}, limit: 9 });
    const before = await ask(only(store, "a"));
    await only(store, "b").store(
      Array.from({ length: 30 }, (_, i) => plain(i + 10, { content: `kiwi yam leek ${i}` })),
    );
    const { candidates: _, ...facts } = await ask(only(store, "a")), { candidates: found, ...known } = before;
    assertEquals(facts, known);
    assertEquals([facts.terms, facts.memories, found.length], [["kiwi"], 3, 2]);
  });

  test("finds by vector in the spaces read alone, and makes vectors for all", async (store) => {
    await store.registerModel(MODEL);
    const a = only(store, "a"), b = only(store, "b"), query = { model: MODEL.id, values: vector(1) };
    await a.store([embedded(1), embedded(2)]);
    await b.store([embedded(1), plain(3)]);
    const near = async (view: MemoryStorage) =>
      (await view.candidates({ text: null, vector: query, filter: {}, limit: 9 })).candidates.length;
    assertEquals([await near(a), await near(b), await near(only(store, "c"))], [2, 1, 0]);
    assertEquals([(await a.vectorCoverage()).embedded, (await b.vectorCoverage()).memories], [2, 2]);
    assertEquals((await store.withoutVectors(MODEL.id, 9)).map(({ content_hash }) => content_hash), [hashOf(3)]);
    await a.store([plain(3)]);
    await store.addVectors([{ content_hash: hashOf(3), vectors: { model: MODEL.id, chunks: [vector(3)] } }]);
    assertEquals([await near(a), await near(b), await near(store)], [3, 2, 5]);
    assertEquals([(await a.vectors([hashOf(2)]))[0] === null, await b.vectors([hashOf(2)])], [false, [null]]);
  });

  test("keeps the trash of each space apart", async (store) => {
    const a = only(store, "a"), b = only(store, "b");
    await a.store([plain(1), plain(2)]);
    await b.store([plain(1), plain(3)]);
    await a.trash([hashOf(1), hashOf(3)], at(10));
    assertEquals([(await a.listTrash(PAGE)).total, (await b.listTrash(PAGE)).total], [1, 0]);
    assertEquals((await a.listTrash(PAGE)).items[0]!.memory.space, "a");
    assertEquals(await b.restore([hashOf(1)]), [false]);
    assertEquals(await b.emptyTrash({}), 0);
    await b.store([plain(1)]);
    assertEquals(await a.restore([hashOf(1)]), [true]);
    await a.trash([hashOf(1)], at(10));
    await b.trash([hashOf(3)], at(20));
    assertEquals(await b.importTrashed([{ memory: memory(1), deleted_at: 1, reason: "" }]), [false]);
    assertEquals(await b.importTrashed([{ memory: memory(2), deleted_at: 1, reason: "" }]), [true]);
    assertEquals([await b.keysFrom("0", 9, "trash"), await a.keysFrom("0", 9, "trash")], [[hashOf(2), hashOf(3)], [
      hashOf(1),
    ]]);
    assertEquals(await store.emptyTrash({ deleted_before: 15 }), 2);
    assertEquals(await factsOf(store), [["default", 0, 0], ["a", 1, 0], ["b", 1, 1]]);
  });

  test("links and replaces memories within one space", async (store) => {
    const a = only(store, "a"), b = only(store, "b");
    await a.store([plain(1), plain(2), plain(3)]);
    await b.store([plain(1), plain(2)]);
    assertEquals(await a.relate([link(1, 2)]), ["added"]);
    assertEquals(await b.relate([link(1, 3)]), ["missing"]);
    assertEquals([await b.relations({ limit: 9 }), await a.relations({ limit: 9 })], [[], [
      { ...link(1, 2), space: "a" },
    ]]);
    assertEquals(await b.unrelate([link(1, 2)]), [false]);
    await b.delete([hashOf(1)]);
    assertEquals((await a.relations({ hashes: [hashOf(1)], limit: 9 })).length, 1);
    const [before] = await a.getByHash([hashOf(1)]);
    await a.updateUnchanged(before!, { superseded: { by: hashOf(2), at: 5, reason: "" } }, 6, { current: hashOf(2) });
    await b.delete([hashOf(2)]);
    assertEquals((await a.getByHash([hashOf(1)]))[0]!.superseded?.by, hashOf(2));
    await a.trash([hashOf(2)], at(9));
    assertEquals((await a.getByHash([hashOf(1)]))[0]!.superseded, undefined);
  });

  test("keeps who stored a memory, and filters by it", async (store) => {
    const writer = { name: "ann", channel: "mcp", client: { name: "editor", version: "1.2" } } as const;
    const a = only(store, "a");
    await a.store([plain(1, { writer }), plain(2, { writer: { name: "bob", channel: "mcp" } }), plain(3)]);
    assertEquals((await a.getByHash([hashOf(1)]))[0]!.writer, writer);
    assertEquals("writer" in (await a.getByHash([hashOf(3)]))[0]!, false);
    const listed = async (filter: { writer?: string; channel?: "mcp" | "rest" }) =>
      (await a.list({ ...ALL, filter, order: "oldest" })).memories.map(({ content_hash }) => content_hash);
    assertEquals(await listed({ writer: "ann" }), [hashOf(1)]);
    assertEquals(await listed({ channel: "mcp" }), [hashOf(1), hashOf(2)]);
    assertEquals(await listed({ channel: "rest" }), []);
    assertEquals(await listed({ writer: "bob", channel: "mcp" }), [hashOf(2)]);
    await a.update(hashOf(1), { tags: ["x"] }, 9);
    await a.trash([hashOf(1)], at(9));
    assertEquals((await a.listTrash(PAGE)).items[0]!.memory.writer, writer);
    await a.restore([hashOf(1)]);
    assertEquals(await listed({ writer: "ann" }), [hashOf(1)]);
  });

  test("as a whole keeps each memory in the space that it names", async (store) => {
    const relation = { ...link(1, 2), space: "a" };
    await store.store([plain(1, { space: "a" }), plain(2, { space: "a" }), plain(1)]);
    assertEquals(await store.relate([relation, link(1, 2)]), ["added", "missing"]);
    await store.importTrashed([{ memory: memory(3, { space: "b" }), deleted_at: 1, reason: "" }]);
    assertEquals(await factsOf(store), [["default", 1, 0], ["a", 2, 0], ["b", 0, 1]]);
    assertEquals(await only(store, "a").relations({ limit: 9 }), [relation]);
    assertEquals(await store.relations({ limit: 9 }), [relation]);
    const { memories } = await store.scan(null, 9);
    assertEquals(memories.map(({ space }) => space ?? "").sort(), ["", "a", "a"]);
    // A view puts everything where it writes, whatever the memory says.
    await only(store, "b").store([plain(4, { space: "a" })]);
    assertEquals((await only(store, "b").getByHash([hashOf(4)]))[0]!.space, "b");
    await assertRejects(() => store.store([plain(5, { space: "No/Space" })]), MemoryError, "No/Space");
  });

  test("makes, lists and removes spaces", async (store) => {
    assertEquals(await store.spaces.create("team.b_1-x", 7), true);
    assertEquals(await store.spaces.create("team.b_1-x", 8), false);
    assertEquals(await store.spaces.create("default", 8), false);
    await store.spaces.create("a", 9);
    assertEquals((await store.spaces.list()).map(({ name, created_at }) => [name, created_at]), [
      ["default", null],
      ["a", 9],
      ["team.b_1-x", 7],
    ]);
    await only(store, "a").store([plain(1)]);
    const refusal = await assertRejects(() => store.spaces.remove("a"), MemoryError);
    assertEquals(refusal.code, "conflict");
    await only(store, "a").trash([hashOf(1)], at(1));
    await assertRejects(() => store.spaces.remove("a"), MemoryError);
    await only(store, "a").emptyTrash({});
    assertEquals([await store.spaces.remove("a"), await store.spaces.remove("a")], [true, false]);
    assertEquals(await factsOf(store), [["default", 0, 0], ["team.b_1-x", 0, 0]]);
    for (const name of ["", ".", "..", "Upper", "a b", "x".repeat(65)]) {
      const error = await assertRejects(() => store.spaces.create(name, 1), MemoryError);
      assertEquals(error.code, "invalid_input");
      assertThrows(() => only(store, name), MemoryError);
    }
    assertThrows(() => store.spaces.within({ write: "a", read: ["b"] }), MemoryError);
    assertEquals((await assertRejects(() => store.spaces.remove("default"), MemoryError)).code, "invalid_input");
    // A space that is made again holds nothing of the one before.
    await only(store, "a").store([plain(2)]);
    assertEquals(await contentsOf(only(store, "a")), ["Memory number 2"]);
  });

  test("renames a space with all that is in it", async (store) => {
    const a = only(store, "a"), b = only(store, "b");
    await a.store([plain(1), plain(2)]);
    await a.relate([link(1, 2)]);
    await a.trash([hashOf(2)], at(1));
    assertEquals([await store.spaces.rename("a", "b"), await store.spaces.rename("gone", "c")], [true, false]);
    assertEquals([await contentsOf(a), await contentsOf(b)], [[], ["Memory number 1"]]);
    await b.restore([hashOf(2)]);
    assertEquals((await b.relations({ limit: 9 })).map(({ space }) => space), ["b"]);
    await a.store([plain(3)]);
    assertEquals((await assertRejects(() => store.spaces.rename("a", "b"), MemoryError)).code, "conflict");
    assertEquals((await assertRejects(() => store.spaces.rename("default", "c"), MemoryError)).code, "invalid_input");
    assertEquals(await contentsOf(a), ["Memory number 3"]);
  });

  test("moves memories with what belongs to them", async (store) => {
    await store.registerModel(MODEL);
    const a = only(store, "a"), b = only(store, "b"), numbers = [1, 2, 3, 4, 5];
    await a.store(numbers.map((number) => embedded(number, { conversation_id: "talk", tags: [`t${number}`] })));
    await b.store([plain(2, { tags: ["theirs"] })]);
    await a.relate([link(1, 3), link(1, 4), link(1, 2)]);
    const replace = async (older: number, newer: number) => {
      const [before] = await a.getByHash([hashOf(older)]);
      await a.updateUnchanged(before!, { superseded: { by: hashOf(newer), at: 5, reason: "" } }, 6);
    };
    await replace(3, 1); // both move
    await replace(4, 1); // stays, what replaced it moves
    await replace(1, 5); // moves, what replaced it stays
    const moved = await store.spaces.move([1, 2, 3, 8].map(hashOf), "a", "b");
    assertEquals(moved, ["moved", "duplicate", "moved", "missing"]);
    assertEquals([await contentsOf(a), await contentsOf(b)], [["Memory number 4", "Memory number 5"], [
      "Memory number 1",
      "Memory number 2",
      "Memory number 3",
    ]]);
    const [first, second, third] = await b.getByHash([1, 2, 3].map(hashOf));
    assertEquals([first!.tags, first!.space, first!.superseded], [["t1"], "b", undefined]);
    assertEquals([second!.tags, third!.superseded?.by], [["theirs"], hashOf(1)]);
    assertEquals((await a.getByHash([hashOf(4)]))[0]!.superseded?.by, hashOf(5));
    assertEquals((await b.vectors([hashOf(1), hashOf(3)])).map((set) => set?.model), [MODEL.id, MODEL.id]);
    assertEquals((await b.relations({ limit: 9 })).map(({ target }) => target).sort(), [hashOf(2), hashOf(3)]);
    assertEquals(await a.relations({ limit: 9 }), []);
    assertEquals((await a.listTrash(PAGE)).items.map((item) => item.memory.content_hash), [hashOf(2)]);
    assertEquals((await foundByWords(b, "number 3"))[0], "Memory number 3");
    assertEquals((await foundByWords(a, "number 3")).sort(), ["Memory number 4", "Memory number 5"]);
    const query = { text: null, vector: { model: MODEL.id, values: vector(1) }, filter: {}, limit: 1 };
    const [best] = await b.getById((await b.candidates(query)).candidates.slice(0, 1).map(({ id }) => id));
    assertEquals(best!.content_hash, hashOf(1));
    assertEquals(await store.spaces.move([hashOf(1)], "a", "b"), ["missing"]);
    await assertRejects(() => store.spaces.move([hashOf(1)], "b", "b"), MemoryError);
  });
}
