/** The outbox: what waits while the store is away, in which order it is made, and what is never lost or made twice. */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { MemoryError } from "../../src/errors.ts";
import { openStorage } from "../../src/storage/factory.ts";
import { OutboxFile } from "../../src/storage/outbox/file.ts";
import { withOutbox } from "../../src/storage/outbox/outbox_storage.ts";
import type { OutboxSettings } from "../../src/storage/outbox/settings.ts";
import type { MemoryStore } from "../../src/storage/contract/spaces.ts";
import type { MemoryStorage } from "../../src/storage/contract/storage.ts";
import type { MadeWrite } from "../../src/storage/outbox/outbox.ts";
import { until } from "../helpers/process.ts";
import { embedded, hashOf, memory, MODEL, plain, vector } from "./fixtures.ts";
import { Network } from "./outage.ts";
import { describeStorage } from "./storage_contract.ts";

const MAY_QUEUE = { mayQueue: true } as const;
const TRASHING = { at: 1_700_000_000, reason: "deleted" };

/** A SQLite store behind a network that can be cut, and an outbox before it. */
async function openBehindOutbox(options: Partial<OutboxSettings> & { start?: boolean } = {}) {
  const folder = await Deno.makeTempDir({ prefix: "unimem-outbox-" });
  const { start = true, ...more } = options;
  const settings: OutboxSettings = { path: join(folder, "outbox.db"), maxWrites: 1000, maxBytes: 1 << 24, ...more };
  const inner = await openStorage({ backend: "sqlite", path: join(folder, "memory.db") });
  await inner.registerModel(MODEL);
  const network = new Network(), heard: string[] = [], made: MadeWrite[] = [];
  const listener = {
    waiting: () => heard.push("waiting"),
    made: (writes: MadeWrite[]) => made.push(...writes),
    setAside: (_: unknown, reason: string) => heard.push(`set aside: ${reason}`),
    empty: () => heard.push("empty"),
  };
  const open = () => withOutbox(settings, () => Promise.resolve(network.over(inner)));
  const storage = await open();
  if (start) storage.capabilities.outbox!.start(listener);
  return {
    storage,
    inner,
    network,
    heard,
    made,
    settings,
    listener,
    folder,
    drained: () =>
      until(
        () => Promise.resolve(storage.capabilities.outbox!.figures),
        ({ pending }) => pending === 0,
        "the outbox to be empty",
      ),
    async [Symbol.asyncDispose]() {
      await storage.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => call, MemoryError)).code;
}

const contents = async (storage: MemoryStorage, ...numbers: number[]) =>
  (await storage.getByHash(numbers.map(hashOf))).map((found) => found?.content ?? null);

describeStorage("A store behind an outbox", async () => {
  const opened = await openBehindOutbox();
  // The suite begins with a store that knows no model.
  const inner = await openStorage({ backend: "sqlite", path: join(opened.folder, "suite.db") });
  const settings = { ...opened.settings, path: join(opened.folder, "suite-outbox.db") };
  const storage = await withOutbox(settings, () => Promise.resolve(inner));
  storage.capabilities.outbox!.start(opened.listener);
  return {
    storage,
    async [Symbol.asyncDispose]() {
      await storage.close();
      await opened[Symbol.asyncDispose]();
    },
  };
});

Deno.test("While the store is there, writes go straight through and nothing is kept", async () => {
  await using opened = await openBehindOutbox();
  const { storage, heard } = opened;
  assertEquals(await storage.store([plain(1), plain(1)], MAY_QUEUE), ["stored", "duplicate"]);
  assertEquals((await storage.update(hashOf(1), { tags: ["a"] }, 5, MAY_QUEUE) as { tags: string[] }).tags, ["a"]);
  assertEquals(await storage.update(hashOf(2), { tags: ["a"] }, 5, MAY_QUEUE), null);
  assertEquals(await storage.trash([hashOf(1), hashOf(2)], TRASHING, MAY_QUEUE), [true, false]);
  assertEquals(await storage.delete([hashOf(1)], MAY_QUEUE), [false]);
  const { queued, pending } = storage.capabilities.outbox!.figures;
  assertEquals([queued, pending, heard], [0, 0, []]);
});

Deno.test("Writes that come while the store is away are made in order when it is back, each once", async () => {
  await using opened = await openBehindOutbox();
  const { storage, inner, network, heard, made, drained } = opened;
  await inner.store([plain(1, { tags: ["old"] }), plain(2), plain(3)]);
  network.away = true;
  assertEquals(await storage.store([embedded(10), plain(11)], MAY_QUEUE), ["queued", "queued"]);
  assertEquals(await storage.update(hashOf(10), { add_tags: ["new"] }, 1_800_000_000, MAY_QUEUE), "queued");
  assertEquals(await storage.update(hashOf(1), { metadata: { a: 1 } }, 1_800_000_001, MAY_QUEUE), "queued");
  assertEquals(await storage.trash([hashOf(2)], TRASHING, MAY_QUEUE), ["queued"]);
  assertEquals(await storage.delete([hashOf(3), hashOf(11)], MAY_QUEUE), ["queued", "queued"]);
  assertEquals(await storage.store([plain(11, { tags: ["again"] })], MAY_QUEUE), ["queued"]);
  const before = storage.capabilities.outbox!.figures;
  assertEquals([before.pending, before.queued, before.set_aside], [8, 8, 0]);
  assert(before.oldest_seconds !== null && before.oldest_seconds < 60);
  assertMatch(
    await until(
      () => Promise.resolve(storage.capabilities.outbox!.figures.error),
      (error) => error !== null,
      "a try",
    ) ?? "",
    /does not answer/,
  );
  network.away = false;
  await drained();
  assertEquals(network.writes, ["store 10,11", "update 10", "update 1", "trash 2", "delete 3,11", "store 11"]);
  const [ten, eleven, one, two, three] = await inner.getByHash([10, 11, 1, 2, 3].map(hashOf));
  assertEquals([ten!.tags, ten!.updated_at], [["new"], 1_800_000_000]);
  assertEquals([eleven!.tags, one!.metadata, two, three], [["again"], { a: 1 }, null, null]);
  assertEquals((await inner.vectors([hashOf(10)]))[0]!.chunks.length, 1);
  assertEquals((await inner.listTrash({ offset: 0, limit: 9 })).items.map((item) => item.deleted_at), [TRASHING.at]);
  assertEquals(made.map(({ write, changed }) => `${write.kind} ${changed}`), [
    ...["store true", "store true", "update true", "update true"],
    ...["trash true", "delete true", "delete true", "store true"],
  ]);
  await until(() => Promise.resolve(heard), (said) => said.length === 2, "the end to be told");
  assertEquals([heard, storage.capabilities.outbox!.figures.error], [["waiting", "empty"], null]);
});

Deno.test("A write comes back from the file as it went in, whatever its text", async () => {
  await using opened = await openBehindOutbox();
  const { storage, inner, network, drained } = opened;
  const full = memory(1, {
    content: "a\0b \ud800 日本 👩‍👩‍👧\r\n",
    tags: ["ü", "'"],
    memory_type: "decision",
    metadata: { deep: { list: [1.5, null, true] }, "\u0001": "x" },
    conversation_id: "talk/1",
    created_at: 1_700_000_000.123456,
    superseded: { by: hashOf(2), at: 3.25, reason: "newer" },
  });
  const chunks = [vector(1), vector(2), vector(3)];
  network.away = true;
  await storage.store([{ memory: full, vectors: { model: MODEL.id, chunks } }], MAY_QUEUE);
  network.away = false;
  await drained();
  assertEquals(await inner.getByHash([full.content_hash]), [full]);
  assertEquals((await inner.vectors([full.content_hash]))[0]!.chunks.length, 3);
});

Deno.test("Reads, and writes whose answer needs the store, are refused as unavailable and never answered as not found", async () => {
  await using opened = await openBehindOutbox();
  const { storage, network } = opened;
  await storage.store([plain(1)]);
  network.away = true;
  const relation = { source: hashOf(1), target: hashOf(2), type: "a", created_at: 1 };
  for (
    const call of [
      storage.getByHash([hashOf(1)]),
      storage.list({ filter: {}, offset: 0, limit: 1 }),
      storage.store([plain(2)]),
      storage.update(hashOf(1), { tags: [] }, 1),
      storage.delete([hashOf(1)]),
      storage.trash([hashOf(1)], TRASHING),
      storage.restore([hashOf(1)]),
      storage.relate([relation]),
      storage.ping(),
    ]
  ) assertEquals(await codeOf(call), "unavailable");
  assertEquals(storage.capabilities.outbox!.figures.pending, 0);
});

Deno.test("While writes wait, later ones wait behind them, and nothing overtakes one about the same memory", async () => {
  await using opened = await openBehindOutbox({ start: false });
  const { storage, inner, network, listener, drained } = opened;
  await inner.store([plain(1), plain(2)]);
  network.away = true;
  await storage.trash([hashOf(1)], TRASHING, MAY_QUEUE);
  await storage.store([plain(3)], MAY_QUEUE);
  network.away = false; // back, but not told yet
  assertEquals(storage.capabilities.outbox!.diverting, true);
  assertEquals(await storage.update(hashOf(2), { tags: ["late"] }, 9, MAY_QUEUE), "queued");
  const relation = { source: hashOf(2), target: hashOf(3), type: "a", created_at: 1 };
  for (
    const call of [
      storage.update(hashOf(1), { tags: [] }, 1),
      storage.restore([hashOf(1)]),
      storage.relate([relation]),
      storage.store([plain(3)]),
      storage.getByHash([hashOf(3)]),
    ]
  ) assertEquals(await codeOf(call), "unavailable");
  assertEquals(await contents(storage, 1, 2), ["Memory number 1", "Memory number 2"], "what is there can be read");
  assertEquals(await storage.store([plain(4)]), ["stored"], "other memories aren't held up");
  storage.capabilities.outbox!.start(listener);
  await drained();
  assertEquals(await storage.relate([relation]), ["added"]);
  assertEquals(await storage.restore([hashOf(1)]), [true]);
  assertEquals((await inner.getByHash([hashOf(2)]))[0]!.tags, ["late"]);
});

Deno.test("What waited when the process ended is made by the next one", async () => {
  await using opened = await openBehindOutbox({ start: false });
  const { storage, inner, network, settings, listener } = opened;
  network.away = true;
  for (let i = 0; i < 300; i++) await storage.store([plain(i)], MAY_QUEUE);
  const file = settings.path;
  // A copy of the files as they are is what a killed process leaves.
  for (const end of ["", "-wal"]) await Deno.copyFile(`${file}${end}`, `${file}.copy${end}`);
  network.away = false;
  const next = await withOutbox({ ...settings, path: `${file}.copy` }, () => Promise.resolve(network.over(inner)));
  assertEquals(next.capabilities.outbox!.figures.pending, 300);
  next.capabilities.outbox!.start(listener);
  await until(
    () => Promise.resolve(next.capabilities.outbox!.figures),
    ({ pending }) => pending === 0,
    "the outbox to be empty",
  );
  assertEquals((await inner.list({ filter: {}, offset: 0, limit: 0 })).total, 300);
  // The first process had not seen that, as if it had died between making and removing: everything is made again.
  storage.capabilities.outbox!.start(listener);
  await until(
    () => Promise.resolve(storage.capabilities.outbox!.figures),
    ({ pending }) => pending === 0,
    "the first to be empty",
  );
  assertEquals((await inner.list({ filter: {}, offset: 0, limit: 0 })).total, 300);
  await next.close();
});

Deno.test("A write whose answer was lost is made once, and told as made", async () => {
  await using opened = await openBehindOutbox();
  const { storage, inner, network, made, drained } = opened;
  network.losesAnswers = true;
  assertEquals(await storage.store([plain(1)], MAY_QUEUE), ["queued"]);
  network.losesAnswers = false;
  await drained();
  assertEquals(network.writes, ["store 1", "store 1"]);
  assertEquals((await inner.list({ filter: {}, offset: 0, limit: 0 })).total, 1);
  assertEquals(made.map(({ changed }) => changed), [true], "its own write is no duplicate");
});

Deno.test("The same memory queued twice is kept once, and stored anew after a queued deletion", async () => {
  await using opened = await openBehindOutbox();
  const { storage, network, drained } = opened;
  network.away = true;
  await storage.store([plain(1), plain(1)], MAY_QUEUE);
  assertEquals(await storage.store([plain(1)], MAY_QUEUE), ["queued"]);
  assertEquals(storage.capabilities.outbox!.figures.pending, 1);
  await storage.delete([hashOf(1)], MAY_QUEUE);
  await storage.store([plain(1)], MAY_QUEUE);
  assertEquals(storage.capabilities.outbox!.figures.pending, 3);
  network.away = false;
  await drained();
  assertEquals(await contents(storage, 1), ["Memory number 1"]);
});

Deno.test("A store waits behind an update of a memory that isn't there, and behind one of the same key with other fields", async () => {
  await using opened = await openBehindOutbox();
  const { storage, inner, network, drained } = opened;
  network.away = true;
  assertEquals(await storage.update(hashOf(1), { tags: ["x"] }, 5, MAY_QUEUE), "queued");
  assertEquals(await storage.store([plain(1)], MAY_QUEUE), ["queued"]);
  assertEquals(await storage.store([plain(2, { tags: ["refused"] })], MAY_QUEUE), ["queued"]);
  assertEquals(await storage.store([plain(2, { tags: ["taken"] })], MAY_QUEUE), ["queued"]);
  network.fault = (method, [items]) =>
    method === "store" && JSON.stringify(items).includes("refused")
      ? new MemoryError("internal", "Cannot store memories: refused")
      : null;
  network.away = false;
  await drained();
  assertEquals((await inner.getByHash([1, 2].map(hashOf))).map((found) => found?.tags), [[], ["taken"]]);
});

Deno.test("A store isn't taken for one of the same memory that is just being made, for that may be deleted already", async () => {
  await using opened = await openBehindOutbox({ start: false });
  const { storage, inner, network, listener, drained } = opened;
  network.away = true;
  await storage.store([plain(1)], MAY_QUEUE);
  network.away = false;
  const made = network.hold("store");
  storage.capabilities.outbox!.start(listener);
  const { release } = await made;
  assertEquals(await inner.delete([hashOf(1)]), [true], "by another process");
  assertEquals(await storage.store([plain(1)], MAY_QUEUE), ["queued"]);
  release();
  await drained();
  assertEquals(await contents(inner, 1), ["Memory number 1"]);
});

Deno.test("Another process that holds the file for seconds makes no write look refused, and stops nothing meanwhile", async () => {
  await using opened = await openBehindOutbox();
  const { storage, inner, network, heard, settings, drained, made } = opened;
  network.away = true;
  await storage.store([plain(1)], MAY_QUEUE);
  using other = new DatabaseSync(settings.path);
  other.exec("BEGIN IMMEDIATE");
  let turns = 0;
  const turning = setInterval(() => turns++, 10);
  const waiting = storage.store([plain(2)], MAY_QUEUE);
  network.away = false;
  await until(() => contents(inner, 1), ([found]) => found !== null, "the write to be made");
  // Longer than SQLite's own wait was, after which the write was taken for refused.
  await until(() => Promise.resolve(turns), (count) => count > 300, "some seconds");
  clearInterval(turning);
  other.exec("ROLLBACK");
  assertEquals(await waiting, ["queued"]);
  await drained();
  assertEquals([storage.capabilities.outbox!.figures.set_aside, heard.filter((said) => said.startsWith("set aside"))], [
    0,
    [],
  ]);
  assertEquals(made.map(({ write, changed }) => `${write.kind} ${changed}`), ["store true", "store true"]);
  assertEquals(await contents(inner, 1, 2), ["Memory number 1", "Memory number 2"]);
});

Deno.test("While a queued write waits, the trash isn't emptied before it", async () => {
  await using opened = await openBehindOutbox({ start: false });
  const { storage, inner, network, listener, drained } = opened;
  await inner.store([plain(1)]);
  network.away = true;
  await storage.trash([hashOf(1)], TRASHING, MAY_QUEUE);
  network.away = false;
  assertEquals(await codeOf(storage.emptyTrash({})), "unavailable");
  storage.capabilities.outbox!.start(listener);
  await drained();
  assertEquals(await storage.emptyTrash({}), 1);
});

Deno.test("A full outbox refuses as the store alone would, a batch as a whole, and takes writes again when there is room", async () => {
  await using opened = await openBehindOutbox({ maxWrites: 3 });
  const { storage, network, drained } = opened;
  network.away = true;
  assertEquals(await storage.store([plain(1), plain(2)], MAY_QUEUE), ["queued", "queued"]);
  const refused = await assertRejects(() => storage.store([plain(3), plain(4)], MAY_QUEUE), MemoryError);
  assertEquals([refused.code, refused.retryAfterSeconds], ["unavailable", 1]);
  assertEquals(await storage.store([plain(3)], MAY_QUEUE), ["queued"]);
  const all = await Promise.allSettled([5, 6, 7].map((i) => storage.store([plain(i)], MAY_QUEUE)));
  assert(all.every(({ status }) => status === "rejected"));
  assertEquals([storage.capabilities.outbox!.figures.pending, storage.capabilities.outbox!.figures.refused], [3, 5]);
  network.away = false;
  await drained();
  assertEquals(await storage.store([plain(5)], MAY_QUEUE), ["stored"]);
  assertEquals(
    await contents(storage, 1, 2, 3, 4),
    [..."123"].map((n) => `Memory number ${n}`).concat([null as never]),
  );
});

Deno.test("An outbox holds no more than its bytes, however many ask at once", async () => {
  await using opened = await openBehindOutbox({ maxBytes: 65_536 });
  const { storage, network } = opened;
  network.away = true;
  const big = (i: number) => [plain(i, { content: "x".repeat(10_000) })];
  const results = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => storage.store(big(i), MAY_QUEUE)));
  const { pending, bytes } = storage.capabilities.outbox!.figures;
  assertEquals(results.filter(({ status }) => status === "fulfilled").length, pending);
  assertEquals([pending, bytes <= 65_536], [6, true]);
});

Deno.test("A write that the store refuses is set aside with the reason, and those around it are made", async () => {
  await using opened = await openBehindOutbox();
  const { storage, network, heard, settings, drained } = opened;
  network.away = true;
  await storage.store(Array.from({ length: 10 }, (_, i) => plain(i)), MAY_QUEUE);
  await storage.update(hashOf(77), { tags: ["nowhere"] }, 5, MAY_QUEUE);
  network.fault = (method, [items]) =>
    method === "store" && JSON.stringify(items).includes(hashOf(4))
      ? new MemoryError("internal", "Cannot store memories: Qdrant refuses it", { cause: new Error("wrong payload") })
      : null;
  network.away = false;
  await drained();
  assertEquals(storage.capabilities.outbox!.figures.set_aside, 2);
  assertEquals(heard.filter((said) => said.startsWith("set aside")), [
    "set aside: Cannot store memories: Qdrant refuses it: wrong payload",
    "set aside: There is no such memory",
  ]);
  assertEquals((await storage.list({ filter: {}, offset: 0, limit: 0 })).total, 9);
  const beside = OutboxFile.open(settings, false);
  assertEquals(beside.refused().map(({ write, error }) => [write.kind, error]), [
    ["store", "Cannot store memories: Qdrant refuses it: wrong payload"],
    ["update", "There is no such memory"],
  ]);
  const [store, update] = beside.refused().map(({ id }) => id) as [number, number];
  network.fault = () => null;
  assertEquals([beside.retry([store, 9999]), beside.drop([update, 9999])], [1, 1]);
  beside.close();
  await until(() => contents(storage, 4).catch(() => [null]), ([found]) => found !== null, "the write sent again");
  assertEquals(storage.capabilities.outbox!.figures.set_aside, 0);
});

Deno.test("A write on which a living store fails is set aside once another passes, and all wait when none does", async () => {
  await using opened = await openBehindOutbox();
  const { storage, network, drained, heard } = opened;
  network.away = true;
  for (let i = 0; i < 4; i++) await storage.store([plain(i)], MAY_QUEUE);
  let broken = /store/;
  network.fault = (method, [items]) =>
    broken.test(method) && JSON.stringify(items).includes(hashOf(0)) || broken.test(`${method} all`)
      ? new MemoryError("unavailable", "Cannot store memories: 500")
      : null;
  broken = /store( all)?/;
  network.away = false;
  await until(
    () => Promise.resolve(storage.capabilities.outbox!.figures.error),
    (error) => error !== null && /500/.test(error),
    "it to fail",
  );
  const tried = () => Promise.resolve(network.calls.filter((call) => call === "ping").length);
  await until(tried, (times) => times >= 5, "it to fail more often than a write may while others pass");
  assertEquals(
    storage.capabilities.outbox!.figures.set_aside,
    0,
    "a store that takes no write at all blames none of them",
  );
  broken = /^store$/;
  await drained();
  assertEquals([
    heard.filter((said) => said.startsWith("set aside")).length,
    storage.capabilities.outbox!.figures.set_aside,
  ], [
    1,
    1,
  ]);
  assertEquals(await contents(storage, 0, 1, 2, 3), [null, ...[1, 2, 3].map((n) => `Memory number ${n}`)]);
});

Deno.test("Vectors of a model that the store no longer knows don't hold a memory up", async () => {
  await using opened = await openBehindOutbox();
  const { storage, network, drained } = opened;
  network.away = true;
  await storage.store([{ memory: memory(1), vectors: { model: "local:gone@1", chunks: [vector(1)] } }], MAY_QUEUE);
  network.away = false;
  await drained();
  assertEquals(await contents(storage, 1), ["Memory number 1"]);
  assertEquals(await storage.vectors([hashOf(1)]), [null]);
  assertEquals(storage.capabilities.outbox!.figures.set_aside, 0);
});

Deno.test("Only one process has an outbox, a file of another program is left alone, and others may look", async () => {
  await using opened = await openBehindOutbox();
  const { settings, inner, folder } = opened;
  const open = (path: string) => withOutbox({ ...settings, path }, () => Promise.resolve(inner));
  const taken = await assertRejects(() => open(settings.path), MemoryError, "another process has it");
  assertEquals(taken.code, "configuration");
  const foreign = await assertRejects(() => open(join(folder, "memory.db")), MemoryError, "another program");
  assertEquals(foreign.code, "configuration");
  const text = join(folder, "notes.txt");
  await Deno.writeTextFile(text, "my notes, no database at all".repeat(100));
  assertEquals(await codeOf(open(text)), "configuration");
  assertEquals((await Deno.readTextFile(text)).slice(0, 8), "my notes");
  assertEquals(
    await codeOf(Promise.try(() => OutboxFile.open({ ...settings, path: join(folder, "none") }, false))),
    "configuration",
  );
  assertEquals((await Deno.stat(settings.path)).mode! & 0o777, 0o600);
});

Deno.test("Closing makes no write that was answered disappear", async () => {
  await using opened = await openBehindOutbox({ start: false });
  const { storage, network, settings } = opened;
  network.away = true;
  const answers = Promise.all(Array.from({ length: 20 }, (_, i) => storage.store([plain(i)], MAY_QUEUE)));
  await answers;
  await storage.close();
  assertEquals(await codeOf(storage.store([plain(99)], MAY_QUEUE)), "unavailable");
  const file = OutboxFile.open(settings, true);
  assertEquals(file.fill.pending, 20);
  file.close();
});

Deno.test("An outbox that was cut to nothing beside its log is refused, and the log stays", async () => {
  await using opened = await openBehindOutbox();
  const { settings, inner, folder } = opened, path = join(folder, "cut.db");
  await Deno.writeFile(path, new Uint8Array());
  await Deno.writeTextFile(`${path}-wal`, "writes that wait");
  const open = () => withOutbox({ ...settings, path }, () => Promise.resolve(inner));
  const { code } = await assertRejects(open, MemoryError, "its write-ahead log lies beside it");
  assertEquals([code, await Deno.readTextFile(`${path}-wal`)], ["configuration", "writes that wait"]);
});

Deno.test("Queued writes are made in their spaces, and one about the same text in another space overtakes nothing", async () => {
  await using opened = await openBehindOutbox({ start: false });
  const { network, inner, storage } = opened;
  const view = (store: MemoryStore, write: string, ...others: string[]) =>
    store.spaces.within({ write, read: [write, ...others] });
  const a = view(storage, "a"), b = view(storage, "b");
  await b.store([plain(1), plain(2)]);
  network.away = true;
  assertEquals(await a.store([plain(1, { tags: ["a"] }), plain(3)], MAY_QUEUE), ["queued", "queued"]);
  assertEquals(await b.update(hashOf(2), { tags: ["b"] }, 9, MAY_QUEUE), "queued");
  assertEquals(await b.delete([hashOf(1)], MAY_QUEUE), ["queued"]);
  assertEquals(await a.trash([hashOf(3)], { at: 9, reason: "deleted" }, MAY_QUEUE), ["queued"]);
  assertEquals(await storage.store([plain(4, { space: "c" }), plain(4)], MAY_QUEUE), ["queued", "queued"]);
  network.away = false;
  // Nothing waits about this memory in this space, though it does in others.
  assertEquals(await view(storage, "d").getByHash([hashOf(1)]), [null]);
  assertEquals((await assertRejects(() => a.getByHash([hashOf(1)]), MemoryError)).code, "unavailable");
  await assertRejects(() => view(storage, "d", "a").getByHash([hashOf(1)]), MemoryError);
  await assertRejects(() => a.restore([hashOf(3)]), MemoryError);
  assertEquals(await view(storage, "d").restore([hashOf(3)]), [false]);
  for (
    const call of [
      () => storage.spaces.rename("b", "z"),
      () => storage.spaces.move([hashOf(2)], "b", "z"),
      () => storage.spaces.remove("b"),
    ]
  ) assertEquals((await assertRejects(call, MemoryError)).code, "unavailable");
  storage.capabilities.outbox!.start(opened.listener);
  await opened.drained();
  const facts = await inner.spaces.list();
  assertEquals(facts.map(({ name, memories, trashed }) => [name, memories, trashed]), [
    ["default", 1, 0],
    ["a", 1, 1],
    ["b", 1, 0],
    ["c", 1, 0],
  ]);
  assertEquals((await view(inner, "a").getByHash([hashOf(1)]))[0]!.tags, ["a"]);
  assertEquals((await view(inner, "b").getByHash([hashOf(2)]))[0]!.tags, ["b"]);
});

Deno.test("An outbox from before there were spaces is emptied into default, and one with spaces is marked", async () => {
  await using opened = await openBehindOutbox({ start: false });
  const { network, inner, settings, storage } = opened;
  const mark = () => {
    const database = new DatabaseSync(settings.path);
    const { application_id } = database.prepare("PRAGMA application_id").get()!;
    database.close();
    return application_id;
  };
  network.away = true;
  await storage.store([plain(1)], MAY_QUEUE);
  // Without a space a write lies in the file as it did before.
  assertEquals(mark(), 0x556e4f42);
  await storage.spaces.within({ write: "a", read: ["a"] }).store([plain(2)], MAY_QUEUE);
  assertEquals(mark(), 0x556e4f53);
  network.away = false;
  // Its file is opened again by what looks into it.
  OutboxFile.open(settings, false).close();
  storage.capabilities.outbox!.start(opened.listener);
  await opened.drained();
  assertEquals((await inner.spaces.list()).map(({ name, memories }) => [name, memories]), [["default", 1], ["a", 1]]);
});
