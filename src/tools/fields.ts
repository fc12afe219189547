/**
 * Fields and shapes several tools share, in the wire form existing MCP clients know.
 *
 * @module
 */

import { z } from "zod";
import { listIn } from "../memory/loose_values.ts";
import { FilterFields, type MemoryView, NewTagList, TagList } from "../memory/schemas.ts";
import type { SearchHit } from "../operations/search_page.ts";

/** Tags as a list, as comma-separated text, or as the text of a JSON list: models send all three. */
const TagTexts = z.union([z.array(z.string()), z.string()], {
  error: "must be a list of texts or comma-separated text",
}).transform((value) => typeof value === "string" ? splitTags(value) : value);

/** Tags that memories may have. */
export const Tags = TagTexts.pipe(TagList);
/** Tags for a memory to be stored. */
export const NewTags = TagTexts.pipe(NewTagList);

/** Where the match is in a long memory. */
export const PassageField = z.object({ start: z.int(), end: z.int() }).optional()
  .describe("The passage of a long memory that matched, in UTF-16 units of its whole content.");

/** Where relevance ends in a ranked answer. */
export const Relevant = z.int().optional()
  .describe("How many of all results are relevant; those after them are weak, and with 0 nothing fits.");

/** How far the second look went, where a cross-encoder is configured. */
export const RerankedCount = z.int().optional().describe("How many of the first results the reranker read.");

/** What the other turn of an exchange is. */
export const EXCHANGE = "The other turn of the exchange, found too: the question before, or the answer after.";

/** The other turn of an exchange, besides its key; the detail level decides which are there. */
export const ExchangeFields = {
  part: z.enum(["question", "answer"]),
  role: z.string().optional(),
  content: z.string().optional(),
  passage: PassageField,
  content_length: z.int().optional(),
  created_at_iso: z.string().nullable().optional(),
};

/** The other turn of an exchange in a result. */
export const Exchange = z.object({ content_hash: z.string(), ...ExchangeFields });
export type Exchange = z.infer<typeof Exchange>;

/** The other turn of an exchange, whole. */
export function exchangeOf({ part, role, memory, passage }: NonNullable<SearchHit["exchange"]>): Exchange {
  const { content_hash, content, created_at_iso } = memory;
  return {
    content_hash,
    part,
    ...role === null ? {} : { role },
    content,
    ...passage == null ? {} : { passage: { start: passage.start, end: passage.end } },
    created_at_iso,
  };
}

/** Whether results say what made their scores, and how they do. */
export const Explain = z.boolean().default(false).describe("Whether each result says what made its score.");
export const Reason = z.string().optional().describe("What made the score, part by part.");

/** Filters beside tags that searches and listings accept. */
export const Filters = {
  memory_type: FilterFields.memory_type.describe("Only memories of this type."),
  conversation_id: FilterFields.conversation_id.describe("Only turns of this conversation."),
  created_after: FilterFields.created_after
    .describe("Only memories from this time on: ISO 8601, UTC by default, or Unix seconds."),
  created_before: FilterFields.created_before.describe("Only memories created before this time."),
  role: FilterFields.role,
  as_of: FilterFields.as_of,
  include_superseded: FilterFields.include_superseded,
  writer: FilterFields.writer,
  channel: FilterFields.channel,
};

/** The fields of a memory in a result, besides its key; the detail level decides which of them are there. */
export const MemoryFields = {
  content: z.string().optional(),
  tags: z.array(z.string()).optional(),
  memory_type: z.string().nullable().optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
  created_at: z.number().nullable().optional(),
  updated_at: z.number().nullable().optional(),
  created_at_iso: z.string().nullable().optional(),
  updated_at_iso: z.string().nullable().optional(),
  conversation_id: z.string().optional(),
  superseded_by: z.string().optional(),
  superseded_reason: z.string().optional(),
  valid_from: z.number().optional(),
  valid_until: z.number().optional(),
  space: z.string().optional(),
  content_length: z.int().optional().describe("Characters of the whole content, where only a snippet is given."),
};

/** A memory in a result. */
export const MemoryResult = z.object({ content_hash: z.string(), ...MemoryFields });
export type MemoryResult = z.infer<typeof MemoryResult>;

/** Paging facts of every list of results. */
export const Paging = {
  total: z.int(),
  total_is_minimum: z.boolean().optional().describe("True where there may be more: a search ranks so many at most."),
  page: z.int(),
  page_size: z.int(),
  has_more: z.boolean(),
  total_pages: z.int(),
};

/** The paging facts alone, in the order clients know. */
export function pagingOf(page: z.infer<z.ZodObject<typeof Paging>>): z.infer<z.ZodObject<typeof Paging>> {
  const { total, total_is_minimum, page: number, page_size, has_more, total_pages } = page;
  return { total, ...total_is_minimum && { total_is_minimum }, page: number, page_size, has_more, total_pages };
}

/** A memory in the order of fields clients know, without what says nothing. */
export function memoryResult(memory: MemoryView) {
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
    ...(memory.superseded_by === undefined ? {} : {
      superseded_by: memory.superseded_by,
      superseded_reason: memory.superseded_reason,
      valid_from: memory.valid_from,
      valid_until: memory.valid_until,
    }),
    ...(memory.space === undefined ? {} : { space: memory.space }),
  };
}

function splitTags(text: string): string[] {
  // Not a list after all? A tag may well begin with a bracket.
  const list = listIn(text);
  return list.every((item) => typeof item === "string") ? list : text.split(",");
}
