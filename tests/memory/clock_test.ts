import { assertEquals } from "@std/assert";
import { monotonicClock } from "../../src/memory/clock.ts";

Deno.test("a clock never repeats or goes back, even when the system's does", () => {
  const readings = [1000, 1000, 1000, 999, 1001, 500, 2000];
  const clock = monotonicClock(() => readings.shift()!);
  const times = Array.from({ length: 7 }, clock);
  assertEquals(times, [...times].sort((a, b) => a - b));
  assertEquals(new Set(times).size, 7);
  assertEquals(times.at(-1), 2);
});
