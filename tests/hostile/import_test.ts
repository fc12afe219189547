// First: operations' schemas are described in OpenAPI, which has to be loaded before they are made.
import { appOver, openClient } from "../http/client.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { contentHash } from "../../src/memory/hash.ts";
import { encodeVector } from "../../src/operations/moving/format.ts";
import { exportMemories } from "../../src/operations/moving/export.ts";
import { importFile } from "../../src/operations/moving/import_file.ts";
import type { ImportOptions } from "../../src/operations/moving/import.ts";
import { store } from "../../src/operations/store.ts";
import type { Runtime } from "../../src/operations/runtime.ts";
import { inFolder, json, unimem } from "../cli/command.ts";
import { testRuntime } from "../helpers/runtime.ts";
import { memory, vector } from "../storage/fixtures.ts";

const OTHER = { id: "local:other@1", name: "other", provider: "local" as const, dimensions: 384 };

/** A file as `export` writes it, without a trailer. */
function fileOf(runtime: Runtime, lines: object[]): string {
  const model = runtime.embeddings.configured.identity!;
  const header = { kind: "header", format: "unimem-export", version: 1, vectors: true, model };
  return [header, ...lines].map((line) => `${JSON.stringify(line)}\n`).join("");
}

async function take(runtime: Runtime, text: string, options: ImportOptions = {}) {
  return await importFile(runtime, new Blob([text]).stream(), options);
}

async function storeText(runtime: Runtime, content: string) {
  return await store(runtime, { content, tags: [], metadata: {} });
}

async function vectorsOf(runtime: Runtime, content: string): Promise<string[]> {
  return (await runtime.embeddings.configured.embedPassage(content)).map(encodeVector);
}

/** Cosines of stored vectors to those that the model gives; null where there are none. */
async function cosines({ storage, embeddings }: Runtime, contents: string[]): Promise<(number | null)[]> {
  const stored = await storage.vectors(contents.map((content) => contentHash(content)));
  return await Promise.all(contents.map(async (content, i) => {
    const [made] = await embeddings.configured.embedPassage(content);
    const chunk = stored[i]?.chunks[0];
    return chunk === undefined ? null : chunk.reduce((sum, value, at) => sum + value * made![at]!, 0);
  }));
}

const HEADER = JSON.stringify({ kind: "header", format: "unimem-export", version: 1, created_at: 1, unimem: "0.1.0" });

Deno.test("a forged content_hash keeps no other text from being stored, and what refers to it follows", async () => {
  await using opened = await testRuntime();
  const { runtime } = opened,
    truth = "The invoice goes to Anna",
    forged = contentHash(truth),
    by = contentHash("x y z");
  const lie = "The invoice goes to Mallory", newer = "A newer lie";
  const lines = [
    { kind: "memory", content: lie, content_hash: forged, superseded: { by, at: 5, reason: "new" }, updated_at: 7 },
    { kind: "memory", content: newer, content_hash: by },
    { kind: "trashed", content: "A trashed lie", content_hash: contentHash("Trash"), deleted_at: 9 },
    { kind: "relation", source: forged, target: by, type: "causes" },
  ];
  for (const stored of [2, 0]) {
    const report = await take(runtime, fileOf(runtime, lines));
    assertEquals(report.stored, stored);
    assertEquals(report.notes.map(({ place }) => place), ["Line 2", "Line 3", "Line 4"]);
  }
  const [kept] = await runtime.storage.getByHash([contentHash(lie)]);
  assertEquals([kept?.content, kept?.superseded?.by, kept?.updated_at], [lie, contentHash(newer), 7]);
  const [relation] = await runtime.storage.relations({ limit: 9 });
  assertEquals([relation?.source, relation?.target], [contentHash(lie), contentHash(newer)]);
  assertEquals((await storeText(runtime, truth)).duplicate, undefined);
  assertEquals((await storeText(runtime, "Trash")).duplicate, undefined);
});

Deno.test("memories that a file makes replace each other in a circle don't hide one another", async () => {
  await using opened = await testRuntime();
  const { runtime } = opened;
  const replaced = (content: string, by: string) => ({
    kind: "memory",
    content,
    superseded: { by: contentHash(by), at: 5, reason: "" },
  });
  const current = async (contents: string[]) =>
    (await runtime.storage.getByHash(contents.map((content) => contentHash(content))))
      .filter((memory) => memory !== null && memory.superseded === undefined).map((memory) => memory!.content);
  const circles = [["alone"], ["a", "b"], ["c", "d", "e"]];
  const lines = circles.flatMap((circle) =>
    circle.map((content, i) => replaced(content, circle[(i + 1) % circle.length]!))
  );
  const report = await take(runtime, fileOf(runtime, [...lines, replaced("before", "a"), replaced("lost", "nowhere")]));
  assertEquals(report.stored, 8);
  for (const circle of circles) assertEquals((await current(circle)).length, 1, circle.join());
  assertEquals(report.notes.length, 2);
  // What leads into a circle stays replaced, and so does what a memory replaced that isn't in the file.
  assertEquals(await current(["before", "lost"]), []);
  // A circle that closes over a memory stored before.
  await take(runtime, fileOf(runtime, [replaced("nowhere", "lost")]));
  assertEquals(await current(["nowhere", "lost"]), ["nowhere"]);
  // One that comes out of the trash replaces itself no more than another.
  await take(runtime, fileOf(runtime, [{ ...replaced("gone", "gone"), kind: "trashed", deleted_at: 9 }]));
  await runtime.storage.restore([contentHash("gone")]);
  assertEquals(await current(["gone"]), ["gone"]);
});

Deno.test("hashes of every form that Unimem makes come over as they are, and the same words stay several memories", async () => {
  await using opened = await testRuntime();
  const { runtime } = opened,
    content = "Yes",
    documents = [{ source_file: "a.pdf", page: 1 }, { source_file: "b.pdf" }];
  const turn = { source: "chatgpt", message_id: "7", role: "user" };
  const lines = [
    { content, content_hash: contentHash(content) },
    ...documents.map((metadata) => ({ content, metadata, content_hash: contentHash(content, metadata) })),
    { content, metadata: { source_file: "n.md", a: 1 }, content_hash: contentHash(content, { source_file: "n.md" }) },
    { content, metadata: turn, content_hash: contentHash(content, { source: "chatgpt", message_id: "7" }) },
    // Metadata that was changed since the key was made.
    { content, metadata: { edited: true }, content_hash: contentHash(content, { edited: false }) },
  ].map((line) => ({ kind: "memory", ...line }));
  const report = await take(runtime, fileOf(runtime, lines));
  assertEquals([report.stored, report.notes.length], [6, 1]);
  assertEquals(
    (await runtime.storage.getByHash(lines.slice(0, 5).map((line) => line.content_hash))).includes(null),
    false,
  );
  assertEquals((await take(runtime, fileOf(runtime, lines))).present, 6);
});

Deno.test("vectors of a file are made anew unless they are trusted, and then a sample is checked", async () => {
  const right = Array.from({ length: 40 }, (_, i) => `Fact ${i} about the harbour of town ${i % 7}`);
  const forged = vector(1, 384);
  const lines = async (runtime: Runtime, isForged: (i: number) => boolean) =>
    fileOf(
      runtime,
      await Promise.all(right.map(async (content, i) => {
        const vectors = isForged(i) ? [encodeVector(forged)] : await vectorsOf(runtime, content);
        return { kind: "memory", content, vectors };
      })),
    );
  {
    await using opened = await testRuntime();
    const report = await take(opened.runtime, await lines(opened.runtime, () => false));
    assertEquals([report.stored, report.vectors], [40, 0]);
    assertEquals(await cosines(opened.runtime, right.slice(0, 2)), [null, null]);
  }
  {
    await using opened = await testRuntime();
    const report = await take(opened.runtime, await lines(opened.runtime, () => false), { trustVectors: true });
    assertEquals([report.stored, report.vectors, report.notes], [40, 40, []]);
    assert((await cosines(opened.runtime, right)).every((cosine) => cosine! > 0.999));
  }
  {
    await using opened = await testRuntime();
    const text = await lines(opened.runtime, (i) => i % 2 === 1);
    const report = await take(opened.runtime, text, { trustVectors: true });
    assertEquals([report.stored, report.vectors], [40, 0]);
    assertStringIncludes(report.notes[0]!.message, "all vectors of the file are left behind");
    assert(/^Line \d+$/.test(report.notes[0]!.place));
    assertEquals(await cosines(opened.runtime, right.slice(0, 2)), [null, null]);
  }
});

Deno.test("vectors taken before a sample showed wrong ones are made anew", async () => {
  await using opened = await testRuntime();
  const { runtime } = opened;
  const contents = Array.from({ length: 260 }, (_, i) => `Fact ${i} about the harbour`);
  const model = runtime.embeddings.configured;
  const lines = await Promise.all(contents.map(async (content, i) => ({
    kind: "memory",
    content,
    // Two in the first group, which the sample misses, and all of the second.
    vectors: i === 150 || i === 151 || i >= 200 ? [encodeVector(vector(i, 384))] : await vectorsOf(runtime, content),
  })));
  const report = await take(runtime, fileOf(runtime, lines), { trustVectors: true, random: () => 0 });
  assertEquals([report.stored, report.vectors], [260, 0]);
  const found = await cosines(runtime, contents);
  assert(found.slice(0, 200).every((cosine) => cosine! > 0.999));
  assertEquals(new Set(found.slice(200)), new Set([null]));
  assertEquals(model.status.state, "ready");
});

Deno.test("a memory can't bring more vectors than its content has chunks", async () => {
  await using opened = await testRuntime();
  const { runtime } = opened, content = "A short note", good = "Another short note";
  const many = Array.from({ length: 7000 }, (_, i) => encodeVector(vector(i, 384)));
  const lines = [
    { kind: "memory", content, vectors: many },
    { kind: "memory", content: good, vectors: await vectorsOf(runtime, good) },
  ];
  const report = await take(runtime, fileOf(runtime, lines), { trustVectors: true });
  assertEquals([report.stored, report.vectors], [2, 1]);
  assertEquals(report.notes.map(({ place }) => place), ["Line 2"]);
  assertEquals((await cosines(runtime, [content]))[0], null);
});

Deno.test("over REST vectors are trusted only by a service that has a key", async () => {
  await using opened = await testRuntime();
  const { runtime } = opened, content = "A note about the harbour";
  const body = fileOf(runtime, [{ kind: "memory", content, vectors: await vectorsOf(runtime, content) }]);
  const call = async (apiKey: string | null, headers: Record<string, string> = {}) => {
    const app = appOver(runtime, { apiKey });
    const answer = await app.request("/api/import?trust_vectors=true", {
      method: "POST",
      body,
      headers: { "content-type": "application/x-ndjson", ...headers },
    });
    return { status: answer.status, text: await answer.text() };
  };
  const open = await call(null);
  assertEquals(open.status, 400);
  assertStringIncludes(open.text, "MCP_API_KEY");
  const key = "a-key-that-is-long-enough";
  assertEquals((await call(key)).status, 401);
  const { status, text } = await call(key, { authorization: `Bearer ${key}` });
  assertEquals([status, JSON.parse(text).vectors], [200, 1]);
});

Deno.test("an export made while the model is switched holds vectors of the model in its header alone", async () => {
  await using opened = await testRuntime();
  await using target = await testRuntime();
  const { runtime } = opened, { storage, embeddings } = runtime, model = embeddings.configured.identity!.id;
  const contents = Array.from({ length: 500 }, (_, i) => `Fact ${i} about the harbour`);
  await storage.store(
    await Promise.all(contents.map(async (content, i) => ({
      memory: memory(i, { content, content_hash: contentHash(content) }),
      vectors: { model, chunks: await embeddings.configured.embedPassage(content) },
    }))),
  );
  await storage.registerModel(OTHER);
  await storage.addVectors(contents.map((content, i) => ({
    content_hash: contentHash(content),
    vectors: { model: OTHER.id, chunks: [vector(i, 384)] },
  })));
  let text = "", pieces = 0;
  for await (const piece of exportMemories(runtime, { vectors: true, trash: true })) {
    text += piece.text;
    if (++pieces === 2) await storage.activateVectors(OTHER.id);
  }
  const lines = text.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(lines[0].model.id, model);
  const withVectors = lines.filter(({ kind, vectors }) => kind === "memory" && vectors !== undefined);
  assertEquals(withVectors.length, 200);
  const report = await take(target.runtime, text, { asWritten: true });
  assertEquals([report.success, report.stored, report.vectors], [true, 500, 200]);
  const found = await cosines(target.runtime, contents);
  assertEquals(found.filter((cosine) => cosine !== null).length, 200);
  assert(found.every((cosine) => cosine === null || cosine > 0.999));
  assertEquals((await target.runtime.storage.vectorCoverage()).embedded, 200);
});

Deno.test("content with NUL is refused by name on every surface, and never cut", () =>
  inFolder(async (folder) => {
    await using opened = await testRuntime();
    const { runtime } = opened, content = "before\u0000after";
    const report = await take(runtime, fileOf(runtime, [{ kind: "memory", content }]));
    assertEquals(report.stored, 0);
    assertStringIncludes(report.errors[0]!.message, "content must not contain NUL");
    const app = appOver(runtime);
    const answer = await app.request("/api/memories", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ content }),
    });
    assertEquals([answer.status, (await answer.text()).includes("NUL")], [422, true]);
    const file = `${folder}/lines.jsonl`;
    await Deno.writeTextFile(file, `${JSON.stringify({ content })}\n${JSON.stringify({ content: "whole" })}\n`);
    const ended = await unimem(folder, "import", file);
    assertEquals(ended.code, 1);
    assertStringIncludes(ended.out, "NUL");
    assertEquals((await json(folder, "list")).memories.map((found: { content: string }) => found.content), ["whole"]);
  }));

Deno.test("an import of lines that are all left out lets others in between", async () => {
  await using client = await openClient();
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const answer = await client.app.request("/api/import", {
    method: "POST",
    headers: { "Content-Type": "application/x-ndjson" },
    body: `${HEADER}\n${"{}\n".repeat(100_000)}`,
  });
  clearInterval(timer);
  assertEquals((await answer.json()).faults > 99_000, true);
  // Seconds of work, and a pause each fiftieth of one.
  assert(turns >= 5, `${turns} turns`);
});

Deno.test("a line of endless levels is left out before it is parsed, one of many keys is cleaned", async () => {
  await using client = await openClient();
  const keys = Object.fromEntries(Array.from({ length: 12_000 }, (_, n) => [`k${n}`, n]));
  const lines = [
    HEADER,
    `{"kind":"memory","content":"deep","metadata":{"a":${"[".repeat(50_000)}${"]".repeat(50_000)}}}`,
    JSON.stringify({ kind: "memory", content: "wide", metadata: keys }),
  ];
  const answer = await client.app.request("/api/import", {
    method: "POST",
    headers: { "Content-Type": "application/x-ndjson" },
    body: lines.join("\n") + "\n",
  });
  const { stored, cleaned, errors } = await answer.json();
  assertEquals([stored, cleaned], [1, 1]);
  assertStringIncludes(errors[0].message, "must have at most 1000 levels");
});

Deno.test("a line of an import that holds too much is left out by name before it is parsed, and the others are imported", async () => {
  await using client = await openClient();
  const many = <T>(count: number, value: (n: number) => T) => Array.from({ length: count }, (_, n) => value(n));
  const lines: [line: string, says: string | null][] = [
    [JSON.stringify({ content: "first" }), null],
    [JSON.stringify({ content: "a", metadata: Object.fromEntries(many(300_000, (n) => [`k${n}`, n])) }), "20000 keys"],
    [JSON.stringify({ content: "b", metadata: many(500, (n) => [n, ...many(200, String)]) }), "50000 values"],
    [`{"content":"c","tags":[${'"",'.repeat(100_000)}""]}`, "35000 items"],
    [`{"content":"d","metadata":{"a":${"[".repeat(9000)}${"]".repeat(9000)}}}`, "1000 levels"],
    [`{"content":"e","metadata":{"count":${"9".repeat(20)},"text":"${"x".repeat(20_000)}"}}`, "can't be kept exactly"],
    [`{"content":"f","unknown":"${"\\u0041".repeat(200_000)}"}`, null],
    [`{"content":"g","unknown":"${'\\"'.repeat(500_000)}"}`, null],
    [JSON.stringify({ content: "last" }), null],
  ];
  const answer = await client.app.request("/api/import", {
    method: "POST",
    headers: { "content-type": "application/x-ndjson" },
    body: lines.map(([line]) => line).join("\n"),
  });
  const report = await answer.json(), faults = lines.flatMap(([, says], i) => says === null ? [] : [[i + 1, says]]);
  assertEquals([answer.status, report.stored, report.faults], [200, lines.length - faults.length, faults.length]);
  for (const [i, [line, says]] of faults.entries()) {
    assertEquals(report.errors[i].place, `Line ${line}`);
    assertStringIncludes(report.errors[i].message, String(says));
  }
  // What the operator's own store wrote is restored, however much it holds.
  const { runtime } = client,
    content = "kept as written",
    metadata = Object.fromEntries(many(30_000, (n) => [`k${n}`, n]));
  const restored = await take(runtime, fileOf(runtime, [{ kind: "memory", content, metadata }]), { asWritten: true });
  assertEquals([restored.stored, restored.faults], [1, 1], "and the missing trailer");
});

Deno.test("what an imported memory was replaced by is bounded like everything else", async () => {
  await using client = await openClient();
  const by = contentHash("newer"), superseded = { by, at: 1_700_000_000, reason: `a\0b\ud800${"x".repeat(100_000)}` };
  const lines = [
    { content: "newer" },
    { content: "old", superseded },
    ...[1e300, -1e300, "soon"].map((at, i) => ({ content: `never ${i}`, superseded: { by, at, reason: "" } })),
  ];
  const answer = await client.app.request("/api/import", {
    method: "POST",
    headers: { "content-type": "application/x-ndjson" },
    body: lines.map((line) => JSON.stringify(line)).join("\n"),
  });
  const { stored, faults, errors } = await answer.json();
  assertEquals([stored, faults], [2, 3]);
  for (const { message } of errors) assertStringIncludes(message, "superseded.at");
  const { json } = await client.get(`/api/memories/${contentHash("old")}`);
  assertEquals([json.superseded_reason.length, json.superseded_reason.slice(0, 4)], [1000, "a b\ufffd"]);
});
