/**
 * Which tags are used, how that changed, and which go together.
 *
 * @module
 */

import { z } from "zod";
import { MemoryError } from "../../errors.ts";
import type { MemoryFilter } from "../../memory/memory.ts";
import type { ValueCount } from "../../storage/contract/statistics.ts";
import { yieldToEventLoop } from "../../yielding.ts";
import type { Runtime } from "../runtime.ts";
import { calendarOf, percent, startOf, ZoneInput } from "./calendar.ts";

/** Days of a period by name. */
const PERIODS: Record<string, number> = { week: 7, month: 30, quarter: 90, year: 365 };
const TOGETHER = 5;
/** Milliseconds of work between two pauses. */
const SLICE_MS = 8;
/** A tag is trending when its use grew by half and it isn't a matter of one or two memories. */
const TRENDING_PERCENT = 50, TRENDING_COUNT = 3;

const Limit = z.int().min(1).max(100).default(20).describe("Tags to list, 1 to 100.");
const Growth = z.number().nullable()
  .describe("Change against the period before, in per cent; null without one or when it had none.");

export const TagUsageInput = ZoneInput.extend({
  period: z.string().default("all").describe("all, week, month, quarter, year, or days such as 7d."),
  limit: Limit,
});

export const TagUsageOutput = z.object({
  tags: z.array(z.object({ tag: z.string(), count: z.int(), percentage: z.number(), growth_rate: Growth })),
  total_memories: z.int().describe("Memories of the period, tagged or not; what percentages are shares of."),
  period: z.string(),
});
export type TagUsageOutput = z.infer<typeof TagUsageOutput>;

/** The most used tags of a period. */
export async function tagUsage(
  runtime: Runtime,
  input: z.infer<typeof TagUsageInput>,
  now = new Date(),
): Promise<TagUsageOutput> {
  const { tags, total } = await usage(runtime, input, now);
  return {
    tags: tags.slice(0, input.limit).map(({ tag, count, growth_rate }) => ({
      tag,
      count,
      percentage: percent(count, total),
      growth_rate,
    })),
    total_memories: total,
    period: input.period,
  };
}

export const TopTagsInput = TagUsageInput.extend({ period: TagUsageInput.shape.period.unwrap().default("30d") });

export const TopTagsOutput = z.object({
  tags: z.array(z.object({
    tag: z.string(),
    count: z.int(),
    percentage: z.number(),
    growth_rate: Growth,
    trending: z.boolean(),
    co_occurring_tags: z.array(z.object({
      tag: z.string(),
      count: z.int().describe("Memories with both."),
      strength: z.number().describe("Share of the tag's memories that have the other one too, 0 to 1."),
    })),
  })),
  period: z.string(),
});
export type TopTagsOutput = z.infer<typeof TopTagsOutput>;

/** The most used tags of a period with the tags they go together with. */
export async function topTags(
  runtime: Runtime,
  input: z.infer<typeof TopTagsInput>,
  now = new Date(),
): Promise<TopTagsOutput> {
  const { tags, total, filter } = await usage(runtime, input, now);
  const report: TopTagsOutput["tags"] = [];
  let since = performance.now();
  for (const { tag, count, growth_rate } of tags.slice(0, input.limit)) {
    const together = await runtime.storage.countByValue("tags", { ...filter, tags: { values: [tag], match: "any" } });
    report.push({
      tag,
      count,
      percentage: percent(count, total),
      growth_rate,
      trending: count >= TRENDING_COUNT && growth_rate !== null && growth_rate >= TRENDING_PERCENT,
      co_occurring_tags: together.filter(({ value }) => value !== tag).slice(0, TOGETHER).map((other) => ({
        tag: other.value!,
        count: other.count,
        strength: Math.round(other.count / count * 100) / 100,
      })),
    });
    if (performance.now() - since > SLICE_MS) {
      await yieldToEventLoop();
      since = performance.now();
    }
  }
  return { tags: report, period: input.period };
}

/** Tags of a period with their growth, and the number of its memories. */
async function usage(
  runtime: Runtime,
  { period, timezone }: { period: string; timezone?: string | null | undefined },
  now: Date,
): Promise<
  { tags: { tag: string; count: number; growth_rate: number | null }[]; total: number; filter: MemoryFilter }
> {
  const { storage } = runtime, days = daysOf(period);
  if (days === null) {
    const [tags, stats] = await Promise.all([storage.countByValue("tags", {}), storage.stats()]);
    return { tags: tags.map((tag) => ({ ...named(tag), growth_rate: null })), total: stats.total_memories, filter: {} };
  }
  const calendar = calendarOf(runtime, timezone, now), start = calendar.today.subtract({ days });
  const filter = { created_from: startOf(start, calendar) };
  const previous = { created_from: startOf(start.subtract({ days }), calendar), created_before: filter.created_from };
  const [tags, before, counts] = await Promise.all([
    storage.countByValue("tags", filter),
    storage.countByValue("tags", previous),
    storage.histogram([filter.created_from, startOf(calendar.today.add({ days: 1 }), calendar)], {}),
  ]);
  const earlier = new Map(before.map(({ value, count }) => [value, count]));
  return {
    tags: tags.map((tag) => {
      const was = earlier.get(tag.value);
      return { ...named(tag), growth_rate: was === undefined ? null : percent(tag.count - was, was) };
    }),
    total: counts[0]!,
    filter,
  };
}

function named({ value, count }: ValueCount): { tag: string; count: number } {
  return { tag: value!, count };
}

function daysOf(period: string): number | null {
  if (period === "all") return null;
  const days = Object.hasOwn(PERIODS, period) ? PERIODS[period]! : Number(/^(\d{1,4})d$/.exec(period)?.[1] ?? 0);
  if (days > 0) return days;
  throw new MemoryError("refused", "Invalid period. Use: all, week, month, quarter, year, or days such as 30d", {
    field: "period",
    value: period,
  });
}
