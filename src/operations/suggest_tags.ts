/**
 * Tags that begin with what someone has typed.
 *
 * @module
 */

import { z } from "zod";
import { fold } from "../memory/fold.ts";
import type { TagsOutput } from "./list.ts";
import type { Runtime } from "./runtime.ts";

export const SuggestInput = z.object({
  prefix: z.string().max(256).default("").describe(
    "Beginning of the tag, whatever its case and accents; empty for the most used tags.",
  ),
  limit: z.int().min(1).max(100).default(10).describe("Tags to suggest, 1 to 100."),
});
export type SuggestInput = z.infer<typeof SuggestInput>;

/** Tags in use that begin with the prefix, most used first; then those that hold it further in. */
export async function suggestTags(runtime: Runtime, { prefix, limit }: SuggestInput): Promise<TagsOutput> {
  const wanted = fold(prefix.trim());
  const tags = await runtime.storage.tags();
  const begins = tags.filter(({ tag }) => fold(tag).startsWith(wanted));
  if (begins.length >= limit) return { tags: begins.slice(0, limit) };
  const holds = tags.filter(({ tag }) => fold(tag).indexOf(wanted) > 0);
  return { tags: [...begins, ...holds].slice(0, limit) };
}
