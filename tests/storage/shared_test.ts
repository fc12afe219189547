import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { MemoryError } from "../../src/errors.ts";
import {
  closeSharedStorage,
  closeSharedStorageNow,
  getSharedStorage,
  isStorageInitialized,
} from "../../src/storage/shared.ts";
import { openStorage } from "../../src/storage/factory.ts";
import { withOutbox } from "../../src/storage/outbox/outbox_storage.ts";
import type { MemoryStore } from "../../src/storage/contract/spaces.ts";
import { embedded, MODEL } from "./fixtures.ts";

/** Counts what is opened and closed; opening and closing take a moment. */
function fakeStore() {
  const counts = { opened: 0, closed: 0, closedNow: 0 };
  const open = async (): Promise<MemoryStore> => {
    counts.opened++;
    await pause();
    return {
      async close() {
        await pause();
        counts.closed++;
      },
      closeNow: () => void counts.closedNow++,
    } as MemoryStore;
  };
  return { counts, open };
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 5));

Deno.test("a hundred concurrent callers share one initialisation", async () => {
  const { counts, open } = fakeStore();
  assertEquals(isStorageInitialized(), false);
  const storages = await Promise.all(Array.from({ length: 100 }, () => getSharedStorage(open)));
  assertEquals(new Set(storages).size, 1);
  assertEquals(counts.opened, 1);
  assert(isStorageInitialized());
  assertStrictEquals(await getSharedStorage(), storages[0]);
  await closeSharedStorage();
  assertEquals([counts.closed, isStorageInitialized()], [1, false]);
});

Deno.test("a failed initialisation reaches every waiting caller and the next call tries again", async () => {
  const { counts, open } = fakeStore();
  let tries = 0;
  const failing = async () => {
    await pause();
    throw new MemoryError("unavailable", `Cannot open, try ${++tries}`);
  };
  const results = await Promise.allSettled(Array.from({ length: 10 }, () => getSharedStorage(failing)));
  assertEquals([results.every(({ status }) => status === "rejected"), tries], [true, 1]);
  assertEquals(isStorageInitialized(), false);
  await assertRejects(() => getSharedStorage(failing), MemoryError, "try 2");
  await getSharedStorage(open);
  assertEquals(counts.opened, 1);
  await closeSharedStorage();
});

Deno.test("an opener that throws at once is retried like any other", async () => {
  const { open } = fakeStore();
  await assertRejects(() =>
    getSharedStorage(() => {
      throw new Error("At once");
    })
  );
  await getSharedStorage(open);
  await closeSharedStorage();
});

Deno.test("asking without an opener before anything is initialised is a configuration error", async () => {
  const error = await assertRejects(() => getSharedStorage(), MemoryError);
  assertEquals(error.code, "configuration");
  assertEquals(isStorageInitialized(), false);
});

Deno.test("closing during initialisation waits for it and closes what it opened", async () => {
  const { counts, open } = fakeStore();
  const opening = getSharedStorage(open);
  await closeSharedStorage();
  assertEquals(counts, { opened: 1, closed: 1, closedNow: 0 });
  assertEquals(isStorageInitialized(), false);
  await opening;
  assertEquals(isStorageInitialized(), false);
});

Deno.test("closing during an initialisation that fails is no error", async () => {
  const opening = getSharedStorage(() => pause().then(() => Promise.reject(new Error("No"))));
  const [opened, closed] = await Promise.allSettled([opening, closeSharedStorage()]);
  assertEquals([opened.status, closed.status], ["rejected", "fulfilled"]);
});

Deno.test("closing is idempotent, also at the same time", async () => {
  const { counts, open } = fakeStore();
  await closeSharedStorage();
  await getSharedStorage(open);
  await Promise.all([closeSharedStorage(), closeSharedStorage(), closeSharedStorage()]);
  await closeSharedStorage();
  assertEquals(counts.closed, 1);
});

Deno.test("initialising again after closing, or during it, opens a new instance once the old one is closed", async () => {
  const { counts, open } = fakeStore();
  const first = await getSharedStorage(open);
  const closing = closeSharedStorage();
  const second = await getSharedStorage(() => {
    assertEquals(counts.closed, 1);
    return open();
  });
  await closing;
  assert(first !== second);
  assert(isStorageInitialized());
  await closeSharedStorage();
  assertEquals(counts, { opened: 2, closed: 2, closedNow: 0 });
});

Deno.test("closing now closes before it returns, beside a close that still runs too, and leaves the module ready", async () => {
  const { counts, open } = fakeStore();
  closeSharedStorageNow();
  await getSharedStorage(open);
  closeSharedStorageNow();
  assertEquals([counts.closedNow, isStorageInitialized()], [1, false]);
  closeSharedStorageNow();
  assertEquals(counts.closedNow, 1);

  await getSharedStorage(open);
  const closing = closeSharedStorage();
  await Promise.resolve();
  closeSharedStorageNow();
  assertEquals(counts.closedNow, 2);
  await closing;

  await getSharedStorage(open);
  await closeSharedStorage();
  closeSharedStorageNow();
  assertEquals(counts, { opened: 3, closed: 2, closedNow: 2 });
});

Deno.test("a SQLite store and an outbox closed now give up their files, keep what was answered, and refuse the rest", async () => {
  const folder = await Deno.makeTempDir({ prefix: "unimem-test-" });
  try {
    const settings = { path: `${folder}/outbox.db`, maxWrites: 10, maxBytes: 1 << 20 };
    const open = () => withOutbox(settings, () => openStorage({ backend: "sqlite", path: `${folder}/unimem.db` }));
    const first = await open();
    await first.registerModel(MODEL);
    await first.store([embedded(1)]);
    assertEquals(await first.changeNote("mine", null, "a", { untilClosed: true }), true);
    assertEquals(await first.changeNote("kept", null, "b"), true);
    assertEquals(await first.changeNote("passed on", null, "c", { untilClosed: true }), true);
    assertEquals(await first.changeNote("passed on", "c", "d"), true);
    const unanswered = first.store([embedded(2)]).then(() => true, () => false);
    first.closeNow();
    first.closeNow();
    await first.close();
    await assertRejects(() => first.getByHash(["x"]), MemoryError, "closed");
    const left = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
    assertEquals(left.filter((name) => /wal|shm|journal/.test(name)), []);

    const second = await open();
    const { total } = await second.list({ filter: {}, offset: 0, limit: 0 });
    assertEquals(total, 1 + Number(await unanswered));
    assertEquals(await Promise.all(["mine", "kept", "passed on"].map((name) => second.note(name))), [null, "b", "d"]);
    await second.changeNote("mine", null, "a", { untilClosed: true });
    await second.close();
    const third = await open();
    assertEquals(await third.note("mine"), null);
    await third.close();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
