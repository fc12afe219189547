/**
 * An event loop with nothing to do, for as many seconds as told: what a busy machine alone does to timers.
 *
 * @module
 */

import { LoopWatch } from "../lib/loop_delay.ts";

const watch = new LoopWatch();
setTimeout(() => {
  watch.stop();
  console.log(JSON.stringify(watch.delays));
}, Number(Deno.args[0]) * 1000);
