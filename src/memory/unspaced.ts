/**
 * Words of scripts that are written without spaces between them.
 *
 * Thai, Lao, Khmer and Burmese are cut into words by `Intl.Segmenter`, whose dictionaries know them; Chinese, Japanese
 * and Korean into pairs of characters. Figures of both on texts of each script are in `bench/languages/README.md`.
 *
 * @module
 */

/** Scripts cut into pairs of characters. */
const PAIRED = String.raw`[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Bopo}\p{sc=Hang}\p{sc=Yiii}ー々〆]`;
/** Scripts of which the segmenter has words. */
const SEGMENTED = String.raw`[\p{sc=Thai}\p{sc=Lao}\p{sc=Khmr}\p{sc=Mymr}]`;
/** Scripts of neighbours that it doesn't know. */
const OTHERS = String.raw`[\p{sc=Tale}\p{sc=Talu}\p{sc=Lana}\p{sc=Tavt}\p{sc=Java}\p{sc=Bali}\p{sc=Cham}]`;

/** Source of a character class of all of them, for patterns with the flag `v`. */
export const UNSPACED = `[${PAIRED}${SEGMENTED}${OTHERS}]`;

/** First units of terms of these scripts and of emoji, by range. */
const FIRST_UNITS = [[0x0e00, 0x0eff], [0x1000, 0x109f], [0x1780, 0x17ff], [0x3040, 0x9fff], [0xac00, 0xd83e]] as const;

/** Whether a word is such a term, folded already and with no other form. */
export function isUnspacedTerm(word: string): boolean {
  const unit = word.charCodeAt(0);
  return unit >= 0x0e00 && FIRST_UNITS.some(([from, to]) => unit >= from && unit <= to);
}

/** Source of a pattern of phrases: the segmenter takes several at once in little more time than one. */
export const UNSPACED_PHRASES = `${UNSPACED}+(?: ${UNSPACED}+)*`;

const HAS_SEGMENTED = new RegExp(SEGMENTED, "v"), SEGMENTED_WORD = new RegExp(`^${SEGMENTED}`, "v");
const LETTER = /[\p{L}\p{N}]/u;
/** Characters that the segmenter is given at once: what it does with a long run is its own affair. */
const SLICE = 512;
/** Words at the end of a slice that its border may have cut. */
const DOUBTFUL = 2;

let segmenter: Intl.Segmenter | undefined;

/**
 * The terms of phrases in such scripts, folded by `fold`.
 *
 * @param singles Whether the single characters of pairs are terms too, as in texts, where a query may ask for one.
 */
export function unspacedTerms(text: string, singles: boolean, fold: (word: string) => string, found: string[]): void {
  if (!HAS_SEGMENTED.test(text)) {
    for (const phrase of text.split(" ")) pairs(fold(phrase), singles, found);
    return;
  }
  // What stands between such words is given to the segmenter too: a call for each run of a script costs more.
  let between = "";
  for (const word of segments(text)) {
    if (!SEGMENTED_WORD.test(word)) {
      between += word;
      continue;
    }
    for (const phrase of between.split(" ")) pairs(fold(phrase), singles, found);
    between = "";
    if (LETTER.test(word)) found.push(fold(word));
  }
  for (const phrase of between.split(" ")) pairs(fold(phrase), singles, found);
}

function pairs(text: string, singles: boolean, found: string[]): void {
  const characters = [...text];
  if (singles || characters.length === 1) { for (const character of characters) found.push(character); }
  for (let i = 1; i < characters.length; i++) found.push(`${characters[i - 1]}${characters[i]}`);
}

/** Words of a text; a long one is cut at borders of words, so that the time grows with its length only. */
function* segments(text: string): Generator<string> {
  segmenter ??= new Intl.Segmenter("th", { granularity: "word" });
  for (let from = 0; from < text.length;) {
    const slice = text.slice(from, from + SLICE), isLast = from + slice.length === text.length;
    const words = Array.from(segmenter.segment(slice), ({ segment }) => segment);
    const kept = isLast || words.length <= DOUBTFUL ? words : words.slice(0, -DOUBTFUL);
    for (const word of kept) {
      yield word;
      from += word.length;
    }
  }
}
