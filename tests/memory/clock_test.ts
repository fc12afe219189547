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

Deno.test("a clock's times are whole microseconds, as they are written", () => {
  const clock = monotonicClock(() => 1_764_050_000_123);
  const times = Array.from({ length: 5 }, () => String(clock()));
  assertEquals(times, ["", "001", "002", "003", "004"].map((digits) => `1764050000.123${digits}`));
});
