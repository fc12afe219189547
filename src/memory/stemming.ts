/**
 * Endings removed, by language: Porter's stemmer for English, Snowball's for the others.
 *
 * @module
 */

import { stemmer as dutch } from "@orama/stemmers/dutch";
import { stemmer as french } from "@orama/stemmers/french";
import { stemmer as german } from "@orama/stemmers/german";
import { stemmer as italian } from "@orama/stemmers/italian";
import { stemmer as portuguese } from "@orama/stemmers/portuguese";
import { stemmer as russian } from "@orama/stemmers/russian";
import { stemmer as spanish } from "@orama/stemmers/spanish";
import { stemmer as english } from "stemmer";
import { foldUnified } from "./fold.ts";

/** Stemmers that take lower case with its accents. */
const SNOWBALL = {
  de: german,
  fr: french,
  es: spanish,
  pt: portuguese,
  it: italian,
  nl: dutch,
  ru: russian,
} as const;

/** A language besides English whose words are stemmed. */
export type StemmedLanguage = keyof typeof SNOWBALL;

/** Languages in Latin letters whose words are stemmed, besides English. */
export const LATIN_STEMMED: readonly StemmedLanguage[] = ["de", "fr", "es", "pt", "it", "nl"];

export function isStemmed(language: string | null): language is StemmedLanguage {
  return language !== null && Object.hasOwn(SNOWBALL, language);
}

/** Stems at hand: a store's texts use few words over and over, and a look-up takes a tenth of the time. */
const STEMS_AT_HAND = 8192;
const ASCII_WORD = /^[a-z]+$/;
/** Endings that are typed without their accent, as the stemmer knows them. */
const UNACCENTED: Partial<Record<StemmedLanguage, readonly [RegExp, string]>> = {
  es: [/cion$/, "ción"],
  pt: [/cao$/, "ção"],
};
/** What Snowball leaves of the singular of `nueces` and `luces`. */
const SPANISH_Z = /z$/;
/** Articles and pronouns before an apostrophe. */
const ELISIONS: Partial<Record<string, RegExp>> = {
  fr: /^(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu|presqu|quelqu)['’](?=.)/u,
  it: /^(?:[cdlmnstv]|un|gl|all|dall|dell|nell|sull|coll|quell|quest|bell|sant|tutt|anch|com|dov|cos)['’](?=.)/u,
  ca: /^[dlmnst]['’](?=.)/u,
};

const ELIDED = /^(?:[cdjlmnstv]|\p{L}{2,7})['’]\p{L}{2}/iu;

const stems = new Map<string, Map<string, string>>();

/** A folded word without its English endings; one with digits, joiners or other letters stays as it is. */
export function stemEnglish(word: string): string {
  return ASCII_WORD.test(word) ? remembered("en", word, english) : word;
}

/**
 * The folded stem of a word.
 *
 * @param word In lower case, with its accents.
 */
export function stem(word: string, language: StemmedLanguage): string {
  return remembered(language, word, (word) => {
    const restored = UNACCENTED[language], whole = word.replaceAll("ё", "е");
    const stemmed = foldUnified(SNOWBALL[language](restored === undefined ? whole : whole.replace(...restored)));
    return language === "es" ? stemmed.replace(SPANISH_Z, "c") : stemmed;
  });
}

/** Whether a word begins like one with an article before an apostrophe, in any language that has such. */
export function isElided(word: string): boolean {
  return ELIDED.test(word);
}

/** A word without the article that is written together with it; null where it has none. */
export function withoutElision(word: string, language: string): string | null {
  const elision = ELISIONS[language];
  const rest = elision === undefined ? word : word.replace(elision, "");
  return rest === word ? null : rest;
}

function remembered(language: string, word: string, make: (word: string) => string): string {
  let known = stems.get(language);
  if (known === undefined) stems.set(language, known = new Map());
  let found = known.get(word);
  if (found === undefined) {
    found = make(word);
    // Emptied when full, which costs less than keeping an order.
    if (known.size >= STEMS_AT_HAND) known.clear();
    known.set(word, found);
  }
  return found;
}
