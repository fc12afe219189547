/**
 * The passage of a long text that a search matched.
 *
 * @module
 */

import { fold, foldWithOffsets } from "./fold.ts";
import { analyseQuery } from "./text.ts";
import { UNSPACED } from "./unspaced.ts";

/** A stretch of a text, in UTF-16 units: `text.slice(start, end)`. */
export interface Passage {
  start: number;
  end: number;
}

/** Characters of a passage, at most. */
export const PASSAGE = 240;
/** Words of a query that are looked for, and occurrences of each. */
const MAX_WORDS = 64, MAX_OCCURRENCES = 5000;
/** Characters before the first match that may come along to begin with a sentence. */
const LEAD = 120;
/** Words that may stand in a text with another ending. */
const ENDING = /^[\p{sc=Latn}\p{sc=Cyrl}\p{sc=Grek}]+$/u;
const SENTENCE_ENDS = ".!?…。！？；\n";

/** What a word counts where it stands within another one: "Kran" in "Hafenkran", but "port" in "support" too. */
const INNER = 0.4, SHORTEST_INNER = 3;
/** What a passage loses whose words lie as far apart as they may. */
const SPREAD = 0.25;
const LETTER = /[\p{L}\p{M}\p{N}]/u, BEGINS_UNSPACED = new RegExp(`^${UNSPACED}`, "v");

/** A query's words as they are looked for, folded, each with what it weighs. */
export interface PassageQuery {
  /** `anywhere`: it may begin within a word, as in scripts without spaces. */
  words: { form: string; weight: number; anywhere: boolean }[];
}

/**
 * The words of a query that passages are chosen by: without stop words, and long ones without their endings.
 *
 * @param weightOf What a word weighs, ≥ 0; the rarer, the more.
 */
export function passageQuery(query: string, weightOf: (word: string) => number = () => 1): PassageQuery {
  const words = analyseQuery(query).slice(0, MAX_WORDS).map(({ word }) => {
    const isLong = word.length > 5 && ENDING.test(word);
    const form = isLong ? word.slice(0, -2) : word;
    return { form, weight: weightOf(word), anywhere: BEGINS_UNSPACED.test(word) };
  });
  return { words };
}

/** A query that is looked for as it is written, and by its words where it isn't found so. */
export function exactPassageQuery(query: string): PassageQuery {
  const { words } = passageQuery(query), form = fold(query.trim());
  return { words: form === "" ? words : [{ form, weight: words.length + 1, anywhere: true }, ...words] };
}

/**
 * The stretch of at most `length` characters that holds most of the query's words, by weight and each counted once; it
 * begins with a sentence where one begins shortly before. The beginning of the text where no word occurs; all of a text
 * that is no longer.
 */
export function passageOf(text: string, { words }: PassageQuery, length = PASSAGE): Passage {
  if (text.length <= length) return { start: 0, end: text.length };
  const { first, last } = bestWindow(text, words, Math.floor(length * 0.8));
  let start = Math.min(first, Math.max(0, startOf(text, first), last - length));
  let end = Math.min(text.length, start + length);
  if (end === text.length) start = Math.min(start, Math.max(0, text.length - length));
  if (start > 0 && start === last - length) start = afterBlank(text, start, first);
  if (end < text.length) end = beforeBlank(text, Math.max(Math.min(last, end), start + 1), end);
  return { start: whole(text, start), end: whole(text, end) };
}

/** A stretch of at most `length` characters around a passage, which begins and ends between two words. */
export function around(text: string, { start, end }: Passage, length: number): Passage {
  const lead = Math.max(0, Math.floor((length - (end - start)) / 3));
  const from = Math.max(0, Math.min(start - lead, text.length - length)), to = Math.min(text.length, from + length);
  return {
    start: whole(text, from === 0 ? 0 : afterBlank(text, from, start)),
    end: whole(text, to === text.length ? to : beforeBlank(text, Math.max(end, from), to)),
  };
}

/** Where the window of at most `width` that holds most weight in the least space has its first match, and its last one ends. */
function bestWindow(text: string, words: PassageQuery["words"], width: number): { first: number; last: number } {
  const { folded, originalOf } = foldWithOffsets(text);
  const { matches, weights } = matchesIn(folded, words), counts = new Uint32Array(weights.length);
  let weight = 0, most = 0, from = 0, best = { first: 0, last: 0 };
  for (const { at, word } of matches) {
    if (counts[word]!++ === 0) weight += weights[word]!;
    for (let first = matches[from]!; at - first.at > width || counts[first.word]! > 1; first = matches[++from]!) {
      if (--counts[first.word]! === 0) weight -= weights[first.word]!;
    }
    const dense = weight * (1 - SPREAD * (at - matches[from]!.at) / width);
    if (dense > most + 1e-9) {
      most = dense;
      best = { first: originalOf(matches[from]!.at), last: originalOf(at + words[word >> 1]!.form.length) };
    }
  }
  return best;
}

/**
 * Where the words stand, in order; each counts as two: where it begins a word (even numbers), and where it stands within
 * one. What stands all over the text says little about where to look.
 */
function matchesIn(folded: string, words: PassageQuery["words"]) {
  const matches: { at: number; word: number }[] = [], weights: number[] = [];
  words.forEach(({ form, weight, anywhere }, i) => {
    let n = 0;
    for (
      let at = folded.indexOf(form);
      at >= 0 && n < MAX_OCCURRENCES;
      at = folded.indexOf(form, at + form.length), n++
    ) {
      const isInner = !anywhere && at > 0 && LETTER.test(folded[at - 1]!);
      if (!isInner || form.length >= SHORTEST_INNER) matches.push({ at, word: 2 * i + Number(isInner) });
    }
    const local = weight / (1 + Math.log(Math.max(1, n)));
    weights.push(local, local * INNER);
  });
  return { matches: matches.sort((a, b) => a.at - b.at), weights };
}

/** The beginning of the sentence that a match stands in, or of the word some way before it. */
function startOf(text: string, match: number): number {
  const least = Math.max(0, match - LEAD);
  for (let at = match; at > least; at--) {
    const before = text[at - 1]!;
    if (before === "\n" || (SENTENCE_ENDS.includes(before) && (before > "\u00ff" || /\s/.test(text[at]!)))) {
      return Math.min(match, skipBlank(text, at));
    }
  }
  return least === 0 ? 0 : afterBlank(text, least, match);
}

function skipBlank(text: string, at: number): number {
  while (at < text.length && /\s/.test(text[at]!)) at++;
  return at;
}

/** After the first blank between two places; the first place without one. */
function afterBlank(text: string, from: number, to: number): number {
  for (let at = from; at < to; at++) if (/\s/.test(text[at]!)) return at + 1;
  return from;
}

/** Before the last blank between two places; the last place without one. */
function beforeBlank(text: string, from: number, to: number): number {
  for (let at = to; at > from; at--) if (/\s/.test(text[at]!)) return at;
  return to;
}

/** A place that doesn't cut a character in two. */
function whole(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return at > 0 && at < text.length && code >= 0xdc00 && code <= 0xdfff ? at - 1 : at;
}
