/**
 * `POST /api/search`.
 *
 * @module
 */

import { PageSize } from "../memory/schemas.ts";
import { search, SearchInput } from "../operations/search.ts";
import { addEndpoint, type RestApp, type RouteSettings } from "./endpoint.ts";
import { SearchResults } from "./schemas.ts";

const DEFAULT_PAGE_SIZE = 10;

/** Clients of this API send `page_size`, others `n_results`. */
const SearchRequest = SearchInput.extend({
  page_size: PageSize.unwrap().nullish().describe(`Results on a page, 1 to 100; ${DEFAULT_PAGE_SIZE} by default.`),
  n_results: PageSize.unwrap().nullish().describe("Another name for page_size, which it overrides."),
}).openapi("SearchRequest", { example: { query: "When do we deploy?", n_results: 5 } });

/** Adds the route. */
export function addSearch(app: RestApp, settings: RouteSettings): void {
  addEndpoint(app, settings, {
    method: "post",
    path: "/api/search",
    operationId: "search",
    tag: "search",
    summary: "Search by meaning and by words",
    description:
      "Without similarity_threshold nothing is cut off. While the model loads, words alone are searched and " +
      "`notice` says so.",
    body: SearchRequest,
    answer: SearchResults,
    answers: "A page of results, best first.",
    problems: [429, 503],
  }, async ({ body: { n_results, page_size, ...body } }, runtime) => {
    const started = performance.now();
    const input = { ...body, page_size: n_results ?? page_size ?? DEFAULT_PAGE_SIZE };
    const found = await search(runtime, input);
    const { results, query, mode, notice, relevant, reranked, temporal_intent, ...pagination } = found;
    const processing_time_ms = performance.now() - started;
    return {
      results,
      query,
      search_type: mode,
      pagination,
      processing_time_ms,
      notice,
      ...relevant === undefined ? {} : { relevant },
      ...reranked === undefined ? {} : { reranked },
      ...temporal_intent === undefined ? {} : { temporal_intent },
    };
  });
}
