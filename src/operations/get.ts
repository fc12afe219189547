/**
 * Reading one memory.
 *
 * @module
 */

import { z } from "zod";
import { MemoryError } from "../errors.ts";
import { ContentHash, type MemoryView, viewOf } from "../memory/schemas.ts";
import type { Runtime } from "./runtime.ts";

export const HashInput = z.object({ content_hash: ContentHash });
export type HashInput = z.infer<typeof HashInput>;

/** The error for a content_hash nothing is stored under. */
export function notFound(action: string, hash: string): MemoryError {
  return new MemoryError("not_found", `Cannot ${action} memory ${hash}: nothing is stored under this content_hash`, {
    field: "content_hash",
    value: hash,
  });
}

/**
 * The memory under a content_hash.
 *
 * @throws {MemoryError} `not_found`.
 */
export async function get(runtime: Runtime, input: HashInput): Promise<MemoryView> {
  const [memory] = await runtime.storage.get([input.content_hash]);
  if (!memory) throw notFound("get", input.content_hash);
  runtime.activity.accessed([memory.content_hash]);
  return viewOf(memory);
}
