/**
 * Answers sized for agents: how many tokens a text may cost, snippets around a match, and fitting a list into a budget.
 *
 * @module
 */

import { z } from "zod";
import { STOP_WORDS } from "./text.ts";

/** How much of each memory an answer holds. */
export const Detail = z.enum(["ids", "snippets", "full"])
  .describe("How much of each memory: its id alone, a snippet around the match, or all.");
export type Detail = z.infer<typeof Detail>;

/** Most tokens an answer may cost, by `estimateTokens`. */
export const MaxTokens = z.int().min(50).max(1_000_000)
  .describe(
    "Most tokens the answer may cost, at 4 bytes a token; 20000 without it. What doesn't fit is counted in omitted.",
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
  return line.length <= TITLE ? line : `${cutAtWord(line.slice(0, TITLE))}…`;
}

/** The part of a text that holds most of the query's words; its beginning without a query or a match. */
export function snippetOf(text: string, query = "", length = SNIPPET): string {
  if (text.length <= length) return text;
  const start = bestStart(text, query, length);
  const begin = start === 0 ? 0 : text.slice(0, start).search(/\s\S*$/) + 1;
  const end = begin + length;
  const part = end >= text.length ? text.slice(begin) : cutAtWord(text.slice(begin, end));
  return `${begin > 0 ? "…" : ""}${part.toWellFormed().trim()}${begin + part.length < text.length ? "…" : ""}`;
}

/** Where the window with most different query words starts, a little before its first match. */
function bestStart(text: string, query: string, length: number): number {
  const lower = text.toLowerCase();
  const words = [...new Set(query.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [])]
    .filter((word) => !STOP_WORDS.has(word)).slice(0, 32)
    // Without their endings, so that "deploys" is found by "deploying".
    .map((word) => word.length > 5 ? word.slice(0, -2) : word);
  const matches: { at: number; word: string }[] = [];
  for (const word of words) {
    for (let at = lower.indexOf(word), n = 0; at >= 0 && n < 50; at = lower.indexOf(word, at + 1), n++) {
      matches.push({ at, word });
    }
  }
  matches.sort((a, b) => a.at - b.at);
  let best = 0, most = 0;
  matches.forEach(({ at }, i) => {
    const within = new Set<string>();
    for (let j = i; j < matches.length && matches[j]!.at < at + length * 0.8; j++) within.add(matches[j]!.word);
    if (within.size > most) [best, most] = [at, within.size];
  });
  const start = Math.max(0, best - Math.floor(length / 5));
  return Math.min(start, Math.max(0, text.length - length));
}

function cutAtWord(text: string): string {
  const at = text.search(/\s\S*$/);
  return (at > text.length / 2 ? text.slice(0, at) : text).toWellFormed();
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
    const fitting = choices.map((form, i) => ({ item: form(), isShort: i > 0 }))
      .find(({ item }) => estimateTokens(JSON.stringify(item)) <= left);
    if (fitting === undefined) break;
    left -= estimateTokens(JSON.stringify(fitting.item));
    truncated ||= fitting.isShort;
    items.push(fitting.item);
  }
  const omitted = forms.length - items.length;
  return { items, omitted, truncated: truncated || omitted > 0 };
}
