/**
 * What the page of memories asks the service for, from its URL.
 *
 * @module
 */

import { call, get } from "../api.ts";
import type { Hit, Memory, MemoryPage, SearchAnswer } from "../shapes.ts";

/** A page of what was found. */
export interface Found {
  items: { memory: Memory; hit?: Hit }[];
  total: number;
  page: number;
  pages: number;
  pageSize: number;
  isMinimum: boolean;
  notice: string | null;
  /** How many of all results are relevant; undefined where nothing was ranked. */
  relevant: number | undefined;
  /** What the question's words did to the order. */
  order: "now" | "before" | "order" | undefined;
  kind: "newest" | "oldest" | "best" | "nearest";
}

const CARDS = 20, LINES = 50;

/** Asks for what the parameters describe: `similar`, a search for `q`, or a list. */
export async function findMemories(params: URLSearchParams, signal?: AbortSignal): Promise<Found> {
  const page = Math.max(1, Math.floor(Number(params.get("page"))) || 1);
  const pageSize = params.get("view") === "lines" ? LINES : CARDS;
  const similar = params.get("similar"), query = params.get("q")?.trim() ?? "";
  if (similar) {
    const path = `/api/search/similar/${encodeURIComponent(similar)}`;
    return found(await get<SearchAnswer>(path, { page, n_results: pageSize }, signal), page, pageSize, "nearest");
  }
  const oldest = params.get("sort") === "oldest", order = oldest ? { order: "time" } : {};
  const filter = { ...filterOf(params), page, page_size: pageSize };
  if (query !== "") {
    const body = {
      ...filter,
      ...order,
      tags: params.getAll("tag"),
      query,
      mode: params.get("mode") ?? "hybrid",
      exchanges: true,
    };
    return found(await call<SearchAnswer>("POST", "/api/search", { body, signal }), page, pageSize, "best");
  }
  const asked = new URLSearchParams(
    Object.entries({ ...filter, ...order }).map(([name, value]) => [name, String(value)]),
  );
  for (const tag of params.getAll("tag")) asked.append("tag", tag);
  const { memories, total, total_pages } = await get<MemoryPage>("/api/memories", asked, signal);
  return {
    items: memories.map((memory) => ({ memory })),
    total,
    page,
    pages: total_pages,
    pageSize,
    isMinimum: false,
    notice: null,
    relevant: undefined,
    order: undefined,
    kind: oldest ? "oldest" : "newest",
  };
}

/** The conditions in the URL, as the API names them; tags apart. */
export function filterOf(params: URLSearchParams): Record<string, string | number | boolean> {
  const filter: Record<string, string | number | boolean> = {};
  const texts = { type: "memory_type", role: "role", conversation: "conversation_id" };
  for (const [name, field] of Object.entries(texts)) {
    const value = params.get(name);
    if (value) filter[field] = value;
  }
  if (params.get("all")) filter.match_all = true;
  if (params.get("old")) filter.include_superseded = true;
  const from = dayStart(params.get("from")), before = dayStart(params.get("to"), 1);
  if (from !== null) filter.created_after = from;
  if (before !== null) filter.created_before = before;
  return filter;
}

/** The beginning of a day of the reader's calendar, in Unix seconds; null for what is no date. */
function dayStart(date: string | null, plusDays = 0): number | null {
  const [year, month, day] = /^\d{4}-\d{2}-\d{2}$/.test(date ?? "") ? date!.split("-").map(Number) : [];
  return year === undefined ? null : new Date(year, month! - 1, day! + plusDays).getTime() / 1000;
}

function found(answer: SearchAnswer, page: number, pageSize: number, kind: Found["kind"]): Found {
  const { results, pagination, notice, relevant, temporal_intent } = answer;
  return {
    items: results.map((hit) => ({ memory: hit.memory, hit })),
    total: pagination.total,
    page,
    pages: pagination.total_pages,
    pageSize,
    isMinimum: pagination.total_is_minimum ?? false,
    notice,
    relevant,
    order: temporal_intent,
    kind,
  };
}
