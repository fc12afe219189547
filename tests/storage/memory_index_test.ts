import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { MemoryFilter } from "../../src/memory/memory.ts";
import { K1, NEIGHBOUR_REACH, saturation } from "../../src/memory/ranking.ts";
import { findCandidates, matchWords } from "../../src/storage/sqlite/candidates.ts";
import { escapeText, unescapeText } from "../../src/storage/escape.ts";
import { pageByTime, tagsOf } from "../../src/storage/sqlite/merging.ts";
import { MemoryIndex } from "../../src/storage/sqlite/memory_index.ts";
import { quantise } from "../../src/storage/sqlite/quantise.ts";
import { wholeWords } from "../../src/storage/sqlite/text_scans.ts";
import { decodeNumbers, encodeNumbers, TermNumbers } from "../../src/storage/sqlite/terms.ts";
import { VectorIndex } from "../../src/storage/sqlite/vector_index.ts";
import { VectorMemory } from "../../src/storage/sqlite/vector_memory.ts";
import { WordIndex } from "../../src/storage/sqlite/word_index.ts";
import { cosine, memory, passes, sum, vector } from "./fixtures.ts";

/** Terms are named by letters that no analyser changes. */
const WORDS = ["kiwi", "mango", "plum", "fig", "yam", "leek"];
const DIMENSIONS = 32;
const SPACES = 3;

/** What the plain scan keeps of a memory. */
interface Plain {
  id: number;
  terms: Map<number, number>;
  chunks: Float32Array[] | null;
  /** Which of the indexes has it. */
  space: number;
  fields: ReturnType<typeof memory>;
}

const change = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("put" as const),
      terms: fc.dictionary(
        fc.integer({ min: 1, max: WORDS.length }).map(String),
        fc.integer({ min: 1, max: 400 }),
        { maxKeys: 4 },
      ),
      chunks: fc.option(fc.array(fc.nat(1000), { minLength: 1, maxLength: 3 })),
      created: fc.integer({ min: 0, max: 30 }),
      conversation: fc.option(fc.constantFrom("a", "b")),
      space: fc.nat(SPACES - 1),
      writer: fc.option(fc.constantFrom("ann", "bob")),
      tags: fc.subarray(["x", "y", "x,y", ""]),
      type: fc.option(fc.constantFrom("note", "plan")),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("change" as const),
      which: fc.nat(),
      tags: fc.subarray(["x", "y", "z"]),
      type: fc.option(fc.constantFrom("note", "plan")),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("remove" as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("vectors" as const), which: fc.nat(), seed: fc.nat(1000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("purge" as const) }) },
);

const filters: fc.Arbitrary<MemoryFilter> = fc.record({
  tags: fc.record({ values: fc.subarray(["x", "y", "x,y"], { minLength: 1 }), match: fc.constantFrom("any", "all") }),
  memory_type: fc.constantFrom("note", "plan", "other"),
  conversation_id: fc.constantFrom("a", "c"),
  created_from: fc.integer({ min: 0, max: 15 }),
  created_before: fc.integer({ min: 10, max: 30 }),
  writer: fc.constantFrom("ann", "eve"),
}, { requiredKeys: [] });

Deno.test("the indexes of spaces answer as a plain scan does, one and all, after any changes and removals", async () => {
  const numbers = new TermNumbers((word) => WORDS.indexOf(word) + 1);
  const query = fc.record({ words: fc.subarray(WORDS, { minLength: 1 }), seed: fc.nat(1000), filter: filters });

  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 60 }), query, async (changes, { words, seed, filter }) => {
      const vectors = new VectorMemory(DIMENSIONS);
      const indexes = Array.from({ length: SPACES }, () => {
        const index = new MemoryIndex();
        index.vectors = { model: 1, index: new VectorIndex(vectors) };
        return index;
      });
      let plain: Plain[] = [], nextId = 1;
      for (const step of changes) {
        const target = "which" in step && plain.length > 0 ? plain[step.which % plain.length] : undefined;
        const index = indexes[step.kind === "put" ? step.space : target?.space ?? 0]!;
        if (step.kind === "put") {
          const id = nextId++;
          const terms = new Map(Object.entries(step.terms).map(([term, count]) => [Number(term), count]));
          const chunks = step.chunks?.map((seed) => vector(seed, DIMENSIONS)) ?? null;
          const fields = memory(id, {
            created_at: step.created,
            conversation_id: step.conversation,
            tags: step.tags,
            memory_type: step.type,
          });
          plain.push({ id, terms, chunks, space: step.space, fields });
          if (step.writer !== null) fields.writer = { name: step.writer, channel: "rest" };
          const kept = fields.writer === undefined ? null : JSON.stringify(fields.writer);
          index.put({ id, ...fields, role: null, writer: kept }, [...terms].flat());
          if (chunks) index.setVectors(id, 1, quantise(chunks, DIMENSIONS).codes);
        } else if (step.kind === "purge") {
          for (const one of indexes) await one.purge(() => Promise.resolve());
        } else if (target !== undefined && step.kind === "change") {
          Object.assign(target.fields, { tags: step.tags, memory_type: step.type });
          index.change({ id: target.id, ...target.fields, role: null, writer: null });
        } else if (target !== undefined && step.kind === "vectors") {
          target.chunks = [vector(step.seed, DIMENSIONS)];
          index.setVectors(target.id, 1, quantise(target.chunks, DIMENSIONS).codes);
        } else if (target !== undefined && step.kind === "remove") {
          plain = plain.filter((candidate) => candidate !== target);
          index.remove(target.id);
        }
      }
      compare(indexes, numbers, plain, words, seed, filter);
      for (const [space, index] of indexes.entries()) {
        compare([index], numbers, plain.filter((memory) => memory.space === space), words, seed, filter);
      }
    }),
    { numRuns: 300 },
  );
});

function compare(
  indexes: MemoryIndex[],
  numbers: TermNumbers,
  plain: Plain[],
  words: string[],
  seed: number,
  filter: MemoryFilter,
): void {
  const values = vector(seed, DIMENSIONS);
  const read = indexes.map((index) => {
    return { index, marks: Object.keys(filter).length > 0 ? index.match(filter, null) : null };
  });
  const scan = scanOf(plain, words, values);
  const matches = matchWords(read, numbers, words.join(" "), 1000);
  const query = { vector: values, limit: 1000 };
  const found = findCandidates(read, numbers, matches, query, (ids) =>
    new Map(ids.flatMap((id) => {
      const cosine = scan.semantic(id);
      return cosine === null ? [] : [[id, cosine] as const];
    })));

  const passing = new Set(plain.filter(({ fields }) => passes(fields, filter)).map(({ id }) => id));
  const expected = new Set([...passing].filter((id) => scan.words(id) > 0 || scan.semantic(id) !== null));
  for (const id of [...expected]) {
    const { before, after } = scan.turnsAround(id);
    for (const near of [...before, ...after]) if (passing.has(near)) expected.add(near);
  }
  assertEquals(
    found.candidates.map(({ id }) => Number(id)).toSorted((a, b) => a - b),
    [...expected].toSorted((a, b) => a - b),
  );
  assertAlmostEquals(found.words_ceiling, scan.ceiling, 1e-4);
  for (const candidate of found.candidates) {
    const { before, after } = scan.turnsAround(Number(candidate.id));
    const rows = [[[candidate], [Number(candidate.id)]], [candidate.before, before], [candidate.after, after]] as const;
    for (const [scores, ids] of rows) {
      assertEquals(scores.length, ids.length);
      scores.forEach(({ semantic, words }, i) => {
        assertAlmostEquals(sum(words), scan.words(ids[i]!), 1e-4);
        const cosine = scan.semantic(ids[i]!);
        if (cosine === null) assertEquals(semantic, null);
        else assertAlmostEquals(semantic!, cosine, 0.02);
      });
    }
  }
  const byTime = plain.toSorted((a, b) => a.fields.created_at - b.fields.created_at || a.id - b.id);
  const all = indexes.map((index) => ({ index, marks: null }));
  for (const [offset, limit] of [[0, 1000], [2, 3]] as const) {
    const ids = byTime.map(({ id }) => id), page = { filter: {}, offset, limit };
    const wanted = { ids: ids.slice(offset, offset + limit), total: plain.length };
    assertEquals(pageByTime(all, { ...page, order: "oldest" }), wanted);
    assertEquals(pageByTime(all, page), { ...wanted, ids: ids.toReversed().slice(offset, offset + limit) });
  }
  const counts = new Map<string, number>();
  for (const { fields } of plain) for (const tag of fields.tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  assertEquals(new Map(tagsOf(indexes).map(({ tag, count }) => [tag, count])), counts);
  assertEquals(
    [sum(indexes.map(({ size }) => size)), sum(indexes.map(({ vectors }) => vectors!.index.memories))],
    [plain.length, plain.filter((m) => m.chunks).length],
  );
}

/** BM25 and cosines by the book. */
function scanOf(plain: Plain[], words: string[], query: Float32Array) {
  const lengthOf = ({ terms }: Plain) => [...terms.values()].reduce((sum, count) => sum + count, 0);
  const average = plain.reduce((sum, memory) => sum + lengthOf(memory), 0) / plain.length || 1;
  const byId = new Map(plain.map((memory) => [memory.id, memory]));
  const idfs = words.map((word) => {
    const term = WORDS.indexOf(word) + 1, having = plain.filter(({ terms }) => terms.has(term)).length;
    return { term, idf: having === 0 ? 0 : Math.log(1 + (plain.length - having + 0.5) / (having + 0.5)) };
  });
  return {
    ceiling: idfs.reduce((sum, { idf }) => sum + idf * (K1 + 1), 0),
    words(id: number): number {
      const memory = byId.get(id)!, norm = saturation(lengthOf(memory), average);
      return idfs.reduce((sum, { term, idf }) => {
        const count = Math.min(memory.terms.get(term) ?? 0, 255);
        return sum + idf * count * (K1 + 1) / (count + norm);
      }, 0);
    },
    turnsAround(id: number): { before: number[]; after: number[] } {
      const { space, fields: { conversation_id } } = byId.get(id)!;
      if (conversation_id === null) return { before: [], after: [] };
      const turns = plain.filter((turn) => turn.space === space && turn.fields.conversation_id === conversation_id)
        .toSorted((a, b) => a.fields.created_at - b.fields.created_at || a.id - b.id).map((turn) => turn.id);
      const at = turns.indexOf(id);
      return {
        before: turns.slice(0, at).reverse().slice(0, NEIGHBOUR_REACH),
        after: turns.slice(at + 1, at + 1 + NEIGHBOUR_REACH),
      };
    },
    semantic(id: number): number | null {
      const { chunks } = byId.get(id)!;
      return chunks === null ? null : Math.max(...chunks.map((chunk) => cosine(query, chunk)));
    },
  };
}

Deno.test("signatures and codes find the exact best of many vectors", () => {
  const count = 10_000, dimensions = 384, index = new VectorIndex(new VectorMemory(dimensions));
  const centres = Array.from({ length: 200 }, (_, i) => vector(i, dimensions));
  const vectors = Array.from({ length: count }, (_, i) => mixed(centres[i % 200]!, vector(1000 + i, dimensions), 0.8));
  vectors.forEach((values, slot) => index.set(slot, quantise([values], dimensions).codes));
  let found = 0;
  const queries = 10, wanted = 50, forbidden = new Uint8Array(count).fill(1);
  for (let q = 0; q < queries; q++) {
    const query = mixed(centres[q * 7]!, vector(900_000 + q, dimensions), 0.5);
    const exact = vectors.map((values, slot) => ({ slot, score: cosine(query, values) }))
      .sort((a, b) => b.score - a.score).slice(0, wanted).map(({ slot }) => slot);
    index.setQuery(query);
    const near = new Set(index.nearest(wanted, null).map(({ slot }) => slot));
    assertEquals(near.size, wanted);
    found += exact.filter((slot) => near.has(slot)).length;
    forbidden[exact[0]!] = 0;
    assert(index.nearest(wanted, forbidden).every(({ slot }) => slot !== exact[0]));
  }
  assert(found / (queries * wanted) >= 0.99, `Recall is ${found / (queries * wanted)}`);
});

function mixed(a: Float32Array, b: Float32Array, share: number): Float32Array {
  const sum = a.map((value, i) => value + share * b[i]!), length = Math.hypot(...sum);
  return sum.map((value) => value / length);
}

Deno.test("escaped text comes back as it was and holds nothing SQLite trips over", () => {
  const unit = fc.oneof(fc.constantFrom("\0", "\u0001", "\ud800", "\udfff", "🦕", "a", "0"), fc.string());
  fc.assert(fc.property(fc.array(unit).map((units) => units.join("")), (text) => {
    const kept = escapeText(text);
    assert(kept.isWellFormed() && !kept.includes("\0"));
    assertEquals(unescapeText(kept), text);
  }));
});

Deno.test("numbers come back from their bytes", () => {
  fc.assert(fc.property(fc.array(fc.nat()), (numbers) => {
    assertEquals([...decodeNumbers(encodeNumbers(numbers))], numbers);
  }));
});

Deno.test("only words that stand whole in a text go into a full-text phrase", () => {
  assertEquals(wholeWords("one"), null);
  assertEquals(wholeWords("one two"), null);
  assertEquals(wholeWords("one two three"), '"two"');
  assertEquals(wholeWords(' one "NEAR(x'), '"one NEAR"');
  assertEquals(wholeWords("-*\"'"), null);
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => {
    const phrase = wholeWords(text);
    assert(phrase === null || /^"[\p{L}\p{N} ]+"$/u.test(phrase));
  }));
});

Deno.test("words are counted and scored the same while a space is small, as it grows large, and after removals", async () => {
  const saturation = { base: 0.3, perLength: 0.01, most: 0.9 }, index = new WordIndex();
  /** Terms, with their frequencies, of the memory in each slot. */
  const plain = new Map<number, Map<number, number>>();
  const TERMS = Array.from({ length: 40 }, (_, i) => (i + 1) * 50_000);
  const termsOf = (slot: number) =>
    new Map(TERMS.filter((_, i) => slot % (i + 2) === 0).map((term) => [term, 1 + slot % 300]));
  const check = (at: string) => {
    for (const term of [...TERMS, 7]) {
      const scores = index.score([[term]], [2], saturation), expected = new Float32Array(scores.length);
      let count = 0;
      for (const [slot, terms] of plain) {
        const frequency = Math.min(terms.get(term) ?? 0, 255);
        if (frequency === 0) continue;
        const ofLength = Math.min(saturation.perLength * sum([...terms.values()]), saturation.most);
        expected[slot] = 2 * frequency / (frequency + saturation.base + ofLength);
        count++;
      }
      assertEquals(index.count(term), count, `${at}: ${term}`);
      for (const slot of plain.keys()) {
        if (Math.abs(scores[slot]! - expected[slot]!) > 1e-5) {
          throw new Error(`${at}: ${term} in ${slot} scores ${scores[slot]}, not ${expected[slot]}`);
        }
      }
    }
  };
  for (let slot = 0; slot < 9000; slot++) {
    const terms = termsOf(slot);
    index.add(slot, [...terms].flat());
    plain.set(slot, terms);
    if ([0, 50, 51, 1000, 4095, 4096, 8999].includes(slot)) check(`slot ${slot}`);
    if (slot !== 900 && slot !== 8000) continue;
    for (const gone of [...plain.keys()].filter((other) => other % 3 === 0)) {
      index.remove(gone);
      plain.delete(gone);
    }
    check(`after removals at ${slot}`);
    await index.purge(() => Promise.resolve());
    check(`after cleaning at ${slot}`);
  }
});

Deno.test("Many memories that are added in no order and sorted then lie as if each had been put in its place", () => {
  fc.assert(fc.property(
    fc.array(fc.record({ created: fc.integer({ min: 0, max: 9 }), conversation: fc.constantFrom(null, "a", "b") })),
    (added) => {
      const [each, many] = [false, true].map((asMany) => {
        const index = new MemoryIndex();
        added.forEach(({ created, conversation }, i) => {
          const { memory_type, tags } = memory(i + 1);
          const fields = { memory_type, tags, created_at: created, conversation_id: conversation, role: null };
          // Ids of which the later one is the smaller, so that those decide too.
          index.put({ id: added.length - i, ...fields }, [], asMany);
        });
        if (asMany) index.sort();
        const slots = [...index.order.slots];
        return [slots, slots.map((slot) => index.neighbours(slot, NEIGHBOUR_REACH))];
      });
      assertEquals(many, each);
    },
  ));
});
