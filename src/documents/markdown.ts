/**
 * Links and emphasis in Markdown, found in one pass.
 *
 * @module
 */

import { finder, isSpaceAt, oneLine } from "./text.ts";

/** A link's words and where it leads. */
export interface Link {
  text: string;
  url: string;
}

/** Every link of a text with words and an address, both on one line. */
export function* linksOf(text: string): Generator<Link> {
  const nextOpen = finder(text, "["), nextClose = finder(text, "]"), nextLine = finder(text, "\n");
  const nextEnd = finder(text, ")"), nextLineAfter = finder(text, "\n");
  /** The last closing bracket looked at, and what follows it: many open ones may share it. */
  let seen = -1, target: { url: string; after: number } | null = null;
  for (let open = nextOpen(0); open !== -1;) {
    const close = nextClose(open + 1);
    if (close === -1) return;
    const line = nextLine(open);
    if (close !== seen) {
      seen = close;
      target = targetAt(text, close + 1, nextEnd, nextLineAfter);
    }
    if (target !== null && close > open + 1 && (line === -1 || line > close)) {
      yield { text: text.slice(open + 1, close), url: target.url };
      open = nextOpen(target.after);
    } else open = nextOpen(open + 1);
  }
}

/** `(address "title")` at a place of a text, on one line. */
function targetAt(
  text: string,
  at: number,
  nextEnd: (from: number) => number,
  nextLine: (from: number) => number,
): { url: string; after: number } | null {
  if (text[at] !== "(") return null;
  const end = nextEnd(at), line = nextLine(at);
  // First, so that only an address that is taken is read.
  if (end === -1 || (line !== -1 && line < end)) return null;
  let urlEnd = at + 1;
  while (urlEnd < end && !isSpaceAt(text, urlEnd)) urlEnd++;
  return urlEnd === at + 1 ? null : { url: text.slice(at + 1, urlEnd), after: end + 1 };
}

/** A heading's words without emphasis, links and code marks. */
export function plainHeading(heading: string): string {
  return oneLine(withoutMarks(withoutLinks(heading)));
}

/** Links and images as their words. */
function withoutLinks(text: string): string {
  const parts: string[] = [];
  const nextOpen = finder(text, "["), nextClose = finder(text, "]"), nextEnd = finder(text, ")");
  let copied = 0;
  for (let open = nextOpen(0); open !== -1;) {
    const close = nextClose(open), end = close !== -1 && text[close + 1] === "(" ? nextEnd(close + 2) : -1;
    if (end === -1) {
      open = nextOpen(open + 1);
      continue;
    }
    parts.push(text.slice(copied, text[open - 1] === "!" && open > copied ? open - 1 : open));
    parts.push(text.slice(open + 1, close));
    copied = end + 1;
    open = nextOpen(copied);
  }
  return parts.join("") + text.slice(copied);
}

/** A run of one mark. */
interface Run {
  mark: string;
  start: number;
  end: number;
}

/** Text without the marks that stand around words: `*`, `_` and those of code. */
function withoutMarks(text: string): string {
  const runs: Run[] = [...text.matchAll(/\*+|_+|`+/g)].map((match) => ({
    mark: match[0][0]!,
    start: match.index,
    end: match.index + match[0].length,
  }));
  const dropped = pairsOf(text, runs);
  const parts: string[] = [];
  let copied = 0;
  for (const run of runs) {
    if (!dropped.has(run)) continue;
    parts.push(text.slice(copied, run.start));
    copied = run.end;
  }
  return parts.join("") + text.slice(copied);
}

/** The runs that belong together, an opening and a closing one of equal length each; inside code nothing does. */
function pairsOf(text: string, runs: Run[]): Set<Run> {
  const pairs = new Set<Run>(), openers = new Map<string, Run>();
  const closingTicks = closingTicksOf(runs);
  for (let i = 0; i < runs.length; i++) {
    const run = runs[i]!, { mark, start, end } = run;
    if (mark === "`") {
      const closing = closingTicks[i]!;
      if (closing === -1) continue;
      pairs.add(run).add(runs[closing]!);
      i = closing;
      continue;
    }
    if (end - start > 3) continue;
    const kind = mark.repeat(end - start), opener = openers.get(kind);
    // An underscore inside a word is part of a name.
    const isApart = (at: number) => mark === "*" || !/\w/.test(text[at] ?? "");
    if (opener !== undefined && !isSpaceAt(text, start - 1) && isApart(end)) {
      pairs.add(opener).add(run);
      openers.delete(kind);
    } else if (end < text.length && !isSpaceAt(text, end) && isApart(start - 1)) openers.set(kind, run);
  }
  return pairs;
}

/** For each run of backticks the index of the next one as long; -1 for the others. */
function closingTicksOf(runs: Run[]): number[] {
  const next = new Map<number, number>(), closing = new Array<number>(runs.length).fill(-1);
  for (let i = runs.length - 1; i >= 0; i--) {
    const { mark, start, end } = runs[i]!;
    if (mark !== "`") continue;
    closing[i] = next.get(end - start) ?? -1;
    next.set(end - start, i);
  }
  return closing;
}
