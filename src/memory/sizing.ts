/**
 * Answers sized for agents: how many tokens a text may cost, snippets around a match, and fitting a list into a budget.
 *
 * @module
 */

import { z } from "zod";
import { type Passage, passageOf, passageQuery } from "./passage.ts";

/** How much of each memory an answer holds. */
export const Detail = z.enum(["ids", "snippets", "full"])
  .describe("How much of each memory: its id alone, a snippet around the match, or all.");
export type Detail = z.infer<typeof Detail>;

/** Most tokens an answer may cost, by `estimateTokens`. */
export const MaxTokens = z.int().min(50).max(1_000_000)
  .describe(
    "Most tokens of the answer, 20000 by default.",
  );

/** Tokens that an answer may cost unless the caller says otherwise: common clients cut off or fail at 25,000. */
export const DEFAULT_ANSWER_TOKENS = 20_000;

/** Characters of a snippet. */
const SNIPPET = 240;
/** Characters of a title. */
const TITLE = 80;

/**
 * Tokens that a text costs a model, estimated as its UTF-8 bytes divided by four, rounded up: right within a quarter
 * for English prose and JSON, and on the safe side for scripts whose characters take several bytes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(estimateTokens("Deploys run on Thursdays"), 6);
 * ```
 */
export function estimateTokens(text: string): number {
  return Math.ceil(new TextEncoder().encode(text).length / 4);
}

/** The first words of a text, on one line. */
export function titleOf(text: string): string {
  const line = text.trim().split(/\n/, 1)[0]!.replace(/\s+/g, " ").trim();
  return line.length <= TITLE ? line : `${cutAtWord(beginningOf(line, TITLE))}…`;
}

/** The first so many units of a text, or one less where that would cut a character in two. */
export function beginningOf(text: string, length: number): string {
  return text.slice(0, (text.codePointAt(length - 1) ?? 0) > 0xffff ? length - 1 : length);
}

/** The passage of a text that holds most of the query's words; its beginning without a query or a match. */
export function snippetOf(text: string, query = "", length = SNIPPET): string {
  return excerpt(text, passageOf(text, passageQuery(query), length));
}

/** A stretch of a text, with marks where more comes before and after it. */
export function excerpt(text: string, { start, end }: Passage): string {
  const part = text.slice(start, end).toWellFormed().trim();
  return `${start > 0 ? "…" : ""}${part}${end < text.length ? "…" : ""}`;
}

function cutAtWord(text: string): string {
  const at = text.search(/\s\S*$/);
  return at > text.length / 2 ? text.slice(0, at) : text;
}

/** What fits into a budget. */
export interface Fitted<T> {
  items: T[];
  /** Items left out, from the end. */
  omitted: number;
  /** Whether something was left out or given shorter than asked for. */
  truncated: boolean;
}

/**
 * As many items as the budget allows, in order. Each comes in its first form that fits; forms are given longest first.
 *
 * @param fixed Tokens that the answer costs without any item.
 */
export function fit<T>(forms: readonly (() => T)[][], maxTokens: number | undefined, fixed = 0): Fitted<T> {
  if (maxTokens === undefined) {
    return { items: forms.map(([first]) => first!()), omitted: 0, truncated: false };
  }
  const items: T[] = [];
  let left = maxTokens - fixed, truncated = false;
  for (const choices of forms) {
    const fitting = firstWithin(choices, left);
    if (fitting === null) break;
    left -= fitting.tokens;
    truncated ||= fitting.isShort;
    items.push(fitting.item);
  }
  const omitted = forms.length - items.length;
  return { items, omitted, truncated: truncated || omitted > 0 };
}

/** The first form that costs no more; null where none does. Shorter forms are only made where they are needed. */
function firstWithin<T>(
  forms: readonly (() => T)[],
  most: number,
): { item: T; tokens: number; isShort: boolean } | null {
  for (const [i, form] of forms.entries()) {
    const item = form(), tokens = estimateTokens(JSON.stringify(item));
    if (tokens <= most) return { item, tokens, isShort: i > 0 };
  }
  return null;
}
