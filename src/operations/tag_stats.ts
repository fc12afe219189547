/**
 * How tags are used, and giving them other names.
 *
 * @module
 */

import { z } from "zod";
import { MemoryError } from "../errors.ts";
import { isCleanName, MAX_NAME_LENGTH } from "../memory/schemas.ts";
import { patchAll } from "./batch.ts";
import { BulkOutput, ConfirmCount } from "./bulk_delete.ts";
import { findMatching } from "./matching.ts";
import { yieldToEventLoop } from "../yielding.ts";
import type { Runtime } from "./runtime.ts";

/** Types looked at; stores have a handful. */
const MAX_TYPES = 50;

export const TagStatsOutput = z.object({
  tags: z.array(z.object({
    tag: z.string(),
    count: z.int(),
    last_used: z.number().nullable().describe("When the newest memory with it was created, in Unix seconds."),
    memory_types: z.array(z.string()).describe(
      "Types of the memories that carry it, most frequent in the store first.",
    ),
  })),
  total_tags: z.int(),
});
export type TagStatsOutput = z.infer<typeof TagStatsOutput>;

/** Every tag with its number of memories, its last use and the types it goes with; most used first. */
export async function tagStats(runtime: Runtime): Promise<TagStatsOutput> {
  const { storage } = runtime;
  const [tags, types] = await Promise.all([storage.countByValue("tags", {}), storage.countByValue("memory_type", {})]);
  const typesOf = new Map<string, string[]>();
  for (const { value: memory_type } of types.slice(0, MAX_TYPES)) {
    if (memory_type === null) continue;
    for (const { value } of await storage.countByValue("tags", { memory_type })) {
      const found = typesOf.get(value!);
      if (found === undefined) typesOf.set(value!, [memory_type]);
      else found.push(memory_type);
    }
    await yieldToEventLoop();
  }
  return {
    tags: tags.map(({ value, count, latest }) => ({
      tag: value!,
      count,
      last_used: latest,
      memory_types: typesOf.get(value!) ?? [],
    })),
    total_tags: tags.length,
  };
}

export const RenameTagInput = z.object({
  old_tag: z.string(),
  new_tag: z.string().trim().min(1).max(MAX_NAME_LENGTH)
    .refine((tag) => isCleanName(tag) && tag.isWellFormed(), "must not contain control characters or line breaks")
    .describe("The new name; where it is in use already, the two become one."),
  confirm_count: ConfirmCount,
});
export type RenameTagInput = z.infer<typeof RenameTagInput>;
export type RenameTagOutput = z.infer<typeof BulkOutput>;

/**
 * Gives a tag another name on every memory that carries it.
 *
 * @throws {MemoryError} `refused` with another number of memories than `confirm_count`.
 */
export async function renameTag(runtime: Runtime, input: RenameTagInput): Promise<RenameTagOutput> {
  const { old_tag, new_tag, confirm_count } = input;
  const operation = `Rename tag '${old_tag}' to '${new_tag}'`;
  if (old_tag === new_tag) {
    throw new MemoryError("invalid_input", `Cannot rename tag '${old_tag}' to itself`, {
      field: "new_tag",
      value: new_tag,
    });
  }
  const found = await findMatching(runtime, { tags: { values: [old_tag], match: "any" } }, confirm_count);
  if (found.length === 0) {
    return { success: false, message: `No memories found with tag '${old_tag}'`, affected_count: 0, operation };
  }
  const patch = { remove_tags: [old_tag], add_tags: [new_tag] };
  const changed = await patchAll(runtime, found.map(({ content_hash }) => ({ content_hash, patch })));
  const affected_count = changed.filter(Boolean).length;
  runtime.activity.changed("rename_tag", [], operation, affected_count);
  const message = `Renamed tag '${old_tag}' to '${new_tag}' on ${affected_count} memories`;
  return { success: true, message, affected_count, operation };
}
