/**
 * How the cost of a function grows with its input: the one kind of test that may look at a clock, because it compares
 * the code with itself.
 *
 * What is measured is the processor time of this process, or the elapsed time where that is less, so that a busy
 * machine doesn't change it. A function that waits for another process or thread can't be judged this way.
 *
 * @module
 */

import process from "node:process";
import { AssertionError } from "@std/assert";
import { HOSTILE_SHAPES, type HostileShape } from "./shapes.ts";

/** Largest exponent of a linear function: caches and garbage collection make large inputs cost a little more each. */
export const LINEAR = 1.35;
/** Characters of the largest input: what isn't linear takes hundreds of times longer there than what is. */
const LARGEST = 32 * 1024;
const DOUBLINGS = 4;
const RUNS = 5;
/** Milliseconds below which times aren't told apart: constant cost and noise of that size say nothing. */
const FLOOR = 1;
/** A run that takes this many milliseconds is of the last size: what isn't linear would take hours over larger ones. */
const TOO_LONG = 300;

/** How a function's cost grows. */
export interface Growth {
  /** Slope of the cost over the size, both as logarithms: 1 for a linear function, 2 for a quadratic one. */
  readonly exponent: number;
  /** Smallest cost of each size, in milliseconds; sizes may end early where one took too long. */
  readonly times: readonly { size: number; ms: number }[];
}

/** How growth is measured. */
export interface GrowthOptions {
  /** Size of the largest input, 32 Ki by default. */
  largest?: number;
}

/**
 * The exponent with which a function's cost grows over four doublings, the smallest of five runs each.
 *
 * Sizes rise from a few characters, so that a function of cubic cost ends too; a size that takes long ends the rise,
 * and the four doublings below it count.
 *
 * @param run The function; may give a promise.
 * @param make Makes its input in a given size; not part of the time.
 */
export async function growthExponent<T>(
  run: (input: T) => unknown,
  make: (size: number) => T,
  options: GrowthOptions = {},
): Promise<Growth> {
  const { largest = LARGEST } = options;
  const times: { size: number; ms: number; input: T }[] = [];
  for (let size = 16; size <= largest; size *= 2) {
    const input = make(size), ms = await cost(run, input);
    times.push({ size, ms, input });
    if (ms > TOO_LONG) break;
  }
  const last = times.slice(-(DOUBLINGS + 1));
  // Noise makes runs slower, never faster, and can't make all four doublings of a quadratic function look linear.
  const isPlain = last.every(({ ms }, i) => i === 0 || atLeast(ms) / atLeast(last[i - 1]!.ms) < 2.3);
  if (!isPlain) {
    for (const entry of last) {
      for (let n = 1; n < RUNS && entry.ms < TOO_LONG; n++) entry.ms = Math.min(entry.ms, await cost(run, entry.input));
    }
  }
  return { exponent: slope(last), times: last.map(({ size, ms }) => ({ size, ms })) };
}

/**
 * Fails when a function's cost grows faster than its input's length on any of the shapes.
 *
 * @param run The function.
 * @param shapes Texts to give it, {@link HOSTILE_SHAPES} by default.
 */
export async function assertLinear(
  run: (input: string) => unknown,
  shapes: readonly HostileShape[] = HOSTILE_SHAPES,
  options: GrowthOptions = {},
): Promise<void> {
  const faults: string[] = [];
  for (const { name, make } of shapes) {
    let growth = await growthExponent(run, make, options);
    if (growth.exponent > LINEAR) growth = await growthExponent(run, make, options);
    if (growth.exponent <= LINEAR) continue;
    const times = growth.times.map(({ size, ms }) => `${size}: ${ms.toFixed(1)} ms`).join(", ");
    faults.push(`${name}: exponent ${growth.exponent.toFixed(2)} (${times})`);
    // Each further one takes seconds and says no more.
    if (faults.length === 3) break;
  }
  if (faults.length > 0) throw new AssertionError(`The cost grows faster than the input:\n${faults.join("\n")}`);
}

async function cost<T>(run: (input: T) => unknown, input: T): Promise<number> {
  const cpu = process.cpuUsage(), start = performance.now();
  const result = run(input);
  if (result instanceof Promise) await result;
  const elapsed = performance.now() - start, { user, system } = process.cpuUsage(cpu);
  return Math.min(elapsed, (user + system) / 1000);
}

const atLeast = (ms: number) => Math.max(FLOOR, ms);

/** Least squares over the logarithms. */
function slope(times: readonly { size: number; ms: number }[]): number {
  const points = times.map(({ size, ms }) => [Math.log2(size), Math.log2(atLeast(ms))] as const);
  const mean = (which: 0 | 1) => points.reduce((sum, point) => sum + point[which], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const covariance = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  const variance = points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
  return variance === 0 ? 0 : covariance / variance;
}
