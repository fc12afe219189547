/**
 * When memories are made: day by day, by hour and weekday, and in a row.
 *
 * @module
 */

import { z } from "zod";
import type { Runtime } from "../runtime.ts";
import { type Calendar, calendarOf, daysBack, edgesOf, hourEdges, startOf, ZoneInput } from "./calendar.ts";

/** Days that hours, weekdays and rows of days are counted over. */
const HOURLY_DAYS = 30, DAILY_DAYS = 91, STREAK_DAYS = 365;
const WEEKS = 12, MONTHS = 12;
const PEAKS = 3;
const LEVELS = 4;
const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

export const HeatmapInput = ZoneInput.extend({
  days: z.int().min(1).max(3650).default(365).describe("Days back, 1 to 3650."),
});

export const HeatmapOutput = z.object({
  data: z.array(z.object({
    date: z.string(),
    count: z.int(),
    level: z.int().describe("0 for none to 4 for the most."),
  })),
  total_days: z.int().describe("Days with a memory."),
  max_count: z.int(),
});
export type HeatmapOutput = z.infer<typeof HeatmapOutput>;

/** Memories of each day, for a calendar. */
export async function activityHeatmap(
  runtime: Runtime,
  { days: count, timezone }: z.infer<typeof HeatmapInput>,
  now = new Date(),
): Promise<HeatmapOutput> {
  const calendar = calendarOf(runtime, timezone, now), days = daysBack(count, 1, calendar);
  const counts = await runtime.storage.histogram(edgesOf(days, 1, calendar), {});
  const max_count = Math.max(...counts);
  return {
    data: days.map((day, i) => ({
      date: day.toString(),
      count: counts[i]!,
      level: counts[i] === 0 ? 0 : Math.ceil(counts[i]! / max_count * LEVELS),
    })),
    total_days: counts.filter((count) => count > 0).length,
    max_count,
  };
}

export const Granularity = z.enum(["hourly", "daily", "weekly", "monthly"]);
export const BreakdownInput = ZoneInput.extend({
  granularity: Granularity.default("daily").describe(
    `hourly: hours of the day over ${HOURLY_DAYS} days; daily: weekdays over ${DAILY_DAYS} days; ` +
      `weekly: the last ${WEEKS} weeks; monthly: the last ${MONTHS} months.`,
  ),
});

export const BreakdownOutput = z.object({
  breakdown: z.array(z.object({ period: z.string(), count: z.int(), label: z.string() })),
  peak_times: z.array(z.string()).describe("Labels of the busiest spans."),
  active_days: z.int().describe(`Days with a memory, of the last ${STREAK_DAYS}.`),
  total_days: z.int().describe("Days since the first memory of that time, today among them."),
  current_streak: z.int().describe("Days in a row with a memory, up to today or yesterday."),
  longest_streak: z.int(),
});
export type BreakdownOutput = z.infer<typeof BreakdownOutput>;

/** When memories are made, and how regularly. */
export async function activityBreakdown(
  runtime: Runtime,
  { granularity, timezone }: z.infer<typeof BreakdownInput>,
  now = new Date(),
): Promise<BreakdownOutput> {
  const calendar = calendarOf(runtime, timezone, now), days = daysBack(STREAK_DAYS, 1, calendar);
  const [spans, daily] = await Promise.all([
    SPANS[granularity](runtime, calendar),
    runtime.storage.histogram(edgesOf(days, 1, calendar), {}),
  ]);
  const first = daily.findIndex((count) => count > 0);
  return {
    breakdown: spans.map(({ label, count }) => ({ period: granularity, count, label })),
    peak_times: spans.filter(({ count }) => count > 0).sort((a, b) => b.count - a.count).slice(0, PEAKS)
      .map(({ label }) => label),
    active_days: daily.filter((count) => count > 0).length,
    total_days: first < 0 ? 0 : daily.length - first,
    ...streaks(daily),
  };
}

interface Span {
  label: string;
  count: number;
}

const SPANS: Record<z.infer<typeof Granularity>, (runtime: Runtime, calendar: Calendar) => Promise<Span[]>> = {
  async hourly({ storage }, calendar) {
    const edges = hourEdges(calendar.today.subtract({ days: HOURLY_DAYS - 1 }), HOURLY_DAYS, calendar);
    const counts = await storage.histogram(edges, {}), byHour = new Array<number>(24).fill(0);
    counts.forEach((count, i) => {
      if (count === 0) return;
      const moment = Temporal.Instant.fromEpochMilliseconds(edges[i]! * 1000).toZonedDateTimeISO(calendar.zone);
      byHour[moment.hour]! += count;
    });
    return byHour.map((count, hour) => ({ label: `${String(hour).padStart(2, "0")}:00`, count }));
  },
  async daily({ storage }, calendar) {
    const days = daysBack(DAILY_DAYS - 1, 1, calendar), byWeekday = new Array<number>(7).fill(0);
    const counts = await storage.histogram(edgesOf(days, 1, calendar), {});
    counts.forEach((count, i) => byWeekday[days[i]!.dayOfWeek - 1]! += count);
    return byWeekday.map((count, weekday) => ({ label: WEEKDAYS[weekday]!, count }));
  },
  async weekly({ storage }, calendar) {
    const monday = calendar.today.subtract({ days: calendar.today.dayOfWeek - 1 });
    const weeks = daysBack(7 * (WEEKS - 1), 7, { ...calendar, today: monday });
    const counts = await storage.histogram(edgesOf(weeks, 7, calendar), {});
    return weeks.map((week, i) => ({ label: `Week ${week.weekOfYear}`, count: counts[i]! }));
  },
  async monthly({ storage }, calendar) {
    const first = calendar.today.with({ day: 1 });
    const months = Array.from({ length: MONTHS + 1 }, (_, i) => first.subtract({ months: MONTHS - 1 - i }));
    const counts = await storage.histogram(months.map((month) => startOf(month, calendar)), {});
    return counts.map((count, i) => ({ label: months[i]!.toString().slice(0, 7), count }));
  },
};

/** Rows of days with a memory; today may still be without one. */
function streaks(daily: readonly number[]): { current_streak: number; longest_streak: number } {
  let longest_streak = 0, running = 0, beforeToday = 0;
  daily.forEach((count, i) => {
    if (i === daily.length - 1) beforeToday = running;
    running = count > 0 ? running + 1 : 0;
    longest_streak = Math.max(longest_streak, running);
  });
  return { current_streak: running > 0 ? running : beforeToday, longest_streak };
}
