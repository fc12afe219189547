/**
 * Operations on the store as a whole.
 *
 * @module
 */

import type { z } from "zod";
import { MemoryError } from "../errors.ts";
import type { BulkOutput } from "./bulk_delete.ts";
import { cleanUpDuplicates, CleanupInput } from "./merge_duplicates.ts";
import type { Runtime } from "./runtime.ts";

const TASKS = { optimize_db: "optimize", rebuild_index: "rebuild_index" } as const;

/** Names of the operations. */
export const SYSTEM_OPERATIONS = ["cleanup_duplicates", ...Object.keys(TASKS)];

/**
 * Runs the operation of that name.
 *
 * @throws {MemoryError} `refused` when there is none.
 */
export async function maintain(runtime: Runtime, operation: string): Promise<z.infer<typeof BulkOutput>> {
  if (operation === "cleanup_duplicates") return await cleanUpDuplicates(runtime, CleanupInput.parse({}));
  if (!Object.hasOwn(TASKS, operation)) {
    throw new MemoryError("refused", `Unknown operation: ${operation.slice(0, 100).toWellFormed()}`);
  }
  const message = await runtime.storage.maintain(TASKS[operation as keyof typeof TASKS]);
  runtime.activity.changed("maintain", [], operation);
  return { success: true, message, affected_count: 0, operation };
}
