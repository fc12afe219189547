/**
 * The terms that a text is indexed by.
 *
 * @module
 */

import { isStemmed } from "../memory/stemming.ts";
import { analyseText } from "../memory/text.ts";
import { turnFeatures } from "../memory/turn.ts";

/** In front of a term that says who speaks; no text has it in a word. */
const SPEAKER_MARK = "\u0001";
/** In front of a term that says by which language's endings a text was read. */
const LANGUAGE_MARK = "\u0003";
/** Stands in front of a text's terms where it has features; its count is their bits. */
export const FEATURES = "\u0002";

/** The term that marks texts whose speaker is named by `term`. */
export function speakerTerm(term: string): string {
  return `${SPEAKER_MARK}${term}`;
}

/** The term that marks texts whose words have the stems of a language besides English. */
export function languageTerm(language: string): string {
  return `${LANGUAGE_MARK}${language}`;
}

/**
 * How often each term occurs in a text, in order of first occurrence. What else the ranking needs stands among them, and
 * so needs no column of its own: the features first, and at the end the speaker's names and the language, which occur 0
 * times.
 */
export function indexTerms(content: string): Map<string, number> {
  const counts = new Map<string, number>();
  const { terms, language } = analyseText(content), { speaker, bits } = turnFeatures(content, terms.length);
  if (bits !== 0) counts.set(FEATURES, bits);
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
  for (const name of speaker) counts.set(speakerTerm(name), 0);
  if (isStemmed(language)) counts.set(languageTerm(language), 0);
  return counts;
}
