/**
 * `GET /api/tags`.
 *
 * @module
 */

import type { OpenAPIHono } from "@hono/zod-openapi";
import { tags } from "../operations/list.ts";
import type { Runtime } from "../operations/runtime.ts";
import { addEndpoint, type RouteSettings } from "./endpoint.ts";
import { Tags } from "./schemas.ts";

/** Adds the route. */
export function addTags(app: OpenAPIHono, runtime: Runtime, settings: RouteSettings): void {
  addEndpoint(app, settings, {
    method: "get",
    path: "/api/tags",
    operationId: "listTags",
    tag: "tags",
    summary: "List the tags in use, most used first",
    answer: Tags,
    answers: "Every tag with the number of memories that carry it.",
    problems: [503],
  }, () => tags(runtime));
}
