/**
 * Listing memories, newest first, and the tags in use.
 *
 * @module
 */

import { z } from "zod";
import { FilterFields, ListOrder, MemoryView, Page, PageSize, viewOf } from "../memory/schemas.ts";
import { filterOf, listOrder, pageFacts } from "./filter.ts";
import type { Runtime } from "./runtime.ts";

export const ListInput = z.object({ page: Page, page_size: PageSize, order: ListOrder.optional(), ...FilterFields });
export type ListInput = z.infer<typeof ListInput>;

export const ListOutput = z.object({
  memories: z.array(MemoryView),
  total: z.int(),
  page: z.int(),
  page_size: z.int(),
  has_more: z.boolean(),
  total_pages: z.int(),
});
export type ListOutput = z.infer<typeof ListOutput>;

/** A page of memories that meet the filter, newest first or, with `order: time`, oldest first. */
export async function list(runtime: Runtime, input: ListInput): Promise<ListOutput> {
  const { page, page_size } = input;
  const query = { filter: filterOf(input), offset: (page - 1) * page_size, limit: page_size, ...listOrder(input) };
  const { memories, total } = await runtime.storage.list(query);
  return { memories: memories.map(viewOf), ...pageFacts(total, page, page_size) };
}

export const TagsOutput = z.object({ tags: z.array(z.object({ tag: z.string(), count: z.int() })) });
export type TagsOutput = z.infer<typeof TagsOutput>;

/** All tags in use, most used first. */
export async function tags(runtime: Runtime): Promise<TagsOutput> {
  return { tags: await runtime.storage.tags() };
}
