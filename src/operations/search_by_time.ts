/**
 * Memories of a period that is named in words.
 *
 * @module
 */

import { z } from "zod";
import { Exchanges, FilterFields, MinRelevance, Page, PageSize, Query, ResultOrder } from "../memory/schemas.ts";
import { canonicalTimeZone } from "../memory/time/zone.ts";
import { parseTimeExpression } from "../memory/time_expression.ts";
import { filterOf, listOrder, pageFacts } from "./filter.ts";
import { recordSearch, type SearchPage, unscored } from "./search_page.ts";
import type { Runtime } from "./runtime.ts";
import { search } from "./search.ts";

/** A zone in which days begin, when the client says one. */
export const TimeZone = z.string().trim().min(1).max(80)
  .describe(
    "Time zone in which days begin: an IANA name such as Europe/Berlin or an offset such as +02:00; else that of MCP_TIME_ZONE.",
  );

export const TimeSearchInput = z.object({
  query: z.string().describe("A period in words, such as yesterday, last week, 3 days ago or March 2025."),
  semantic_query: Query.nullish().describe("What to look for within the period; the best come first then."),
  timezone: TimeZone.nullish(),
  min_relevance: MinRelevance.nullish().describe("With semantic_query: least relevance of a result, 0 to 1, or auto."),
  order: ResultOrder.optional().describe(
    "time: oldest first, with semantic_query the results of a page; otherwise newest first, with semantic_query best first.",
  ),
  exchanges: Exchanges.optional(),
  page: Page,
  page_size: PageSize,
  ...FilterFields,
});
export type TimeSearchInput = z.infer<typeof TimeSearchInput>;

/**
 * What was found, the period that was searched in Unix seconds, whose end may lie in the future, and the zone in which
 * its days began.
 */
export interface TimeSearchOutput extends SearchPage {
  period: { from: number; before: number };
  timezone: string;
}

/**
 * A page of the period's memories, newest first (oldest first with `order: time`), or ranked by `semantic_query` when there is one.
 *
 * @throws {MemoryError} `invalid_input` naming an expression or a zone that can't be read.
 */
export async function searchByTime(
  runtime: Runtime,
  input: TimeSearchInput,
  now = new Date(),
): Promise<TimeSearchOutput> {
  const started = performance.now();
  const { query, semantic_query, page, page_size } = input;
  const timezone = canonicalTimeZone(input.timezone ?? runtime.settings.timeZone);
  const period = await parseTimeExpression(query, now, timezone);
  const within = {
    ...input,
    created_after: Math.max(period.from, input.created_after ?? -Infinity),
    created_before: Math.min(period.before, input.created_before ?? Infinity),
  };
  const relevance_reason = `Time match: ${query}`;
  if (semantic_query != null) {
    const ranked = await search(runtime, { ...within, query: semantic_query, mode: "hybrid" });
    const results = ranked.results.map((hit) => ({ ...hit, relevance_reason }));
    return { ...ranked, results, query, mode: "time", period, timezone };
  }
  const offset = (page - 1) * page_size;
  const { memories, total } = await runtime.storage.list({
    filter: filterOf(within),
    offset,
    limit: page_size,
    ...listOrder(input),
  });
  const results = memories.map((memory) => unscored(memory, relevance_reason));
  const found = { results, query, mode: "time", notice: null, period, timezone, ...pageFacts(total, page, page_size) };
  return recordSearch(runtime, found, started, input.tags);
}
