import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { MemoryError } from "../../src/errors.ts";
import { closeSharedStorage, getSharedStorage, isStorageInitialized } from "../../src/storage/shared.ts";
import type { MemoryStorage } from "../../src/storage/storage.ts";

/** Counts what is opened and closed; opening and closing take a moment. */
function fakeStore() {
  const counts = { opened: 0, closed: 0 };
  const open = async (): Promise<MemoryStorage> => {
    counts.opened++;
    await pause();
    return {
      async close() {
        await pause();
        counts.closed++;
      },
    } as MemoryStorage;
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
  assertEquals(counts, { opened: 1, closed: 1 });
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
  assertEquals(counts, { opened: 2, closed: 2 });
});
