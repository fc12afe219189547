import { assert, assertEquals } from "@std/assert";
import { type Job, startBackground } from "../../src/operations/background/background.ts";
import { Lease } from "../../src/operations/background/lease.ts";
import { createLogger } from "../../src/operations/logger.ts";
import type { Runtime } from "../../src/operations/runtime.ts";
import { until } from "../helpers/process.ts";
import { testRuntime } from "../helpers/runtime.ts";

const log = createLogger("error", () => {});

/** A lease on the runtime's store, for a process whose clock only its own test moves. */
function leaseOf({ storage }: Runtime, holder: string, start: number) {
  const clock = { now: start };
  return { clock, lease: new Lease(storage, { name: "lease", holder, ttlMs: 1000, now: () => clock.now }) };
}

Deno.test("a lease goes to one, is kept by renewing, and passes on only after its holder was silent for its time", async () => {
  await using opened = await testRuntime();
  // Clocks of two machines have nothing in common.
  const a = leaseOf(opened.runtime, "a", 5_000_000), b = leaseOf(opened.runtime, "b", 7);
  assertEquals(await a.lease.look(), true);
  for (let i = 0; i < 5; i++) {
    assertEquals(await b.lease.look(), false);
    assertEquals(b.lease.holder, "a");
    a.clock.now += 400;
    b.clock.now += 900;
    assertEquals(await a.lease.look(), true, "renewed");
  }
  assertEquals(await b.lease.look(), false);
  b.clock.now += 1001;
  assertEquals(await b.lease.look(), true, "silent for more than its time");
  assertEquals(await a.lease.look(), false, "lost");
  assertEquals([a.lease.mine, a.lease.holder], [false, "b"]);
});

Deno.test("a lease that was given back is free at once, and one that can't be renewed isn't counted on", async () => {
  await using opened = await testRuntime();
  const a = leaseOf(opened.runtime, "a", 0), b = leaseOf(opened.runtime, "b", 0);
  assertEquals([await a.lease.look(), await b.lease.look()], [true, false]);
  await b.lease.release();
  assertEquals(await b.lease.look(), false, "only its holder gives it back");
  await a.lease.release();
  assertEquals(await b.lease.look(), true);
  b.clock.now += 700;
  assertEquals(b.lease.mine, false, "before anyone else may take it");
  assertEquals(await b.lease.look(), true);
});

Deno.test("a lease isn't taken before its holder was silent for all of the time it asked for, however often one looks", async () => {
  await using opened = await testRuntime();
  const a = leaseOf(opened.runtime, "a", 0), b = leaseOf(opened.runtime, "b", 0);
  assertEquals([await a.lease.look(), await b.lease.look()], [true, false]);
  for (const share of [1 / 4, 1 / 3, 1 / 2, 2 / 3, 9 / 10, 1]) {
    b.clock.now = share * 1000;
    assertEquals(await b.lease.look(), false, `after ${b.clock.now} ms`);
  }
  b.clock.now = 1001;
  assertEquals(await b.lease.look(), true);
});

Deno.test("of many that ask at the same moment one gets the lease", async () => {
  await using opened = await testRuntime();
  const held = await Promise.all(
    Array.from({ length: 20 }, (_, i) => leaseOf(opened.runtime, `p${i}`, i).lease.look()),
  );
  assertEquals(held.filter(Boolean).length, 1);
});

Deno.test("jobs run in one place at a time, and elsewhere once that stops", async () => {
  await using opened = await testRuntime();
  const running = new Set<string>(), both: string[] = [];
  const begin = (holder: string) => {
    const job: Job = {
      name: "count",
      everyMs: 1,
      run: async (signal) => {
        running.add(holder);
        if (running.size > 1) both.push([...running].join());
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        running.delete(holder);
      },
    };
    const runtime = { ...opened.runtime, background: { ...opened.runtime.background, jobs: [] } };
    return { runtime, work: startBackground(runtime, [job], { holder, leaseMs: 300, log }) };
  };
  const first = begin("first");
  const has = (holder: string) => until(() => Promise.resolve([...running]), (now) => now.includes(holder), holder);
  await has("first");
  const second = begin("second");
  const { background } = second.runtime;
  await until(() => Promise.resolve(background.holder), (holder) => holder === "first", "the second to see the first");
  assertEquals([background.here, background.jobs], [false, []]);
  await first.work.stop();
  await has("second");
  assertEquals([background.here, background.holder, both], [true, "second", []]);
  await second.work.stop();
});

Deno.test("a process that can't do the work leaves it to one that can", async () => {
  await using opened = await testRuntime();
  const done = Promise.withResolvers<void>();
  const begin = (holder: string, run: () => Promise<void>) => {
    const runtime = { ...opened.runtime, background: { ...opened.runtime.background, jobs: [] } };
    return startBackground(runtime, [{ name: "work", everyMs: 20, handsOver: true, run }], {
      holder,
      leaseMs: 100,
      log,
    });
  };
  let tries = 0;
  const unable = begin("unable", () => {
    tries++;
    return Promise.reject(new Error("no model here"));
  });
  await until(() => Promise.resolve(tries), (count) => count > 0, "the first to try");
  const able = begin("able", () => Promise.resolve(done.resolve()));
  await done.promise;
  await Promise.all([unable.stop(), able.stop()]);
  assert(tries > 0);
});
