import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { gaussian, pick, seeded } from "../../bench/lib/random.ts";
import {
  bootstrap,
  fitLine,
  mean,
  median,
  pairedRatios,
  percentChange,
  percentile,
  spread,
} from "../../bench/lib/stats.ts";

Deno.test("percentiles lie between samples by interpolation, whatever their order", () => {
  assertEquals(percentile([4, 1, 3, 2], 0.5), 2.5);
  assertEquals(percentile([10, 2], 0), 2);
  assertEquals(percentile([10, 2], 1), 10);
  assertAlmostEquals(percentile([0, 10], 0.95), 9.5);
  assertEquals(percentile([7], 0.99), 7);
  assertEquals(percentile([], 0.5), NaN);
});

Deno.test("repeated measurements are summed up by their middle and ends", () => {
  assertEquals(spread([3, 1, 8]), { median: 3, min: 1, max: 8, runs: 3 });
  assertEquals(median([1, 2]), 1.5);
  assertEquals(mean([1, 2, 6]), 3);
});

Deno.test("paired measurements give a ratio each, and an unpaired one none", () => {
  assertEquals(pairedRatios([10, 30, 5], [5, 10]), [2, 3]);
});

Deno.test("a change is told in percent of what was before", () => {
  assertAlmostEquals(percentChange(10, 12), 20);
  assertAlmostEquals(percentChange(10, 7), -30);
});

Deno.test("bootstrap intervals hold the mean, repeat with their seed and narrow with more samples", () => {
  const random = seeded(7), draw = (count: number) => Array.from({ length: count }, () => random() < 0.3 ? 1 : 0);
  const few = bootstrap(draw(50)), samples = draw(2000), many = bootstrap(samples);
  for (const { low, mean, high } of [few, many]) assert(low < mean && mean < high);
  assert(many.high - many.low < (few.high - few.low) / 3);
  // A normal approximation of the same interval.
  const half = 1.96 * Math.sqrt(many.mean * (1 - many.mean) / 2000);
  assertAlmostEquals(many.high - many.mean, half, 0.005);
  assertEquals(bootstrap(samples, 3), bootstrap(samples, 3));
  assertEquals(bootstrap([1, 1, 1]), { mean: 1, low: 1, high: 1, count: 3 });
  assertEquals(bootstrap([]).count, 0);
});

Deno.test("seeded numbers repeat, spread evenly, and pick from everywhere", () => {
  const draw = (seed: number) => Array.from({ length: 5 }, seeded(seed));
  assertEquals(draw(1), draw(1));
  assert(draw(1)[0] !== draw(2)[0]);
  const random = seeded(3);
  assertAlmostEquals(mean(Array.from({ length: 10_000 }, random)), 0.5, 0.02);
  assertEquals(new Set(Array.from({ length: 200 }, () => pick(["a", "b", "c"], random))).size, 3);
  const normal = Array.from({ length: 10_000 }, () => gaussian(random));
  assertAlmostEquals(mean(normal), 0, 0.05);
  assertAlmostEquals(mean(normal.map((value) => value ** 2)), 1, 0.05);
});

Deno.test("a line goes through points on it, and between those beside it", () => {
  const x = [0, 1, 2, 5], exact = fitLine(x, x.map((value) => 3 * value - 1));
  assertAlmostEquals(exact.slope, 3);
  assertAlmostEquals(exact.offset, -1);
  assertAlmostEquals(exact.correlation, 1);
  assertAlmostEquals(fitLine(x, x.map((value) => -value)).correlation, -1);
  // Two points a step above and two a step below cancel each other out.
  const beside = fitLine([0, 0, 10, 10], [1, -1, 11, 9]);
  assertAlmostEquals(beside.slope, 1);
  assertAlmostEquals(beside.offset, 0);
  assertAlmostEquals(beside.correlation, 10 / Math.sqrt(104));
});
