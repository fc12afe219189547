/**
 * Reading one memory.
 *
 * @module
 */

import { z } from "zod";
import { MemoryError } from "../errors.ts";
import { MemoryKey, type MemoryView, viewOf } from "../memory/schemas.ts";
import { fullKey } from "./keys.ts";
import type { Runtime } from "./runtime.ts";

export type { MemoryView } from "../memory/schemas.ts";

export const HashInput = z.object({ content_hash: MemoryKey });
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
 * @throws {MemoryError} `not_found`; `conflict` for a short key of several memories.
 */
export async function get(runtime: Runtime, input: HashInput): Promise<MemoryView> {
  const content_hash = await fullKey(runtime, input.content_hash);
  const [memory] = await runtime.storage.getByHash([content_hash]);
  if (!memory) throw notFound("get", content_hash);
  runtime.activity.accessed([memory.content_hash]);
  return viewOf(memory);
}
