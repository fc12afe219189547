/**
 * Fields and shapes several tools share, in the wire form existing MCP clients know.
 *
 * @module
 */

import { z } from "zod";
import { FilterFields, type MemoryView, MetadataObject, TagList } from "../../memory/schemas.ts";

/** Tags as a list, as comma-separated text, or as the text of a JSON list: models send all three. */
export const Tags = z.union([z.array(z.string()), z.string()], {
  error: "must be a list of texts or comma-separated text",
})
  .transform((value) => typeof value === "string" ? splitTags(value) : value)
  .pipe(TagList);

/** Free metadata; the schema shows a plain object instead of a recursive definition of JSON. */
export const Metadata = z.record(z.string(), z.any()).pipe(MetadataObject);

/** Filters beside tags that searches and listings accept. */
export const Filters = {
  memory_type: FilterFields.memory_type.describe("Only memories of this type."),
  conversation_id: FilterFields.conversation_id.describe("Only turns of this conversation."),
  created_after: FilterFields.created_after
    .describe("Only memories created at or after this time: ISO 8601 (UTC unless it says otherwise) or Unix seconds."),
  created_before: FilterFields.created_before.describe("Only memories created before this time."),
};

/** A memory in a result. `conversation_id` is there only when the memory has one. */
export const MemoryResult = z.object({
  content: z.string(),
  content_hash: z.string(),
  tags: z.array(z.string()),
  memory_type: z.string().nullable(),
  metadata: z.record(z.string(), z.unknown()),
  created_at: z.number().nullable(),
  updated_at: z.number().nullable(),
  created_at_iso: z.string().nullable(),
  updated_at_iso: z.string().nullable(),
  conversation_id: z.string().optional(),
});
export type MemoryResult = z.infer<typeof MemoryResult>;

/** Paging facts of every list of results. */
export const Paging = {
  total: z.int(),
  page: z.int(),
  page_size: z.int(),
  has_more: z.boolean(),
  total_pages: z.int(),
};

/** The paging facts alone, in the order clients know. */
export function pagingOf(page: z.infer<z.ZodObject<typeof Paging>>): z.infer<z.ZodObject<typeof Paging>> {
  const { total, page: number, page_size, has_more, total_pages } = page;
  return { total, page: number, page_size, has_more, total_pages };
}

/** A memory in the order of fields clients know, without what says nothing. */
export function memoryResult(memory: MemoryView): MemoryResult {
  return {
    content: memory.content,
    content_hash: memory.content_hash,
    tags: memory.tags,
    memory_type: memory.memory_type,
    metadata: memory.metadata,
    created_at: memory.created_at,
    updated_at: memory.updated_at,
    created_at_iso: memory.created_at_iso,
    updated_at_iso: memory.updated_at_iso,
    ...(memory.conversation_id === null ? {} : { conversation_id: memory.conversation_id }),
  };
}

function splitTags(text: string): string[] {
  if (text.trimStart().startsWith("[")) {
    try {
      const list: unknown = JSON.parse(text);
      if (Array.isArray(list) && list.every((item) => typeof item === "string")) return list;
    } catch {
      // Not a JSON list after all: a tag may well begin with a bracket.
    }
  }
  return text.split(",");
}
