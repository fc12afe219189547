/**
 * The arguments that size an answer, and memories cut to them.
 *
 * @module
 */

import { z } from "zod";
import { around, type Passage } from "../memory/passage.ts";
import type { Exchange } from "./fields.ts";
import { DEFAULT_ANSWER_TOKENS, Detail, estimateTokens, excerpt, fit, MaxTokens, snippetOf } from "../memory/sizing.ts";

/** Arguments of every tool that reads memories. */
export const Sizing = { detail: Detail.default("full"), max_tokens: MaxTokens.optional() };

/** What every such tool says of what it left out; absent when it left out nothing. */
export const Sized = {
  omitted: z.int().optional().describe("Results left out to keep within max_tokens."),
  truncated: z.boolean().optional().describe("True when something was left out or shortened for max_tokens."),
  how: z.string().optional().describe("How to get what was left out."),
};

/** Tokens kept free for what surrounds the memories in an answer: the names of fields, counts, and how to get the rest. */
const FRAME = 100, SMALL_FRAME = 30;

/** Tokens kept free in an answer of so many, which repeats the query. */
function frameOf(tokens: number, query = ""): number {
  const own = tokens < 5 * FRAME ? SMALL_FRAME : FRAME;
  return own + Math.min(estimateTokens(query), Math.floor(tokens / 4));
}

/** How to size memories. */
export interface Sizes {
  detail: Level;
  max_tokens?: number | undefined;
  /** What snippets are to show. */
  query?: string;
  /** What an item comes down to where there is no room; what needs more room is left out. `ids` by default. */
  least?: Level;
  /** How a memory is read whole, in words. */
  whole?: string;
}

interface Sizeable {
  space?: string | undefined;
  content?: string | undefined;
  content_hash: string;
  similarity_score?: number | null | undefined;
  passage?: Passage | undefined;
  exchange?: Exchange | undefined;
}

/** What fits of a list, with `omitted` and `truncated` where something didn't. */
export interface SizedItems<T> {
  items: T[];
  omitted?: number;
  truncated?: true;
  how?: string;
}

const HOW_OMITTED = "Read on with a page_size of";
const HOW_WHOLE = "fetch gives a memory whole by its id";

/** Memories at a level of detail and within a budget. What doesn't fit whole comes as a snippet or as its key. */
export function sizeMemories<T extends Sizeable>(memories: readonly T[], sizes: Sizes): SizedItems<Cut<T>> {
  return sizeItems(memories, sizes, (memory, detail) => cut(memory, detail, sizes.query));
}

/** Items of any kind within a budget; `shape` gives an item at a level of detail. */
export function sizeItems<T, S>(
  items: readonly T[],
  { detail, max_tokens, query, least = "ids", whole = HOW_WHOLE }: Sizes,
  shape: (item: T, level: Level) => S,
): SizedItems<S> {
  const most = LEVELS.indexOf(detail), levels = LEVELS.slice(most, Math.max(most, LEVELS.indexOf(least)) + 1);
  const tokens = max_tokens ?? DEFAULT_ANSWER_TOKENS;
  const forms = items.map((item) => levels.map((level) => () => shape(item, level)));
  const { items: kept, omitted, truncated } = fit(forms, tokens, frameOf(tokens, query));
  return {
    items: kept,
    ...(omitted > 0 ? { omitted } : {}),
    ...(truncated ? { truncated: true as const, how: howToGet(kept.length, omitted, whole) } : {}),
  };
}

/** How an agent gets the rest. A page of as many as fitted goes on where this one ended. */
function howToGet(kept: number, omitted: number, whole: string): string {
  const shortened = `${whole}; max_tokens raises the bound`;
  return omitted === 0 || kept === 0 ? shortened : `${HOW_OMITTED} ${kept} from page 2; ${shortened}`;
}

/**
 * First line of an answer about pairs or groups of memories that were compared.
 *
 * @param found What was found, in words; @param things What was omitted, in the plural.
 */
export function comparedHead(
  found: string,
  things: string,
  { scanned, next_before, omitted, how, notice }: {
    scanned: number;
    next_before: number | null;
    omitted?: number | undefined;
    how?: string | undefined;
    notice?: string | null | undefined;
  },
): string {
  return [
    found,
    `${scanned} compared`,
    ...next_before === null ? [] : [`go on with created_before ${next_before}`],
    ...omitted ? [`${omitted} ${things} omitted to keep within max_tokens`] : [],
    ...[how, notice].filter((text) => text != null),
  ].join("; ");
}

/** Levels of detail that an answer comes down to where there is no room; `part` is of a long content alone. */
export type Level = Detail | "part";
const LEVELS: readonly Level[] = ["full", "part", "snippets", "ids"];

/** Characters of the part that stands for a long content, and of a content up to which it is given whole. */
const PART = 4000, LONG = 100_000;

/** What is shown of a content at a level; the content itself where that is all of it. */
export function shownOf(
  content: string,
  level: Level,
  { query, passage }: { query?: string; passage?: Passage },
): string {
  if (level === "full" && content.length <= LONG) return content;
  const isPart = level === "full" || level === "part", length = isPart ? PART : undefined;
  if (passage === undefined) return snippetOf(content, query, length);
  return excerpt(content, isPart ? around(content, passage, PART) : passage);
}

/** A memory of which only the key and the score are sure to be there. */
export type Cut<T extends Sizeable> =
  & Pick<T, Extract<keyof T, "content_hash" | "similarity_score">>
  & Partial<Omit<T, "content_hash" | "similarity_score">>
  & { content_length?: number };

function cut<T extends Sizeable>(memory: T, level: Level, query?: string): Cut<T> {
  const { content: whole = "", passage } = memory;
  if (level === "full" && whole.length <= LONG) return memory;
  const turn = memory.exchange === undefined ? {} : { exchange: cutExchange(memory.exchange, level) };
  if (level === "ids") {
    const { content_hash, similarity_score, space } = memory;
    return {
      content_hash,
      ...(similarity_score === undefined ? {} : { similarity_score }),
      ...(space === undefined ? {} : { space }),
      ...turn,
    } as Cut<T>;
  }
  const content = shownOf(whole, level, { ...query === undefined ? {} : { query }, ...passage && { passage } });
  const { metadata, ...rest } = memory as T & { metadata?: unknown };
  return {
    ...rest,
    content,
    ...turn,
    ...level === "full" ? { metadata } : {},
    ...content === whole ? {} : { content_length: whole.length },
  } as unknown as Cut<T>;
}

/** The other turn of an exchange at a level of detail. */
export function cutExchange(exchange: Exchange, level: Level): Exchange {
  const { content_hash, part, content = "", passage } = exchange;
  if (level === "ids") return { content_hash, part };
  const shown = shownOf(content, level, passage ? { passage } : {});
  return { ...exchange, content: shown, ...shown === content ? {} : { content_length: content.length } };
}
