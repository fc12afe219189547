import { assert, assertEquals, assertRejects } from "@std/assert";
import { MemoryError } from "../../src/errors.ts";
import { documentContent } from "../../src/operations/documents/content.ts";
import { uploadsOf } from "../../src/operations/documents/queue.ts";
import { removeUpload } from "../../src/operations/documents/remove.ts";
import { DOCUMENT_DEFAULTS } from "../../src/operations/documents/settings.ts";
import { uploadHistory, uploadStatus } from "../../src/operations/documents/status.ts";
import {
  stopUploads,
  upload,
  uploadBatch,
  UploadOptions,
  uploadsSettled,
} from "../../src/operations/documents/upload.ts";
import { removeAbandonedJob, unfinishedDocuments } from "../../src/operations/documents/unfinished.ts";
import { createLogger } from "../../src/operations/logger.ts";
import type { Runtime } from "../../src/operations/runtime.ts";
import { HealthRecord } from "../../src/operations/health/record.ts";
import { openStorage } from "../../src/storage/factory.ts";
import { utf8 } from "../documents/helpers.ts";
import { testRuntime } from "../helpers/runtime.ts";
import { override } from "../../src/storage/intercept.ts";

const OPTIONS = UploadOptions.parse({});
const file = (name: string, text: string) => ({ name, bytes: utf8(text) });

/** The same store opened anew, as after a restart. */
async function reopened(runtime: Runtime, folder: string): Promise<Runtime> {
  const storage = await openStorage({ backend: "sqlite", path: `${folder}/memories.db` });
  return { ...runtime, storage, health: new HealthRecord(runtime.health.settings) };
}

Deno.test("uploads are known after a restart, with what a batch lacks", async () => {
  await using opened = await testRuntime();
  const { runtime, folder } = opened;
  const single = (await upload(runtime, file("a.md", "# A\n\nOne.\n\n# B\n\nTwo."), OPTIONS)).upload_id;
  const batch =
    (await uploadBatch(runtime, [file("b.txt", "x"), file("c.json", "{"), file("d.txt", "y")], OPTIONS)).upload_id;
  await uploadsSettled(runtime);
  const before = [await uploadStatus(runtime, single), await uploadStatus(runtime, batch)];

  const restarted = await reopened(runtime, folder);
  try {
    const [one, many] = [await uploadStatus(restarted, single), await uploadStatus(restarted, batch)];
    for (const key of ["status", "filename", "file_size", "chunks_stored", "total_chunks", "created_at"] as const) {
      assertEquals(one[key], before[0]![key], key);
    }
    assertEquals([many.status, many.filename, many.chunks_stored], ["completed_with_errors", "Batch (3 files)", 2]);
    assertEquals(many.errors, ['"c.json" is not stored']);
    assertEquals((await uploadHistory(restarted)).uploads.map((entry) => entry.upload_id), [batch, single]);
    assertEquals((await documentContent(restarted, single, { limit: 1000 })).filename, "a.md");
  } finally {
    await restarted.storage.close();
  }
});

Deno.test("a stop in the middle of a batch leaves whole documents and says which", async () => {
  await using opened = await testRuntime();
  const { runtime } = opened;
  const long = "A sentence about queues, workers and the balancer that drains them. ".repeat(400);
  const files = ["a", "b", "c", "d"].map((name) => file(`${name}.txt`, `${name}. ${long}`));
  const { upload_id } = await uploadBatch(runtime, files, { ...OPTIONS, chunk_size: 300 });
  while ((await uploadStatus(runtime, upload_id)).documents[0]!.status !== "completed") {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const lines = await stopUploads(runtime);
  const { documents } = await uploadStatus(runtime, upload_id);
  const names = (stored: boolean) =>
    documents.filter((entry) => (entry.status === "completed") === stored).map((entry) => entry.filename).join(", ");
  assertEquals(lines, [`Upload ${upload_id} ended early: stored ${names(true)}; not stored: ${names(false)}`]);
  assert(names(false).endsWith("d.txt"), lines[0]);

  const { memories } = await documentContent(runtime, upload_id, { limit: 10_000 });
  const perFile = Map.groupBy(memories, (memory) => String(memory.metadata.source_file));
  assertEquals([...perFile.keys()].join(", "), names(true));
  for (const chunks of perFile.values()) assertEquals(chunks.length, chunks[0]!.metadata.total_chunks);
  await assertRejects(() => upload(runtime, file("e.txt", "x"), OPTIONS), MemoryError, "the service is stopping");
});

Deno.test("a removed document waits in the trash", async () => {
  await using opened = await testRuntime();
  const { runtime } = opened;
  const { upload_id } = await upload(runtime, file("a.md", "# A\n\nOne.\n\n# B\n\nTwo."), OPTIONS);
  await uploadsSettled(runtime);
  await removeUpload(runtime, { upload_id, remove_from_memory: true });
  const { items } = await runtime.storage.listTrash({ offset: 0, limit: 10 });
  assertEquals(items.map(({ reason }) => reason), Array(2).fill("document a.md removed"));
  await runtime.storage.restore(items.map(({ memory }) => memory.content_hash));
  assertEquals((await uploadStatus(runtime, upload_id)).chunks_stored, 2);
});

Deno.test("an upload can be removed while it is read", async () => {
  await using opened = await testRuntime();
  const { runtime } = opened;
  const long = "A sentence about queues and workers. ".repeat(5000);
  const { upload_id } = await uploadBatch(runtime, [file("a.txt", long), file("b.txt", "b")], OPTIONS);
  while ((await uploadStatus(runtime, upload_id)).chunks_processed === 0) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  assertEquals((await removeUpload(runtime, { upload_id, remove_from_memory: true })).memories_deleted, 0);
  await uploadsSettled(runtime);
  assertEquals((await documentContent(runtime, upload_id, { limit: 5 })).total_found, 0);
});

Deno.test("while no model is ready a document is stored for word search", async () => {
  await using opened = await testRuntime({ embeddings: { serving: null } });
  const { runtime } = opened;
  const { upload_id } = await upload(runtime, file("a.txt", "The cache keeps entries for 300 seconds."), OPTIONS);
  await uploadsSettled(runtime);
  const found = await documentContent(runtime, upload_id, { limit: 5, query: "cache entries" });
  assertEquals(found.memories.length, 1);
});

Deno.test("a store that fails leaves nothing of a document", async () => {
  await using opened = await testRuntime();
  const storage = override(opened.runtime.storage, {
    store: () => Promise.reject(new MemoryError("unavailable", "Cannot store memories: the disk is full")),
  });
  const runtime = { ...opened.runtime, storage };
  const { upload_id } = await upload(runtime, file("a.txt", "words"), OPTIONS);
  await uploadsSettled(runtime);
  const status = await uploadStatus(runtime, upload_id);
  assertEquals([status.status, status.errors], ["failed", [
    'Cannot store "a.txt": Cannot store memories: the disk is full',
  ]]);
});

/** A text of so many sentences, some 60 characters each. */
const sentences = (count: number) =>
  Array.from({ length: count }, (_, i) => `Sentence ${i} is about queue ${i * 7} and the worker that drains it.`).join(
    " ",
  );
const LONG = sentences(4500), SHORT_CHUNKS = { ...OPTIONS, chunk_size: 300 };

/** A store that takes so many groups, and then fails in what `fails` names. */
function failing({ storage }: Pick<Runtime, "storage">, groups: number, fails: { delete: boolean }) {
  const away = () => new MemoryError("unavailable", "Cannot store memories: the disk is full");
  let left = groups;
  const sizes: number[] = [];
  const store = override(storage, {
    store: (items) => {
      sizes.push(items.length);
      return left-- > 0 ? storage.store(items) : Promise.reject(away());
    },
    ...fails.delete ? { delete: (): Promise<never> => Promise.reject(away()) } : {},
  });
  return { store, sizes };
}

Deno.test("a long document that fails midway leaves nothing, and its status says so", async () => {
  await using opened = await testRuntime({ embeddings: { serving: null } });
  const { store, sizes } = failing(opened.runtime, 2, { delete: false });
  const runtime = { ...opened.runtime, storage: store };
  const { upload_id } = await upload(runtime, file("a.txt", LONG), SHORT_CHUNKS);
  await uploadsSettled(runtime);
  assertEquals(sizes, [200, 200, 200]);
  const { status, errors } = await uploadStatus(runtime, upload_id);
  assertEquals([status, errors], ["failed", ['Cannot store "a.txt": Cannot store memories: the disk is full']]);
  assertEquals((await opened.runtime.storage.stats()).total_memories, 0);
  assertEquals(await unfinishedDocuments(opened.runtime.storage), []);
});

Deno.test("what a process that died left of a long document is told from a whole one, and removed", async () => {
  await using opened = await testRuntime({ embeddings: { serving: null } });
  const { runtime } = opened;
  const whole = (await upload(runtime, file("b.txt", "whole"), OPTIONS)).upload_id;
  await uploadsSettled(runtime);
  const dying = { ...runtime, storage: failing(runtime, 2, { delete: true }).store };
  const { upload_id } = await upload(dying, file("a.txt", LONG), SHORT_CHUNKS);
  await uploadsSettled(dying);

  // As another process sees it.
  let passed = 0;
  const health = new HealthRecord(runtime.health.settings);
  const other = { ...runtime, health, storage: override(runtime.storage, {}), now: () => runtime.now() + passed };
  assertEquals((await uploadStatus(other, upload_id)).status, "processing");
  const warnings: string[] = [], log = createLogger("warning", (line) => warnings.push(line));
  const job = removeAbandonedJob(other, log), { signal } = new AbortController();
  await job.run(signal);
  assertEquals((await runtime.storage.stats()).total_memories, 401);
  passed = 600;
  const left = await uploadStatus(other, upload_id);
  assertEquals([left.status, left.errors], ["failed", [
    '"a.txt" was not stored whole, and what there is of it will be removed',
  ]]);
  assertEquals(
    (await uploadHistory(other)).uploads.map(({ filename, status }) => `${filename}: ${status}`).sort(),
    ["a.txt: failed", "b.txt: completed"],
  );
  await job.run(signal);
  assertEquals((await runtime.storage.stats()).total_memories, 1);
  assertEquals(await unfinishedDocuments(runtime.storage), []);
  assertEquals((await uploadStatus(other, whole)).status, "completed");
  assert(warnings.some((line) => line.includes("400 memories") && line.includes("a.txt")), warnings.join());
});

Deno.test("what is left of a long document is removed from the space it was stored in, and from no other", async () => {
  await using opened = await testRuntime({ embeddings: { serving: null } });
  const { runtime } = opened, view = runtime.storage.spaces.within({ write: "team", read: ["team", "default"] });
  const team = { ...runtime, storage: view };
  const dying = { ...runtime, storage: failing(team, 2, { delete: true }).store };
  await upload(dying, file("a.txt", LONG), SHORT_CHUNKS);
  await uploadsSettled(dying);
  const [left] = await unfinishedDocuments(runtime.storage);
  assertEquals([left!.space, (await view.stats()).total_memories], ["team", 400]);
  const [memory] = (await view.list({ filter: {}, offset: 0, limit: 1 })).memories;
  const { space: _, ...same } = memory!;
  await runtime.storage.store([{ memory: same, vectors: null }]);

  const job = removeAbandonedJob({ ...runtime, now: () => runtime.now() + 600 }, createLogger("error", () => {}));
  await job.run(new AbortController().signal);
  const facts = (await runtime.storage.spaces.list()).map(({ name, memories, trashed }) => [name, memories, trashed]);
  assertEquals(facts, [["default", 1, 0], ["team", 0, 0]]);
  assertEquals(await unfinishedDocuments(runtime.storage), []);
});

Deno.test("a long document is stored whole in groups, and stopped it leaves nothing", async () => {
  await using opened = await testRuntime({ embeddings: { serving: null } });
  const { runtime } = opened;
  const { upload_id } = await upload(runtime, file("a.txt", LONG), SHORT_CHUNKS);
  await uploadsSettled(runtime);
  const { status, chunks_stored, total_chunks } = await uploadStatus(runtime, upload_id);
  assertEquals([status, chunks_stored], ["completed", total_chunks]);
  assertEquals(await unfinishedDocuments(runtime.storage), []);

  const stopped = await upload(runtime, file("b.txt", sentences(9000).replaceAll("queue", "list")), SHORT_CHUNKS);
  while ((await uploadStatus(runtime, stopped.upload_id)).chunks_stored === 0) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await stopUploads(runtime);
  const { documents } = await uploadStatus(runtime, stopped.upload_id);
  assertEquals(documents.map((document) => document.status), ["stopped"]);
  assertEquals((await runtime.storage.stats()).total_memories, total_chunks);
});

Deno.test("documents that wait have a limit in bytes, and there is room again once they were read", async () => {
  const limits = { ...DOCUMENT_DEFAULTS.limits, maxBytes: 2 ** 30 };
  await using opened = await testRuntime({ settings: { documents: { ...DOCUMENT_DEFAULTS, limits } } });
  const { runtime } = opened, release = Promise.withResolvers<void>(), removed: string[] = [];
  /** A file of so many megabytes that is held until released; only its first words are ever read. */
  const kept = (name: string, megabytes: number) => ({
    name,
    size: megabytes * 1024 * 1024,
    read: async () => (await release.promise, utf8(`Words of ${name}.`)),
    remove: () => Promise.resolve(void removed.push(name)),
  });
  try {
    await upload(runtime, kept("a.txt", 100), OPTIONS);
    await uploadBatch(runtime, [kept("b.txt", 50), kept("c.txt", 50)], OPTIONS);
    for (
      const refused of [
        () => upload(runtime, kept("d.txt", 100), OPTIONS),
        () => uploadBatch(runtime, [kept("e.txt", 30), kept("f.txt", 30)], OPTIONS),
      ]
    ) {
      const error = await assertRejects(refused, MemoryError, "too many documents wait already");
      assertEquals([error.code, error.retryAfterSeconds], ["overloaded", 10]);
    }
    await upload(runtime, kept("g.txt", 56), OPTIONS);
  } finally {
    release.resolve();
  }
  await uploadsSettled(runtime);
  assertEquals(removed.toSorted(), ["a.txt", "b.txt", "c.txt", "g.txt"]);
  // One file alone may be larger than all that wait together.
  const large = await upload(runtime, kept("large.txt", 300), OPTIONS);
  await uploadsSettled(runtime);
  assertEquals((await uploadStatus(runtime, large.upload_id)).status, "completed");
  assertEquals((await uploadHistory(runtime)).uploads.length, 4);
});

Deno.test("asking to forget uploads that don't exist leaves nothing behind, and what is hidden is bounded", async () => {
  await using opened = await testRuntime();
  const { runtime } = opened, queue = uploadsOf(runtime);
  await assertRejects(() => removeUpload(runtime, { upload_id: "unknown", remove_from_memory: false }), MemoryError);
  assertEquals(queue.isHidden("unknown"), false);
  const { upload_id } = await upload(runtime, file("a.txt", "words"), OPTIONS);
  await uploadsSettled(runtime);
  await removeUpload(runtime, { upload_id, remove_from_memory: false });
  assertEquals((await uploadHistory(runtime)).uploads, []);
  for (let i = 0; i < 2000; i++) queue.hide(`id ${i}`);
  assertEquals([queue.isHidden(upload_id), queue.isHidden("id 1999")], [false, true]);
});
