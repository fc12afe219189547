/**
 * Words, as the lexical half of search sees them.
 *
 * Everything is indexed and stop words are dropped from the query only, so that a query of nothing but
 * stop words still finds them. Measured on LoCoMo, R@10 of the whole ranking: no stemming 77.1, no stop
 * words 78.6, both 79.4; Porter's stemmer and Snowball's English one are equal.
 *
 * @module
 */

import { stemmer } from "stemmer";

/** Changes whenever a text gets other terms or features; stores re-analyse memories of another version. */
export const ANALYSER_VERSION = 3;

/** Scripts written without spaces between words; their runs are cut into bigrams. */
const UNSPACED = String.raw`[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Hang}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmr}\p{sc=Mymr}ー]`;
/** Letters, marks and digits of every other script. */
const LETTER = String.raw`[[\p{L}\p{M}\p{N}]--${UNSPACED}]`;
/** What joins the parts of an identifier, a path, a version, a compound word or a contraction. */
const JOINER = String.raw`[._\-\/:@#+&'’]`;

const TOKEN = new RegExp(`(${UNSPACED}+)|${LETTER}+(?:${JOINER}${LETTER}+)*(?:\\+\\+|#)?`, "gv");
const PART = new RegExp(`${LETTER}+`, "gv");
/** The same two for texts of ASCII alone, which most are, in a quarter of the time together with SIMPLE. */
const ASCII_TOKEN = /[A-Za-z0-9]+(?:[._\-\/:@#+&'][A-Za-z0-9]+)*(?:\+\+|#)?/g;
const ASCII_PART = /[A-Za-z0-9]+/g;
/** A token that has no parts. */
const SIMPLE = /^[A-Za-z0-9][a-z0-9]*$/;
const QUESTION_MARKS = "?？؟", CLOSING_QUOTES = "\"'”’)";
/** Thirty marks on one character, with more to come; two marks outside \p{M} become such when text is normalised. */
const MANY_MARKS = /[\p{M}\uff9e\uff9f]{30}(?=[\p{M}\uff9e\uff9f])/gu;
/** One ligature becomes 18 characters; no text of any language grows to four times its length. */
const MOST_GROWTH = 4;
const CAMEL = /(?<=\p{Ll})(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/u;
const ASCII_WORD = /^[a-z]+$/;
// deno-lint-ignore no-control-regex -- ASCII begins with them
const ASCII = /^[\x00-\x7f]*$/;
/** The Latin, Greek and Cyrillic accents; marks of other scripts carry vowels and stay. */
const ACCENTS = /[\u0300-\u036f]/g;
/** As long as a SHA-512 in hexadecimal; a longer blob in a memory is no word anyone searches for. */
const MAX_TOKEN_LENGTH = 128;

/** English function and question words, as they are after {@link fold} (no apostrophes). */
export const STOP_WORDS: ReadonlySet<string> = new Set(
  `a an and are as at be been being but by am is was were it its if in into no not of on or such that the
  their then there these they this to will with from about also any some than so just
  i me my you your yours we our us he his him she her hers them
  what which who whom whose when where why how do does did done has have had
  would could should can might must
  im ive youre youve theyre theyve weve hes shes isnt arent wasnt werent dont doesnt didnt hasnt havent
  hadnt cant couldnt wont wouldnt shouldnt whats whos wheres whens hows thats theres`.split(/\s+/),
);

/**
 * Compatibility forms unified (NFKC). Sorting a run of marks costs the square of its length, so longer runs are divided
 * by a combining grapheme joiner, as the Stream-Safe Text Format of UAX #15 has it; {@link fold} drops it with accents.
 */
function normalise(text: string): string {
  const unified = text.replace(MANY_MARKS, "$&\u034f").normalize("NFKC");
  const longest = MOST_GROWTH * text.length + 1000;
  return unified.length > longest ? unified.slice(0, longest) : unified;
}

/** Compatibility forms unified, accents and case removed: `Café` and `cafe` are one word. */
function fold(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase(); // most words, for a tenth of the time
  return text.normalize("NFKD").replace(ACCENTS, "").normalize("NFC").toLowerCase();
}

/** A word without its possessive `'s` and its apostrophes. */
function bare(word: string): string {
  if (!/['’]/.test(word)) return word;
  return word.replace(/['’]s$/, "").replace(/['’]/g, "");
}

/** English endings removed; words with digits, joiners or non-ASCII letters are left as they are. */
function stem(word: string): string {
  return ASCII_WORD.test(word) ? stemmer(word) : word;
}

/**
 * Unstemmed words in order: a compound first, whole, then its parts (`parse_config` → `parse_config`,
 * `parse`, `config`; `sharedStorage` → `sharedstorage`, `shared`, `storage`), so that an identifier is found
 * by exact words and by its parts.
 */
function tokens(text: string, singles: boolean): string[] {
  const found: string[] = [], isAscii = ASCII.test(text);
  for (const [token, unspaced] of (isAscii ? text : normalise(text)).matchAll(isAscii ? ASCII_TOKEN : TOKEN)) {
    if (token.length > MAX_TOKEN_LENGTH) continue;
    if (SIMPLE.test(token)) {
      found.push(token.toLowerCase());
      continue;
    }
    if (unspaced !== undefined) {
      const characters = [...fold(unspaced)];
      if (singles || characters.length === 1) found.push(...characters);
      for (let i = 1; i < characters.length; i++) found.push(`${characters[i - 1]}${characters[i]}`);
      continue;
    }
    const whole = bare(fold(token));
    found.push(whole);
    const parts = token.replace(/['’](?:s$)?/giu, "").match(isAscii ? ASCII_PART : PART) ?? [];
    const pieces = parts.flatMap((part) => part.split(CAMEL));
    if (pieces.length > 1) found.push(...pieces.map(fold));
    else if (pieces[0] !== undefined && fold(pieces[0]) !== whole) found.push(fold(pieces[0]));
  }
  return found;
}

/** The terms of a memory, in order and with repeats. */
export function analyse(text: string): string[] {
  return tokens(text, true).map(stem);
}

/** The distinct terms of a query: without stop words, unless that leaves nothing. */
export function analyseQuery(query: string): string[] {
  const all = tokens(query, false);
  const telling = all.filter((word) => !STOP_WORDS.has(word));
  return [...new Set((telling.length > 0 ? telling : all).map(stem))];
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
