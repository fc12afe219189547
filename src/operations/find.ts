/**
 * Every way to find memories behind one input: the kind of search is one of its fields.
 *
 * @module
 */

import { z } from "zod";
import { MemoryError } from "../errors.ts";
import {
  Exchanges,
  FilterFields,
  MemoryKey,
  MinRelevance,
  Page,
  PageSize,
  Query,
  ResultOrder,
  SearchEffort,
  Threshold,
} from "../memory/schemas.ts";
import { type Surroundings, surroundings } from "./context.ts";
import { filterOf, pageFacts } from "./filter.ts";
import type { SearchPage } from "./search_page.ts";
import { list } from "./list.ts";
import type { Runtime } from "./runtime.ts";
import { search } from "./search.ts";
import { searchByTag } from "./search_by_tag.ts";
import { searchSimilar } from "./search_similar.ts";

export const FindMode = z.enum(["hybrid", "semantic", "exact", "tag", "recent", "similar", "scan"]);
export type FindMode = z.infer<typeof FindMode>;

/** A query that may be empty: listing by tag or by time needs none. */
export const FindQuery = z.string().default("")
  .refine((text) => text === "" || Query.safeParse(text).success, "must be text of at most 10000 characters, not blank")
  .describe("What to look for; a content_hash for similar; not needed for tag and recent.");

export const FindInput = z.object({
  query: FindQuery,
  mode: FindMode.default("hybrid"),
  page: Page,
  page_size: PageSize,
  min_similarity: Threshold.default(0),
  min_relevance: MinRelevance.nullish(),
  order: ResultOrder.optional(),
  effort: SearchEffort.optional(),
  exchanges: Exchanges.optional(),
  /** Turns to give around each result. */
  context: z.int().min(0).default(0),
  ...FilterFields,
});
export type FindInput = z.infer<typeof FindInput>;

/** What was found, with the turns around each result where they were asked for. */
export interface FindOutput extends SearchPage {
  around: (Surroundings | null)[];
}

/**
 * Finds memories in the given mode.
 *
 * @throws {MemoryError} `invalid_input` when the mode needs a query or tags and there are none.
 */
export async function find(runtime: Runtime, { context, ...input }: FindInput): Promise<FindOutput> {
  const found = await findIn(runtime, input);
  const memories = found.results.map(({ memory }) => memory);
  const around = await surroundings(runtime, memories, context, input.include_superseded === true);
  return { ...found, around };
}

async function findIn(runtime: Runtime, input: Omit<FindInput, "context">): Promise<SearchPage> {
  const { mode, min_similarity, query, page, page_size } = input;
  if (mode === "tag") {
    if (!input.tags || input.tags.length === 0) throw missing("tags", mode, "at least one tag");
    return await searchByTag(runtime, { ...input, tags: input.tags });
  }
  if (mode === "recent") {
    const { memories, total } = await list(runtime, input);
    const results = memories.map((memory) => ({ memory, similarity_score: null, relevance_reason: "Recent" }));
    return { results, query, mode, notice: null, ...pageFacts(total, page, page_size) };
  }
  if (query === "" && mode !== "similar") {
    // Without words, what was asked for is what the filters leave.
    if (input.tags !== undefined && input.tags.length > 0) return await findIn(runtime, { ...input, mode: "tag" });
    if (isNarrowed(input)) return await findIn(runtime, { ...input, mode: "recent" });
  }
  if (query === "") {
    throw missing("query", mode, "what to look for; without it give tags, a type or times, or the mode recent");
  }
  const key = MemoryKey.safeParse(query);
  if (mode === "similar" && key.success) {
    const content_hash = key.data, { order } = input;
    const similar = { content_hash, page, n_results: page_size, threshold: min_similarity, order };
    return await searchSimilar(runtime, similar, filterOf(input));
  }
  // A scan is a search whose answer is short; similar with words in place of a key means by meaning alone.
  const kind = mode === "scan" ? "hybrid" : mode === "similar" ? "semantic" : mode;
  return { ...await search(runtime, { ...input, mode: kind, similarity_threshold: min_similarity }), mode };
}

function isNarrowed(
  { memory_type, conversation_id, created_after, created_before, metadata, role, writer, channel }: Partial<FindInput>,
): boolean {
  return [memory_type, conversation_id, created_after, created_before, metadata, role, writer, channel].some((value) =>
    value != null
  );
}

function missing(field: string, mode: FindMode, what: string): MemoryError {
  return new MemoryError("invalid_input", `Cannot search in mode ${mode}: ${field} must name ${what}`, { field });
}
