/**
 * How much is stored, and how that grew.
 *
 * @module
 */

import { z } from "zod";
import { MemoryError } from "../../errors.ts";
import type { Runtime } from "../runtime.ts";
import { calendarOf, daysBack, edgesOf, megabytes, percent, startOf, ZoneInput } from "./calendar.ts";

/** Days that count as a week and as a month in the overview. */
const WEEK = 7, MONTH = 30;

export const OverviewOutput = z.object({
  total_memories: z.int(),
  memories_this_week: z.int().describe("Of the last seven days, today among them."),
  memories_this_month: z.int().describe("Of the last thirty days, today among them."),
  unique_tags: z.int(),
  database_size_mb: z.number().nullable(),
  uptime_seconds: z.number().nullable(),
  backend_type: z.string(),
});
export type OverviewOutput = z.infer<typeof OverviewOutput>;

/** The figures at the top of a dashboard. */
export async function overview(
  runtime: Runtime,
  input: z.infer<typeof ZoneInput>,
  now = new Date(),
): Promise<OverviewOutput> {
  const { storage } = runtime, calendar = calendarOf(runtime, input.timezone, now);
  const since = (days: number) => startOf(calendar.today.subtract({ days: days - 1 }), calendar);
  const edges = [since(MONTH), since(WEEK), startOf(calendar.today.add({ days: 1 }), calendar)];
  const [stats, counts] = await Promise.all([storage.stats(), storage.histogram(edges, {})]);
  return {
    total_memories: stats.total_memories,
    memories_this_week: counts[1]!,
    memories_this_month: counts[0]! + counts[1]!,
    unique_tags: stats.unique_tags,
    database_size_mb: stats.size_bytes === null ? null : megabytes(stats.size_bytes),
    uptime_seconds: (now.getTime() - runtime.startedAt) / 1000,
    backend_type: storage.backend,
  };
}

/** Periods by name: days back, and days in one point. */
const PERIODS: Record<string, [days: number, step: number]> = {
  week: [7, 1],
  month: [30, 3],
  quarter: [90, 7],
  year: [365, 30],
};

export const GrowthInput = ZoneInput.extend({
  period: z.string().default("month").describe("week, month, quarter or year."),
});

export const GrowthOutput = z.object({
  data_points: z.array(z.object({
    date: z.string().describe("First day of the span."),
    count: z.int().describe("Memories created in the span."),
    cumulative: z.int().describe("Memories created up to the end of the span."),
  })),
  period: z.string(),
});
export type GrowthOutput = z.infer<typeof GrowthOutput>;

/**
 * Memories created over a period, span by span.
 *
 * @throws {MemoryError} `refused` for a period that isn't known.
 */
export async function memoryGrowth(
  runtime: Runtime,
  { period, timezone }: z.infer<typeof GrowthInput>,
  now = new Date(),
): Promise<GrowthOutput> {
  if (!Object.hasOwn(PERIODS, period)) {
    throw new MemoryError("refused", "Invalid period. Use: week, month, quarter, year", {
      field: "period",
      value: period,
    });
  }
  const [count, step] = PERIODS[period]!, calendar = calendarOf(runtime, timezone, now);
  const days = daysBack(count, step, calendar);
  const [before = 0, ...counts] = await runtime.storage.histogram([0, ...edgesOf(days, step, calendar)], {});
  let cumulative = before;
  const data_points = days.map((day, i) => ({
    date: day.toString(),
    count: counts[i]!,
    cumulative: cumulative += counts[i]!,
  }));
  return { data_points, period };
}

export const TypesOutput = z.object({
  types: z.array(z.object({ memory_type: z.string(), count: z.int(), percentage: z.number() })),
  total_memories: z.int(),
});
export type TypesOutput = z.infer<typeof TypesOutput>;

/** Memories by type, most frequent first; those without one are `untyped`. */
export async function memoryTypes(runtime: Runtime): Promise<TypesOutput> {
  const types = await runtime.storage.countByValue("memory_type", {});
  const total_memories = types.reduce((sum, { count }) => sum + count, 0);
  return {
    types: types.map(({ value, count }) => ({
      memory_type: value ?? "untyped",
      count,
      percentage: percent(count, total_memories),
    })),
    total_memories,
  };
}

/** Writers and programs that are listed. */
const LISTED = 50;

const Counted = z.object({
  name: z.string().nullable().describe("Null for memories of which it isn't known."),
  count: z.int(),
  last: z.number().describe("When the newest of them was made, in Unix seconds."),
});

export const WritersOutput = z.object({
  writers: z.array(Counted).describe("Memories by who stored them: a key, a grant, `local`, or an import's file."),
  clients: z.array(Counted).describe("Memories by the program, as it names itself."),
  channels: z.array(Counted).describe("Memories by the way they came in."),
});
export type WritersOutput = z.infer<typeof WritersOutput>;

/** Who stored the memories, and with what, most first. */
export async function writers({ storage }: Runtime): Promise<WritersOutput> {
  const countBy = async (field: "writer" | "client" | "channel") =>
    (await storage.countByValue(field, {})).slice(0, LISTED)
      .map(({ value, count, latest }) => ({ name: value, count, last: latest }));
  const [writers, clients, channels] = await Promise.all([countBy("writer"), countBy("client"), countBy("channel")]);
  return { writers, clients, channels };
}
