/**
 * Text analysis for word search: from text to index terms. Documents and queries go through the same steps, so that
 * their terms meet.
 *
 * @module
 */

import { stemmer } from "stemmer";

/** Changes whenever `analyse` gives other terms for some text; stores re-analyse memories of another version. */
export const ANALYSER_VERSION = 1;

/** A query term and its share in the score; 1 is an ordinary word. */
export interface QueryTerm {
  term: string;
  weight: number;
}

/** English words that carry no topic; only queries drop them. */
const STOP_WORDS = new Set(
  ("a about after again all also am an and any are as at be because been before being but by can could did do does doing " +
    "down for from further had has have having he her here hers him his how i if in into is it its just me more most my no " +
    "nor not of off on once only or other our out over own s same she should so some such t than that the their them then " +
    "there these they this those through to too under until up very was we were what when where which while who whom why " +
    "will with would you your").split(" "),
);

/** Words, and identifiers joined by punctuation such as `ERR_CONN_RESET`, `foo.bar` or `v1.2.3`. */
const WORDS = /[\p{L}\p{N}\p{M}]+(?:['’._:/@\\-]+[\p{L}\p{N}\p{M}]+)*/gu;
const JOINED = /['’._:/@\\-]/;
const MARKS = /\p{M}+/gu;
const CJK = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;
const CJK_RUNS =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}ー]+|[^\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}ー]+/gu;
// deno-lint-ignore no-control-regex -- the range is ASCII
const ASCII = /^[\x00-\x7f]*$/;
/** Longer runs are hashes or encoded data: kept, but cut, so that a term stays small. */
const LONGEST_TERM = 64;

/** Index terms of a memory's content, one for each occurrence, in order. */
export function analyse(text: string): string[] {
  const terms: string[] = [];
  for (const word of wordsOf(text)) addTerms(word, terms);
  return terms;
}

/** Terms of a search query, each once. Stop words are dropped unless nothing else is left. */
export function analyseQuery(text: string): QueryTerm[] {
  const words = wordsOf(text);
  const telling = words.filter((word) => !STOP_WORDS.has(word));
  const terms: string[] = [];
  for (const word of telling.length > 0 ? telling : words) addTerms(word, terms);
  return [...new Set(terms)].map((term) => ({ term, weight: 1 }));
}

function wordsOf(text: string): string[] {
  const folded = ASCII.test(text)
    ? text.toLowerCase()
    : text.normalize("NFKD").replace(MARKS, "").normalize("NFC").toLowerCase();
  return folded.match(WORDS) ?? [];
}

/** A word's terms: its stem; of an identifier the whole and the parts; of CJK text all pairs of characters. */
function addTerms(word: string, terms: string[]): void {
  if (!JOINED.test(word)) return addPart(word, terms);
  const plain = word.replace(/['’]s$/, "").replace(/['’]/g, "");
  if (!JOINED.test(plain)) return addPart(plain, terms);
  terms.push(plain.slice(0, LONGEST_TERM));
  for (const part of plain.split(/[._:/@\\-]+/)) if (part !== "") addPart(part, terms);
}

function addPart(part: string, terms: string[]): void {
  if (!CJK.test(part)) {
    terms.push(stemmer(part.slice(0, LONGEST_TERM)));
    return;
  }
  for (const run of part.match(CJK_RUNS) ?? []) {
    if (!CJK.test(run)) {
      terms.push(stemmer(run.slice(0, LONGEST_TERM)));
      continue;
    }
    const characters = [...run];
    if (characters.length === 1) terms.push(run);
    for (let i = 1; i < characters.length; i++) terms.push(`${characters[i - 1]}${characters[i]}`);
  }
}
