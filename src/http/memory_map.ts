/**
 * `GET /api/map`.
 *
 * @module
 */

import { MapInput, MapOutput, memoryMap } from "../operations/memory_map.ts";
import { addEndpoint, type RestApp, type RouteSettings } from "./endpoint.ts";

/** Adds the route. */
export function addMemoryMap(app: RestApp, settings: RouteSettings): void {
  addEndpoint(app, settings, {
    method: "get",
    path: "/api/map",
    operationId: "memoryMap",
    tag: "analytics",
    summary: "Memories as points by meaning, for a picture",
    description:
      "Made in the background; what is alike lies together. The places of points stay from one look to the next.",
    query: { schema: MapInput, kinds: { limit: "number" } },
    answer: MapOutput.openapi("MemoryMap"),
    answers: "The points, as far as they are made.",
    problems: [503],
  }, ({ query }, runtime) => memoryMap(runtime, query));
}
