import { assert, assertEquals } from "@std/assert";
import { LoopWatch } from "../../bench/lib/loop_delay.ts";

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

Deno.test("a blocked event loop is seen, and forgotten on reset", async () => {
  const watch = new LoopWatch();
  await sleep(20);
  const end = performance.now() + 60;
  while (performance.now() < end);
  await sleep(20);
  const { samples, max, over20, histogram } = watch.delays;
  assert(max > 45, `${max} ms`);
  assert(over20 >= 1);
  assertEquals(histogram.reduce((sum, count) => sum + count), samples);
  watch.reset();
  assertEquals([watch.delays.samples, watch.delays.max], [0, 0]);
  watch.stop();
});
