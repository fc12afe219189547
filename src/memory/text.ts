/**
 * Words, as the lexical half of search sees them.
 *
 * A text's words are indexed under their stems in the text's language, and under themselves too where that language isn't
 * English, so that a name, a word quoted in another language, and a text whose language was mistaken are found all the
 * same. A query asks for each word in all the forms that it may be indexed under. `docs/search.md` explains it to users.
 *
 * Everything is indexed and stop words are dropped from the query only, so that a query of nothing but
 * stop words still finds them. Measured on LoCoMo, R@10 of the whole ranking: no stemming 77.1, no stop
 * words 78.6, both 79.4; Porter's stemmer and Snowball's English one are equal.
 *
 * @module
 */

import { foldUnified, isAscii, unify } from "./fold.ts";
import { functionWords, isListed } from "./function_words.ts";
import { LanguageEvidence, letteredLanguage, scriptLanguage } from "./language.ts";
import { isElided, isStemmed, stem, stemEnglish, type StemmedLanguage, withoutElision } from "./stemming.ts";
import { isUnspacedTerm, UNSPACED, UNSPACED_PHRASES, unspacedTerms } from "./unspaced.ts";

/** Changes whenever a text gets other terms or features; stores re-analyse memories of another version. */
export const ANALYSER_VERSION = 4;

/** Letters, marks and digits of scripts that write spaces between words. */
const LETTER = String.raw`[[\p{L}\p{M}\p{N}]--${UNSPACED}]`;
/** What joins the parts of an identifier, a path, a version, a compound word or a contraction. */
const JOINER = String.raw`[._\-\/:@#+&'’]`;
/** Flags, keycaps, emoji and other symbols; those of ASCII are notation, and lines of tables and blocks ornament. */
const SYMBOL = String
  .raw`\p{RI}\p{RI}|[#*]\u20e3|[[\p{So}\p{Sm}\p{Sc}\p{Extended_Pictographic}]--[\x00-\x7f\u2044\u2500-\u259f\ufffc\ufffd]]`;

const TOKEN = new RegExp(`${LETTER}+(?:${JOINER}${LETTER}+)*(?:\\+\\+|#)?|(${UNSPACED_PHRASES})|(${SYMBOL})`, "gv");
const PART = new RegExp(`${LETTER}+(?:['’]${LETTER}+)*`, "gv");
/** The same two for texts of ASCII alone, which most are, in a quarter of the time together with SIMPLE. */
const ASCII_TOKEN = /[A-Za-z0-9]+(?:[._\-\/:@#+&'][A-Za-z0-9]+)*(?:\+\+|#)?/g;
const ASCII_PART = /[A-Za-z0-9]+(?:'[A-Za-z0-9]+)*/g;
/** A token that has no parts. */
const SIMPLE = /^[A-Za-z0-9][a-z0-9]*$/;
const APOSTROPHE = /['’]/;
const QUESTION_MARKS = "?？؟", CLOSING_QUOTES = "\"'”’)";
const CAMEL = /(?<=\p{Ll})(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/u;
/** What folded words of Latin and of Cyrillic letters consist of. */
const LATIN_WORD = /^[a-z]+$/, CYRILLIC_WORD = /^[\u0400-\u052f]+$/;
/** As long as a SHA-512 in hexadecimal; a longer word in a memory is none that anyone searches for. */
const MAX_WORD_LENGTH = 128;
/** Words of a text that are indexed: ten times what a text has that is stored whole. */
const MAX_WORDS = 200_000;
/** Languages in Cyrillic letters that aren't stemmed; what is unclear is Russian most often. */
const NOT_RUSSIAN: ReadonlySet<string | null> = new Set(["uk", "bg"]);
/** Words of a text from which its language is determined. */
const LANGUAGE_SAMPLE = 300;

/** A word without its possessive `'s` and its apostrophes. */
function withoutMarks(word: string): string {
  if (!APOSTROPHE.test(word)) return word;
  return word.replace(/['’]s$/, "").replace(/['’]/g, "");
}

/**
 * Words in lower case and in order: a compound first, whole, then its parts (`parse_config` → `parse_config`,
 * `parse`, `config`; `sharedStorage` → `sharedstorage`, `shared`, `storage`), so that an identifier is found
 * by exact words and by its parts. Of a compound that is too long, what stands between its slashes counts as one.
 */
function words(text: string, singles: boolean): string[] {
  const found: string[] = [], ascii = isAscii(text);
  for (const [token, unspaced, symbol] of (ascii ? text : unify(text)).matchAll(ascii ? ASCII_TOKEN : TOKEN)) {
    if (found.length > MAX_WORDS) break;
    if (SIMPLE.test(token)) {
      if (token.length <= MAX_WORD_LENGTH) found.push(token.toLowerCase());
    } else if (symbol !== undefined) {
      // A row of the same ones says no more than one.
      if (found.at(-1) !== symbol) found.push(symbol);
    } else if (unspaced !== undefined) unspacedTerms(unspaced, singles, foldUnified, found);
    else if (token.length <= MAX_WORD_LENGTH) compound(token, ascii, found);
    else {
      for (const segment of token.split("/")) {
        if (segment.length <= MAX_WORD_LENGTH) compound(segment, ascii, found);
        else parts(segment, ascii, found);
      }
    }
  }
  return found;
}

/** A token whole, and its parts where it has some. */
function compound(token: string, ascii: boolean, found: string[]): void {
  const whole = token.toLowerCase();
  if (whole === "") return;
  found.push(whole);
  const at = found.length;
  parts(token, ascii, found);
  if (found.length === at + 1 && withoutMarks(found[at]!) === withoutMarks(whole)) found.pop();
}

function parts(token: string, ascii: boolean, found: string[]): void {
  for (const part of token.match(ascii ? ASCII_PART : PART) ?? []) {
    const pieces = part.replace(/['’](?:s$)?/giu, "").split(CAMEL);
    // What an article stands before is a word of its own, where the language turns out to have such articles.
    if (pieces.length === 1 && isElided(part)) pieces[0] = part;
    for (const piece of pieces) if (piece.length <= MAX_WORD_LENGTH && piece !== "") found.push(piece.toLowerCase());
  }
}

/** A text's words and what is known of its language. */
interface Read {
  words: string[];
  /** The same folded and without apostrophes. */
  folded: string[];
  /** ISO 639-1 code; null where it is unclear. */
  language: string | null;
}

function read(text: string, singles: boolean): Read {
  const ascii = isAscii(text), found = words(text, singles);
  const folded = found.map((word) =>
    ascii ? withoutMarks(word) : isUnspacedTerm(word) ? word : foldUnified(withoutMarks(word))
  );
  const script = ascii ? "latin" : scriptLanguage(text);
  if (script !== "latin" && script !== "cyrillic") return { words: found, folded, language: script };
  const evidence = new LanguageEvidence(), end = Math.min(found.length, LANGUAGE_SAMPLE);
  for (let i = 0; i < end; i++) evidence.add(found[i]!, folded[i]!);
  const language = ascii ? evidence.best() : letteredLanguage(evidence, text, script === "cyrillic");
  return { words: found, folded, language };
}

/** A text as it is indexed. */
export interface Analysis {
  /** In order and with repeats. */
  terms: string[];
  /** ISO 639-1 code; null where it is unclear. */
  language: string | null;
}

/** The terms of a memory, and its language. */
export function analyseText(text: string): Analysis {
  const { words, folded, language } = read(text, true), terms: string[] = [];
  const latin = stemmerOf(language), cyrillic = !NOT_RUSSIAN.has(language);
  for (let i = 0; i < words.length; i++) {
    const own = folded[i]!;
    if (isUnspacedTerm(own)) terms.push(own);
    else if (latin === "en" && LATIN_WORD.test(own)) terms.push(stemEnglish(own));
    else if (latin !== null && latin !== "en" && (LATIN_WORD.test(own) || APOSTROPHE.test(words[i]!))) {
      pushForms(words[i]!, own, latin, terms);
    } else if (cyrillic && CYRILLIC_WORD.test(own)) pushForms(words[i]!, own, "ru", terms);
    else if (own !== "") terms.push(own);
  }
  return { terms, language };
}

/** The terms of a memory, in order and with repeats. */
export function analyse(text: string): string[] {
  return analyseText(text).terms;
}

/**
 * The language whose stemmer reads a text's words in Latin letters; null for none. Where it is unclear that is English,
 * and in texts of other scripts too: those words are mostly names and terms of technology.
 */
function stemmerOf(language: string | null): "en" | StemmedLanguage | null {
  if (!isListed(language)) return "en";
  if (language === "en" || language === "ru" || NOT_RUSSIAN.has(language)) return "en";
  return isStemmed(language) ? language : null;
}

/** A word's stem, and the word itself where that is another. */
function pushForms(word: string, own: string, language: StemmedLanguage, found: string[]): void {
  const rest = withoutElision(word, language), whole = rest === null ? own : foldUnified(withoutMarks(rest));
  const stemmed = stem(withoutMarks(rest ?? word), language);
  if (stemmed !== "") found.push(stemmed);
  if (whole !== stemmed && whole !== "") found.push(whole);
}

/** A word of a query, with the terms that stand for it in texts of the languages it may be in. */
export interface QueryTerm {
  /** Folded. */
  word: string;
  forms: readonly string[];
}

/** A query as it was read, before it is known what languages the store holds. */
export interface ReadQuery {
  words: { word: string; folded: string }[];
  /** ISO 639-1 code; null where it is unclear. */
  language: string | null;
}

/** The distinct words of a query: without stop words of its language, unless that leaves nothing. */
export function readQuery(query: string): ReadQuery {
  const { words, folded, language } = read(query, false), distinct = new Map<string, string>();
  folded.forEach((own, i) => own === "" || distinct.has(own) || distinct.set(own, words[i]!));
  const all = Array.from(distinct, ([folded, word]) => ({ word, folded }));
  const stops = functionWords(isListed(language) ? language : "en");
  const telling = all.filter(({ word, folded }) => {
    const rest = language === null ? null : withoutElision(word, language);
    return !stops.has(folded) && (rest === null || !stops.has(foldUnified(withoutMarks(rest))));
  });
  return { words: telling.length > 0 ? telling : all, language };
}

/**
 * The words of a query with the terms that stand for each.
 *
 * @param languages Languages that texts of the store are stemmed by; they count where the query's own is unclear.
 */
export function queryTerms({ words, language }: ReadQuery, languages: readonly StemmedLanguage[] = []): QueryTerm[] {
  const own = isStemmed(language) ? [language] : language === null ? languages : [];
  return words.map(({ word, folded }): QueryTerm => {
    const forms = new Set<string>();
    // In the order of how many texts have such a form: most are English, or too short to tell.
    if (LATIN_WORD.test(folded)) forms.add(stemEnglish(folded));
    const found: string[] = [];
    if (CYRILLIC_WORD.test(folded)) { if (!NOT_RUSSIAN.has(language)) pushForms(word, folded, "ru", found); }
    else if (LATIN_WORD.test(folded) || APOSTROPHE.test(word)) {
      for (const language of own) pushForms(word, folded, language, found);
    }
    for (const form of found) forms.add(form);
    forms.add(folded);
    return { word: folded, forms: [...forms] };
  });
}

/** The words of a query, where no store is asked. */
export function analyseQuery(query: string): QueryTerm[] {
  return queryTerms(readQuery(query));
}

/** Does a turn end by asking? A closing bracket (`[shares a photo: …]`) isn't part of what is said. */
export function asks(text: string): boolean {
  // Read from the end: a pattern for it would try every blank and every bracket of a long text as its start.
  let said = text.trimEnd();
  if (said.endsWith("]")) {
    const open = said.indexOf("[", said.lastIndexOf("]", said.length - 2) + 1);
    if (open !== -1) said = said.slice(0, open).trimEnd();
  }
  let last = said.length - 1;
  while (last >= 0 && CLOSING_QUOTES.includes(said[last]!)) last--;
  return last >= 0 && QUESTION_MARKS.includes(said[last]!);
}
