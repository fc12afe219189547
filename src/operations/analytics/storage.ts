/**
 * What memories take.
 *
 * @module
 */

import { z } from "zod";
import { previewOf } from "../matching.ts";
import type { Runtime } from "../runtime.ts";
import { calendarOf, daysBack, edgesOf, megabytes, percent, ZoneInput } from "./calendar.ts";

const LARGEST = 10, TREND_DAYS = 30;

export const StorageOutput = z.object({
  total_size_mb: z.number().describe("Size on disk."),
  average_memory_size: z.number().describe("Bytes of content, on average."),
  largest_memories: z.array(z.object({
    hash: z.string(),
    size: z.int().describe("Bytes of content."),
    created_at: z.number(),
    tags: z.array(z.string()),
    content_preview: z.string(),
  })),
  growth_trend: z.array(z.object({ date: z.string(), size_mb: z.number() }))
    .describe("Content stored up to each day, by the number of memories and their average size."),
  storage_efficiency: z.number().describe("Content as a share of the size on disk, in per cent."),
});
export type StorageOutput = z.infer<typeof StorageOutput>;

/** Size of the store and of its memories. */
export async function storageStats(
  runtime: Runtime,
  { timezone }: z.infer<typeof ZoneInput>,
  now = new Date(),
): Promise<StorageOutput> {
  const { storage } = runtime;
  const calendar = calendarOf(runtime, timezone, now), days = daysBack(TREND_DAYS - 1, 1, calendar);
  const [stats, { total_bytes, largest }, counts] = await Promise.all([
    storage.stats(),
    storage.contentSizes(LARGEST),
    storage.histogram([0, ...edgesOf(days, 1, calendar)], {}),
  ]);
  const memories = await storage.getByHash(largest.map(({ content_hash }) => content_hash));
  const average = stats.total_memories === 0 ? 0 : total_bytes / stats.total_memories;
  let count = counts[0]!;
  return {
    total_size_mb: megabytes(stats.size_bytes ?? total_bytes),
    average_memory_size: Math.round(average * 100) / 100,
    largest_memories: largest.flatMap(({ content_hash, bytes }, i) => {
      const memory = memories[i];
      if (!memory) return [];
      const { created_at, tags, content } = memory;
      return [{ hash: content_hash, size: bytes, created_at, tags, content_preview: previewOf(content) }];
    }),
    growth_trend: days.map((day, i) => ({
      date: day.toString(),
      size_mb: megabytes((count += counts[i + 1]!) * average),
    })),
    storage_efficiency: percent(total_bytes, stats.size_bytes ?? total_bytes),
  };
}
