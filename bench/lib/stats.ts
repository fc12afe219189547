/**
 * Figures over samples: percentiles, spread, change and bootstrap intervals.
 *
 * @module
 */

import { seeded } from "./random.ts";

/** The mean; NaN of nothing. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The value below which a share (0 to 1) of the samples lies, between two samples by interpolation; NaN of nothing. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  if (sorted.length === 0) return NaN;
  const at = share * (sorted.length - 1), below = Math.floor(at);
  const low = sorted[below]!, high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (high - low) * (at - below);
}

/** The middle sample. */
export const median = (values: readonly number[]): number => percentile(values, 0.5);

/** The middle of repeated measurements and how far they lie apart. */
export interface Spread {
  median: number;
  min: number;
  max: number;
  /** How often it was measured. */
  runs: number;
}

/** Sums up repeated measurements. */
export function spread(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values), runs: values.length };
}

/**
 * Ratios of paired measurements, one taken right after the other: what slows the machine for a while slows both, so
 * their ratio says more than the ratio of two medians.
 */
export function pairedRatios(above: readonly number[], below: readonly number[]): number[] {
  return above.slice(0, below.length).map((value, i) => value / below[i]!);
}

/** Change from `before` to `after` in percent. */
export function percentChange(before: number, after: number): number {
  return (after / before - 1) * 100;
}

/** A mean with its confidence interval. */
export interface Estimate {
  mean: number;
  low: number;
  high: number;
  /** Number of samples. */
  count: number;
}

/** Resamples that an interval is made of. */
const RESAMPLES = 2000;

/**
 * The mean with a percentile bootstrap interval: the samples are drawn again with replacement, and the middle
 * `confidence` of the resulting means is the interval.
 */
export function bootstrap(values: readonly number[], seed = 1, confidence = 0.95): Estimate {
  const count = values.length;
  if (count === 0) return { mean: NaN, low: NaN, high: NaN, count };
  const random = seeded(seed), means = new Array<number>(RESAMPLES);
  for (let i = 0; i < RESAMPLES; i++) {
    let sum = 0;
    for (let j = 0; j < count; j++) sum += values[Math.floor(random() * count)]!;
    means[i] = sum / count;
  }
  const tail = (1 - confidence) / 2;
  return { mean: mean(values), low: percentile(means, tail), high: percentile(means, 1 - tail), count };
}

/** The line of least squares through points, and how closely they lie along it: −1 to 1. */
export function fitLine(
  x: readonly number[],
  y: readonly number[],
): { slope: number; offset: number; correlation: number } {
  const middleX = mean(x), middleY = mean(y);
  let xx = 0, xy = 0, yy = 0;
  x.forEach((value, i) => {
    const dx = value - middleX, dy = y[i]! - middleY;
    xx += dx * dx;
    xy += dx * dy;
    yy += dy * dy;
  });
  const slope = xy / xx;
  return { slope, offset: middleY - slope * middleX, correlation: xy / Math.sqrt(xx * yy) };
}
