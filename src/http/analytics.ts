/**
 * `/api/analytics`: figures about what is stored and what is asked.
 *
 * @module
 */

import type { z } from "zod";
import { ZoneInput } from "../operations/analytics/calendar.ts";
import * as growth from "../operations/analytics/growth.ts";
import * as rhythm from "../operations/analytics/rhythm.ts";
import { StorageOutput, storageStats } from "../operations/analytics/storage.ts";
import * as tags from "../operations/analytics/tags.ts";
import * as usage from "../operations/analytics/usage.ts";
import type { Runtime } from "../operations/runtime.ts";
import { addEndpoint, type RestApp, type RouteSettings } from "./endpoint.ts";
import type { QueryKind } from "./request.ts";

/** A report: a route without more to it than an operation and its query. */
interface Report<Query extends z.ZodObject, Answer extends z.ZodType> {
  operationId: string;
  summary: string;
  query?: Query;
  answer: Answer;
  /** Statuses besides those of every report. */
  problems?: readonly 400[];
  /** Comes from the process's own counts alone. */
  counted?: boolean;
  run: (runtime: Runtime, query: z.output<Query>) => Promise<z.input<Answer>> | z.input<Answer>;
}

/** How each parameter of any report is read. */
const KINDS: Record<string, QueryKind> = {
  timezone: "text",
  period: "text",
  granularity: "text",
  operation: "text",
  days: "number",
  limit: "number",
};

/** Adds the routes. */
export function addAnalytics(app: RestApp, settings: RouteSettings): void {
  const add = <Query extends z.ZodObject, Answer extends z.ZodType>(path: string, report: Report<Query, Answer>) => {
    const names = Object.keys(report.query?.shape ?? {}), hasZone = names.includes("timezone");
    const kinds = Object.fromEntries(names.map((name) => [name, KINDS[name]!]));
    addEndpoint(app, settings, {
      method: "get",
      path: `/api/analytics/${path}`,
      operationId: report.operationId,
      tag: "analytics",
      summary: report.summary,
      ...(report.query === undefined ? {} : { query: { schema: report.query, kinds } }),
      answer: report.answer,
      answers: "The figures.",
      problems: [...report.problems ?? [], ...(report.counted ? [] : [503 as const])],
      infallible: report.counted ?? false,
    }, async ({ query, header }, runtime) => {
      // The header serves clients that send it with every request.
      const zone = hasZone && query.timezone == null ? { timezone: header("X-Timezone") } : {};
      return await report.run(runtime, { ...query, ...zone });
    });
  };

  add("overview", {
    operationId: "analyticsOverview",
    summary: "Totals at a glance",
    query: ZoneInput,
    answer: growth.OverviewOutput.openapi("AnalyticsOverview"),
    run: growth.overview,
  });
  add("memory-growth", {
    operationId: "memoryGrowth",
    summary: "Memories created over a period",
    query: growth.GrowthInput,
    answer: growth.GrowthOutput.openapi("MemoryGrowth"),
    problems: [400],
    run: growth.memoryGrowth,
  });
  add("memory-types", {
    operationId: "memoryTypes",
    summary: "Memories by type",
    answer: growth.TypesOutput.openapi("MemoryTypes"),
    run: growth.memoryTypes,
  });
  add("writers", {
    operationId: "memoryWriters",
    summary: "Memories by who stored them, and with what",
    answer: growth.WritersOutput.openapi("MemoryWriters"),
    run: growth.writers,
  });
  add("tag-usage", {
    operationId: "tagUsage",
    summary: "The most used tags of a period",
    query: tags.TagUsageInput,
    answer: tags.TagUsageOutput.openapi("TagUsage"),
    problems: [400],
    run: tags.tagUsage,
  });
  add("top-tags", {
    operationId: "topTags",
    summary: "The most used tags, with the tags they go together with",
    query: tags.TopTagsInput,
    answer: tags.TopTagsOutput.openapi("TopTags"),
    problems: [400],
    run: tags.topTags,
  });
  add("activity-heatmap", {
    operationId: "activityHeatmap",
    summary: "Memories of each day",
    query: rhythm.HeatmapInput,
    answer: rhythm.HeatmapOutput.openapi("ActivityHeatmap"),
    run: rhythm.activityHeatmap,
  });
  add("activity-breakdown", {
    operationId: "activityBreakdown",
    summary: "When memories are made, and how regularly",
    query: rhythm.BreakdownInput,
    answer: rhythm.BreakdownOutput.openapi("ActivityBreakdown"),
    run: rhythm.activityBreakdown,
  });
  add("storage-stats", {
    operationId: "storageStats",
    summary: "What memories take",
    query: ZoneInput,
    answer: StorageOutput.openapi("StorageStats"),
    run: storageStats,
  });
  addEndpoint(app, settings, {
    method: "delete",
    path: "/api/analytics/searches",
    operationId: "eraseSearches",
    tag: "analytics",
    summary: "Forget what was searched for",
    answer: usage.ErasedOutput.openapi("ErasedSearches"),
    answers: "How many recorded searches were forgotten.",
    infallible: true,
  }, (_input, runtime) => Promise.resolve(usage.eraseSearches(runtime)));
  addUsage(add);
}

type Add = <Query extends z.ZodObject, Answer extends z.ZodType>(path: string, report: Report<Query, Answer>) => void;

function addUsage(add: Add): void {
  add("search-analytics", {
    operationId: "searchAnalytics",
    summary: "How often and how fast was searched since the process began",
    counted: true,
    answer: usage.SearchAnalyticsOutput.openapi("SearchAnalytics"),
    run: (runtime) => usage.searchAnalytics(runtime),
  });
  add("searches", {
    operationId: "recordedSearches",
    summary: "What was searched for, and by whom, where MCP_RECORD_SEARCHES is set",
    query: usage.LimitInput,
    counted: true,
    answer: usage.RecordedSearchesOutput.openapi("RecordedSearches"),
    run: usage.recordedSearches,
  });
  add("performance", {
    operationId: "performanceMetrics",
    summary: "How fast the service answers",
    answer: usage.PerformanceOutput.openapi("PerformanceMetrics"),
    run: usage.performanceMetrics,
  });
  add("access-patterns", {
    operationId: "accessPatterns",
    summary: "The memories most often read or found since the process began",
    query: usage.LimitInput,
    answer: usage.AccessPatternsOutput.openapi("AccessPatterns"),
    run: usage.accessPatterns,
  });
  add("audit-trail", {
    operationId: "auditTrail",
    summary: "What was changed since the process began",
    query: usage.AuditInput,
    counted: true,
    answer: usage.AuditOutput.openapi("AuditTrail"),
    run: usage.auditTrail,
  });
}
