/**
 * Changing a memory's tags, type and metadata. Its content never changes: other content is another memory.
 *
 * @module
 */

import { z } from "zod";
import { MemoryError } from "../errors.ts";
import type { MemoryPatch } from "../memory/memory.ts";
import {
  ChangedValidityFields,
  MemoryKey,
  MemoryType,
  MemoryView,
  NewMetadata,
  TagList,
  validityFault,
  validityMetadata,
  viewOf,
} from "../memory/schemas.ts";
import { checkChanges } from "./check_changes.ts";
import { updatedEvents } from "./event_types.ts";
import { notFound } from "./get.ts";
import { fullKey } from "./keys.ts";
import { MAY_QUEUE, WHEN_BACK } from "./outbox.ts";
import type { Runtime } from "./runtime.ts";

/** Fields that can change; null and absent both mean "leave as it is", as existing clients send them. */
export const UpdateFields = z.object({
  tags: TagList.nullish().describe("New tags, in place of the old ones."),
  memory_type: MemoryType.nullish(),
  metadata: NewMetadata.nullish().describe("Merged into the stored metadata, key by key."),
  ...ChangedValidityFields,
});
export const UpdateInput = UpdateFields.extend({ content_hash: MemoryKey });
export type UpdateInput = z.infer<typeof UpdateInput>;

export const UpdateOutput = z.object({
  success: z.boolean(),
  message: z.string(),
  content_hash: z.string(),
  memory: MemoryView.nullable(),
  queued: z.boolean().optional()
    .describe("True when the store is away: the change waits in the outbox, and is made if the memory is there then."),
});
export type UpdateOutput = z.infer<typeof UpdateOutput>;

/** The change that these fields ask for. */
export function patchOf(input: z.infer<typeof UpdateFields>): MemoryPatch {
  const empty = validityFault(input);
  if (empty !== null) {
    throw new MemoryError("invalid_input", `Cannot update a memory so that it never holds: ${empty}`, {
      field: "valid_until",
    });
  }
  const patch: MemoryPatch = {}, times = validityMetadata(input);
  if (input.tags != null) patch.tags = input.tags;
  if (input.memory_type != null) patch.memory_type = input.memory_type;
  if (input.metadata != null || Object.keys(times).length > 0) patch.metadata = { ...input.metadata, ...times };
  return patch;
}

/**
 * Changes a memory.
 *
 * @throws {MemoryError} `not_found`; `invalid_input` for what no new memory may have; `conflict` for a short key of
 * several memories.
 */
export async function update(runtime: Runtime, input: UpdateInput): Promise<UpdateOutput> {
  const content_hash = await fullKey(runtime, input.content_hash);
  const patch = patchOf(input);

  const fields = Object.keys(patch);
  await checkChanges(runtime, [{ content_hash, patch }]);
  const now = runtime.now();
  const memory = fields.length > 0
    ? await runtime.storage.update(content_hash, patch, now, MAY_QUEUE)
    : (await runtime.storage.getByHash([content_hash]))[0];
  if (!memory) throw notFound("update", content_hash);
  if (memory === "queued") {
    return { success: true, message: `Update queued: ${WHEN_BACK}`, content_hash, memory: null, queued: true };
  }
  // What had these values already keeps its time.
  const hasChanged = fields.length > 0 && memory.updated_at === now;
  if (hasChanged) {
    runtime.events.publish(...updatedEvents([memory], fields));
    runtime.activity.changed("update", [content_hash], fields.join(", "));
  }
  return {
    success: true,
    message: hasChanged
      ? `Updated fields: ${[...fields, "updated_at"].join(", ")}`
      : fields.length > 0
      ? "Nothing differs - memory unchanged"
      : "No updates provided - memory unchanged",
    content_hash,
    memory: viewOf(memory),
  };
}
