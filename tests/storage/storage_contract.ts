/**
 * What every storage driver does. Run by each driver's own test file.
 */

import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertInstanceOf,
  assertLessOrEqual,
  assertRejects,
} from "@std/assert";
import { MemoryError } from "../../src/errors.ts";
import { fold } from "../../src/memory/fold.ts";
import type { Memory, MemoryFilter } from "../../src/memory/memory.ts";
import type { Role } from "../../src/memory/role.ts";
import { analyse } from "../../src/memory/text.ts";
import type { MemoryStorage } from "../../src/storage/contract/storage.ts";
import {
  cosine,
  DIMENSIONS,
  embedded,
  foundByWords,
  hashOf,
  memory,
  MODEL,
  numberOf,
  OTHER,
  plain,
  sum,
  vector,
} from "./fixtures.ts";
import { WORDS_CONTRACT } from "./words_contract.ts";

/** Cosines may be off by so much, for stores may keep vectors in a compact form. */
const TOLERANCE = 0.01;

/** Texts that trip up stores which build queries from them or keep text as C strings. */
const AWKWARD = [
  'He said "NEAR(a b, 2)" AND NOT *',
  "'; DROP TABLE memories; --",
  "a\0b after the NUL",
  "lone \ud800 surrogate \udc00!",
  "mark \u0001 and \u00010\u0001",
  "日本語のメモと emoji 👩‍👩‍👧 and é",
  "line\nbreaks\r\nand\ttabs %_[]{}",
  "-",
];

/** An empty store and how to let go of it. */
export interface OpenedStore extends AsyncDisposable {
  storage: MemoryStorage;
}

/**
 * Runs the suite.
 *
 * @param open Opens a new, empty store.
 * @param options `ignore` reports every test as ignored, where the store's server isn't there.
 */
export function describeStorage(
  name: string,
  open: () => Promise<OpenedStore>,
  { ignore = false }: { ignore?: boolean } = {},
): void {
  const test = (sentence: string, run: (storage: MemoryStorage) => Promise<void>) =>
    Deno.test({
      name: `${name} ${sentence}`,
      ignore,
      fn: async () => {
        await using opened = await open();
        await run(opened.storage);
      },
    });

  test("keeps a content of 350,000 characters whole, and finds it once by any of its chunks", async (storage) => {
    await storage.registerModel(MODEL);
    const line = "The tide tables of the harbour were read again and nothing changed.\n";
    const content = `${line.repeat(3000)}Zephyrine hid the key.\n${line.repeat(2200)}`;
    const chunks = Array.from({ length: 400 }, (_, i) => vector(1000 + i));
    await storage.store([embedded(1, { content }, chunks), ...[2, 3, 4].map((number) => embedded(number))]);
    assertEquals((await storage.get([hashOf(1)]))[0]!.content, content);
    assertEquals((await storage.list({ filter: {}, offset: 0, limit: 10 })).total, 4);
    for (const chunk of [0, 199, 399]) {
      const query = {
        text: "Zephyrine",
        vector: { model: MODEL.id, values: vector(1000 + chunk) },
        filter: {},
        limit: 10,
      };
      const { candidates } = await storage.candidates(query);
      const read = await storage.read(candidates.map(({ id }) => id));
      const own = candidates.filter((_, i) => read[i]!.content_hash === hashOf(1));
      assertEquals(own.length, 1);
      assertAlmostEquals(own[0]!.semantic!, 1, TOLERANCE);
      assertGreater(sum(own[0]!.words), 0);
    }
    assertEquals((await storage.containing("zephyrine hid", { filter: {}, offset: 0, limit: 5 })).total, 1);
    assertEquals(await storage.trash([hashOf(1)], { at: 1_700_000_100, reason: "deleted" }), [true]);
    assertEquals(await storage.restore([hashOf(1)]), [true]);
    assertEquals((await storage.get([hashOf(1)]))[0]!.content, content);
  });

  test("finds the keys that begin with some digits, among memories and in the trash, each by itself", async (storage) => {
    const keyed = (number: number, content_hash: string) => plain(number, { content_hash });
    const keys = ["a1b2c3d4e5f0", "a1b2c3d4e5f1", "a1b2c3d4e6", "ffffffffffff", "0000000000ab"].map((digits, i) =>
      digits + String(i).repeat(64 - digits.length)
    );
    await storage.store(keys.map((key, i) => keyed(i + 1, key)));
    const [one, two, three, last, first] = keys as [string, string, string, string, string];
    assertEquals(await storage.keysFrom("a1b2c3d4e5", 10, "memories"), [one, two]);
    assertEquals(await storage.keysFrom("a1b2c3d4e", 2, "memories"), [one, two]);
    assertEquals(await storage.keysFrom("a1b2c3d4e", 9, "memories"), [one, two, three]);
    assertEquals(await storage.keysFrom("a1b2c3d4e5f1", 9, "memories"), [two]);
    assertEquals(await storage.keysFrom(two.slice(0, 40), 9, "memories"), [two]);
    assertEquals(await storage.keysFrom(two, 9, "memories"), [two]);
    assertEquals(await storage.keysFrom("ffffffffff", 9, "memories"), [last]);
    assertEquals(await storage.keysFrom("0000000000", 9, "memories"), [first]);
    assertEquals(await storage.keysFrom("a1b2c3d4e7", 9, "memories"), []);
    assertEquals(await storage.keysFrom(`${two.slice(0, 40)}f`, 9, "memories"), []);
    assertEquals(await storage.keysFrom("a1b2c3d4e5", 10, "trash"), []);
    await storage.trash([one], { at: 1_700_000_100, reason: "deleted" });
    assertEquals(await storage.keysFrom("a1b2c3d4e5", 10, "trash"), [one]);
    assertEquals(await storage.keysFrom("a1b2c3d4e5", 10, "memories"), [two]);
  });

  test("gives back every field of a memory as it was stored", async (storage) => {
    const full = memory(1, {
      content: "  spaces around, kept  ",
      tags: ["b", "a, with comma", 'quote"', "🦕", "it's"],
      memory_type: "decision",
      metadata: { text: "x", number: 1.5, flag: true, nothing: null, list: [1, { deep: "y" }] },
      conversation_id: "talk/1",
      created_at: 1_700_000_000.123456,
      updated_at: 1_700_000_001.5,
    });
    assertEquals(await storage.store([{ memory: full, vectors: null }]), ["stored"]);
    assertEquals(await storage.get([full.content_hash]), [full]);
  });

  test("keeps times to the microsecond and numbers to fifteen digits", async (storage) => {
    const at = (i: number) => (1_764_050_000_000_000 + i * 7_919_131) / 1e6;
    const stored = Array.from({ length: 100 }, (_, i) =>
      memory(i, {
        created_at: at(i),
        updated_at: at(i + 1),
        metadata: { seconds: at(i + 2), share: i / 1000, large: 2 ** 53 - i, negative: -i - 0.123456789 },
        superseded: { by: hashOf(i + 1), at: at(i + 3), reason: "newer" },
      }));
    await storage.store(stored.map((memory) => ({ memory, vectors: null })));
    assertEquals(await storage.get(stored.map(({ content_hash }) => content_hash)), stored);
    assertEquals((await storage.update(hashOf(1), { created_at: at(500) }, at(501)))?.created_at, at(500));
    const [changed] = await storage.get([hashOf(1)]);
    assertEquals([changed?.created_at, changed?.updated_at], [at(500), at(501)]);
    await storage.trash([hashOf(2)], { at: at(502), reason: "deleted" });
    assertEquals((await storage.trashed({ offset: 0, limit: 1 })).items[0]?.deleted_at, at(502));
  });

  test("answers unknown keys with null, in the order asked", async (storage) => {
    await storage.store([plain(1), plain(2)]);
    assertEquals(await storage.get([hashOf(2), "no such hash", hashOf(1)]), [memory(2), null, memory(1)]);
    assertEquals(await storage.get([]), []);
  });

  test("reports a duplicate and leaves the stored memory as it was", async (storage) => {
    assertEquals(await storage.store([plain(1), plain(2), plain(1, { tags: ["twice"] })]), [
      "stored",
      "stored",
      "duplicate",
    ]);
    assertEquals(await storage.store([plain(1, { tags: ["later"] }), plain(3)]), ["duplicate", "stored"]);
    assertEquals(await storage.get([hashOf(1)]), [memory(1)]);
    assertEquals((await storage.stats()).total_memories, 3);
  });

  test("stores once what concurrent callers store at the same time", async (storage) => {
    const outcomes = await Promise.all(Array.from({ length: 40 }, (_, i) => storage.store([plain(i % 10)])));
    assertEquals(outcomes.flat().filter((outcome) => outcome === "stored").length, 10);
    assertEquals((await storage.list({ filter: {}, offset: 0, limit: 100 })).total, 10);
  });

  test("keeps and finds text with quotes, NUL, lone surrogates and other scripts", async (storage) => {
    await storage.store(AWKWARD.map((text, i) =>
      plain(i, {
        content: text,
        tags: [text],
        memory_type: text,
        conversation_id: text,
        metadata: { [text]: text },
      })
    ));
    for (const [i, text] of AWKWARD.entries()) {
      assertEquals((await storage.get([hashOf(i)]))[0]?.content, text);
      for (
        const filter of [
          { tags: { values: [text], match: "all" } },
          { memory_type: text },
          { conversation_id: text },
          { metadata: { [text]: text } },
        ] satisfies MemoryFilter[]
      ) {
        const { memories, total } = await storage.list({ filter, offset: 0, limit: 10 });
        assertEquals([total, memories[0]?.content_hash], [1, hashOf(i)], JSON.stringify(filter));
      }
      await storage.candidates({ text, vector: null, filter: {}, limit: 10 });
      const { memories } = await storage.containing(text, { filter: {}, offset: 0, limit: 10 });
      assert(memories.some((found) => found.content === text), text);
    }
    assertEquals((await storage.tags()).map(({ tag }) => tag).toSorted(), AWKWARD.toSorted());
  });

  test("changes tags, type and metadata, and only what the patch names", async (storage) => {
    await storage.store([plain(1, { tags: ["old"], memory_type: "note", metadata: { kept: 1, changed: 1 } })]);
    const changed = await storage.update(hashOf(1), { metadata: { changed: null, added: [2] } }, 1_800_000_000.5);
    const expected = memory(1, {
      tags: ["old"],
      memory_type: "note",
      metadata: { kept: 1, changed: null, added: [2] },
      updated_at: 1_800_000_000.5,
    });
    assertEquals(changed, expected);
    assertEquals(await storage.get([hashOf(1)]), [expected]);
    const again = await storage.update(hashOf(1), { tags: ["new", "x"], memory_type: null }, 1_800_000_001);
    assertEquals([again?.tags, again?.memory_type], [["new", "x"], null]);
    assertEquals(await storage.tags(), [{ tag: "new", count: 1 }, { tag: "x", count: 1 }]);
    assertEquals(await storage.update("no such hash", { tags: [] }, 0), null);
  });

  test("deletes memories and says which were there", async (storage) => {
    await storage.registerModel(MODEL);
    await storage.store([embedded(1, { tags: ["t"] }), embedded(2), embedded(3)]);
    assertEquals(await storage.delete([hashOf(1), "no such hash", hashOf(3)]), [true, false, true]);
    assertEquals(await storage.get([1, 2, 3].map(hashOf)), [null, memory(2), null]);
    assertEquals(await storage.tags(), []);
    assertEquals(await foundByWords(storage, "memory"), ["Memory number 2"]);
    const query = { text: null, vector: { model: MODEL.id, values: vector(1) }, filter: {}, limit: 10 };
    assertEquals((await storage.candidates(query)).candidates.length, 1);
    assertEquals((await storage.containing("number", { filter: {}, offset: 0, limit: 9 })).total, 1);
    assertEquals(await storage.store([embedded(1)]), ["stored"]);
    assertEquals((await storage.candidates(query)).candidates.length, 2);
  });

  test("adds and takes off tags of what is stored, whoever changed them before", async (storage) => {
    await storage.store([plain(1, { tags: ["a", "b"] })]);
    await Promise.all([
      storage.update(hashOf(1), { add_tags: ["c", "a"] }, 1_800_000_000),
      storage.update(hashOf(1), { remove_tags: ["b", "none"], add_tags: ["d"] }, 1_800_000_001),
    ]);
    assertEquals((await storage.get([hashOf(1)]))[0]?.tags.toSorted(), ["a", "c", "d"]);
    const moved = await storage.update(hashOf(1), { tags: ["x"], add_tags: ["y"], remove_tags: ["x"] }, 1_800_000_002);
    assertEquals(moved?.tags, ["y"]);
  });

  test("keeps the time of a memory that a change leaves as it is", async (storage) => {
    await storage.store([plain(1, { tags: ["a"], memory_type: "note", metadata: { n: { x: 1, y: 2 }, m: 1 } })]);
    const [before] = await storage.get([hashOf(1)]);
    for (
      const patch of [
        { tags: ["a"] },
        { memory_type: "note" },
        { metadata: { n: { y: 2, x: 1 } } },
        { add_tags: ["a"], remove_tags: ["z"] },
        { superseded: null },
        {},
      ]
    ) {
      assertEquals(await storage.update(hashOf(1), patch, 1_900_000_000), before, JSON.stringify(patch));
    }
    assertEquals((await storage.get([hashOf(1)]))[0], before);
    const changed = await storage.update(hashOf(1), { metadata: { n: null } }, 1_900_000_000);
    assertEquals([changed?.updated_at, changed?.metadata], [1_900_000_000, { n: null, m: 1 }]);
  });

  test("moves a memory in time, in listings and in its conversation", async (storage) => {
    await storage.store(
      [1, 2, 3].map((number) => plain(number, { conversation_id: "talk", content: `turn ${number}` })),
    );
    const moved = await storage.update(hashOf(3), { created_at: 1_600_000_000 }, 1_800_000_000);
    assertEquals([moved?.created_at, moved?.updated_at], [1_600_000_000, 1_800_000_000]);
    const { memories } = await storage.list({ filter: {}, offset: 0, limit: 9 });
    assertEquals(memories.map((found) => found.content), ["turn 2", "turn 1", "turn 3"]);
    const [first] = (await storage.list({ filter: { created_before: 1_650_000_000 }, offset: 0, limit: 9 })).memories;
    assertEquals(first?.content, "turn 3");
    const { candidates } = await storage.candidates({ text: "3", vector: null, filter: {}, limit: 1 });
    const found = await storage.read(candidates.map(({ id }) => id));
    const third = candidates[found.findIndex((memory) => memory?.content === "turn 3")]!;
    assertEquals([third.before.length, third.after.length], [0, 2]);
  });

  test("hides what is in the trash from everything but the trash", async (storage) => {
    await storage.registerModel(MODEL);
    await storage.store([embedded(1, { tags: ["t"], memory_type: "x" }), embedded(2), embedded(3)]);
    const trashing = { at: 1_800_000_000.5, reason: 'deleted by "someone"' };
    assertEquals(await storage.trash([hashOf(1), "no such hash"], trashing), [true, false]);
    assertEquals(await storage.trash([hashOf(3)], { at: 1_800_000_001, reason: "later" }), [true]);
    assertEquals(await storage.trash([hashOf(3)], trashing), [false]);
    assertEquals(await storage.get([1, 2, 3].map(hashOf)), [null, memory(2), null]);
    assertEquals((await storage.list({ filter: {}, offset: 0, limit: 9 })).total, 1);
    assertEquals(await storage.tags(), []);
    assertEquals(await foundByWords(storage, "memory"), ["Memory number 2"]);
    const query = { text: null, vector: { model: MODEL.id, values: vector(1) }, filter: {}, limit: 10 };
    assertEquals((await storage.candidates(query)).candidates.length, 1);
    assertEquals((await storage.containing("number", { filter: {}, offset: 0, limit: 9 })).total, 1);
    assertEquals((await storage.stats()).total_memories, 1);
    assertEquals(await storage.histogram([0, 2e9], {}), [1]);
    assertEquals((await storage.values("memory_type", {})).map(({ value }) => value), [null]);
    assertEquals(await storage.vectors([hashOf(1)]), [null]);
    assertEquals(await storage.withoutVectors(MODEL.id, 9), []);
    assertEquals(await storage.update(hashOf(1), { tags: [] }, 1), null);
    assertEquals(await storage.delete([hashOf(1)]), [false]);
    assertEquals(await storage.trashed({ offset: 0, limit: 1 }), {
      items: [{ memory: memory(3), deleted_at: 1_800_000_001, reason: "later" }],
      total: 2,
    });
    const { items } = await storage.trashed({ offset: 1, limit: 9 });
    assertEquals(items, [{
      memory: memory(1, { tags: ["t"], memory_type: "x" }),
      deleted_at: trashing.at,
      reason: trashing.reason,
    }]);
  });

  test("takes back from the trash all that a memory had", async (storage) => {
    await storage.registerModel(MODEL);
    const full = embedded(1, { tags: ["t"], conversation_id: "talk", metadata: { a: [1] } });
    await storage.store([full, embedded(2)]);
    await storage.trash([hashOf(1)], { at: 1, reason: "deleted" });
    assertEquals(await storage.restore([hashOf(1), hashOf(2), "no such hash"]), [true, false, false]);
    assertEquals(await storage.restore([hashOf(1)]), [false]);
    assertEquals(await storage.get([hashOf(1)]), [full.memory]);
    assertEquals((await storage.trashed({ offset: 0, limit: 9 })).total, 0);
    assertEquals((await storage.vectorCoverage()).embedded, 2);
    const query = { text: "1", vector: { model: MODEL.id, values: vector(1) }, filter: {}, limit: 1 };
    const { candidates } = await storage.candidates(query);
    assertEquals((await storage.read([candidates[0]!.id]))[0]?.content_hash, hashOf(1));
    assertAlmostEquals(candidates[0]!.semantic!, 1, TOLERANCE);
    assertEquals(await storage.tags(), [{ tag: "t", count: 1 }]);
  });

  test("drops from the trash what is stored again, without bringing it back", async (storage) => {
    await storage.store([plain(1, { tags: ["old"] })]);
    await storage.trash([hashOf(1)], { at: 1, reason: "deleted" });
    assertEquals(await storage.store([plain(1, { tags: ["new"] })]), ["stored"]);
    assertEquals((await storage.trashed({ offset: 0, limit: 9 })).total, 0);
    assertEquals(await storage.restore([hashOf(1)]), [false]);
    assertEquals((await storage.get([hashOf(1)]))[0]?.tags, ["new"]);
  });

  test("empties the trash by age, by key or altogether, each memory once", async (storage) => {
    await storage.store(Array.from({ length: 8 }, (_, i) => plain(i)));
    for (let i = 0; i < 8; i++) await storage.trash([hashOf(i)], { at: i, reason: "deleted" });
    const counts = await Promise.all([1, 2].map(() => storage.emptyTrash({ deleted_before: 3 })));
    assertEquals(counts.reduce((sum, count) => sum + count, 0), 3);
    assertEquals(await storage.emptyTrash({ hashes: [hashOf(3), hashOf(0), "no such hash"] }), 1);
    assertEquals(await storage.emptyTrash({ hashes: [hashOf(7)], deleted_before: 7 }), 0);
    assertEquals(await storage.emptyTrash({ hashes: [] }), 0);
    assertEquals((await storage.trashed({ offset: 0, limit: 9 })).total, 4);
    assertEquals(await storage.emptyTrash({}), 4);
    assertEquals(await storage.trashed({ offset: 0, limit: 9 }), { items: [], total: 0 });
  });

  test("counts memories by time and by value, under a filter", async (storage) => {
    await storage.store([
      plain(1, { created_at: 10, tags: ["a", "b"], memory_type: "note" }),
      plain(2, { created_at: 20, tags: ["b"] }),
      plain(3, { created_at: 29.5, tags: ["b", "c"], memory_type: "note" }),
      plain(4, { created_at: 40, memory_type: "decision" }),
    ]);
    assertEquals(await storage.histogram([0, 10, 20, 30, 40], {}), [0, 1, 2, 0]);
    assertEquals(await storage.histogram([15, 100], {}), [3]);
    assertEquals(await storage.histogram([0, 25, 100], { memory_type: "note" }), [1, 1]);
    assertEquals(await storage.histogram([50, 60, 70], {}), [0, 0]);
    assertEquals(await storage.values("tags", {}), [
      { value: "b", count: 3, latest: 29.5 },
      { value: "a", count: 1, latest: 10 },
      { value: "c", count: 1, latest: 29.5 },
    ]);
    assertEquals((await storage.values("tags", { tags: { values: ["a"], match: "any" } })).map(({ value }) => value), [
      "a",
      "b",
    ]);
    assertEquals(await storage.values("memory_type", { created_from: 15 }), [
      { value: "decision", count: 1, latest: 40 },
      { value: "note", count: 1, latest: 29.5 },
      { value: null, count: 1, latest: 20 },
    ]);
    assertEquals(await storage.values("tags", { memory_type: "nothing" }), []);
  });

  test("tells how long contents are, longest first", async (storage) => {
    assertEquals(await storage.sizes(3), { total_bytes: 0, largest: [] });
    await storage.store(["é", "abc", "ab🦕"].map((content, i) => plain(i, { content })));
    const { total_bytes, largest } = await storage.sizes(2);
    assertEquals([total_bytes, largest], [11, [
      { content_hash: hashOf(2), bytes: 6 },
      { content_hash: hashOf(1), bytes: 3 },
    ]]);
  });

  test("gives back the active model's vectors, chunk by chunk", async (storage) => {
    await storage.registerModel(MODEL);
    await storage.store([embedded(1, {}, [vector(1), vector(2)]), plain(2)]);
    const [found, ...none] = await storage.vectors([hashOf(1), hashOf(2), "no such hash"]);
    assertEquals([found!.model, found!.chunks.length, ...none], [MODEL.id, 2, null, null]);
    for (const [i, chunk] of found!.chunks.entries()) assertAlmostEquals(cosine(chunk, vector(i + 1)), 1, 0.001);
  });

  test("maintains itself while it is used", async (storage) => {
    await storage.registerModel(MODEL);
    await storage.store(Array.from({ length: 50 }, (_, i) => embedded(i)));
    await storage.delete([hashOf(7)]);
    const [optimized, rebuilt] = await Promise.all([
      storage.maintain("optimize"),
      storage.maintain("rebuild_index"),
      storage.store([embedded(60)]),
    ]);
    assert(optimized !== "" && rebuilt !== "");
    assertEquals((await storage.list({ filter: {}, offset: 0, limit: 1 })).total, 50);
    assertEquals((await foundByWords(storage, "number 60", {}, 1))[0], "Memory number 60");
    const query = { text: null, vector: { model: MODEL.id, values: vector(9) }, filter: {}, limit: 1 };
    const { candidates } = await storage.candidates(query);
    assertEquals((await storage.read([candidates[0]!.id]))[0]?.content_hash, hashOf(9));
  });

  test("lists newest first by time and then by arrival, in pages without gaps or repeats", async (storage) => {
    const times = [5, 1, 9, 5, 7, 5, 2];
    for (const [i, time] of times.entries()) await storage.store([plain(i, { created_at: time })]);
    const newest = await storage.list({ filter: {}, offset: 0, limit: 100 });
    assertEquals(newest.memories.map((found) => found.created_at), times.toSorted((a, b) => b - a));
    const pages = await Promise.all([0, 3, 6, 9].map((offset) => storage.list({ filter: {}, offset, limit: 3 })));
    assertEquals(pages.flatMap((page) => page.memories), newest.memories);
    assertEquals(pages.map((page) => page.total), [7, 7, 7, 7]);
    const oldest = await storage.list({ filter: {}, offset: 0, limit: 100, order: "oldest" });
    assertEquals(oldest.memories, newest.memories.toReversed());
    assertEquals(await storage.list({ filter: {}, offset: 0, limit: 0 }), { memories: [], total: 7 });
  });

  test("applies every filter alone and in combination, to listings and to searches alike", async (storage) => {
    await storage.registerModel(MODEL);
    const all = Array.from({ length: 48 }, (_, i) =>
      memory(i, {
        content: `filtered words ${i}`,
        tags: [...(i % 2 ? ["odd"] : []), ...(i % 3 ? [] : ["third", "x,y"])],
        memory_type: i % 4 ? (i % 4 === 1 ? "note" : "decision") : null,
        conversation_id: i % 5 ? `c${i % 5}` : null,
        metadata: { level: i % 3, name: `n${i % 2}`, flag: i % 2 === 0, ...(i % 6 ? {} : { gone: null }) },
        created_at: 1000 + i,
      }));
    await storage.store(all.map((memory, i) => ({ memory, vectors: { model: MODEL.id, chunks: [vector(i)] } })));
    const filters: MemoryFilter[] = [
      {},
      { tags: { values: ["odd"], match: "any" } },
      { tags: { values: ["odd", "third"], match: "any" } },
      { tags: { values: ["odd", "third"], match: "all" } },
      { tags: { values: ["x,y"], match: "all" } },
      { tags: { values: ["od"], match: "any" } },
      { tags: { values: ["x", "y"], match: "any" } },
      { memory_type: "note" },
      { memory_type: "nothing" },
      { conversation_id: "c2" },
      { created_from: 1010, created_before: 1020 },
      { metadata: { level: 2 } },
      { metadata: { level: "2" } },
      { metadata: { level: 1, name: "n0", flag: true } },
      { metadata: { gone: null } },
      {
        memory_type: "decision",
        tags: { values: ["third"], match: "any" },
        created_from: 1012,
        metadata: { level: 0 },
      },
      { conversation_id: "c1", memory_type: "note", created_before: 1040, tags: { values: ["odd"], match: "all" } },
    ];
    for (const filter of filters) {
      const expected = all.filter((candidate) => passes(candidate, filter)).map((found) => found.content).toReversed();
      const { memories, total } = await storage.list({ filter, offset: 0, limit: 100 });
      assertEquals(memories.map((found) => found.content), expected, JSON.stringify(filter));
      assertEquals(total, expected.length);
      const byWords = await foundByWords(storage, "filtered", filter);
      assertEquals(byWords.toSorted(), expected.toSorted(), JSON.stringify(filter));
      const vectors = { text: null, vector: { model: MODEL.id, values: vector(7) }, filter, limit: 5 };
      const near = (await storage.candidates(vectors)).candidates;
      assertGreaterOrEqual(near.length, Math.min(5, expected.length)); // more when turns around them pass
      const read = await storage.read(near.map(({ id }) => id));
      assert(read.every((found) => expected.includes(found!.content)), JSON.stringify(filter));
      const { total: containing } = await storage.containing("FILTERED words", { filter, offset: 0, limit: 3 });
      assertEquals(containing, expected.length);
    }
  });

  test("counts tags, most used first and then by name", async (storage) => {
    await storage.store([plain(1, { tags: ["b", "c"] }), plain(2, { tags: ["c", "a"] }), plain(3, { tags: ["C"] })]);
    assertEquals(await storage.tags(), [
      { tag: "c", count: 2 },
      { tag: "C", count: 1 },
      { tag: "a", count: 1 },
      { tag: "b", count: 1 },
    ]);
    assertEquals((await storage.stats()).unique_tags, 4);
  });

  test("finds the union of the best by words and by vector, each scored by both", async (storage) => {
    await storage.registerModel(MODEL);
    await storage.store([
      embedded(1, { content: "The cat sat on the mat" }),
      embedded(2, { content: "Dogs chase cats and cats run" }),
      embedded(3, { content: "Nothing of the kind" }),
      plain(4, { content: "A cat without a vector" }),
    ]);
    const values = vector(3);
    const { candidates, words_ceiling } = await storage.candidates({
      text: "cats",
      vector: { model: MODEL.id, values },
      filter: {},
      limit: 10,
    });
    assertEquals(candidates.length, 4);
    const read = await storage.read(candidates.map(({ id }) => id));
    for (const [i, { semantic, words, before, after }] of candidates.entries()) {
      const number = numberOf(read[i]!.content_hash);
      if (number === 4) assertEquals(semantic, null);
      else assertAlmostEquals(semantic!, cosine(values, vector(number)), TOLERANCE);
      assertEquals(sum(words) > 0, number !== 3);
      assertLessOrEqual(sum(words), words_ceiling);
      assertEquals([before, after], [[], []]);
    }
    const words = new Map(candidates.map((candidate, i) => [read[i]!.content_hash, sum(candidate.words)]));
    assertGreater(words.get(hashOf(2))!, words.get(hashOf(1))!);
    const best = await storage.candidates({ text: "cats", vector: { model: MODEL.id, values }, filter: {}, limit: 1 });
    const hashes = (await storage.read(best.candidates.map(({ id }) => id))).map((found) => found!.content_hash);
    assertEquals(hashes.toSorted(), [hashOf(2), hashOf(3)]);
    assertGreater(best.candidates[hashes.indexOf(hashOf(2))]!.semantic!, -1);
  });

  test("says of a candidate which turns are around it, when it was made, and which turns have its label", async (storage) => {
    const said = ["Ana: Does the crane turn?", "Ben: The crane turns", "User: a crane", "Ana: The crane is blue"];
    await storage.store(said.map((content, i) => plain(i + 1, { content, conversation_id: "talk" })));
    await storage.store([plain(9, { content: "A crane elsewhere" })]);
    const { candidates } = await storage.candidates({ text: "crane", vector: null, filter: {}, limit: 10 });
    const read = await storage.read(candidates.map(({ id }) => id));
    const of = (number: number) => candidates[read.findIndex((found) => found?.content_hash === hashOf(number))]!;
    for (const number of [1, 2, 3, 4]) {
      const { previous, next, created_at } = of(number);
      assertEquals([previous, next], [
        number === 1 ? null : of(number - 1).id,
        number === 4 ? null : of(number + 1).id,
      ]);
      assertEquals(created_at, 1_700_000_000 + number);
    }
    assertEquals([of(9).previous, of(9).next, of(9).label], [null, null, null]);
    assertEquals(of(1).label, of(4).label);
    assertEquals(of(3).label, null);
    assert(of(2).label !== null && of(2).label !== of(1).label);

    await storage.update(hashOf(4), { created_at: 1_600_000_000 }, 1_800_000_000);
    const moved = await storage.candidates({ text: "blue", vector: null, filter: {}, limit: 1 });
    const blue = moved.candidates.find(({ id }) => id === of(4).id)!;
    assertEquals([blue.previous, blue.next, blue.created_at], [null, of(1).id, 1_600_000_000]);
  });

  test("waits for a vector that is still being made, whatever changes meanwhile", async (storage) => {
    await storage.registerModel(MODEL);
    const items = Array.from({ length: 6 }, (_, i) => embedded(i + 1, { content: `Cat number ${i + 1}` }));
    await storage.store(items);
    const made = Promise.withResolvers<{ model: string; values: Float32Array }>();
    const finding = storage.candidates({
      text: "cats",
      vector: made.promise,
      filter: { tags: { values: ["gone"], match: "any" }, superseded: false },
      limit: 10,
    });
    const all = storage.candidates({ text: "cats", vector: made.promise, filter: {}, limit: 10 });
    await storage.delete([hashOf(2)]);
    await storage.store([embedded(7, { content: "Dogs" })]);
    made.resolve({ model: MODEL.id, values: vector(3) });
    assertEquals((await finding).candidates, []);
    const { candidates } = await all, read = await storage.read(candidates.map(({ id }) => id));
    const numbers = read.flatMap((found) => found === null ? [] : [numberOf(found.content_hash)]);
    for (const number of [1, 3, 4, 5, 6]) assert(numbers.includes(number), `${number} is missing`);
    assert(!numbers.includes(2));
    const nearest = candidates[numbers.indexOf(3)]!;
    assertAlmostEquals(nearest.semantic!, 1, TOLERANCE);
    assertGreater(sum(nearest.words), 0);

    const failing = storage.candidates({
      text: "cats",
      vector: Promise.reject(new MemoryError("overloaded", "Too many")),
      filter: {},
      limit: 1,
    });
    await assertRejects(() => failing, MemoryError, "Too many");
  });

  test("answers words nobody stored with nothing and a ceiling of zero", async (storage) => {
    const none = await storage.candidates({ text: "anything", vector: null, filter: {}, limit: 5 });
    assertGreater(none.unseen_weight, 0);
    assertEquals({ ...none, unseen_weight: 0 }, {
      candidates: [],
      terms: [],
      words_ceiling: 0,
      weights: [],
      unseen_weight: 0,
      memories: 0,
      vector_ignored: false,
    });
    await storage.store([plain(1)]);
    for (const text of ["unheard", "", "   ", '"*', "NEAR("]) {
      const { words_ceiling } = await storage.candidates({ text, vector: null, filter: {}, limit: 5 });
      assertEquals(words_ceiling, 0, text);
    }
  });

  test("counts what passes and weighs the words that no memory has", async (storage) => {
    await storage.store([
      plain(1, { content: "one needle", tags: ["a"] }),
      plain(2, { content: "two", tags: ["a"] }),
      plain(3, { content: "three needles" }),
    ]);
    const query = { text: "needle unheard", vector: null, limit: 5 };
    const all = await storage.candidates({ ...query, filter: {} });
    assertEquals(all.memories, 3);
    assertEquals(all.weights.length, all.terms.length);
    assertAlmostEquals(sum(all.weights), all.words_ceiling, TOLERANCE);
    assertGreater(all.unseen_weight, all.weights[0]!);
    const filter: MemoryFilter = { tags: { values: ["a"], match: "any" }, superseded: false };
    assertEquals((await storage.candidates({ ...query, filter })).memories, 2);
    const known = await storage.candidates({ ...query, text: "needle", filter: {} });
    assertEquals(known.unseen_weight, 0);
  });

  test("lets a memory's best chunk count", async (storage) => {
    await storage.registerModel(MODEL);
    await storage.store([embedded(1, {}, [vector(10), vector(11), vector(12)]), embedded(2, {}, [vector(20)])]);
    for (const seed of [10, 11, 12]) {
      const { candidates } = await storage.candidates({
        text: null,
        vector: { model: MODEL.id, values: vector(seed) },
        filter: {},
        limit: 1,
      });
      assertEquals((await storage.read([candidates[0]!.id]))[0]?.content_hash, hashOf(1));
      assertAlmostEquals(candidates[0]!.semantic!, 1, TOLERANCE);
    }
  });

  test("gives the scores of the turns around a candidate, whatever the filter and order of arrival", async (storage) => {
    await storage.registerModel(MODEL);
    const turn = (number: number, fields = {}) =>
      embedded(number, { conversation_id: "talk", content: `turn ${number}`, ...fields });
    await storage.store([turn(5, { tags: ["x"], content: "the needle" }), turn(2), turn(9), turn(1)]);
    await storage.store([turn(7), turn(3), turn(4), embedded(6, { conversation_id: "other" })]);
    const values = vector(7);
    const query = { text: "needle turn", vector: { model: MODEL.id, values }, limit: 1 };
    const { candidates } = await storage.candidates({ ...query, filter: { tags: { values: ["x"], match: "any" } } });
    assertEquals(candidates.length, 1);
    const { before, after } = candidates[0]!;
    for (const [scores, numbers] of [[before, [4, 3]], [after, [7, 9]]] as const) {
      assertEquals(scores.length, numbers.length);
      scores.forEach(({ semantic, words }, i) => {
        assertAlmostEquals(semantic!, cosine(values, vector(numbers[i]!)), TOLERANCE);
        assertGreater(sum(words), 0);
      });
    }
    await storage.delete([hashOf(7)]);
    const later = await storage.candidates({ ...query, filter: { tags: { values: ["x"], match: "any" } } });
    assertEquals(later.candidates[0]!.after.length, 1);
  });

  test("gives the turns around many memories at once, in order of time, without the memory itself", async (storage) => {
    const turn = (number: number, at: number, conversation_id: string | null = "talk") =>
      plain(number, { conversation_id, created_at: at });
    await storage.store([turn(3, 30), turn(1, 10), turn(5, 50), turn(2, 20), turn(4, 40), turn(6, 30, "other")]);
    await storage.store([turn(7, 30, null), turn(8, 30)]);
    const asked = (number: number, at: number, conversation_id = "talk") => {
      return { content_hash: hashOf(number), conversation_id, created_at: at };
    };
    const around = async (turns: ReturnType<typeof asked>[], count: number) =>
      (await storage.neighbours(turns, count)).map(({ before, after }) =>
        [before, after].map((side) => side.map(({ content_hash }) => numberOf(content_hash)))
      );
    assertEquals(await around([asked(5, 50), asked(1, 10), asked(6, 30, "other"), asked(2, 20)], 2), [
      [[8, 4], []],
      [[], [2, 3]],
      [[], []],
      [[1], [3, 8]],
    ]);
    // Of several at one time each has the others after it.
    assertEquals(await around([asked(3, 30), asked(8, 30)], 2), [[[1, 2], [8, 4]], [[1, 2], [3, 4]]]);
    assertEquals(await around([asked(4, 40)], 0), [[[], []]]);
    assertEquals(await around([asked(9, 35), asked(9, 5, "none")], 1), [[[8], [4]], [[], []]]);
    assertEquals(await storage.neighbours([], 3), []);
    const [{ after: [full] } = { after: [] }] = await storage.neighbours([asked(4, 40)], 3);
    assertEquals(full, memory(5, { conversation_id: "talk", created_at: 50 }));
    await storage.update(hashOf(2), { created_at: 60 }, 61);
    await storage.delete([hashOf(4)]);
    assertEquals(await around([asked(5, 50)], 3), [[[1, 3, 8], [2]]]);
  });

  test("knows whose words a memory holds, from metadata before a label, and filters by it", async (storage) => {
    await storage.store([
      plain(1, { content: "User: the needle" }),
      plain(2, { content: "Assistant: the needle" }),
      plain(3, { content: "Assistant: the needle of a user", metadata: { role: "human" } }),
      plain(4, { content: "the needle alone", metadata: { role: 7 } }),
      plain(5, { content: "the needle", metadata: { role: "assistant" } }),
    ]);
    const query = { text: "needle", vector: null, limit: 10 };
    const roles = async () => {
      const { candidates } = await storage.candidates({ ...query, filter: {} });
      const memories = await storage.read(candidates.map(({ id }) => id));
      return Object.fromEntries(memories.map((memory, i) => [numberOf(memory!.content_hash), candidates[i]!.role]));
    };
    const found = async (role: Role) => {
      const { candidates } = await storage.candidates({ ...query, filter: { role } });
      const memories = await storage.read(candidates.map(({ id }) => id));
      const listed = await storage.list({ filter: { role }, offset: 0, limit: 10 });
      const numbers = (all: (Memory | null)[]) => all.map((memory) => numberOf(memory!.content_hash)).toSorted();
      assertEquals(numbers(memories), numbers(listed.memories));
      assertEquals(listed.total, candidates.length);
      return numbers(memories);
    };
    assertEquals(await roles(), { 1: "user", 2: "assistant", 3: "user", 4: null, 5: "assistant" });
    assertEquals([await found("user"), await found("assistant"), await found("tool")], [[1, 3], [2, 5], []]);
    await storage.update(hashOf(4), { metadata: { role: "tool" } }, 5);
    await storage.update(hashOf(3), { metadata: { role: null } }, 6);
    assertEquals(await roles(), { 1: "user", 2: "assistant", 3: "assistant", 4: "tool", 5: "assistant" });
    assertEquals([await found("user"), await found("assistant"), await found("tool")], [[1], [2, 3, 5], [4]]);
  });

  test("tells whose turn is whose, and which short ones ask", async (storage) => {
    const turn = (number: number, content: string, conversation_id: string | null = "talk") =>
      plain(number, { content, conversation_id });
    await storage.store([
      turn(1, "Caroline: I sail often"),
      turn(2, "elise: do you sail?"),
      turn(3, "I sail as well"),
      turn(4, "note: sail or not", "notes"),
      turn(5, "Caroline: sail?", null),
    ]);
    const { candidates, terms } = await storage.candidates({
      text: "Does elise or Caroline sail",
      vector: null,
      filter: {},
      limit: 10,
    });
    const memories = await storage.read(candidates.map(({ id }) => id));
    const facts = candidates.map(({ named, speaker, asks, length }, i) => {
      assertEquals(length, analyse(memories[i]!.content).length);
      return [numberOf(memories[i]!.content_hash), named, speaker.map((position) => terms[position]), asks] as const;
    });
    assertEquals(facts.toSorted(([a], [b]) => a - b), [
      [1, true, ["caroline"], false],
      [2, true, ["elise"], true],
      [3, false, [], false],
      [4, false, [], false],
      [5, false, [], false],
    ]);
  });

  test("finds text verbatim inside memories, ignoring case", async (storage) => {
    const texts = ["Error ERR_CONN_RESET at 10:42", "err_conn", "Straße und ÉCOLE", "a,b;c", "データベース設計"];
    await storage.store(texts.map((content, i) => plain(i, { content })));
    const contents = async (text: string) =>
      (await storage.containing(text, { filter: {}, offset: 0, limit: 10 })).memories.map((found) => found.content);
    assertEquals(await contents("err_conn_reset AT"), [texts[0]]);
    assertEquals((await contents("ERR_CONN")).toSorted(), [texts[0], texts[1]].toSorted());
    assertEquals(await contents("RR_CO"), await contents("rr_co"));
    assertEquals((await contents("rr_co")).length, 2);
    assertEquals(await contents("école"), [texts[2]]);
    assertEquals(await contents("b;"), [texts[3]]);
    assertEquals(await contents("ベース設"), [texts[4]]);
    assertEquals(await contents("err conn"), []);
    assertEquals(await contents('"'), []);
  });

  test("orders verbatim finds by their words and then by time, in pages with a total", async (storage) => {
    await storage.store(Array.from({ length: 9 }, (_, i) => plain(i, { content: `needle ${"hay ".repeat(i % 3)}` })));
    const all = await storage.containing("needle", { filter: {}, offset: 0, limit: 20 });
    assertEquals(all.memories.map((found) => numberOf(found.content_hash)), [6, 3, 0, 7, 4, 1, 8, 5, 2]);
    const page = await storage.containing("needle", { filter: {}, offset: 4, limit: 2 });
    assertEquals(page, { memories: all.memories.slice(4, 6), total: 9 });
  });

  test("makes the first model active and keeps it until another is activated", async (storage) => {
    assertEquals(await storage.vectorCoverage(), { active: null, memories: 0, embedded: 0 });
    assertEquals(await storage.registerModel(MODEL), MODEL);
    assertEquals(await storage.registerModel(OTHER), MODEL);
    assertEquals(await storage.registerModel(MODEL), MODEL);
    const other = { model: OTHER.id, chunks: [vector(2, OTHER.dimensions)] };
    await storage.store([embedded(1), { memory: memory(2), vectors: other }, plain(3)]);
    assertEquals(await storage.vectorCoverage(), { active: MODEL, memories: 3, embedded: 1 });
    const query = {
      text: null,
      vector: { model: OTHER.id, values: vector(2, OTHER.dimensions) },
      filter: {},
      limit: 9,
    };
    assertEquals((await storage.candidates(query)).candidates, []);
  });

  test("says that a query's vector was ignored since it is of a model that isn't served", async (storage) => {
    const search = async (model: string | null, dimensions = DIMENSIONS) =>
      (await storage.candidates({
        text: "memory",
        vector: model === null ? null : { model, values: vector(1, dimensions) },
        filter: {},
        limit: 5,
      })).vector_ignored;
    assertEquals([await search(MODEL.id), await search(null)], [true, false]);
    await storage.registerModel(MODEL);
    await storage.registerModel(OTHER);
    await storage.store([embedded(1)]);
    assertEquals([await search(MODEL.id), await search("unknown"), await search(null)], [false, true, false]);
    assertEquals(await search(OTHER.id, OTHER.dimensions), true);
    await storage.addVectors([{
      content_hash: hashOf(1),
      vectors: { model: OTHER.id, chunks: [vector(1, OTHER.dimensions)] },
    }]);
    await storage.activateVectors(OTHER.id);
    assertEquals([await search(MODEL.id), await search(OTHER.id, OTHER.dimensions)], [true, false]);
  });

  test("moves to another model step by step, and can stop and resume in the middle", async (storage) => {
    await storage.registerModel(MODEL);
    await storage.store(Array.from({ length: 7 }, (_, i) => embedded(i)));
    await storage.registerModel(OTHER);
    const embed = (number: number) => ({ model: OTHER.id, chunks: [vector(number, OTHER.dimensions)] });
    const query = { text: null, vector: { model: MODEL.id, values: vector(3) }, filter: {}, limit: 1 };
    for (let round = 0, left = 7; left > 0; round++, left -= 3) {
      const missing = await storage.withoutVectors(OTHER.id, 3);
      assertEquals(
        missing.map(({ content_hash }) => content_hash),
        [0, 1, 2].map((i) => hashOf(3 * round + i)).slice(0, left),
      );
      assertEquals(missing[0]!.content, `Memory number ${3 * round}`);
      await storage.addVectors(
        missing.map(({ content_hash }) => ({ content_hash, vectors: embed(numberOf(content_hash)) })),
      );
      assertAlmostEquals((await storage.candidates(query)).candidates[0]!.semantic!, 1, TOLERANCE);
    }
    assertEquals(await storage.withoutVectors(OTHER.id, 3), []);
    await storage.store([embedded(8)]);
    assertEquals((await storage.withoutVectors(OTHER.id, 3)).length, 1);
    await storage.addVectors([{ content_hash: hashOf(8), vectors: embed(8) }, {
      content_hash: "gone",
      vectors: embed(9),
    }]);
    await storage.activateVectors(OTHER.id);
    assertEquals(await storage.vectorCoverage(), { active: OTHER, memories: 8, embedded: 8 });
    assertEquals((await storage.candidates(query)).candidates, []);
    const values = vector(5, OTHER.dimensions);
    const { candidates } = await storage.candidates({ ...query, vector: { model: OTHER.id, values } });
    assertAlmostEquals(candidates[0]!.semantic!, 1, TOLERANCE);
    await storage.registerModel(MODEL);
    assertEquals((await storage.withoutVectors(MODEL.id, 100)).length, 8);
  });

  test("adds vectors to memories stored while no model was ready", async (storage) => {
    await storage.store([plain(1), plain(2)]);
    await storage.registerModel(MODEL);
    assertEquals((await storage.withoutVectors(MODEL.id, 10)).map(({ content_hash }) => content_hash), [
      hashOf(1),
      hashOf(2),
    ]);
    const chunks = [vector(1), vector(2)];
    await storage.addVectors([{ content_hash: hashOf(1), vectors: { model: MODEL.id, chunks } }]);
    assertEquals(await storage.vectorCoverage(), { active: MODEL, memories: 2, embedded: 1 });
    await storage.addVectors([{ content_hash: hashOf(1), vectors: { model: MODEL.id, chunks: [vector(3)] } }]);
    const { candidates } = await storage.candidates({
      text: null,
      vector: { model: MODEL.id, values: vector(3) },
      filter: {},
      limit: 5,
    });
    assertAlmostEquals(candidates[0]!.semantic!, 1, TOLERANCE);
    assertEquals((await storage.vectorCoverage()).embedded, 1);
  });

  test("refuses vectors of an unknown model or of the wrong length", async (storage) => {
    const store = (model: string, length: number) =>
      storage.store([{ memory: memory(1), vectors: { model, chunks: [vector(1, length)] } }]);
    await assertRejects(() => store("unknown", DIMENSIONS), MemoryError);
    await storage.registerModel(MODEL);
    await assertRejects(() => store(MODEL.id, DIMENSIONS + 1), MemoryError);
    assertEquals(await storage.get([hashOf(1)]), [null]);
  });

  test("walks through all memories, each exactly once, whatever changes meanwhile", async (storage) => {
    await storage.store(Array.from({ length: 25 }, (_, i) => plain(i, { tags: [`t${i}`] })));
    const seen: string[] = [];
    let after: string | null = null;
    for (let step = 0; step === 0 || after !== null; step++) {
      const page = await storage.scan(after, 4);
      seen.push(...page.memories.map((found) => found.content_hash));
      after = page.next;
      if (step === 1) {
        await storage.update(hashOf(20), { tags: ["changed"] }, 1);
        await storage.delete([seen[0]!]);
      }
    }
    assertEquals(seen.toSorted(), Array.from({ length: 25 }, (_, i) => hashOf(i)).toSorted());
    const error = await assertRejects(() => storage.scan("elsewhere", 4), MemoryError);
    assertEquals(error.code, "invalid_input");
  });

  test("brings memories into the trash without storing them", async (storage) => {
    await storage.store([plain(1)]);
    const item = (number: number) => ({ memory: memory(number, { tags: ["x"] }), deleted_at: 5, reason: "deleted" });
    assertEquals(await storage.bringTrash([item(1), item(2), item(2)]), [false, true, false]);
    assertEquals(await storage.bringTrash([item(2)]), [false]);
    assertEquals((await storage.trashed({ offset: 0, limit: 9 })).items, [item(2)]);
    assertEquals(await storage.get([hashOf(2)]), [null]);
    assertEquals(await storage.restore([hashOf(2)]), [true]);
    assertEquals(await storage.get([hashOf(2)]), [item(2).memory]);
  });

  test("stays consistent under concurrent stores, updates, deletes and searches", async (storage) => {
    await storage.registerModel(MODEL);
    const work = Array.from({ length: 60 }, async (_, i) => {
      await storage.store([embedded(i, { tags: ["all"] })]);
      if (i % 3 === 0) await storage.delete([hashOf(i)]);
      else await storage.update(hashOf(i), { tags: ["all", `r${i % 3}`] }, i);
      const values = vector(i);
      await storage.candidates({ text: "memory", vector: { model: MODEL.id, values }, filter: {}, limit: 3 });
    });
    await Promise.all(work);
    assertEquals(await storage.tags(), [
      { tag: "all", count: 40 },
      { tag: "r1", count: 20 },
      { tag: "r2", count: 20 },
    ]);
    assertEquals((await foundByWords(storage, "number")).length, 40);
    assertEquals((await storage.vectorCoverage()).embedded, 40);
  });

  test("leaves superseded memories out where the filter says so, and only there", async (storage) => {
    await storage.registerModel(MODEL);
    await storage.store([embedded(1, { tags: ["x"] }), embedded(2, { tags: ["x"] }), embedded(3)]);
    const superseded = { by: hashOf(2), at: 1_700_000_500.25, reason: "it's newer" };
    const old = memory(1, { tags: ["x"], superseded, updated_at: 9 });
    assertEquals(await storage.update(hashOf(1), { superseded }, 9), old);
    assertEquals(await storage.get([hashOf(1)]), [old]);
    const listed = async (filter: MemoryFilter) =>
      (await storage.list({ filter, offset: 0, limit: 9 })).memories.map(({ content_hash }) => content_hash);
    assertEquals(await listed({}), [hashOf(3), hashOf(2), hashOf(1)]);
    assertEquals(await listed({ superseded: false }), [hashOf(3), hashOf(2)]);
    assertEquals(await listed({ superseded: true }), [hashOf(1)]);
    assertEquals(await listed({ superseded: false, tags: { values: ["x"], match: "any" } }), [hashOf(2)]);
    assertEquals((await foundByWords(storage, "memory number", { superseded: false })).length, 2);
    const near = await storage.candidates({
      text: null,
      vector: { model: MODEL.id, values: vector(1) },
      filter: { superseded: false },
      limit: 1,
    });
    const found = await storage.read(near.candidates.map(({ id }) => id));
    assert(found.length > 0 && found.every((memory) => memory?.superseded === undefined), "filtered before the top");
    const containing = await storage.containing("Memory", { filter: { superseded: false }, offset: 0, limit: 9 });
    assertEquals(containing.total, 2);
    await storage.trash([hashOf(1)], { at: 10, reason: "deleted" });
    await storage.restore([hashOf(1)]);
    assertEquals(await listed({ superseded: true }), [hashOf(1)]);
    assertEquals((await storage.update(hashOf(1), { superseded: null }, 9))?.superseded, undefined);
    assertEquals((await listed({ superseded: false })).length, 3);
  });

  test("changes a memory only while it is as it was read", async (storage) => {
    const metadata = { text: "é\0", number: 0.1 + 0.2, deep: { list: [1.5, null] }, whole: 2 ** 53 - 1 };
    await storage.store([plain(1, { tags: ["a\ud800"], memory_type: "note", metadata }), plain(2)]);
    const [before] = await storage.get([hashOf(1)]);
    const after = await storage.updateUnchanged(before!, { add_tags: ["b"] }, 5);
    assertEquals(await storage.get([hashOf(1)]), [after]);
    assertEquals([(after as Memory).tags, (after as Memory).updated_at], [["a\ud800", "b"], 5]);
    for (const patch of [{ tags: [] }, { superseded: { by: hashOf(2), at: 6, reason: "" } }]) {
      assertEquals(await storage.updateUnchanged(before!, patch, 6), "conflict");
    }
    assertEquals(await storage.get([hashOf(1)]), [after]);
    assertEquals(await storage.updateUnchanged(memory(3), { tags: [] }, 6), null);
    const [read] = await storage.get([hashOf(1)]);
    const writers = Array.from(
      { length: 8 },
      (_, i) => storage.updateUnchanged(read!, { metadata: { [i]: i } }, 7 + i),
    );
    const outcomes = await Promise.all(writers);
    assertEquals(outcomes.filter((outcome) => outcome === "conflict").length, 7);
    assertEquals(await storage.get([hashOf(1)]), outcomes.filter((outcome) => outcome !== "conflict"));
    await storage.trash([hashOf(1)], { at: 20, reason: "deleted" });
    assertEquals(await storage.updateUnchanged(read!, { tags: [] }, 21), null);
  });

  test("lets no circle of replaced memories come about, however many ask at once", async (storage) => {
    const replace = async (older: number, newer: number) => {
      const [before] = await storage.get([hashOf(older)]);
      const patch = { superseded: { by: hashOf(newer), at: 1, reason: "" } };
      return await storage.updateUnchanged(before!, patch, 1_800_000_000 + older, { current: hashOf(newer) });
    };
    for (const size of [2, 3, 5]) {
      const circle = Array.from({ length: size }, (_, i) => 100 * size + i);
      await storage.store(circle.map((number) => plain(number)));
      await Promise.all(circle.map((older, i) => replace(older, circle[(i + 1) % size]!)));
      const left = (await storage.get(circle.map(hashOf))).filter((found) => found!.superseded === undefined);
      assertGreaterOrEqual(left.length, 1, `a circle of ${size}`);
    }
    await storage.store([plain(1), plain(2), plain(3)]);
    assertEquals((await replace(1, 2) as Memory).superseded?.by, hashOf(2));
    assertEquals(await replace(2, 1), "conflict");
    assertEquals(await replace(3, 4), "conflict", "by one that isn't there");
    assertEquals((await replace(2, 3) as Memory).superseded?.by, hashOf(3));
    assertEquals(await replace(3, 1), "conflict", "by one further down the chain");
  });

  /** By number, what memories are replaced by; 0 for a current one, and those that aren't stored left out. */
  const replacements = async (storage: MemoryStorage, numbers: number[]) => {
    const found = await storage.get(numbers.map(hashOf));
    return Object.fromEntries(numbers.flatMap((number, i) => {
      const by = found[i]?.superseded?.by;
      return found[i] === null ? [] : [[number, by === undefined ? 0 : numberOf(by)]];
    }));
  };
  const replaced = (number: number, by: number, fields: Partial<Memory> = {}) =>
    plain(number, { ...fields, superseded: { by: hashOf(by), at: 1_700_000_500.25, reason: `for ${by}` } });
  const TRASHING = { at: 20, reason: "deleted" };

  test("makes current what a deleted memory had replaced, and replaces it again when that one is back", async (storage) => {
    await storage.store([replaced(1, 3), replaced(2, 3, { tags: ["kept"], updated_at: 9 }), plain(3), replaced(4, 5)]);
    const before = await storage.get([hashOf(1), hashOf(2)]);
    const current = async () =>
      (await storage.list({ filter: { superseded: false }, offset: 0, limit: 9 })).memories
        .map(({ content_hash }) => numberOf(content_hash)).toSorted();
    assertEquals(await storage.trash([hashOf(3)], TRASHING), [true]);
    assertEquals(await current(), [1, 2]);
    assertEquals((await storage.get([hashOf(2)]))[0]?.tags, ["kept"]);
    assertEquals((await storage.trashed({ offset: 0, limit: 9 })).items.map(({ memory }) => memory), [memory(3)]);
    assertEquals(await storage.restore([hashOf(3)]), [true]);
    assertEquals(await storage.get([hashOf(1), hashOf(2)]), before, "with the reason and the time that it had");
    assertEquals(await current(), [3]);
    assertEquals(await storage.delete([hashOf(3)]), [true]);
    assertEquals(await current(), [1, 2]);
    // What another memory replaced stays as it is.
    assertEquals(await replacements(storage, [4]), { 4: 5 });
  });

  test("hands on what a deleted memory had replaced to the one that had replaced it", async (storage) => {
    const chain = [replaced(1, 2), replaced(2, 3), replaced(3, 4), plain(4)];
    await storage.store(chain);
    await storage.trash([hashOf(2)], TRASHING);
    assertEquals(await replacements(storage, [1, 3, 4]), { 1: 3, 3: 4, 4: 0 });
    await storage.restore([hashOf(2)]);
    assertEquals(await replacements(storage, [1, 2, 3, 4]), { 1: 2, 2: 3, 3: 4, 4: 0 });
    await storage.delete([hashOf(4)]);
    assertEquals(await replacements(storage, [1, 2, 3]), { 1: 2, 2: 3, 3: 0 });
    // One that was replaced by what has gone since is current when it comes back.
    await storage.trash([hashOf(2)], TRASHING);
    await storage.delete([hashOf(3)]);
    await storage.restore([hashOf(2)]);
    assertEquals(await replacements(storage, [1, 2]), { 1: 0, 2: 0 });
  });

  test("deletes and restores at once memories that replaced each other", async (storage) => {
    await storage.store([replaced(1, 2), replaced(2, 3), plain(3)]);
    const all = { 1: 2, 2: 3, 3: 0 };
    for (const hashes of [[2, 3], [3, 2], [1, 2, 3]].map((numbers) => numbers.map(hashOf))) {
      await storage.trash(hashes, TRASHING);
      const left = await replacements(storage, [1, 2, 3]);
      assertEquals(left, hashes.length === 3 ? {} : { 1: 0 });
      assertEquals(await storage.restore(hashes), hashes.map(() => true));
      assertEquals(await replacements(storage, [1, 2, 3]), all);
    }
  });

  test("leaves alone what was changed or deleted while what had replaced it was in the trash", async (storage) => {
    await storage.store([replaced(1, 4), replaced(2, 4), replaced(3, 4), plain(4), plain(5)]);
    await storage.trash([hashOf(4)], TRASHING);
    await storage.update(hashOf(1), { superseded: { by: hashOf(5), at: 1, reason: "" } }, 30);
    await storage.delete([hashOf(2)]);
    await storage.restore([hashOf(4)]);
    assertEquals(await replacements(storage, [1, 2, 3, 4, 5]), { 1: 5, 3: 4, 4: 0, 5: 0 });
    // Stored again, it is another memory.
    await storage.trash([hashOf(4)], TRASHING);
    await storage.store([plain(4)]);
    assertEquals(await replacements(storage, [3, 4]), { 3: 0, 4: 0 });
  });

  test("lets no circle of replaced memories come about by what comes back from the trash", async (storage) => {
    await storage.store([replaced(1, 2), replaced(2, 3), plain(3)]);
    await storage.trash([hashOf(2), hashOf(3)], TRASHING);
    await storage.restore([hashOf(3)]);
    const [three] = await storage.get([hashOf(3)]), superseded = { by: hashOf(1), at: 1_800_000_000, reason: "" };
    await storage.updateUnchanged(three!, { superseded }, 30, { current: hashOf(1) });
    await storage.restore([hashOf(2)]);
    assertEquals(await replacements(storage, [1, 2, 3]), { 1: 0, 2: 3, 3: 1 });
  });

  test("hands on what it moves to the trash as it was read to the successor that is named", async (storage) => {
    await storage.store([replaced(1, 2), plain(2), plain(3)]);
    const [read] = await storage.get([hashOf(2)]);
    assertEquals(await storage.trashUnchanged([read!], TRASHING, { successor: hashOf(3) }), [true]);
    assertEquals(await replacements(storage, [1, 3]), { 1: 3, 3: 0 });
    await storage.restore([hashOf(2)]);
    assertEquals(await replacements(storage, [1, 2, 3]), { 1: 2, 2: 0, 3: 0 });
  });

  test("moves to the trash only what is as it was read", async (storage) => {
    await storage.store([plain(1), plain(2), plain(3)]);
    const read = await storage.get([1, 2, 3].map(hashOf)) as Memory[];
    await storage.update(hashOf(2), { tags: ["new"] }, 5);
    await storage.delete([hashOf(3)]);
    assertEquals(await storage.trashUnchanged(read, { at: 6, reason: "merged" }), [true, false, false]);
    assertEquals((await storage.get([1, 2, 3].map(hashOf))).map((found) => found?.tags), [
      undefined,
      ["new"],
      undefined,
    ]);
    const { items } = await storage.trashed({ offset: 0, limit: 9 });
    assertEquals(items.map(({ memory, reason }) => [numberOf(memory.content_hash), reason]), [[1, "merged"]]);
  });

  test("loses no change of several that come at once", async (storage) => {
    await storage.store([plain(1)]);
    await Promise.all(
      Array.from(
        { length: 12 },
        (_, i) => storage.update(hashOf(1), i % 2 === 0 ? { add_tags: [`${i}`] } : { metadata: { [i]: i } }, 100 + i),
      ),
    );
    const [found] = await storage.get([hashOf(1)]);
    assertEquals(found!.tags.toSorted(), ["0", "10", "2", "4", "6", "8"]);
    assertEquals(found!.metadata, { 1: 1, 3: 3, 5: 5, 7: 7, 9: 9, 11: 11 });
  });

  test("links memories once, in both directions, newest first", async (storage) => {
    await storage.store([plain(1), plain(2), plain(3)]);
    const link = (source: number, type: string, target: number, created_at: number) => ({
      source: hashOf(source),
      target: hashOf(target),
      type,
      created_at,
    });
    const first = link(1, "contradicts", 2, 1.5), second = link(3, "it's ''about''", 1, 2), third = link(2, "a", 3, 3);
    assertEquals(await storage.relate([first, second, third, { ...first, created_at: 9 }, link(1, "a", 8, 1)]), [
      "added",
      "added",
      "added",
      "duplicate",
      "missing",
    ]);
    assertEquals(await storage.relations({ limit: 9 }), [third, second, first]);
    assertEquals(await storage.relations({ limit: 1 }), [third]);
    assertEquals(await storage.relations({ hashes: [hashOf(1)], limit: 9 }), [second, first]);
    assertEquals(await storage.relations({ hashes: [hashOf(1), hashOf(2)], types: ["contradicts"], limit: 9 }), [
      first,
    ]);
    assertEquals(await storage.relations({ hashes: [], limit: 9 }), []);
    assertEquals(await storage.unrelate([third, link(3, "a", 2, 0)]), [true, false]);
    assertEquals(await storage.relations({ hashes: [hashOf(2)], limit: 9 }), [first]);
  });

  test("hides relations of memories in the trash, and drops them with a memory", async (storage) => {
    await storage.store([plain(1), plain(2), plain(3)]);
    const relation = { source: hashOf(1), target: hashOf(2), type: "a", created_at: 1 };
    const other = { source: hashOf(3), target: hashOf(1), type: "a", created_at: 1 };
    await storage.relate([relation, other]);
    await storage.trash([hashOf(2)], { at: 10, reason: "deleted" });
    assertEquals(await storage.relations({ limit: 9 }), [other]);
    await storage.restore([hashOf(2)]);
    assertEquals((await storage.relations({ limit: 9 })).length, 2);
    await storage.delete([hashOf(3)]);
    await storage.store([plain(3)]);
    assertEquals(await storage.relations({ limit: 9 }), [relation]);
    await storage.trash([hashOf(2)], { at: 10, reason: "deleted" });
    await storage.emptyTrash({});
    await storage.store([plain(2)]);
    assertEquals(await storage.relations({ limit: 9 }), []);
  });

  test("knows the active model without counting", async (storage) => {
    assertEquals(await storage.activeModel(), null);
    await storage.registerModel(MODEL);
    await storage.registerModel(OTHER);
    assertEquals(await storage.activeModel(), MODEL);
    await storage.activateVectors(OTHER.id);
    assertEquals(await storage.activeModel(), OTHER);
  });

  test("takes many long memories with many vectors at once, to the trash and back too", async (storage) => {
    await storage.registerModel({ ...MODEL, dimensions: 384 });
    const content = "long ".repeat(20_000), count = 60;
    const items = Array.from({ length: count }, (_, i) => {
      const chunks = Array.from({ length: 100 }, (_, part) => vector(i * 100 + part, 384));
      return { memory: memory(i, { content: `${i} ${content}` }), vectors: { model: MODEL.id, chunks } };
    });
    assertEquals(new Set(await storage.store(items)), new Set(["stored"]));
    const hashes = items.map(({ memory }) => memory.content_hash);
    assertEquals(new Set(await storage.trash(hashes, { at: 1, reason: "deleted" })), new Set([true]));
    assertEquals(new Set(await storage.restore(hashes)), new Set([true]));
    await storage.addVectors(items.map(({ memory, vectors }) => ({ content_hash: memory.content_hash, vectors })));
    assertEquals((await storage.vectors([hashes[1]!]))[0]?.chunks.length, 100);
    assertEquals((await storage.vectorCoverage()).embedded, count);
  });

  test("changes a note only where the one that was read still stands", async (storage) => {
    const text = AWKWARD.join(" ");
    assertEquals(await storage.note("lease"), null);
    assertEquals(await storage.changeNote("lease", "something", "else"), false);
    assertEquals(await storage.changeNote("lease", null, text), true);
    assertEquals([await storage.note("lease"), await storage.note("other")], [text, null]);
    assertEquals(await storage.changeNote("lease", null, "again"), false);
    const outcomes = await Promise.all(["a", "b", "c"].map((after) => storage.changeNote("lease", text, after)));
    assertEquals(outcomes.filter(Boolean).length, 1);
    const left = await storage.note("lease");
    assertEquals(left, ["a", "b", "c"][outcomes.indexOf(true)]!);
    assertEquals(await storage.changeNote("lease", text, null), false);
    assertEquals(await storage.changeNote("lease", left, null), true);
    assertEquals(await storage.note("lease"), null);
    assertEquals((await storage.stats()).total_memories, 0);
  });

  test("needs no upgrade of what it wrote itself", async (storage) => {
    await storage.store([plain(1), plain(2)]);
    const { upgrades } = storage.capabilities, none = { done: 0, total: 0 };
    assertEquals(upgrades === undefined ? none : await upgrades.upgrade(), none);
    assertEquals(upgrades === undefined ? none : await upgrades.upgrade({ thorough: true }), none);
  });

  for (const [sentence, run] of Object.entries(WORDS_CONTRACT)) test(sentence, run);

  test("closes once, after what runs, and refuses calls from then on", async (storage) => {
    const stored = storage.store([plain(1)]);
    await Promise.all([storage.close(), storage.close()]);
    assertEquals(await stored, ["stored"]);
    for (const call of [() => storage.ping(), () => storage.get([hashOf(1)]), () => storage.store([plain(2)])]) {
      const error = await assertRejects(call);
      assertInstanceOf(error, MemoryError);
      assertEquals(error.code, "unavailable");
    }
    await storage.close();
  });
}

/** The filter as the contract words it, over a plain record. */
export function passes(candidate: ReturnType<typeof memory>, filter: MemoryFilter): boolean {
  const { tags, memory_type, conversation_id, created_from, created_before, metadata = {} } = filter;
  const has = (tag: string) => candidate.tags.some((own) => fold(own) === fold(tag));
  return (tags === undefined || (tags.match === "all" ? tags.values.every(has) : tags.values.some(has))) &&
    (memory_type === undefined || fold(candidate.memory_type ?? "") === fold(memory_type)) &&
    (conversation_id === undefined || candidate.conversation_id === conversation_id) &&
    (created_from === undefined || candidate.created_at >= created_from) &&
    (created_before === undefined || candidate.created_at < created_before) &&
    Object.entries(metadata).every(([key, value]) => key in candidate.metadata && candidate.metadata[key] === value);
}
