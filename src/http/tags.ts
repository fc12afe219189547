/**
 * `GET /api/tags`.
 *
 * @module
 */

import { tags } from "../operations/list.ts";
import { SuggestInput, suggestTags } from "../operations/suggest_tags.ts";
import { addEndpoint, type RestApp, type RouteSettings } from "./endpoint.ts";
import { Tags } from "./schemas.ts";

/** Adds the route. */
export function addTags(app: RestApp, settings: RouteSettings): void {
  addEndpoint(app, settings, {
    method: "get",
    path: "/api/tags",
    operationId: "listTags",
    tag: "tags",
    summary: "List the tags in use, most used first",
    answer: Tags,
    answers: "Every tag with the number of memories that carry it.",
    problems: [503],
  }, (_input, runtime) => tags(runtime));

  addEndpoint(app, settings, {
    method: "get",
    path: "/api/tags/suggest",
    operationId: "suggestTags",
    tag: "tags",
    summary: "Complete a tag",
    query: {
      schema: SuggestInput.extend({
        q: SuggestInput.shape.prefix.unwrap().optional().describe("Another name for prefix."),
      }),
      kinds: { prefix: "text", q: "text", limit: "number" },
    },
    answer: Tags,
    answers: "Tags that begin with the prefix, most used first, then those that hold it further in.",
    problems: [503],
  }, ({ query: { q, ...query } }, runtime) => suggestTags(runtime, { ...query, prefix: q ?? query.prefix }));
}
