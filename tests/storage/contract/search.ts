/** Finding candidates and verbatim text: a part of what every storage driver does. */

import { assert, assertAlmostEquals, assertEquals, assertGreater, assertLessOrEqual, assertRejects } from "@std/assert";
import { MemoryError } from "../../../src/errors.ts";
import type { Memory, MemoryFilter } from "../../../src/memory/memory.ts";
import type { Role } from "../../../src/memory/role.ts";
import { analyse } from "../../../src/memory/text.ts";
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
  TOLERANCE,
  vector,
} from "../fixtures.ts";
import type { StorageTest } from "../storage_contract.ts";

export function search(test: StorageTest): void {
  test("says of a candidate which turns are around it, when it was made, and which turns have its label", async (storage) => {
    const said = ["Ana: Does the crane turn?", "Ben: The crane turns", "User: a crane", "Ana: The crane is blue"];
    await storage.store(said.map((content, i) => plain(i + 1, { content, conversation_id: "talk" })));
    await storage.store([plain(9, { content: "A crane elsewhere" })]);
    const { candidates } = await storage.candidates({ text: "crane", vector: null, filter: {}, limit: 10 });
    const read = await storage.getById(candidates.map(({ id }) => id));
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

  test("finds every one of many very long memories", async (storage) => {
    const content = (i: number) => `needle ${i} ${"hay stack ".repeat(10_000)}`,
      numbers = Array.from({ length: 45 }, (_, i) => i + 1);
    for (const i of numbers) await storage.store([plain(i, { content: content(i) })]);
    const { candidates } = await storage.candidates({ text: "needle", vector: null, filter: {}, limit: 100 });
    const found = await storage.getById(candidates.map(({ id }) => id));
    assertEquals(found.map((memory) => numberOf(memory!.content_hash)).sort((a, b) => a - b), numbers);
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
    const read = await storage.getById(candidates.map(({ id }) => id));
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
    const hashes = (await storage.getById(best.candidates.map(({ id }) => id))).map((found) => found!.content_hash);
    assertEquals(hashes.toSorted(), [hashOf(2), hashOf(3)]);
    assertGreater(best.candidates[hashes.indexOf(hashOf(2))]!.semantic!, -1);
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
    const { candidates } = await all, read = await storage.getById(candidates.map(({ id }) => id));
    const numbers = read.flatMap((found) => found === null ? [] : [numberOf(found.content_hash)]);
    for (const number of [1, 3, 4, 5, 6]) assert(numbers.includes(number), `${number} is missing`);
    assert(!numbers.includes(2));
    // One that was deleted meanwhile may still be among them, and reads as gone.
    const nearest = candidates[read.findIndex((found) => found?.content_hash === hashOf(3))]!;
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

  test("finds by a word that no memory had when it was last asked for", async (storage) => {
    await storage.store([plain(1)]);
    for (let number = 2; number < 5; number++) {
      const word = `okapi${number}`, found = () => foundByWords(storage, word);
      assertEquals([await found(), await found()], [[], []]);
      await storage.store([plain(number, { content: `An ${word} in the garden` })]);
      assertEquals(await found(), [`An ${word} in the garden`]);
      await storage.delete([hashOf(number)]);
      assertEquals(await found(), []);
      await storage.store([plain(number, { content: `The ${word} again` })]);
      assertEquals(await found(), [`The ${word} again`]);
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
      assertEquals((await storage.getById([candidates[0]!.id]))[0]?.content_hash, hashOf(1));
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
      const memories = await storage.getById(candidates.map(({ id }) => id));
      return Object.fromEntries(memories.map((memory, i) => [numberOf(memory!.content_hash), candidates[i]!.role]));
    };
    const found = async (role: Role) => {
      const { candidates } = await storage.candidates({ ...query, filter: { role } });
      const memories = await storage.getById(candidates.map(({ id }) => id));
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

  test("tells which memories are turns by their type, after a change of it too", async (storage) => {
    await storage.store([
      plain(1, { content: "the needle", memory_type: "turn" }),
      plain(2, { content: "the needle of a note", memory_type: "note" }),
      plain(3, { content: "the needle without a type", conversation_id: "talk" }),
    ]);
    const turns = async () => {
      const { candidates } = await storage.candidates({ text: "needle", vector: null, limit: 10, filter: {} });
      const memories = await storage.getById(candidates.map(({ id }) => id));
      return Object.fromEntries(memories.map((memory, i) => [numberOf(memory!.content_hash), candidates[i]!.turn]));
    };
    assertEquals(await turns(), { 1: true, 2: false, 3: false });
    await storage.update(hashOf(1), { memory_type: "decision" }, 5);
    await storage.update(hashOf(3), { memory_type: "turn" }, 6);
    assertEquals(await turns(), { 1: false, 2: false, 3: true });
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
    const memories = await storage.getById(candidates.map(({ id }) => id));
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
      (await storage.findText(text, { filter: {}, offset: 0, limit: 10 })).memories.map((found) => found.content);
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
    const all = await storage.findText("needle", { filter: {}, offset: 0, limit: 20 });
    assertEquals(all.memories.map((found) => numberOf(found.content_hash)), [6, 3, 0, 7, 4, 1, 8, 5, 2]);
    const page = await storage.findText("needle", { filter: {}, offset: 4, limit: 2 });
    assertEquals(page, { memories: all.memories.slice(4, 6), total: 9 });
  });

  test("leaves superseded memories out where the filter says so, and only there", async (storage) => {
    await storage.registerModel(MODEL);
    await storage.store([embedded(1, { tags: ["x"] }), embedded(2, { tags: ["x"] }), embedded(3)]);
    const superseded = { by: hashOf(2), at: 1_700_000_500.25, reason: "it's newer" };
    const old = memory(1, { tags: ["x"], superseded, updated_at: 9 });
    assertEquals(await storage.update(hashOf(1), { superseded }, 9), old);
    assertEquals(await storage.getByHash([hashOf(1)]), [old]);
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
    const found = await storage.getById(near.candidates.map(({ id }) => id));
    assert(found.length > 0 && found.every((memory) => memory?.superseded === undefined), "filtered before the top");
    const containing = await storage.findText("Memory", { filter: { superseded: false }, offset: 0, limit: 9 });
    assertEquals(containing.total, 2);
    await storage.trash([hashOf(1)], { at: 10, reason: "deleted" });
    await storage.restore([hashOf(1)]);
    assertEquals(await listed({ superseded: true }), [hashOf(1)]);
    assertEquals((await storage.update(hashOf(1), { superseded: null }, 9))?.superseded, undefined);
    assertEquals((await listed({ superseded: false })).length, 3);
  });

  test("finds what counted at a time, what hasn't expired, and what has", async (storage) => {
    const created = 1_700_000_000, at = (offset: number) => created + offset;
    const timed = (number: number, times: Record<string, number | string | null>) =>
      plain(number, {
        metadata: Object.fromEntries(Object.entries(times).map(([name, time]) => [`unimem_${name}`, time])),
      });
    await storage.store([
      plain(1),
      timed(2, { valid_from: at(-100), valid_until: at(50) }),
      timed(3, { valid_from: at(100) }),
      timed(4, { expires: at(60) }),
      timed(5, { expires: "1", valid_until: null, valid_from: "x" }),
    ]);
    await storage.update(hashOf(1), { superseded: { by: hashOf(3), at: at(80), reason: "" } }, at(90));
    const listed = async (filter: MemoryFilter) =>
      (await storage.list({ filter, offset: 0, limit: 9, order: "oldest" })).memories
        .map(({ content_hash }) => numberOf(content_hash));
    for (
      const [offset, numbers] of [
        [-101, []],
        [-100, [2]],
        [1, [1, 2]],
        [10, [1, 2, 4, 5]],
        [50, [1, 4, 5]],
        [80, [4, 5]],
        [100, [3, 4, 5]],
      ] as [number, number[]][]
    ) {
      const filter = { valid_at: at(offset) };
      assertEquals(await listed(filter), numbers, `${offset}`);
      assertEquals((await foundByWords(storage, "memory number", filter)).length, numbers.length, `${offset}`);
      const page = await storage.findText("Memory", { filter, offset: 0, limit: 9 });
      assertEquals([page.total, page.memories.length], [numbers.length, numbers.length]);
    }
    assertEquals(await listed({ unexpired_at: at(59) }), [1, 2, 3, 4, 5]);
    assertEquals(await listed({ unexpired_at: at(60) }), [1, 2, 3, 5]);
    assertEquals([await listed({ expired_by: at(59) }), await listed({ expired_by: at(60) })], [[], [4]]);
    await storage.update(hashOf(4), { metadata: { unimem_expires: null } }, at(90));
    assertEquals(await listed({ unexpired_at: at(900) }), [1, 2, 3, 4, 5]);
    await storage.update(hashOf(5), { metadata: { unimem_expires: at(5) } }, at(91));
    assertEquals(await listed({ unexpired_at: at(5) }), [1, 2, 3, 4]);
    await storage.delete([hashOf(5)]);
    await storage.store([plain(6)]);
    assertEquals(await listed({ unexpired_at: at(900) }), [1, 2, 3, 4, 6]);
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
}
