/**
 * The one form in which words, tags, types and verbatim text are compared: compatibility forms unified (NFKC), case and
 * optional marks removed, so that `Café`, `CAFE` and a decomposed `café` are one word, and `Straße` and `STRASSE` too.
 *
 * Which marks are optional depends on the script. Accents of Latin and Greek letters go, and those of Cyrillic ones but
 * for the letters й, ў and ї; so do the vowel points of Hebrew and Arabic, which are mostly left out in writing. Vowel
 * signs of Indic scripts, Thai and others are letters in all but name and stay.
 *
 * @module
 */

// deno-lint-ignore no-control-regex -- ASCII begins with them
const ASCII = /^[\x00-\x7f]*$/;
/** Marks that may follow each other on one character. */
const LONGEST_RUN = 30;
/** So many marks on one character, with more to come; two marks outside \p{M} become such when text is normalised. */
const MANY_MARKS = new RegExp(`[\\p{M}\\uff9e\\uff9f]{${LONGEST_RUN}}(?=[\\p{M}\\uff9e\\uff9f])`, "gu");
/** One ligature becomes 18 characters; no text of any language grows to four times its length. */
const MOST_GROWTH = 4;
/**
 * Marks that are dropped, in decomposed text: accents but the breve of й and ў and the dots of ї, points of Hebrew and
 * Arabic with hamza and madda on an alef, and the Arabic tatweel.
 */
const DROPPED = new RegExp(
  [
    String.raw`[\u0300-\u0305\u0307\u0309-\u036f]`,
    // Marks of lower classes stand before the breve, the dots and the hamza once text is decomposed.
    String.raw`(?<![иИуУ]\p{M}{0,${LONGEST_RUN}})\u0306`,
    String.raw`(?<![іІ]\p{M}{0,${LONGEST_RUN}})\u0308`,
    String.raw`[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7]`,
    String
      .raw`[\u0610-\u061a\u0640\u064b-\u0652\u0656-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed]`,
    String.raw`(?<=\u0627\p{M}{0,${LONGEST_RUN}})[\u0653-\u0655]`,
  ].join("|"),
  "gu",
);
/** Joiners, soft hyphens, variation selectors and skin tones: nothing of what they stand beside depends on them. */
const HIDDEN =
  /[\u00ad\u061c\u180b-\u180f\u200c-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\u{1f3fb}-\u{1f3ff}\u{e0000}-\u{e0fff}]/gu;
/**
 * Letters that stand for others, once in lower case: what full case folding unifies (ß, final sigma) and the Turkish
 * dotless i; Latin letters with strokes and ligatures as they are typed without them; forms of Arabic letters that
 * keyboards of several languages have.
 */
const LETTERS: Readonly<Record<string, string>> = {
  ß: "ss",
  ς: "σ",
  ı: "i",
  æ: "ae",
  œ: "oe",
  ø: "o",
  ł: "l",
  đ: "d",
  "\u0671": "\u0627",
  "\u0649": "\u064a",
  "\u06cc": "\u064a",
  "\u06a9": "\u0643",
};
const REPLACED = new RegExp(`[${Object.keys(LETTERS).join("")}]`, "gu");
/** Thai and Lao am, which NFKC takes apart and nothing puts together again. */
const AM = /[\u0e4d\u0ecd][\u0e32\u0eb2]/g;

/** Characters that fold to themselves, as whole texts of their scripts do: kana, Han, Hangul, Thai, Lao, Burmese, Khmer. */
const UNCHANGED =
  /^[\u0e01-\u0e5b\u0e81-\u0edf\u1000-\u109f\u1780-\u17f9\u3041-\u3096\u30a1-\u30fc\u3400-\u9fff\uac00-\ud7a3]+$/;

/** ASCII, the letters of Russian but ё, dashes and quotes: but for its case, a text of these is folded as it is. */
// deno-lint-ignore no-control-regex -- ASCII begins with them
const PLAIN = /^[\x00-\x7f«»\u0410-\u044f\u2013\u2014\u2018-\u201e]*$/;

/** Whether a text is of ASCII alone, as most are. */
export function isAscii(text: string): boolean {
  return ASCII.test(text);
}

/**
 * Compatibility forms unified (NFKC) and hidden characters dropped. The zero width space stays, for it stands between
 * words. Sorting a run of marks costs the square of its length, so longer runs are divided
 * by a combining grapheme joiner, as the Stream-Safe Text Format of UAX #15 has it; {@link fold} drops it with accents.
 */
export function unify(text: string): string {
  if (PLAIN.test(text)) return text;
  const unified = text.replace(MANY_MARKS, "$&\u034f").normalize("NFKC");
  const longest = MOST_GROWTH * text.length + 1000, bounded = unified.slice(0, longest);
  return bounded.replace(HIDDEN, "").replace(AM, (am) => am[0] === "\u0e4d" ? "\u0e33" : "\u0eb3");
}

/**
 * A text in the form in which it is compared; folding what is folded already changes nothing.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(fold("STRASSE"), fold("Straße"));
 * assertEquals(fold("IŞIK"), fold("ışık"));
 * ```
 */
export function fold(text: string): string {
  return isAscii(text) ? text.toLowerCase() : foldUnified(unify(text));
}

/** {@link fold} of a text that is unified already. */
export function foldUnified(text: string): string {
  if (PLAIN.test(text)) return text.toLowerCase();
  if (UNCHANGED.test(text)) return text;
  return text.normalize("NFD").replace(DROPPED, "").toLowerCase().replace(REPLACED, (letter) => LETTERS[letter]!)
    .normalize("NFC");
}

/** A folded text, and where its parts stand in the text it was made of. */
export interface FoldedText {
  folded: string;
  /** Offset in the original text of what a unit of the folded one comes from; for its end, the original's length. */
  originalOf(at: number): number;
}

/**
 * A character with the marks and joiners on it and the rest of an am, or a run of ASCII, or of kana, Han and Hangul with
 * their stops, that ends before a character which may carry some.
 */
const CLUSTER = new RegExp(
  ["\\x00-\\x7f", "\\u3001\\u3002\\u3041-\\u3096\\u30a1-\\u30fc\\u3400-\\u9fff\\uac00-\\ud7a3"]
    .map((plain) => `[${plain}]+(?=[${plain}]|$)`).join("|") +
    "|[^][\\p{M}\\u1160-\\u11ff\\u200c\\u200d\\uff9e\\uff9f]*(?:(?<=[\\u0e4d\\u0ecd])[\\u0e32\\u0eb2])?",
  "gu",
);

/** Folds a text and keeps where everything stood. Costs several times what {@link fold} does. */
export function foldWithOffsets(text: string): FoldedText {
  if (isAscii(text)) return { folded: text.toLowerCase(), originalOf: (at) => at };
  const parts: string[] = [], known = new Map<string, string>();
  let offsets = new Uint32Array(text.length + 1), length = 0, from = 0;
  for (const [cluster] of text.matchAll(CLUSTER)) {
    let folded = known.get(cluster);
    if (folded === undefined) {
      folded = fold(cluster);
      if (cluster.length <= 4) known.set(cluster, folded);
    }
    if (length + folded.length >= offsets.length) {
      const larger = new Uint32Array((length + folded.length) * 2);
      larger.set(offsets);
      offsets = larger;
    }
    const isRun = folded.length === cluster.length;
    for (let i = 0; i < folded.length; i++) offsets[length + i] = isRun ? from + i : from;
    parts.push(folded);
    length += folded.length;
    from += cluster.length;
  }
  offsets[length] = text.length;
  return { folded: parts.join(""), originalOf: (at) => offsets[Math.min(at, length)]! };
}
