/**
 * The language of a text: by its script, and where many languages share one, by function words and letters.
 *
 * Function words are evidence enough from a sentence on, cost one look-up a word, and come with the stop words that
 * searches need anyway. What was weighed against it is in `bench/languages/README.md`.
 *
 * @module
 */

import { fold } from "./fold.ts";
import { functionWords, LISTED, type ListedLanguage, TELLING_WORDS } from "./function_words.ts";

/** Characters of a text that are looked at. */
const SAMPLE = 2000;
/** Share of the letters that a script must have to be the text's. */
const MOST_LETTERS = 0.5;
/** Share of kana among the characters of a text that is Japanese: names of its people and places are of Han alone. */
const KANA_SHARE = 0.1;

/** Scripts by the ends of their ranges of UTF-16 units. What isn't listed counts as no letter. */
const RANGES: readonly (readonly [end: number, script: string])[] = [
  [0x40, ""],
  [0x5a, "latin"],
  [0x60, ""],
  [0x7a, "latin"],
  [0xbf, ""],
  [0x24f, "latin"],
  [0x36f, ""],
  [0x3ff, "el"],
  [0x52f, "cyrillic"],
  [0x58f, "hy"],
  [0x590, ""],
  [0x5ff, "he"],
  [0x6ff, "arabic"],
  [0x8ff, ""],
  [0x97f, "hi"],
  [0x9ff, "bn"],
  [0xa7f, "pa"],
  [0xaff, "gu"],
  [0xb7f, "or"],
  [0xbff, "ta"],
  [0xc7f, "te"],
  [0xcff, "kn"],
  [0xd7f, "ml"],
  [0xdff, "si"],
  [0xe7f, "th"],
  [0xeff, "lo"],
  [0xfff, "bo"],
  [0x109f, "my"],
  [0x10ff, "ka"],
  [0x11ff, "ko"],
  [0x137f, "am"],
  [0x177f, ""],
  [0x17ff, "km"],
  [0x1dff, ""],
  [0x1eff, "latin"],
  [0x1fff, "el"],
  [0x303f, ""],
  [0x30ff, "kana"],
  [0x33ff, ""],
  [0x9fff, "han"],
  [0xabff, ""],
  [0xd7a3, "ko"],
  [0xf8ff, ""],
  [0xfaff, "han"],
  [0xffff, ""],
];
const SCRIPTS = [...new Set(RANGES.map(([, script]) => script))];
const NONE = SCRIPTS.indexOf(""), LATIN = SCRIPTS.indexOf("latin");

/** Number of the script of each UTF-16 unit, made when it is first needed. */
let scriptOf: Uint8Array | undefined;

function scripts(): Uint8Array {
  if (scriptOf !== undefined) return scriptOf;
  const table = new Uint8Array(0x10000);
  let from = 0;
  for (const [end, script] of RANGES) {
    table.fill(SCRIPTS.indexOf(script), from, end + 1);
    from = end + 1;
  }
  return scriptOf = table;
}

/** Letters beside those of English that each language writes, in lower case. */
const LETTERS: Partial<Record<ListedLanguage, string>> = {
  de: "äöüß",
  fr: "àâçéèêëîïôœùûü",
  es: "áéíñóúü¿¡",
  pt: "áâãàçéêíóôõú",
  it: "àèéìòù",
  nl: "éëïöü",
  tr: "çğıöşüâ",
  pl: "ąćęłńóśźż",
  sv: "åäöé",
  da: "åæøé",
  no: "åæøé",
  fi: "äö",
  cs: "áčďéěíňóřšťúůýž",
  hu: "áéíóöőúüű",
  ro: "ăâîșțşţ",
  id: "",
  vi: "àáâãèéêìíòóôõùúýăđĩũơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ",
  ca: "àçéèíïóòúü",
  hr: "čćđšž",
};
/** What a letter counts for the languages that write it, all of them together, and at most for one; a word counts 1. */
const LETTER_WEIGHT = 2, MOST_OF_LETTER = 1.5;
/** What it counts against the others. English has none against it: such letters are those of names. */
const OTHER_LETTER = -0.4;
/** Letters that tell Ukrainian and Russian, and words of Bulgarian, which has none of its own. */
const UKRAINIAN = /[іїєґ]/i, RUSSIAN = /[ыэё]/i;
const BULGARIAN = /(?<!\p{L})(?:се|ще|като|това|който|която|със|беше|са)(?!\p{L})/iu;
/** Letters of Cyrillic that none of the three has. */
const OTHER_CYRILLIC = /[ђћџљњјѓќѕўқғүұңөәҳӯҷӣ]/i;
/** Letters of Persian and Urdu that Arabic lacks. */
const PERSIAN = /[پچژگ]/, URDU = /[ٹڈڑے]/;

const WORD = /[\p{L}\p{M}]+(?:['’][\p{L}\p{M}]+)*/gu;

/** Languages whose words are mostly those of a neighbour that far more people write, and what such a word counts. */
const RARE: ReadonlySet<ListedLanguage> = new Set<ListedLanguage>(["ca", "hr"]), RARE_WEIGHT = 0.8;

const CYRILLIC: ReadonlySet<ListedLanguage> = new Set<ListedLanguage>(["ru", "uk"]);

/** What stands before an apostrophe in a text of these languages. */
const ELIDED: ReadonlyMap<string, readonly (readonly [ListedLanguage, number])[]> = new Map<
  string,
  readonly (readonly [ListedLanguage, number])[]
>([
  ..."c j qu jusqu lorsqu puisqu quelqu".split(" ").map((word) =>
    [word, [["fr", 1]]] as [string, [ListedLanguage, number][]]
  ),
  ..."d l m n s t".split(" ").map((word) =>
    [word, [["fr", 0.9], ["it", 0.5], ["ca", 0.2]]] as [string, [ListedLanguage, number][]]
  ),
  ..."un all dall dell nell sull quell quest".split(" ").map((word) =>
    [word, [["it", 1]]] as [string, [ListedLanguage, number][]]
  ),
]);

/** Evidence by word or letter: pairs of a language's place in `LISTED` and a weight. */
type Hints = Map<string, readonly (readonly [language: number, weight: number])[]>;
let wordHints: Hints | undefined, letterHints: Hints | undefined;

function hints(): { words: Hints; letters: Hints } {
  if (wordHints !== undefined && letterHints !== undefined) return { words: wordHints, letters: letterHints };
  const words = new Map<string, [number, number][]>(), letters = new Map<string, [number, number][]>();
  LISTED.forEach((language, place) => {
    // One letter is an initial or an item of a list more often than a word.
    const telling = (TELLING_WORDS[language] ?? "").split(" ").filter(Boolean).map(fold);
    for (const word of [...functionWords(language), ...telling]) {
      const weight = (word.length === 1 ? 0.3 : 1) * (RARE.has(language) ? RARE_WEIGHT : 1);
      words.getOrInsertComputed(word, () => []).push([place, weight]);
    }
  });
  const alphabets = LISTED.map((language) => new Set(LETTERS[language]));
  for (const letter of new Set(Object.values(LETTERS).join(""))) {
    const writing = alphabets.filter((letters) => letters.has(letter)).length;
    const weight = Math.min(MOST_OF_LETTER, LETTER_WEIGHT / writing);
    letters.set(
      letter,
      LISTED.flatMap((language, place): [number, number][] =>
        language === "en" ? [] : [[place, alphabets[place]!.has(letter) ? weight : OTHER_LETTER]]
      ),
    );
  }
  wordHints = words;
  letterHints = letters;
  return { words, letters };
}

/** Words by which a text's language shows, gathered while it is analysed. */
export class LanguageEvidence {
  readonly #scores = new Float64Array(LISTED.length);
  readonly #hints = hints();
  /** Words seen. */
  #words = 0;

  /**
   * @param word In lower case, with its apostrophes.
   * @param folded The same folded, without apostrophes.
   */
  add(word: string, folded: string): void {
    this.#words++;
    this.#count(folded);
    if (word === folded) return; // as most words are
    const at = word.search(/['’]/);
    if (at < 0) return;
    const elided = ELIDED.get(word.slice(0, at)), rest = word.slice(at + 1);
    if (elided === undefined || rest.length < 2) return;
    for (const [language, weight] of elided) this.#scores[LISTED.indexOf(language)]! += weight;
    this.#count(fold(rest));
  }

  /** Takes the letters of a text that some languages write and others don't, in lower case; each counts up to twice. */
  addLetters(text: string): void {
    const counts = new Map<string, number>();
    for (let at = 0; at < text.length; at++) {
      if (text.charCodeAt(at) < 0x80) continue;
      const letter = text[at]!, found = this.#hints.letters.get(letter);
      if (found === undefined) continue;
      const count = counts.get(letter) ?? 0;
      if (count >= 2) continue;
      counts.set(letter, count + 1);
      for (const [language, weight] of found) this.#scores[language]! += weight;
    }
  }

  #count(word: string): void {
    const found = this.#hints.words.get(word);
    if (found === undefined) return;
    for (let i = 0; i < found.length; i++) {
      const hint = found[i]!;
      this.#scores[hint[0]]! += hint[1];
    }
  }

  /** Whether a function word of a language was among them. */
  has(language: ListedLanguage): boolean {
    return this.#scores[LISTED.indexOf(language)]! > 0;
  }

  /**
   * The language that most speaks for, null where that is little or two are close. English needs little: where nothing
   * speaks for another language, a text of plain letters is English most often.
   */
  best(): ListedLanguage | null {
    let best = -1, most = 0, second = 0;
    for (let place = 0; place < LISTED.length; place++) {
      if (CYRILLIC.has(LISTED[place]!)) continue;
      const score = this.#scores[place]!;
      if (score > most) {
        second = most;
        most = score;
        best = place;
      } else if (score > second) second = score;
    }
    if (best < 0) return null;
    // A short text has one function word, a long one of another language may have a few by chance.
    const least = this.#words <= 4 ? 1 : this.#words <= 40 ? 1.5 : this.#words * 0.04;
    return most >= least && most - second >= Math.max(0.4, most * 0.08) ? LISTED[best]! : null;
  }
}

/** The language of a text that isn't of Latin or Cyrillic letters; `latin` or `cyrillic` for one that is; null without letters. */
export function scriptLanguage(text: string): string | null {
  const table = scripts(), counts = new Uint32Array(SCRIPTS.length), end = Math.min(text.length, SAMPLE);
  for (let at = 0; at < end; at++) counts[table[text.charCodeAt(at)]!]!++;
  counts[NONE] = 0;
  // What one Han character or kana says takes several letters.
  const han = SCRIPTS.indexOf("han"), kana = SCRIPTS.indexOf("kana");
  counts[han]! *= 3;
  counts[kana]! *= 2;
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  const cj = counts[han]! + counts[kana]!;
  if (cj > total * MOST_LETTERS) return counts[kana]! >= cj * KANA_SHARE ? "ja" : "zh";
  const most = counts.indexOf(Math.max(...counts));
  if (counts[most]! <= total * MOST_LETTERS) return counts[LATIN]! > 0 ? "latin" : null;
  if (SCRIPTS[most] !== "arabic") return SCRIPTS[most]!;
  const sample = text.slice(0, SAMPLE);
  if (URDU.test(sample)) return "ur";
  return PERSIAN.test(sample) ? "fa" : "ar";
}

/**
 * The language of a text as an ISO 639-1 code; null where it is unclear, as for a name, a number or a few words that
 * several languages share. Looks at the beginning of a long text.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(languageOf("Die Rechnung wurde im März bezahlt"), "de");
 * assertEquals(languageOf("Kubernetes 1.31"), null);
 * ```
 */
export function languageOf(text: string): string | null {
  const sample = text.slice(0, SAMPLE), script = scriptLanguage(sample);
  if (script !== "latin" && script !== "cyrillic") return script;
  const evidence = new LanguageEvidence();
  for (const [word] of sample.matchAll(WORD)) evidence.add(word.toLowerCase(), fold(word).replace(/['’]/g, ""));
  return letteredLanguage(evidence, sample, script === "cyrillic");
}

/** What the evidence of a text's words and its letters come to. */
export function letteredLanguage(evidence: LanguageEvidence, text: string, cyrillic: boolean): string | null {
  const sample = text.slice(0, SAMPLE);
  if (cyrillic) return cyrillicLanguage(evidence, sample.normalize("NFC"));
  evidence.addLetters(sample.toLowerCase().normalize("NFC"));
  return evidence.best();
}

function cyrillicLanguage(evidence: LanguageEvidence, sample: string): string | null {
  if (OTHER_CYRILLIC.test(sample)) return null;
  if (UKRAINIAN.test(sample)) return "uk";
  if (RUSSIAN.test(sample)) return "ru";
  if (BULGARIAN.test(sample)) return "bg";
  return evidence.has("ru") ? "ru" : null;
}
