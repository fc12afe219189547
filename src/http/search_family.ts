/**
 * `/api/search/…`: by tag, by time, and similar to a memory.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import { PageSize, plainKey } from "../memory/schemas.ts";
import type { SearchPage } from "../operations/search_page.ts";
import { searchByTag, TagSearchInput } from "../operations/search_by_tag.ts";
import { searchByTime, TimeSearchInput } from "../operations/search_by_time.ts";
import { searchSimilar, SimilarInput } from "../operations/search_similar.ts";
import { addEndpoint, type RestApp, type RouteSettings } from "./endpoint.ts";
import { SearchResults } from "./schemas.ts";

const TagSearchRequest = TagSearchInput.openapi("TagSearchRequest", { example: { tags: ["deploy", "infra"] } });
/** `n_results` is what clients of the first version send for the size of a page. */
const TimeSearchRequest = TimeSearchInput.extend({
  page_size: PageSize.unwrap().optional(),
  n_results: PageSize.unwrap().optional().describe("Another name of page_size."),
}).openapi("TimeSearchRequest", {
  example: { query: "last week", semantic_query: "database decisions" },
});
const TimeSearchResults = SearchResults.extend({
  period: z.object({ from: z.number(), before: z.number() })
    .describe("The period that was searched, in Unix seconds; its end may lie in the future."),
  timezone: z.string().describe("The time zone in which its days began."),
}).openapi("TimeSearchResults");

/** Adds the routes. */
export function addSearchFamily(app: RestApp, settings: RouteSettings): void {
  addEndpoint(app, settings, {
    method: "post",
    path: "/api/search/by-tag",
    operationId: "searchByTag",
    tag: "search",
    summary: "Find memories by their tags",
    body: TagSearchRequest,
    answer: SearchResults,
    answers: "A page of memories, newest first, or oldest first with `order: time`.",
    problems: [400, 503],
  }, ({ body }, runtime) => timed(() => searchByTag(runtime, body)));

  addEndpoint(app, settings, {
    method: "post",
    path: "/api/search/by-time",
    operationId: "searchByTime",
    tag: "search",
    summary: "Find memories by when they were stored",
    description:
      "Reads periods such as yesterday, last week, 3 days ago, between March and May 2025 or since Tuesday, " +
      "in the zone that `timezone` or the header `X-Timezone` names, else in that of MCP_TIME_ZONE (UTC by default).",
    body: TimeSearchRequest,
    answer: TimeSearchResults,
    answers: "A page of memories, newest first, or ranked by `semantic_query`.",
    problems: [429, 503],
  }, ({ body, header }, runtime) => {
    const timezone = body.timezone ?? header("X-Timezone");
    return timed(() => searchByTime(runtime, { ...body, timezone, page_size: body.page_size ?? body.n_results ?? 10 }));
  });

  addEndpoint(app, settings, {
    method: "get",
    path: "/api/search/similar/{content_hash}",
    operationId: "searchSimilar",
    tag: "search",
    summary: "Find memories similar to one",
    query: {
      schema: SimilarInput.omit({ content_hash: true }),
      kinds: { n_results: "number", page: "number", threshold: "number", order: "text" },
    },
    answer: SearchResults,
    answers: "A page of memories, nearest first, without the one itself.",
    problems: [404, 409, 503],
  }, ({ query, path }, runtime) => {
    const content_hash = plainKey(path("content_hash"));
    return timed(() => searchSimilar(runtime, { ...query, content_hash }));
  });
}

/** A search in the shape of its answer. */
async function timed<F extends SearchPage>(run: () => Promise<F>) {
  const started = performance.now();
  const { results, query, mode, notice, total, page, page_size, has_more, total_pages, total_is_minimum, ...rest } =
    await run();
  return {
    ...rest,
    results,
    query,
    search_type: mode,
    pagination: { total, ...total_is_minimum && { total_is_minimum }, page, page_size, has_more, total_pages },
    processing_time_ms: performance.now() - started,
    notice,
  };
}
