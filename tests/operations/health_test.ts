import { assertEquals, assertStringIncludes } from "@std/assert";
import { MemoryError } from "../../src/errors.ts";
import { ClockWatch } from "../../src/operations/health/clock_watch.ts";
import { HealthRecord } from "../../src/operations/health/record.ts";
import { defineCheck } from "../../src/operations/health/check.ts";
import { checkHealth } from "../../src/operations/health/monitor.ts";
import { type CheckResult, overall, type PartHealth } from "../../src/operations/health/state.ts";
import { evaluateBackups, evaluateClock, evaluateSpace, transports, work } from "../../src/operations/health/checks.ts";
import { startHealthWatch } from "../../src/operations/health/watch.ts";
import { until } from "../helpers/process.ts";
import { testRuntime } from "../helpers/runtime.ts";

const part = (name: string, state: PartHealth["state"], since = 0): PartHealth => {
  return { name, state, since, message: "", action: null };
};
const GB = 2 ** 30;

Deno.test("only an essential part makes the whole unhealthy; what is off or healthy counts for nothing", () => {
  const essential = new Set(["store"]), state = (...parts: PartHealth[]) => overall(parts, essential);
  assertEquals(state(part("store", "healthy"), part("backups", "off")), "healthy");
  assertEquals(state(part("store", "healthy"), part("model", "unhealthy")), "degraded");
  assertEquals(state(part("store", "healthy"), part("model", "starting")), "degraded");
  assertEquals(state(part("store", "degraded"), part("model", "healthy")), "degraded");
  assertEquals(state(part("store", "unhealthy"), part("model", "healthy")), "unhealthy");
});

Deno.test("a state keeps the moment it began however rarely it is asked for, and gets a new one when it changes", async () => {
  await using test = await testRuntime();
  const { runtime } = test;
  let now = 1000, result: CheckResult = { state: "healthy", message: "fine" };
  const table = [defineCheck({ name: "thing", evaluate: () => result })];
  const health = new HealthRecord({ dataFolder: "." }, { now: () => now, steady: () => now });
  const since = async () => (await checkHealth({ ...runtime, health }, table)).parts[0]!.since;
  assertEquals(await since(), 1000);
  now = 500_000;
  assertEquals(await since(), 1000);
  result = { state: "degraded", message: "worse", action: "mend it" };
  now = 600_000;
  assertEquals(await since(), 600_000);
  result = { ...result, message: "worse still" };
  now = 700_000;
  assertEquals(await since(), 600_000);
  // A part that knows better when it began is believed.
  result = { state: "unhealthy", message: "gone", since: 650_000 };
  now = 900_000;
  assertEquals(await since(), 650_000);
});

Deno.test("a clock that was set back is told until it has caught up, and sleep is not taken for a fault", () => {
  let wall = 1_000_000, steady = 0;
  const watch = new ClockWatch(() => wall, () => steady);
  const stateOf = () => evaluateClock({ reading: watch.read(), newest: null, serverAhead: null }, wall);
  const pass = (ms: number) => [wall, steady] = [wall + ms, steady + ms];
  pass(60_000);
  assertEquals(stateOf().state, "healthy");
  wall -= 300_000;
  pass(1000);
  assertEquals([stateOf().state, stateOf().message.includes("set back")], ["degraded", true]);
  pass(200_000);
  assertEquals(stateOf().state, "degraded");
  pass(100_001);
  assertEquals(stateOf().state, "healthy");
  wall += 8 * 3_600_000; // slept
  assertEquals(stateOf().state, "healthy");
});

Deno.test("a clock behind the store's, or behind the newest memory, says by how much", () => {
  const reading = { behind: 0, ahead: 0 }, now = 1_000_000_000;
  const stateOf = (newest: number | null, serverAhead: number | null) =>
    evaluateClock({ reading, newest, serverAhead }, now);
  assertEquals(stateOf(now / 1000 + 59, 4.9).state, "healthy");
  assertStringIncludes(stateOf(now / 1000 + 3600, null).message, "60 min in the future");
  assertStringIncludes(stateOf(null, 90).message, "90 s behind the store's");
  assertStringIncludes(stateOf(null, -90).message, "90 s ahead of the store's");
});

Deno.test("room on a disk has thresholds that small disks can keep, and must clearly exceed them to improve", () => {
  const state = (total: number, free: number, before?: string) => evaluateSpace({ total, free }, before).state;
  assertEquals(state(500 * GB, 2 * GB), "healthy");
  assertEquals(state(500 * GB, 0.9 * GB), "degraded");
  assertEquals(state(500 * GB, 1.1 * GB, "degraded"), "degraded");
  assertEquals(state(500 * GB, 1.3 * GB, "degraded"), "healthy");
  assertEquals(state(500 * GB, 0.05 * GB), "unhealthy");
  assertEquals(state(500 * GB, 0.11 * GB, "unhealthy"), "unhealthy");
  assertEquals(state(GB, 0.2 * GB), "healthy");
});

Deno.test("transports are crowded from nine tenths on, until a third is free again", async () => {
  await using test = await testRuntime();
  const { runtime } = test;
  let open = 0;
  runtime.health.transports.set("SSE", () => ({ open, limit: 10 }));
  const stateOf = (before?: PartHealth) =>
    transports.evaluate(undefined, { runtime, now: 0, before, others: new Map() });
  open = 8;
  assertEquals(stateOf().state, "healthy");
  open = 9;
  assertEquals([stateOf().state, stateOf().message], [
    "degraded",
    "Nearly all places for clients are taken (SSE: 9 of 10)",
  ]);
  open = 7;
  assertEquals(stateOf(part("transports", "degraded")).state, "degraded");
  open = 6;
  assertEquals(stateOf(part("transports", "degraded")).state, "healthy");
});

Deno.test("background work is blamed for its own faults, not for those of the store or the model", async () => {
  await using test = await testRuntime();
  let now = 1000;
  const health = new HealthRecord({ dataFolder: "." }, { now: () => now });
  const runtime = { ...test.runtime, health };
  const stateOf = (...others: PartHealth[]) =>
    work.evaluate(undefined, { runtime, now, before: undefined, others: new Map(others.map((o) => [o.name, o])) });
  const up = part("store", "healthy", 0);
  health.work.failed("empty the trash", new MemoryError("unavailable", "Cannot reach the store"));
  now = 2000;
  health.work.failed("empty the trash", new MemoryError("unavailable", "Cannot reach the store"));
  assertEquals(stateOf(part("store", "unhealthy")).state, "healthy");
  assertEquals(stateOf(part("store", "healthy", 3000)).state, "healthy", "the fault is older than the recovery");
  const { state, message, since } = stateOf(up);
  assertEquals([state, message, since], ["degraded", "Cannot empty the trash: Cannot reach the store", 1000]);
  health.work.failed("empty the trash", new TypeError("x is not a function"));
  assertEquals(stateOf(up).message, "Cannot empty the trash: the log says why");
  health.work.succeeded("empty the trash");
  assertEquals(stateOf(up).state, "healthy");
  health.work.progressed("re-embed", 5, 10);
  now += 599_000;
  assertEquals(stateOf(up), { state: "healthy", message: "re-embed: 5 of 10" });
  now += 2000;
  assertEquals(stateOf(up).state, "degraded");
});

Deno.test("backups are overdue after twice their interval, and a failed one is told at once", () => {
  const hour = 3_600_000, now = 100 * hour;
  const stateOf = (intervalHours: number, newest: number | null, error: string | null = null, expectedSince = 0) =>
    evaluateBackups({ intervalHours, newest, error, expectedSince }, now).state;
  assertEquals(stateOf(0, null), "off");
  assertEquals(stateOf(24, now - 47 * hour), "healthy");
  assertEquals(stateOf(24, now - 49 * hour), "degraded");
  assertEquals(stateOf(24, null), "degraded");
  assertEquals(stateOf(24, null, null, now - hour), "healthy");
  assertEquals(stateOf(24, now - hour, "no room"), "degraded");
});

Deno.test("the log tells when a part fails and when it has recovered, once each", async () => {
  await using test = await testRuntime();
  const { runtime } = test, lines: string[] = [];
  let result: CheckResult = { state: "healthy", message: "fine" };
  const table = [defineCheck({ name: "thing", evaluate: () => result })];
  let now = 0;
  const health = new HealthRecord({ dataFolder: "." }, { now: () => now += 2000 });
  const say = (line: string) => void lines.push(line);
  const log = { debug: say, info: say, warning: say, error: say };
  const watched = { ...runtime, health };
  const watch = startHealthWatch(watched, log, 5, table);
  const wait = async (count: number) => {
    await until(() => Promise.resolve(lines.length), (length) => length >= count, `${count} lines`);
  };
  result = { state: "degraded", message: "broken", action: "Mend it" };
  await wait(1);
  result = { state: "healthy", message: "fine" };
  await wait(2);
  await watch.stop();
  assertEquals(lines, ["Health: thing is degraded: broken. Mend it", "Health: thing has recovered"]);
});
