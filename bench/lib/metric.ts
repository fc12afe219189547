/**
 * A measured figure: what it is, what it is compared with, and how it is shown.
 *
 * @module
 */

import { percentChange, type Spread } from "./stats.ts";
import { short } from "./table.ts";

/** A figure of the table. */
export interface Metric {
  /** Stable key, for the stored ratios. */
  id: string;
  what: string;
  unit: string;
  better: "higher" | "lower";
  unimem: Spread;
  /** What it is compared with: the peer's figure, or why there is none. */
  reference: Spread | string;
  /** Times better than the reference, whichever way is better; null without one. */
  advantage: Spread | null;
  target?: Target;
  /** Whether the figure itself doesn't depend on the machine, so that it can be compared between runs. */
  portable?: boolean;
}

/** What the figure or the advantage has to reach. */
export interface Target {
  of: "unimem" | "advantage";
  limit: number;
}

/** A stored or current score by metric; higher is better. */
export type Scores = Record<string, number>;

/** A metric that got worse. */
export interface Regression {
  id: string;
  before: number;
  now: number;
  /** Percent, negative. */
  change: number;
}

/** Whether the target is met; null where it is unknown. */
export function isMet({ target, unimem, advantage, better }: Metric): boolean | null {
  if (target === undefined) return null;
  if (target.of === "advantage") return advantage === null ? null : advantage.median >= target.limit;
  return better === "higher" ? unimem.median >= target.limit : unimem.median <= target.limit;
}

/** What is kept of a metric for later runs: its advantage, or the figure itself where machines don't matter. */
export function scoreOf({ advantage, portable, better, unimem }: Metric): number | null {
  if (advantage !== null) return advantage.median;
  if (!portable) return null;
  return better === "higher" ? unimem.median : 1 / unimem.median;
}

/** Scores of all metrics that have one. */
export function scoresOf(metrics: readonly Metric[]): Scores {
  const scored = metrics.map((metric) => [metric.id, scoreOf(metric)] as const);
  return Object.fromEntries(scored.filter((entry): entry is [string, number] => entry[1] !== null));
}

/** Metrics whose score fell by more than `percent` against the stored one. */
export function regressions(now: Scores, before: Scores, percent = 20): Regression[] {
  return Object.entries(now).flatMap(([id, score]) => {
    const stored = before[id];
    if (stored === undefined) return [];
    const change = percentChange(stored, score);
    return change < -percent ? [{ id, before: stored, now: score, change }] : [];
  });
}

/** The metric as cells of the table under `HEAD`. */
export function cellsOf(metric: Metric): string[] {
  const { what, unit, unimem, reference, advantage, target, better } = metric;
  const met = isMet(metric);
  const sign = target?.of === "advantage" || better === "higher" ? "≥" : "≤";
  const limit = target && (target.of === "advantage" ? `${target.limit} ×` : withUnit(String(target.limit), unit));
  return [
    what,
    withUnit(withSpread(unimem), unit),
    typeof reference === "string" ? reference : withUnit(withSpread(reference), unit),
    advantage === null ? "–" : `${withSpread(advantage)} ×`,
    limit === undefined ? "–" : `${sign} ${limit}`,
    target === undefined ? "–" : met === null ? "?" : met ? "yes" : "no",
  ];
}

/** Column heads of `cellsOf`. */
export const HEAD = ["what", "Unimem", "compared with", "times better", "target", "met"] as const;

function withSpread({ median, min, max, runs }: Spread): string {
  return runs === 1 ? short(median) : `${short(median)} (${short(min)}–${short(max)})`;
}

function withUnit(figure: string, unit: string): string {
  return unit === "" ? figure : unit.startsWith("/") ? `${figure}${unit}` : `${figure} ${unit}`;
}
