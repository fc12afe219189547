/**
 * Memories that carry given tags.
 *
 * @module
 */

import { z } from "zod";
import { MemoryError } from "../errors.ts";
import { fold } from "../memory/fold.ts";
import { FilterFields, ListOrder, Page, PageSize, TagList } from "../memory/schemas.ts";
import { filterOf, listOrder, pageFacts } from "./filter.ts";
import { recordSearch, type SearchPage, unscored } from "./search_page.ts";
import type { Runtime } from "./runtime.ts";

export const TagSearchInput = z.object({
  ...FilterFields,
  tags: TagList.describe("Tags to look for, at least one; whole tags, whatever their case and accents."),
  page: Page,
  page_size: PageSize,
  order: ListOrder.optional(),
});
export type TagSearchInput = z.infer<typeof TagSearchInput>;

/**
 * A page of the memories with any or all of the tags, newest first or, with `order: time`, oldest first.
 *
 * @throws {MemoryError} `refused` without a tag: all memories are not what a search by tag means.
 */
export async function searchByTag(runtime: Runtime, input: TagSearchInput): Promise<SearchPage> {
  const started = performance.now();
  const { tags, page, page_size, match_all } = input;
  if (tags.length === 0) throw new MemoryError("refused", "At least one tag must be specified", { field: "tags" });
  const match = match_all ? "ALL" : "ANY";
  const { memories, total } = await runtime.storage.list({
    filter: filterOf(input),
    offset: (page - 1) * page_size,
    limit: page_size,
    ...listOrder(input),
  });
  const results = memories.map((memory) => {
    const own = new Set(memory.tags.map(fold)), matched = tags.filter((tag) => own.has(fold(tag)));
    return unscored(memory, `Tags match (${match}): ${matched.join(", ")}`);
  });
  const query = `Tags: ${tags.join(", ")} (${match})`;
  const found = { results, query, mode: "tag", notice: null, ...pageFacts(total, page, page_size) };
  return recordSearch(runtime, found, started, tags);
}
