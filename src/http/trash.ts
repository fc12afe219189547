/**
 * `/api/manage/trash`: looking through, taking back, emptying.
 *
 * @module
 */

import {
  emptyTrash,
  EmptyTrashInput,
  EmptyTrashOutput,
  restore,
  RestoreInput,
  trash,
  TrashInput,
} from "../operations/trash.ts";
import { addEndpoint, type RestApp, type RouteSettings } from "./endpoint.ts";
import { RestoreResult, TrashPage } from "./schemas.ts";

/** Adds the routes. */
export function addTrash(app: RestApp, settings: RouteSettings): void {
  addEndpoint(app, settings, {
    method: "get",
    path: "/api/manage/trash",
    operationId: "listTrash",
    tag: "manage",
    summary: "List the trash, last deleted first",
    query: { schema: TrashInput, kinds: { page: "number", page_size: "number" } },
    answer: TrashPage,
    answers: "A page of deleted memories, with when and why, and until when they can be restored.",
    problems: [503],
  }, ({ query }, runtime) => trash(runtime, query));

  addEndpoint(app, settings, {
    method: "post",
    path: "/api/manage/trash/restore",
    operationId: "restoreMemories",
    tag: "manage",
    summary: "Take memories back from the trash",
    body: RestoreInput.openapi("Restore"),
    answer: RestoreResult,
    answers: "Which were restored, and which the trash doesn't hold.",
    problems: [409, 503],
  }, ({ body }, runtime) => restore(runtime, body));

  addEndpoint(app, settings, {
    method: "delete",
    path: "/api/manage/trash",
    operationId: "emptyTrash",
    tag: "manage",
    summary: "Empty the trash",
    description: "Deletes for good what is in the trash, or the memories that `content_hashes` names of it.",
    query: { schema: EmptyTrashInput, kinds: { content_hashes: "names" } },
    answer: EmptyTrashOutput.openapi("EmptyTrashResult"),
    answers: "How many were deleted.",
    problems: [409, 503],
  }, ({ query }, runtime) => emptyTrash(runtime, query));
}
