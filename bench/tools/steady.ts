/**
 * How evenly a core computes: a loop that takes 2 ms is run again and again for as many seconds as told, and the longest
 * of its runs is printed. On a machine of its own that is little more than 2 ms; a virtual one may give a core a tenth
 * of its speed for tens of milliseconds.
 *
 * @module
 */

import { median } from "../lib/stats.ts";

const RUN_MS = 2, TRIALS = 200;

let sink = 0;
/** Milliseconds that so many rounds take. */
function run(rounds: number): number {
  const began = performance.now();
  for (let i = 0; i < rounds; i++) sink = (sink * 31 + i) | 0;
  return performance.now() - began;
}

run(1e6);
const rounds = Math.round(1e6 * RUN_MS / median(Array.from({ length: TRIALS }, () => run(1e6))));
const end = performance.now() + Number(Deno.args[0]) * 1000;
let longest = 0;
while (performance.now() < end) longest = Math.max(longest, run(rounds));
console.log(JSON.stringify({ longest, sink }));
