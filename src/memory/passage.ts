/**
 * The passage of a long text that a search matched.
 *
 * @module
 */

import { foldWithOffsets } from "./fold.ts";
import { analyseQuery } from "./text.ts";

/** A stretch of a text, in UTF-16 units: `text.slice(start, end)`. */
export interface Passage {
  start: number;
  end: number;
}

/** Characters of a passage, at most. */
export const PASSAGE = 240;
/** Words of a query that are looked for, and occurrences of each. */
const MAX_WORDS = 32, MAX_OCCURRENCES = 5000;
/** Characters before the first match that may come along to begin with a sentence. */
const LEAD = 120;
/** Words that may stand in a text with another ending. */
const ENDING = /^[\p{sc=Latn}\p{sc=Cyrl}\p{sc=Grek}]+$/u;
const SENTENCE_ENDS = ".!?…。！？；\n";

/** A query's words as they are looked for, folded, each with what it weighs. */
export interface PassageQuery {
  words: { form: string; weight: number }[];
}

/**
 * The words of a query that passages are chosen by: without stop words, and long ones without their endings.
 *
 * @param weightOf What a word weighs, ≥ 0; the rarer, the more.
 */
export function passageQuery(query: string, weightOf: (word: string) => number = () => 1): PassageQuery {
  const words = analyseQuery(query).slice(0, MAX_WORDS).map(({ word }) => {
    const isLong = word.length > 5 && ENDING.test(word);
    return { form: isLong ? word.slice(0, -2) : word, weight: weightOf(word) };
  });
  return { words };
}

/**
 * The stretch of at most `length` characters that holds most of the query's words, by weight and each counted once; it
 * begins with a sentence where one begins shortly before. The beginning of the text where no word occurs; all of a text
 * that is no longer.
 */
export function passageOf(text: string, { words }: PassageQuery, length = PASSAGE): Passage {
  if (text.length <= length) return { start: 0, end: text.length };
  const { first, last } = bestWindow(text, words, Math.floor(length * 0.8));
  let start = Math.max(0, startOf(text, first), last - length);
  let end = Math.min(text.length, start + length);
  if (end === text.length) start = Math.min(start, Math.max(0, text.length - length));
  if (start > 0 && start === last - length) start = afterBlank(text, start, first);
  if (end < text.length) end = beforeBlank(text, Math.max(last, start + 1), end);
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

/** Where the lightest window of `width` that holds most weight has its first match and its last one ends. */
function bestWindow(text: string, words: PassageQuery["words"], width: number): { first: number; last: number } {
  const { folded, originalOf } = foldWithOffsets(text);
  const matches: { at: number; end: number; word: number }[] = [];
  words.forEach(({ form }, word) => {
    let n = 0;
    for (
      let at = folded.indexOf(form);
      at >= 0 && n < MAX_OCCURRENCES;
      at = folded.indexOf(form, at + form.length), n++
    ) {
      matches.push({ at: originalOf(at), end: originalOf(at + form.length), word });
    }
  });
  matches.sort((a, b) => a.at - b.at);
  const counts = new Uint32Array(words.length);
  let weight = 0, most = 0, from = 0, best = { first: 0, last: 0 };
  for (const { at, end, word } of matches) {
    if (counts[word]!++ === 0) weight += words[word]!.weight;
    for (; at - matches[from]!.at > width; from++) {
      if (--counts[matches[from]!.word]! === 0) weight -= words[matches[from]!.word]!.weight;
    }
    if (weight > most + 1e-9) {
      most = weight;
      best = { first: matches[from]!.at, last: end };
    }
  }
  return best;
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
