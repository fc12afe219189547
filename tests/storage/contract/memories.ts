/** Keeping memories: a part of what every storage driver does. */

import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertRejects,
} from "@std/assert";
import { MemoryError } from "../../../src/errors.ts";
import type { Memory, MemoryFilter } from "../../../src/memory/memory.ts";
import {
  AWKWARD,
  embedded,
  foundByWords,
  hashOf,
  memory,
  MODEL,
  numberOf,
  passes,
  plain,
  sum,
  TOLERANCE,
  vector,
} from "../fixtures.ts";
import type { StorageTest } from "../storage_contract.ts";

export function memories(test: StorageTest): void {
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

  test("keeps a content of 350,000 characters whole, and finds it once by any of its chunks", async (storage) => {
    await storage.registerModel(MODEL);
    const line = "The tide tables of the harbour were read again and nothing changed.\n";
    const content = `${line.repeat(3000)}Zephyrine hid the key.\n${line.repeat(2200)}`;
    const chunks = Array.from({ length: 400 }, (_, i) => vector(1000 + i));
    await storage.store([embedded(1, { content }, chunks), ...[2, 3, 4].map((number) => embedded(number))]);
    assertEquals((await storage.getByHash([hashOf(1)]))[0]!.content, content);
    assertEquals((await storage.list({ filter: {}, offset: 0, limit: 10 })).total, 4);
    for (const chunk of [0, 199, 399]) {
      const query = {
        text: "Zephyrine",
        vector: { model: MODEL.id, values: vector(1000 + chunk) },
        filter: {},
        limit: 10,
      };
      const { candidates } = await storage.candidates(query);
      const read = await storage.getById(candidates.map(({ id }) => id));
      const own = candidates.filter((_, i) => read[i]!.content_hash === hashOf(1));
      assertEquals(own.length, 1);
      assertAlmostEquals(own[0]!.semantic!, 1, TOLERANCE);
      assertGreater(sum(own[0]!.words), 0);
    }
    assertEquals((await storage.findText("zephyrine hid", { filter: {}, offset: 0, limit: 5 })).total, 1);
    assertEquals(await storage.trash([hashOf(1)], { at: 1_700_000_100, reason: "deleted" }), [true]);
    assertEquals(await storage.restore([hashOf(1)]), [true]);
    assertEquals((await storage.getByHash([hashOf(1)]))[0]!.content, content);
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
    assertEquals(await storage.getByHash([full.content_hash]), [full]);
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
    assertEquals(await storage.getByHash(stored.map(({ content_hash }) => content_hash)), stored);
    assertEquals((await storage.update(hashOf(1), { created_at: at(500) }, at(501)))?.created_at, at(500));
    const [changed] = await storage.getByHash([hashOf(1)]);
    assertEquals([changed?.created_at, changed?.updated_at], [at(500), at(501)]);
    await storage.trash([hashOf(2)], { at: at(502), reason: "deleted" });
    assertEquals((await storage.listTrash({ offset: 0, limit: 1 })).items[0]?.deleted_at, at(502));
  });

  test("answers unknown keys with null, in the order asked", async (storage) => {
    await storage.store([plain(1), plain(2)]);
    assertEquals(await storage.getByHash([hashOf(2), "no such hash", hashOf(1)]), [memory(2), null, memory(1)]);
    assertEquals(await storage.getByHash([]), []);
  });

  test("reports a duplicate and leaves the stored memory as it was", async (storage) => {
    assertEquals(await storage.store([plain(1), plain(2), plain(1, { tags: ["twice"] })]), [
      "stored",
      "stored",
      "duplicate",
    ]);
    assertEquals(await storage.store([plain(1, { tags: ["later"] }), plain(3)]), ["duplicate", "stored"]);
    assertEquals(await storage.getByHash([hashOf(1)]), [memory(1)]);
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
      assertEquals((await storage.getByHash([hashOf(i)]))[0]?.content, text);
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
      const { memories } = await storage.findText(text, { filter: {}, offset: 0, limit: 10 });
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
    assertEquals(await storage.getByHash([hashOf(1)]), [expected]);
    const again = await storage.update(hashOf(1), { tags: ["new", "x"], memory_type: null }, 1_800_000_001);
    assertEquals([again?.tags, again?.memory_type], [["new", "x"], null]);
    assertEquals(await storage.tags(), [{ tag: "new", count: 1 }, { tag: "x", count: 1 }]);
    assertEquals(await storage.update("no such hash", { tags: [] }, 0), null);
  });

  test("deletes memories and says which were there", async (storage) => {
    await storage.registerModel(MODEL);
    await storage.store([embedded(1, { tags: ["t"] }), embedded(2), embedded(3)]);
    assertEquals(await storage.delete([hashOf(1), "no such hash", hashOf(3)]), [true, false, true]);
    assertEquals(await storage.getByHash([1, 2, 3].map(hashOf)), [null, memory(2), null]);
    assertEquals(await storage.tags(), []);
    assertEquals(await foundByWords(storage, "memory"), ["Memory number 2"]);
    const query = { text: null, vector: { model: MODEL.id, values: vector(1) }, filter: {}, limit: 10 };
    assertEquals((await storage.candidates(query)).candidates.length, 1);
    assertEquals((await storage.findText("number", { filter: {}, offset: 0, limit: 9 })).total, 1);
    assertEquals(await storage.store([embedded(1)]), ["stored"]);
    assertEquals((await storage.candidates(query)).candidates.length, 2);
  });

  test("adds and takes off tags of what is stored, whoever changed them before", async (storage) => {
    await storage.store([plain(1, { tags: ["a", "b"] })]);
    await Promise.all([
      storage.update(hashOf(1), { add_tags: ["c", "a"] }, 1_800_000_000),
      storage.update(hashOf(1), { remove_tags: ["b", "none"], add_tags: ["d"] }, 1_800_000_001),
    ]);
    assertEquals((await storage.getByHash([hashOf(1)]))[0]?.tags.toSorted(), ["a", "c", "d"]);
    const moved = await storage.update(hashOf(1), { tags: ["x"], add_tags: ["y"], remove_tags: ["x"] }, 1_800_000_002);
    assertEquals(moved?.tags, ["y"]);
  });

  test("keeps the time of a memory that a change leaves as it is", async (storage) => {
    await storage.store([plain(1, { tags: ["a"], memory_type: "note", metadata: { n: { x: 1, y: 2 }, m: 1 } })]);
    const [before] = await storage.getByHash([hashOf(1)]);
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
    assertEquals((await storage.getByHash([hashOf(1)]))[0], before);
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
    const found = await storage.getById(candidates.map(({ id }) => id));
    const third = candidates[found.findIndex((memory) => memory?.content === "turn 3")]!;
    assertEquals([third.before.length, third.after.length], [0, 2]);
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
      const read = await storage.getById(near.map(({ id }) => id));
      assert(read.every((found) => expected.includes(found!.content)), JSON.stringify(filter));
      const { total: containing } = await storage.findText("FILTERED words", { filter, offset: 0, limit: 3 });
      assertEquals(containing, expected.length);
    }
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

  test("changes a memory only while it is as it was read", async (storage) => {
    const metadata = { text: "é\0", number: 0.1 + 0.2, deep: { list: [1.5, null] }, whole: 2 ** 53 - 1 };
    await storage.store([plain(1, { tags: ["a\ud800"], memory_type: "note", metadata }), plain(2)]);
    const [before] = await storage.getByHash([hashOf(1)]);
    const after = await storage.updateUnchanged(before!, { add_tags: ["b"] }, 5);
    assertEquals(await storage.getByHash([hashOf(1)]), [after]);
    assertEquals([(after as Memory).tags, (after as Memory).updated_at], [["a\ud800", "b"], 5]);
    for (const patch of [{ tags: [] }, { superseded: { by: hashOf(2), at: 6, reason: "" } }]) {
      assertEquals(await storage.updateUnchanged(before!, patch, 6), "conflict");
    }
    assertEquals(await storage.getByHash([hashOf(1)]), [after]);
    assertEquals(await storage.updateUnchanged(memory(3), { tags: [] }, 6), null);
    const [read] = await storage.getByHash([hashOf(1)]);
    const writers = Array.from(
      { length: 8 },
      (_, i) => storage.updateUnchanged(read!, { metadata: { [i]: i } }, 7 + i),
    );
    const outcomes = await Promise.all(writers);
    assertEquals(outcomes.filter((outcome) => outcome === "conflict").length, 7);
    assertEquals(await storage.getByHash([hashOf(1)]), outcomes.filter((outcome) => outcome !== "conflict"));
    await storage.trash([hashOf(1)], { at: 20, reason: "deleted" });
    assertEquals(await storage.updateUnchanged(read!, { tags: [] }, 21), null);
  });

  test("lets no circle of replaced memories come about, however many ask at once", async (storage) => {
    const replace = async (older: number, newer: number) => {
      const [before] = await storage.getByHash([hashOf(older)]);
      const patch = { superseded: { by: hashOf(newer), at: 1, reason: "" } };
      return await storage.updateUnchanged(before!, patch, 1_800_000_000 + older, { current: hashOf(newer) });
    };
    for (const size of [2, 3, 5]) {
      const circle = Array.from({ length: size }, (_, i) => 100 * size + i);
      await storage.store(circle.map((number) => plain(number)));
      await Promise.all(circle.map((older, i) => replace(older, circle[(i + 1) % size]!)));
      const left = (await storage.getByHash(circle.map(hashOf))).filter((found) => found!.superseded === undefined);
      assertGreaterOrEqual(left.length, 1, `a circle of ${size}`);
    }
    await storage.store([plain(1), plain(2), plain(3)]);
    assertEquals((await replace(1, 2) as Memory).superseded?.by, hashOf(2));
    assertEquals(await replace(2, 1), "conflict");
    assertEquals(await replace(3, 4), "conflict", "by one that isn't there");
    assertEquals((await replace(2, 3) as Memory).superseded?.by, hashOf(3));
    assertEquals(await replace(3, 1), "conflict", "by one further down the chain");
  });

  test("loses no change of several that come at once", async (storage) => {
    await storage.store([plain(1)]);
    await Promise.all(
      Array.from(
        { length: 12 },
        (_, i) => storage.update(hashOf(1), i % 2 === 0 ? { add_tags: [`${i}`] } : { metadata: { [i]: i } }, 100 + i),
      ),
    );
    const [found] = await storage.getByHash([hashOf(1)]);
    assertEquals(found!.tags.toSorted(), ["0", "10", "2", "4", "6", "8"]);
    assertEquals(found!.metadata, { 1: 1, 3: 3, 5: 5, 7: 7, 9: 9, 11: 11 });
  });
}
