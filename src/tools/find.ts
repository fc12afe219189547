/**
 * Tools that find memories.
 *
 * @module
 */

import { z } from "zod";
import {
  Exchanges,
  FilterFields,
  ListOrder,
  MemoryType,
  MinRelevance,
  Page,
  PageSize,
  Query,
  ResultOrder,
  SearchEffort,
  SearchMode,
  Threshold,
} from "../memory/schemas.ts";
import { compactText } from "../memory/compact.ts";
import { list } from "../operations/list.ts";
import { search, TemporalIntent } from "../operations/search.ts";
import {
  EXCHANGE,
  Exchange,
  exchangeOf,
  Explain,
  Filters,
  MemoryResult,
  memoryResult,
  Paging,
  pagingOf,
  PassageField,
  Reason,
  Relevant,
  RerankedCount,
  Tags,
} from "./fields.ts";
import { Sized, sizeMemories, Sizing } from "./sizes.ts";
import { defineTool } from "./tool.ts";

const READ_ONLY = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };

/** Four digits tell results apart; the rest would only cost tokens. */
export const roundScore = (score: number) => Math.round(score * 1e4) / 1e4;

const matchAll = FilterFields.match_all;

export const retrieveMemory = defineTool({
  name: "retrieve_memory",
  title: "Search memories",
  description: "Find memories by meaning and by words, as JSON, best first. search does the same in fewer tokens.",
  annotations: READ_ONLY,
  input: z.object({
    query: Query,
    page: Page,
    page_size: PageSize,
    min_similarity: Threshold.default(0).describe("Least similarity_score of a result; 0 cuts nothing off."),
    min_relevance: MinRelevance.optional(),
    order: ResultOrder.optional(),
    effort: SearchEffort.optional(),
    exchanges: Exchanges.optional(),
    explain: Explain,
    mode: SearchMode.default("hybrid"),
    tags: Tags.optional().describe("Only memories with any of these tags."),
    match_all: matchAll,
    ...Filters,
    metadata: FilterFields.metadata,
    ...Sizing,
  }),
  output: z.object({
    memories: z.array(
      MemoryResult.extend({
        similarity_score: z.number().nullable(),
        relevance: z.number().optional(),
        relevance_reason: Reason,
        passage: PassageField,
        exchange: Exchange.optional().describe(EXCHANGE),
      }),
    ),
    query: z.string(),
    relevant: Relevant,
    reranked: RerankedCount,
    temporal_intent: TemporalIntent.optional(),
    ...Paging,
    ...Sized,
    notice: z.string().optional().describe("Why the search was narrower than asked, when it was."),
  }),
  aliases: { n_results: "page_size", limit: "page_size", k: "page_size", similarity_threshold: "min_similarity" },
  listed: ["query", "page", "page_size", "min_similarity", "tags", "memory_type"],
  first: true,
  compact: ({ memories, ...facts }, short) => compactText(memories, facts, short),
  async run(runtime, { min_similarity, explain, detail, max_tokens, ...input }) {
    const found = await search(runtime, { ...input, similarity_threshold: min_similarity });
    const { items, ...left } = sizeMemories(
      found.results.map((hit) => ({
        ...memoryResult(hit.memory),
        similarity_score: hit.similarity_score === null ? null : roundScore(hit.similarity_score),
        ...(hit.relevance == null ? {} : { relevance: roundScore(hit.relevance) }),
        ...(explain && hit.relevance_reason !== null ? { relevance_reason: hit.relevance_reason } : {}),
        ...(hit.passage == null ? {} : { passage: { start: hit.passage.start, end: hit.passage.end } }),
        ...(hit.exchange == null ? {} : { exchange: exchangeOf(hit.exchange) }),
      })),
      { detail, max_tokens, query: input.query },
    );
    return {
      memories: items,
      query: found.query,
      ...(found.relevant === undefined ? {} : { relevant: found.relevant }),
      ...(found.reranked === undefined ? {} : { reranked: found.reranked }),
      ...(found.temporal_intent === undefined ? {} : { temporal_intent: found.temporal_intent }),
      ...pagingOf(found),
      ...left,
      ...(found.notice === null ? {} : { notice: found.notice }),
    };
  },
});

export const searchByTag = defineTool({
  name: "search_by_tag",
  title: "Search memories by tag",
  description: "List memories that carry given tags, newest first.",
  annotations: READ_ONLY,
  input: z.object({
    tags: Tags.refine((tags) => tags.length > 0, "must name at least one tag")
      .describe("Tags to look for."),
    match_all: matchAll,
    page: Page,
    page_size: PageSize,
    role: FilterFields.role,
    as_of: FilterFields.as_of,
    include_superseded: FilterFields.include_superseded,
    writer: FilterFields.writer,
    channel: FilterFields.channel,
    order: ListOrder.optional(),
    ...Sizing,
  }),
  output: z.object({
    memories: z.array(MemoryResult),
    tags: z.array(z.string()),
    match_type: z.enum(["ALL", "ANY"]),
    ...Paging,
    ...Sized,
  }),
  aliases: { n_results: "page_size", limit: "page_size", tag: "tags" },
  listed: ["tags", "match_all", "page", "page_size"],
  first: true,
  compact: ({ memories, ...facts }, short) => compactText(memories, facts, short),
  async run(runtime, { detail, max_tokens, ...input }) {
    const found = await list(runtime, input);
    const { items, ...left } = sizeMemories(found.memories.map(memoryResult), { detail, max_tokens });
    return {
      memories: items,
      tags: input.tags,
      match_type: input.match_all ? "ALL" as const : "ANY" as const,
      ...pagingOf(found),
      ...left,
    };
  },
});

export const listMemories = defineTool({
  name: "list_memories",
  title: "List memories",
  description: "Browse memories, newest first, all or those of one tag, type, conversation or time.",
  annotations: READ_ONLY,
  input: z.object({
    page: Page,
    page_size: PageSize,
    tag: MemoryType.optional().describe("Only memories with this tag."),
    order: ListOrder.optional(),
    ...Filters,
    ...Sizing,
  }),
  output: z.object({ memories: z.array(MemoryResult), ...Paging, ...Sized }),
  aliases: { n_results: "page_size", limit: "page_size", type: "memory_type" },
  listed: ["page", "page_size", "tag", "memory_type", "conversation_id", "created_after", "created_before"],
  first: true,
  compact: ({ memories, ...facts }, short) => compactText(memories, facts, short),
  async run(runtime, { tag, detail, max_tokens, ...input }) {
    const tags = tag === undefined || tag.trim() === "" ? {} : { tags: [tag.trim()] };
    const found = await list(runtime, { ...input, ...tags, match_all: true });
    const { items, ...left } = sizeMemories(found.memories.map(memoryResult), { detail, max_tokens });
    return { memories: items, ...pagingOf(found), ...left };
  },
});
