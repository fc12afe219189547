/**
 * The operations' answers under the names the OpenAPI document gives them, and the few fields that REST adds.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import { MemoryView } from "../memory/schemas.ts";
import { DeleteOutput } from "../operations/delete.ts";
import { ListOutput, TagsOutput } from "../operations/list.ts";
import { TemporalIntent } from "../operations/search.ts";
import { SearchHit } from "../operations/search_page.ts";
import { MAX_BATCH, StoreBatchInput, StoreBatchOutput, StoreInput, StoreOutput } from "../operations/store.ts";
import { RestoreOutput, TrashOutput } from "../operations/trash.ts";
import { UpdateFields, UpdateOutput } from "../operations/update.ts";
import { InputFault } from "./validation.ts";

export const Memory = MemoryView.openapi("Memory");
/** A union, since the generator would write `Memory.nullable()` as a nullable component for every use. */
const MemoryOrNull = z.union([Memory, z.null()]);
export const NewMemory = StoreInput.openapi("NewMemory", {
  example: {
    content: "Deploys to production run on Thursdays at 10:00 UTC.",
    tags: ["deploy", "infra"],
    memory_type: "note",
  },
});
export const NewMemories = StoreBatchInput.extend({ memories: z.array(NewMemory).min(1).max(MAX_BATCH) }).openapi(
  "NewMemories",
);
export const MemoryUpdate = UpdateFields.openapi("MemoryUpdate", {
  example: { tags: ["deploy"], metadata: { reviewed: true } },
});

export const StoreResult = StoreOutput.extend({ memory: MemoryOrNull }).openapi("StoreResult");
export const BatchResult = StoreBatchOutput.extend({
  results: z.array(StoreOutput.extend({ memory: MemoryOrNull, index: z.int() })),
}).openapi("BatchResult");
export const MemoryPage = ListOutput.extend({ memories: z.array(Memory) }).openapi("MemoryPage");
export const UpdateResult = UpdateOutput.extend({ memory: MemoryOrNull }).openapi("UpdateResult");
export const DeleteResult = DeleteOutput.openapi("DeleteResult");
export const Tags = TagsOutput.openapi("Tags");

export const TrashPage = TrashOutput.extend({
  items: z.array(TrashOutput.shape.items.element.extend({ memory: Memory })),
}).openapi("TrashPage");
export const RestoreResult = RestoreOutput.openapi("RestoreResult");
export const BulkResult = z.object({
  success: z.boolean().describe("False when there was nothing to do."),
  message: z.string(),
  affected_count: z.int(),
  operation: z.string().describe("What was asked for, in words."),
}).openapi("BulkResult");

export const SearchResults = z.object({
  results: z.array(SearchHit.extend({
    memory: Memory,
    exchange: SearchHit.shape.exchange.unwrap().unwrap().extend({ memory: Memory }).nullish(),
  })),
  query: z.string(),
  search_type: z.string().describe("The mode that was used."),
  pagination: z.object({
    total: z.int().describe("What passes the filter and the cut; in a search, of the best that are ranked."),
    total_is_minimum: z.boolean().optional().describe("True where there may be more: a search ranks so many at most."),
    page: z.int(),
    page_size: z.int(),
    has_more: z.boolean(),
    total_pages: z.int(),
  }).openapi("Pagination"),
  processing_time_ms: z.number().nullable(),
  notice: z.string().nullable().describe("Says when a part of the search could not run."),
  relevant: z.int().optional()
    .describe("How many of all results are relevant, in ranked searches; those after them are weak."),
  reranked: z.int().optional().describe("How many of the first results the reranker read, where one is configured."),
  temporal_intent: TemporalIntent.optional(),
}).openapi("SearchResults");

export const Problem = z.object({
  detail: z.union([
    z.string(),
    z.object({ error: z.string(), error_description: z.string() }),
    z.array(InputFault),
  ]).describe("What went wrong: a text, or what a list of faults or an OAuth error says."),
}).openapi("Problem");
export const ValidationProblem = z.object({ detail: z.array(InputFault.openapi("InputFault")) })
  .openapi("ValidationProblem");
