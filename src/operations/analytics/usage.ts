/**
 * How the service is used and how it does: searches, requests, what is looked at, what was changed. Counted since the
 * process began.
 *
 * @module
 */

import { z } from "zod";
import { isoTime } from "../../memory/schemas.ts";
import { previewOf } from "../matching.ts";
import { residentBytes } from "../machine.ts";
import type { Runtime } from "../runtime.ts";

const POPULAR_TAGS = 10;
const WEEK_MS = 7 * 24 * 3_600_000;

const Popular = z.object({ tag: z.string(), count: z.int() });

export const SearchAnalyticsOutput = z.object({
  total_searches: z.int(),
  avg_response_time: z.number().nullable().describe("Milliseconds; null before the first search."),
  popular_tags: z.array(Popular).describe(
    "Tags asked for by the recorded searches, most often first; empty unless MCP_RECORD_SEARCHES is set and the caller may read them.",
  ),
  search_types: z.record(z.string(), z.int()).describe("Searches by type."),
  without_result: z.int().describe("Searches of the hours below that found nothing, or nothing relevant."),
  by_hour: z.array(z.object({
    hour: z.string().describe("When it began."),
    count: z.int(),
    without_result: z.int(),
  })).describe("The last seven days' hours in which something was searched, oldest first."),
});
export type SearchAnalyticsOutput = z.infer<typeof SearchAnalyticsOutput>;

/** How often and how fast was searched. The texts are given where they are recorded, to those who may see them. */
export function searchAnalytics({ activity }: Runtime, now = Date.now()): SearchAnalyticsOutput {
  const timings = [...activity.searches.values()];
  const total_searches = timings.reduce((sum, { count }) => sum + count, 0);
  const total_ms = timings.reduce((sum, { total_ms }) => sum + total_ms, 0);
  const hours = [...activity.searchHours].filter(([at]) => at > now - WEEK_MS).sort(([a], [b]) => a - b);
  return {
    total_searches,
    avg_response_time: total_searches === 0 ? null : rounded(total_ms / total_searches),
    popular_tags: popularTags(activity.recorded() ?? []),
    search_types: Object.fromEntries(Array.from(activity.searches, ([type, { count }]) => [type, count])),
    without_result: hours.reduce((sum, [, { fruitless }]) => sum + fruitless, 0),
    by_hour: hours.map(([at, { count, fruitless }]) => ({
      hour: isoTime(at / 1000),
      count,
      without_result: fruitless,
    })),
  };
}

function popularTags(searches: readonly { tags: readonly string[] }[]): z.infer<typeof Popular>[] {
  const counts = new Map<string, number>();
  for (const { tags } of searches) for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a).slice(0, POPULAR_TAGS).map(([tag, count]) => ({ tag, count }));
}

export const RecordedSearchesOutput = z.object({
  recording: z.boolean().describe("Whether searches are recorded: MCP_RECORD_SEARCHES."),
  searches: z.array(z.object({
    timestamp: z.number(),
    timestamp_iso: z.string(),
    caller: z.string().describe("Name of the key or grant that searched."),
    space: z.string(),
    search_type: z.string(),
    query: z.string().describe("Its first 200 characters."),
    tags: z.array(z.string()).describe("Tags that were asked for."),
    results_count: z.int().describe("Results on the page."),
    processing_time_ms: z.number(),
  })).describe("The latest searches of this process, newest first; a thousand are kept."),
});
export type RecordedSearchesOutput = z.infer<typeof RecordedSearchesOutput>;

/** What was searched for, by whom. */
export function recordedSearches({ activity }: Runtime, { limit }: z.infer<typeof LimitInput>): RecordedSearchesOutput {
  const recorded = activity.recorded();
  return {
    recording: recorded !== null,
    searches: (recorded ?? []).slice(0, limit).map(({ at, caller, space, type, query, tags, results, ms }) => ({
      timestamp: at,
      timestamp_iso: isoTime(at),
      caller,
      space,
      search_type: type,
      query,
      tags,
      results_count: results,
      processing_time_ms: rounded(ms),
    })),
  };
}

export const ErasedOutput = z.object({ erased: z.int().describe("Searches that were forgotten.") });

/** Forgets what was searched for. */
export function eraseSearches({ activity }: Runtime): z.infer<typeof ErasedOutput> {
  return { erased: activity.eraseRecorded() };
}

export const PerformanceOutput = z.object({
  avg_response_time: z.number().nullable().describe("Milliseconds a REST request took; null before the first."),
  memory_usage_mb: z.number().nullable(),
  storage_latency: z.number().nullable().describe("Milliseconds the store took to answer just now."),
  error_rate: z.number().nullable().describe("Per cent of the REST requests that failed by a fault of the service."),
});
export type PerformanceOutput = z.infer<typeof PerformanceOutput>;

/** How fast the service answers. */
export async function performanceMetrics(runtime: Runtime): Promise<PerformanceOutput> {
  const { activity, storage } = runtime;
  const started = performance.now();
  await storage.ping();
  const storage_latency = rounded(performance.now() - started);
  const { count, total_ms, failed } = activity.requests;
  return {
    avg_response_time: count === 0 ? null : rounded(total_ms / count),
    memory_usage_mb: residentMegabytes(runtime),
    storage_latency,
    error_rate: count === 0 ? null : rounded(failed / count * 100),
  };
}

export const LimitInput = z.object({ limit: z.int().min(1).max(100).default(20).describe("How many, 1 to 100.") });

export const AccessPatternsOutput = z.object({
  memories: z.array(z.object({
    content_hash: z.string(),
    content_preview: z.string(),
    tags: z.array(z.string()),
    access_count: z.int(),
    last_accessed: z.number(),
    last_accessed_iso: z.string(),
  })),
  total_accessed: z.int().describe("Memories that were looked at."),
  since: z.string().describe("When counting began."),
});
export type AccessPatternsOutput = z.infer<typeof AccessPatternsOutput>;

/** The memories most often read or found. */
export async function accessPatterns(
  { activity, storage, startedAt }: Runtime,
  { limit }: z.infer<typeof LimitInput>,
): Promise<AccessPatternsOutput> {
  const popular = activity.popularMemories(limit);
  const memories = await storage.getByHash(popular.map(([hash]) => hash));
  return {
    memories: popular.flatMap(([content_hash, { count, last }], i) => {
      const memory = memories[i];
      // Deleted since.
      if (!memory) return [];
      return [{
        content_hash,
        content_preview: previewOf(memory.content),
        tags: memory.tags,
        access_count: count,
        last_accessed: last,
        last_accessed_iso: isoTime(last),
      }];
    }),
    total_accessed: activity.memoriesAccessed,
    since: isoTime(startedAt / 1000),
  };
}

export const AuditInput = z.object({
  limit: z.int().min(1).max(1000).default(100).describe("Changes to list, 1 to 1000."),
  operation: z.string().max(40).nullish().describe("Only this operation, such as trash or rename_tag."),
});

export const AuditOutput = z.object({
  operations: z.array(z.object({
    timestamp: z.number(),
    timestamp_iso: z.string(),
    operation: z.string(),
    affected_count: z.int(),
    content_hashes: z.array(z.string()).describe("The first memories it touched."),
    details: z.string().nullable(),
  })).describe("The latest changes, newest first; a thousand are kept."),
  total_operations: z.int(),
  since: z.string().describe("When the record begins: it ends with the process."),
});
export type AuditOutput = z.infer<typeof AuditOutput>;

/** What was changed, newest first. */
export function auditTrail(
  { activity, startedAt }: Runtime,
  { limit, operation }: z.infer<typeof AuditInput>,
): AuditOutput {
  const { changes, total } = activity.changes(operation ?? undefined);
  return {
    operations: changes.slice(0, limit).map(({ at, operation, count, content_hashes, detail }) => ({
      timestamp: at,
      timestamp_iso: isoTime(at),
      operation,
      affected_count: count,
      content_hashes,
      details: detail,
    })),
    total_operations: total,
    since: isoTime(startedAt / 1000),
  };
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

/** The process may lack the permission to ask. */
function residentMegabytes(runtime: Runtime): number | null {
  try {
    return rounded(residentBytes(runtime) / 2 ** 20);
  } catch {
    return null;
  }
}
