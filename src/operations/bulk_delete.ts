/**
 * Deleting all memories that meet some conditions.
 *
 * @module
 */

import { z } from "zod";
import { MemoryError } from "../errors.ts";
import type { MemoryFilter } from "../memory/memory.ts";
import { FilterFields, TagList } from "../memory/schemas.ts";
import { canonicalTimeZone } from "../memory/time/zone.ts";
import { Permanent, remove } from "./delete.ts";
import { filterOf } from "./filter.ts";
import { findMatching } from "./matching.ts";
import type { Runtime } from "./runtime.ts";
import { TimeZone } from "./search_by_time.ts";

/** Memories a dry run shows. */
const SHOWN = 20;

/** The number of memories the caller expects to be touched. */
export const ConfirmCount = z.int().nullish()
  .describe("Number of memories you expect it to touch; with another number nothing happens and the answer says so.");

const Day = z.string().nullish();
const { match_all, memory_type, conversation_id, metadata } = FilterFields;

export const BulkDeleteInput = z.object({
  tag: z.string().max(256).nullish().describe("Memories with this tag."),
  tags: TagList.nullish().describe("Memories with any of these tags, or all of them with match_all."),
  match_all,
  memory_type,
  conversation_id,
  metadata,
  before_date: Day.describe("Memories created before this day, YYYY-MM-DD."),
  after_date: Day.describe("Memories created on this day or later, YYYY-MM-DD."),
  timezone: TimeZone.nullish(),
  confirm_count: ConfirmCount,
  dry_run: z.boolean().default(false).describe("Only say what would be deleted."),
  permanent: Permanent,
});
export type BulkDeleteInput = z.infer<typeof BulkDeleteInput>;

export const BulkOutput = z.object({
  success: z.boolean().describe("False when there was nothing to do."),
  message: z.string(),
  affected_count: z.int(),
  operation: z.string().describe("What was asked for, in words."),
});

export const BulkDeleteOutput = BulkOutput.extend({
  dry_run: z.boolean(),
  would_delete: z.array(z.object({ content_hash: z.string(), preview: z.string() })).optional()
    .describe("The first memories a dry run found, oldest first."),
});
export type BulkDeleteOutput = z.infer<typeof BulkDeleteOutput>;

/**
 * Deletes every memory that meets all conditions, to the trash unless `permanent`.
 *
 * @throws {MemoryError} `refused` without a condition, with another number than `confirm_count`, or for a date that is
 * none.
 */
export async function bulkDelete(runtime: Runtime, input: BulkDeleteInput): Promise<BulkDeleteOutput> {
  const { filter, words } = scopeOf(input, input.timezone ?? runtime.settings.timeZone);
  const operation = `Delete memories ${words}`;
  const found = await findMatching(runtime, filter, input.confirm_count);
  const count = found.length, { dry_run } = input;
  if (count === 0) {
    return { success: false, message: `No memories found ${words}`, affected_count: 0, operation, dry_run };
  }
  if (dry_run) {
    const message = `Would delete ${count} memories ${words}`;
    return { success: true, message, affected_count: count, operation, dry_run, would_delete: found.slice(0, SHOWN) };
  }
  const hashes = found.map(({ content_hash }) => content_hash);
  const removed = await remove(runtime, hashes, { permanent: input.permanent, reason: `deleted with all ${words}` });
  const affected_count = removed.filter(Boolean).length;
  const message = `Successfully deleted ${affected_count} memories ${words}`;
  return { success: true, message, affected_count, operation, dry_run };
}

/** The conditions as a filter and in words. */
function scopeOf(input: BulkDeleteInput, timeZone: string): { filter: MemoryFilter; words: string } {
  const { tag, tags, memory_type, conversation_id, metadata, before_date, after_date, match_all } = input;
  const words: string[] = [];
  if (tag != null && tags != null && tags.length > 0) {
    throw new MemoryError("refused", "Give tag or tags, not both", { field: "tags" });
  }
  if (tag != null) words.push(`with tag '${tag}'`);
  if (tags && tags.length > 0) words.push(`with ${match_all ? "all" : "any"} of the tags '${tags.join("', '")}'`);
  if (memory_type != null) words.push(`of type '${memory_type}'`);
  if (conversation_id != null) words.push(`of conversation '${conversation_id}'`);
  if (metadata && Object.keys(metadata).length > 0) words.push(`with metadata ${JSON.stringify(metadata)}`);
  if (before_date != null) words.push(`created before ${before_date}`);
  if (after_date != null) words.push(`created on ${after_date} or later`);
  if (words.length === 0) {
    throw new MemoryError("refused", "At least one filter (tag, before_date, or memory_type) must be specified");
  }
  const filter = filterOf({
    include_superseded: true,
    tags: tag != null ? [tag.trim()] : tags ?? undefined,
    match_all,
    memory_type,
    conversation_id,
    metadata,
    created_before: before_date == null ? null : startOfDay(before_date, timeZone),
    created_after: after_date == null ? null : startOfDay(after_date, timeZone),
  });
  return { filter, words: words.join(" and ") };
}

/** Unix seconds at which a day begins. */
function startOfDay(day: string, timeZone: string): number {
  const zone = canonicalTimeZone(timeZone);
  try {
    if (!/^\d{4}-\d\d-\d\d$/.test(day)) throw new RangeError(day);
    return Temporal.PlainDate.from(day).toZonedDateTime(zone).epochMilliseconds / 1000;
  } catch (cause) {
    throw new MemoryError("refused", "Invalid date format. Use YYYY-MM-DD", {
      field: "before_date",
      value: day,
      cause,
    });
  }
}
