/**
 * `/api/memories/batch`: changing and deleting many memories by their keys.
 *
 * @module
 */

import {
  BatchOutput,
  deleteBatch,
  DeleteBatchInput,
  tagBatch,
  TagBatchInput,
  updateBatch,
  UpdateBatchInput,
} from "../operations/batch.ts";
import { addEndpoint, type RestApp, type RouteSettings } from "./endpoint.ts";

const BatchChange = BatchOutput.openapi("BatchChange");
const answers = "A result for each memory, in order; those that aren't there are named.";

/** Adds the routes; before those with a content_hash in the path, which would match `batch`. */
export function addBatches(app: RestApp, settings: RouteSettings): void {
  addEndpoint(app, settings, {
    method: "put",
    path: "/api/memories/batch",
    operationId: "updateMemories",
    tag: "memories",
    summary: "Change tags, type or metadata of many memories",
    body: UpdateBatchInput.openapi("MemoryUpdates"),
    // What would be ignored, such as content_hashes beside updates, may have been meant to say what is changed.
    strict: true,
    answer: BatchChange,
    answers,
    problems: [409, 503],
  }, ({ body }, runtime) => updateBatch(runtime, body));

  addEndpoint(app, settings, {
    method: "delete",
    path: "/api/memories/batch",
    operationId: "deleteMemories",
    tag: "memories",
    summary: "Delete many memories",
    body: DeleteBatchInput.openapi("MemoryDeletions"),
    answer: BatchChange,
    answers,
    problems: [409, 503],
  }, ({ body }, runtime) => deleteBatch(runtime, body));

  addEndpoint(app, settings, {
    method: "post",
    path: "/api/memories/batch/tags",
    operationId: "tagMemories",
    tag: "memories",
    summary: "Add tags to many memories, or remove them",
    body: TagBatchInput.openapi("TagChanges"),
    answer: BatchChange,
    answers,
    problems: [409, 503],
  }, ({ body }, runtime) => tagBatch(runtime, body));
}
