/**
 * `/api/spaces`: for those who may do everything in all of them.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import {
  createSpace,
  CreateSpaceInput,
  deleteSpace,
  DeleteSpaceInput,
  listSpaces,
  MergeInput,
  mergeSpace,
  MoveInput,
  moveMemories,
  MoveOutput,
  renameSpace,
  RenameSpaceInput,
  SpaceOutput,
  SpacesOutput,
  SpaceView,
} from "../operations/spaces/manage.ts";
import { addEndpoint, type RestApp, type RouteSettings } from "./endpoint.ts";

const Space = SpaceView.openapi("Space");
const Change = SpaceOutput.openapi("SpaceChange");
const Moved = MoveOutput.openapi("MemoriesMoved");

/** Adds the routes. */
export function addSpaces(app: RestApp, settings: RouteSettings): void {
  addEndpoint(app, settings, {
    method: "get",
    path: "/api/spaces",
    operationId: "listSpaces",
    tag: "access",
    summary: "List the spaces with their counts",
    answer: SpacesOutput.extend({ spaces: z.array(Space) }).openapi("Spaces"),
    answers: "`default` first, the others by name.",
    problems: [503],
  }, (_input, runtime) => listSpaces(runtime));

  addEndpoint(app, settings, {
    method: "post",
    path: "/api/spaces",
    operationId: "createSpace",
    tag: "access",
    summary: "Make a space",
    description: "Storing into a space makes it, too.",
    body: CreateSpaceInput.openapi("CreateSpace", { example: { name: "project-a" } }),
    strict: true,
    answer: Change,
    answers: "Made, or there already.",
    problems: [503],
  }, ({ body }, runtime) => createSpace(runtime, body));

  addEndpoint(app, settings, {
    method: "put",
    path: "/api/spaces/{name}",
    operationId: "renameSpace",
    tag: "access",
    summary: "Give a space another name",
    body: RenameSpaceInput.openapi("RenameSpace", { example: { name: "project-b" } }),
    strict: true,
    answer: Change,
    answers: "Renamed.",
    problems: [404, 409, 503],
  }, ({ path, body }, runtime) => renameSpace(runtime, path("name"), body.name));

  addEndpoint(app, settings, {
    method: "post",
    path: "/api/spaces/{name}/move",
    operationId: "moveMemories",
    tag: "access",
    summary: "Move memories to another space",
    description:
      "With their vectors, and the relations among them. What is in the other space already goes to the trash.",
    body: MoveInput.openapi("MoveMemories", { example: { to: "project-b", tags: ["b"], dry_run: true } }),
    strict: true,
    answer: Moved,
    answers: "How many were moved.",
    problems: [400, 404, 409, 503],
  }, ({ path, body }, runtime) => moveMemories(runtime, path("name"), body));

  addEndpoint(app, settings, {
    method: "post",
    path: "/api/spaces/{name}/merge",
    operationId: "mergeSpace",
    tag: "access",
    summary: "Move everything in a space to another one",
    description: "The space goes, unless its trash holds memories. Try `dry_run` first: its count is needed.",
    body: MergeInput.openapi("MergeSpace", { example: { into: "project-b", dry_run: true } }),
    strict: true,
    answer: Moved,
    answers: "How many were moved.",
    problems: [400, 404, 409, 503],
  }, ({ path, body }, runtime) => mergeSpace(runtime, path("name"), body));

  addEndpoint(app, settings, {
    method: "delete",
    path: "/api/spaces/{name}",
    operationId: "deleteSpace",
    tag: "access",
    summary: "Delete all memories of a space",
    description:
      "They go to the trash of the space, which goes once that is empty. Try `dry_run` first: its count is " +
      "needed.",
    query: { schema: DeleteSpaceInput, kinds: { confirm_count: "number", dry_run: "boolean" } },
    answer: Moved,
    answers: "How many were deleted.",
    problems: [400, 404, 409, 503],
  }, ({ path, query }, runtime) => deleteSpace(runtime, path("name"), query));
}
