/**
 * `/api/manage`: many memories at once, duplicates, tags, and the store as a whole.
 *
 * @module
 */

import { bulkDelete, BulkDeleteInput, BulkDeleteOutput } from "../operations/bulk_delete.ts";
import { DuplicatesInput, DuplicatesOutput, findDuplicates } from "../operations/duplicates.ts";
import { maintain, SYSTEM_OPERATIONS } from "../operations/maintain.ts";
import {
  cleanUpDuplicates,
  CleanupInput,
  CleanupOutput,
  mergeDuplicates,
  MergeInput,
  MergeOutput,
} from "../operations/merge_duplicates.ts";
import { renameTag, RenameTagInput, tagStats, TagStatsOutput } from "../operations/tag_stats.ts";
import { addEndpoint, type RestApp, type RouteSettings } from "./endpoint.ts";
import { BulkResult, Memory } from "./schemas.ts";

/** Adds the routes. */
export function addManage(app: RestApp, settings: RouteSettings): void {
  addEndpoint(app, settings, {
    method: "post",
    path: "/api/manage/bulk-delete",
    operationId: "bulkDelete",
    tag: "manage",
    summary: "Delete all memories that meet some conditions",
    description:
      "At least one condition is needed; all given ones must be met. Days begin in the zone that `timezone` " +
      "or the header `X-Timezone` names, else in that of MCP_TIME_ZONE (UTC by default). Try `dry_run` first, and send its count as `confirm_count`.",
    body: BulkDeleteInput.openapi("BulkDelete", { example: { tag: "scratch", dry_run: true } }),
    answer: BulkDeleteOutput.openapi("BulkDeleteResult"),
    answers: "How many were deleted, to the trash unless `permanent`.",
    problems: [400, 503],
  }, ({ body, header }, runtime) => bulkDelete(runtime, { ...body, timezone: body.timezone ?? header("X-Timezone") }));

  addDuplicates(app, settings);

  addEndpoint(app, settings, {
    method: "get",
    path: "/api/manage/tags/stats",
    operationId: "tagStats",
    tag: "manage",
    summary: "How each tag is used",
    answer: TagStatsOutput.openapi("TagStats"),
    answers: "Every tag, most used first.",
    problems: [503],
  }, (_input, runtime) => tagStats(runtime));

  addEndpoint(app, settings, {
    method: "put",
    path: "/api/manage/tags/{old_tag}",
    operationId: "renameTag",
    tag: "manage",
    summary: "Rename a tag, or merge it into another",
    query: {
      schema: RenameTagInput.omit({ old_tag: true }),
      kinds: { new_tag: "text", confirm_count: "number" },
    },
    answer: BulkResult,
    answers: "On how many memories it was renamed.",
    problems: [400, 503],
  }, ({ query, path }, runtime) => renameTag(runtime, { ...query, old_tag: path("old_tag") }));

  addEndpoint(app, settings, {
    method: "post",
    path: "/api/manage/system/{operation}",
    operationId: "maintain",
    tag: "manage",
    summary: "Maintain the store",
    description: `Operations: ${SYSTEM_OPERATIONS.join(", ")}. After optimize_db the files of an embedded store hold ` +
      "nothing of what was deleted for good.",
    answer: BulkResult,
    answers: "What was done.",
    problems: [400, 503],
  }, ({ path }, runtime) => maintain(runtime, path("operation")));
}

function addDuplicates(app: RestApp, settings: RouteSettings): void {
  addEndpoint(app, settings, {
    method: "get",
    path: "/api/manage/duplicates",
    operationId: "findDuplicates",
    tag: "manage",
    summary: "List duplicates with the evidence",
    description: "Changes nothing. Looks at the newest `limit` memories and compares each with the whole store.",
    query: {
      schema: DuplicatesInput,
      kinds: {
        similarity_threshold: "number",
        word_threshold: "number",
        limit: "number",
        created_before: "number",
        keep: "text",
      },
    },
    answer: DuplicatesOutput.openapi("Duplicates"),
    answers: "Groups of memories that say the same, and which of each to keep.",
    problems: [503],
  }, ({ query }, runtime) => findDuplicates(runtime, query));

  addEndpoint(app, settings, {
    method: "post",
    path: "/api/manage/duplicates/merge",
    operationId: "mergeDuplicates",
    tag: "manage",
    summary: "Merge duplicates into one memory",
    body: MergeInput.openapi("Merge"),
    answer: MergeOutput.extend({ memory: Memory }).openapi("MergeResult"),
    answers: "The kept memory; the others are in the trash.",
    problems: [400, 404, 409, 503],
  }, ({ body }, runtime) => mergeDuplicates(runtime, body));

  addEndpoint(app, settings, {
    method: "post",
    path: "/api/manage/cleanup-duplicates",
    operationId: "cleanUpDuplicates",
    tag: "manage",
    summary: "Merge all duplicates",
    description: "Merges memories of the same text, and near ones with `near`; the trash keeps what is merged away.",
    query: {
      schema: CleanupInput,
      kinds: {
        near: "boolean",
        dry_run: "boolean",
        similarity_threshold: "number",
        word_threshold: "number",
        limit: "number",
        created_before: "number",
        keep: "text",
      },
    },
    answer: CleanupOutput.openapi("CleanupResult"),
    answers: "How many were merged away.",
    problems: [409, 503],
  }, ({ query }, runtime) => cleanUpDuplicates(runtime, query));
}
