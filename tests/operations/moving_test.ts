import { assertAlmostEquals, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { MemoryError } from "../../src/errors.ts";
import { contentHash } from "../../src/memory/hash.ts";
import type { Memory } from "../../src/memory/memory.ts";
import { exportMemories } from "../../src/operations/moving/export.ts";
import type { ImportOptions } from "../../src/operations/moving/import.ts";
import { importFile } from "../../src/operations/moving/import_file.ts";
import { removeRelation } from "../../src/operations/relation.ts";
import type { Runtime } from "../../src/operations/runtime.ts";
import { testRuntime } from "../helpers/runtime.ts";
import { cosine, memory, vector } from "../storage/fixtures.ts";

async function exported(runtime: Runtime, vectors = false): Promise<string> {
  const parts = await Array.fromAsync(exportMemories(runtime, { vectors, trash: true }));
  return parts.map(({ text }) => text).join("");
}

/** A stream in pieces that end anywhere, as a network's do. */
function streamOf(text: string | Uint8Array, size = 1000): ReadableStream<Uint8Array> {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at += size));
    },
  });
}

const importText = (runtime: Runtime, text: string | Uint8Array, options: ImportOptions = {}) =>
  importFile(runtime, streamOf(text), options);

const contentOf = (i: number) => `Memory ${i}: "naïve" 東京 🚀\n\ttext \u2028 ${"x".repeat(i % 50)}`;
const keyOf = (i: number) => contentHash(contentOf(i));

async function all({ storage }: Runtime): Promise<Memory[]> {
  return (await storage.list({ filter: {}, offset: 0, limit: 10_000, order: "oldest" })).memories;
}

async function fill(runtime: Runtime, count: number): Promise<void> {
  const items = Array.from({ length: count }, (_, i) => ({
    memory: memory(i, {
      content: contentOf(i),
      content_hash: keyOf(i),
      tags: [`t${i % 7}`, "comma, inside"],
      memory_type: i % 3 === 0 ? null : "note",
      metadata: { n: i, deep: { list: [1.5, null, "🚀"] } },
      conversation_id: i % 2 === 0 ? `c${i % 10}` : null,
      created_at: 1_700_000_000.123456 + i / 3,
      updated_at: 1_700_000_500.654321 + i,
    }),
    vectors: i % 4 === 3 ? null : { model: runtime.embeddings.configured.identity!.id, chunks: [vector(i, 384)] },
  }));
  await runtime.storage.store(items);
}

Deno.test("a round trip of thousands of memories loses nothing, and a second one changes nothing", async () => {
  await using from = await testRuntime();
  await using to = await testRuntime();
  await fill(from.runtime, 3000);
  await from.runtime.storage.trash([keyOf(5), keyOf(6)], { at: 1_700_000_900.5, reason: "deleted" });
  await from.runtime.storage.relate([{ source: keyOf(9), target: keyOf(1), type: "causes", created_at: 12.5 }]);
  const text = await exported(from.runtime, true);
  const report = await importText(to.runtime, text, { asWritten: true });
  assertEquals([report.errors, report.stored, report.trashed, report.relations], [[], 2998, 2, 1]);
  assertEquals(await all(to.runtime), await all(from.runtime));
  const page = { offset: 0, limit: 10 };
  assertEquals(
    (await to.runtime.storage.listTrash(page)).items.toSorted((a, b) => a.memory.created_at - b.memory.created_at),
    (await from.runtime.storage.listTrash(page)).items.toSorted((a, b) => a.memory.created_at - b.memory.created_at),
  );
  assertEquals(await to.runtime.storage.relations({ limit: 9 }), await from.runtime.storage.relations({ limit: 9 }));
  const [some, none] = await to.runtime.storage.vectors([keyOf(100), keyOf(103)]);
  assertAlmostEquals(cosine(some!.chunks[0]!, vector(100, 384)), 1, 1e-4);
  assertEquals(none, null);

  const again = await importText(to.runtime, text);
  assertEquals([again.success, again.stored, again.trashed, again.relations], [true, 0, 0, 0]);
  const body = (text: string) => text.split("\n").filter((line) => /"kind":"memory"/.test(line));
  assertEquals(body(await exported(to.runtime)).toSorted(), body(await exported(from.runtime)).toSorted());
});

Deno.test("vectors of another model are left behind", async () => {
  await using from = await testRuntime();
  await using to = await testRuntime();
  await fill(from.runtime, 5);
  const text = (await exported(from.runtime, true)).replace(/"model":\{"id":"[^"]*"/, '"model":{"id":"local:other@1"');
  const report = await importText(to.runtime, text);
  assertEquals([report.stored, report.vectors], [5, 0]);
});

Deno.test("a cut or changed file is noticed, and the whole one completes it", async () => {
  await using from = await testRuntime();
  await using to = await testRuntime();
  await fill(from.runtime, 500);
  const text = await exported(from.runtime);
  const bytes = new TextEncoder().encode(text);
  for (const cut of [bytes.length - 3, bytes.length >> 1, (bytes.length >> 1) + 1]) {
    const report = await importText(to.runtime, bytes.slice(0, cut));
    assertEquals(report.success, false);
    assertStringIncludes(report.errors.at(-1)!.message, "The file was cut");
  }
  const changed = await importText(to.runtime, text.replace('"n":499', '"n":498'));
  assertStringIncludes(changed.errors[0]!.message, "The file was changed: its SHA-256");
  const lines = text.split("\n");
  const missing = await importText(to.runtime, lines.toSpliced(3, 1).join("\n"));
  assertEquals(missing.success, false);
  assertEquals((await importText(to.runtime, text)).success, true);
  assertEquals((await all(to.runtime)).length, 500);
});

Deno.test("what is no export, or one of a newer version, is refused before anything is stored", async () => {
  await using from = await testRuntime();
  await fill(from.runtime, 2);
  await using to = await testRuntime();
  const text = await exported(from.runtime);
  const refused = async (text: string, code: string, words: string) => {
    const error = await assertRejects(() => importText(to.runtime, text), MemoryError);
    assertEquals(error.code, code);
    assertStringIncludes(error.message, words);
  };
  await refused("", "invalid_input", "no header");
  await refused("null\n", "invalid_input", "no header");
  await refused("\u0000\ud800", "invalid_input", "no header");
  await refused(text.replace('"version":1', '"version":2'), "invalid_input", "format version 2");
  await refused(text.replace('"version":1', '"version":"1"'), "invalid_input", "wrong version");
  assertEquals(await all(to.runtime), []);
  // Without its header it is a list of memories.
  const report = await importText(to.runtime, text.split("\n").slice(1).join("\n"));
  assertEquals([report.stored, report.errors], [2, []]);
});

Deno.test("hostile lines are named by their numbers and leave nothing behind", async () => {
  await using test = await testRuntime();
  const [header] = (await exported(test.runtime)).split("\n");
  const good = (content: string, more = {}) => JSON.stringify({ kind: "memory", content, ...more });
  const bytes: (string | Uint8Array)[] = [
    header!,
    good("first"), // 2
    "{not json",
    good(""),
    '{"kind":"memory","content":7}',
    good("x".repeat(1_000_001)),
    good("tagged", { tags: "a,b" }),
    good("hash", { content_hash: "zz" }),
    good("time", { created_at: 1e300 }),
    '{"kind":"memory","content":"\\ud800"}', // 10
    '{"kind":"other"}',
    "[]",
    Uint8Array.of(0xff, 0xfe),
    `"${"y".repeat(17 * 1024 * 1024)}"`,
    good("first"), // 15: a duplicate
    good("second", { content_hash: "A".repeat(64) }),
    good("third", { content_hash: "a".repeat(64) }), // 17: the hash of line 16
    `{"kind":"relation","source":"${"1".repeat(64)}","target":"${"2".repeat(64)}","type":"x"}`,
    `{"__proto__":{"kind":"memory"},"kind":"memory","content":"fourth","metadata":{"__proto__":1}}`,
  ];
  const encoder = new TextEncoder();
  const parts = bytes.flatMap((line) => [typeof line === "string" ? encoder.encode(line) : line, encoder.encode("\n")]);
  const report = await importText(test.runtime, new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer()));
  const expected = [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 18].map((line) => `Line ${line}`);
  assertEquals(report.errors.slice(0, -1).map(({ place }) => place).toSorted(), expected.toSorted());
  assertStringIncludes(report.errors.at(-1)!.message, "without a trailer");
  assertEquals([report.stored, report.present], [4, 1]);
  assertEquals((await all(test.runtime)).map(({ content }) => content), ["first", "second", "third", "fourth"]);
});

Deno.test("plain JSON Lines of memories are imported, with times in any form, and faults by their lines", async () => {
  await using test = await testRuntime();
  const text = [
    '\ufeff{"content": "First", "tags": ["a"], "created_at": "2024-01-05T10:30:00Z"}',
    "",
    '{"kind": "memory", "content": "Second", "created_at": 1704450600}',
    '{"text": "no content"}',
    "[1]",
    '{"content": "Third", "created_at": "2024-02-30"}',
  ].join("\n");
  const report = await importText(test.runtime, text);
  assertEquals([report.stored, report.errors.map(({ place }) => place)], [2, ["Line 4", "Line 5", "Line 6"]]);
  const { memories } = await test.runtime.storage.list({ filter: {}, offset: 0, limit: 9 });
  assertEquals(memories.map(({ created_at }) => created_at), [1704450600, 1704450600]);
});

Deno.test("a header needs its format and version alone, and tells all that is wrong with it at once", async () => {
  await using test = await testRuntime();
  const header = { kind: "header", format: "unimem-export", version: 1 };
  const lines = (first: unknown) => `${JSON.stringify(first)}\n${JSON.stringify({ kind: "memory", content: "x" })}\n`;
  const { stored, message } = await importText(test.runtime, lines(header));
  assertEquals([stored, message.includes("1 fault") && !message.includes("1 faults")], [1, true]);
  await assertRejects(
    () => importText(test.runtime, lines({ ...header, memories: "many", vectors: 3 })),
    MemoryError,
    "a wrong memories, vectors",
  );
});

Deno.test("types of imported relations are those that can be asked for and removed", async () => {
  await using test = await testRuntime();
  const { runtime } = test, line = (value: unknown) => `${JSON.stringify(value)}\n`;
  const [a, b] = [contentHash("one"), contentHash("two")];
  const relation = (type: string) => line({ kind: "relation", source: a, target: b, type });
  const text = line({ content: "one" }) + line({ content: "two" }) + relation("CONTRADICTS") + relation("contradicts") +
    relation("works@home");
  const report = await importText(runtime, text);
  assertEquals([report.relations, report.present, report.errors], [2, 1, []]);
  const { success } = await removeRelation(runtime, { content_hash: a, target_hash: b, relation_type: "contradicts" });
  assertEquals(success, true);
  assertEquals((await runtime.storage.relations({ limit: 9 })).map(({ type }) => type), ["works_home"]);
});

Deno.test("an export of long memories comes in pieces of a bounded size", async () => {
  await using from = await testRuntime();
  await using to = await testRuntime();
  const contents = Array.from({ length: 12 }, (_, i) => `${i} ${"word ".repeat(19_000)}`);
  await from.runtime.storage.store(
    contents.map((content, i) => ({
      memory: memory(i, { content, content_hash: contentHash(content) }),
      vectors: null,
    })),
  );
  await from.runtime.storage.trash(contents.slice(8).map((content) => contentHash(content)), { at: 1, reason: "old" });
  const parts = await Array.fromAsync(exportMemories(from.runtime, { vectors: false, trash: true }));
  assertEquals(parts.filter(({ text }) => text.length > 250_000).length, 0);
  const report = await importText(to.runtime, parts.map(({ text }) => text).join(""));
  assertEquals([report.stored, (await to.runtime.storage.listTrash({ offset: 0, limit: 1 })).total], [8, 4]);
});

Deno.test("a trashed memory's export carries what it had replaced, for its restoration elsewhere", async () => {
  await using from = await testRuntime();
  await using to = await testRuntime();
  const superseded = { by: keyOf(2), at: 1_700_000_600.5, reason: "it moved" };
  const one = (i: number, more = {}) => memory(i, { content: contentOf(i), content_hash: keyOf(i), ...more });
  await from.runtime.storage.store([
    { memory: one(1, { superseded }), vectors: null },
    { memory: one(2), vectors: null },
  ]);
  await from.runtime.storage.trash([keyOf(2)], { at: 1, reason: "old" });
  await importText(to.runtime, await exported(from.runtime));
  assertEquals((await to.runtime.storage.getByHash([keyOf(1)]))[0]?.superseded, undefined);
  await to.runtime.storage.restore([keyOf(2)]);
  assertEquals((await to.runtime.storage.getByHash([keyOf(1)]))[0]?.superseded, superseded);
});
