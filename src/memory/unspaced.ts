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

const RUN = new RegExp(`(${SEGMENTED}+)|(?:${PAIRED}|${OTHERS})+`, "gv");
const LETTER = /[\p{L}\p{N}]/u;
/** Characters that the segmenter is given at once: what it does with a long run is its own affair. */
const SLICE = 512;
/** Words at the end of a slice that its border may have cut. */
const DOUBTFUL = 2;

let segmenter: Intl.Segmenter | undefined;

/**
 * The terms of a run of such scripts, folded by `fold`.
 *
 * @param singles Whether the single characters of pairs are terms too, as in texts, where a query may ask for one.
 */
export function unspacedTerms(run: string, singles: boolean, fold: (word: string) => string, found: string[]): void {
  for (const [part, segmented] of run.matchAll(RUN)) {
    if (segmented === undefined) pairs(fold(part), singles, found);
    else for (const word of segments(segmented)) if (LETTER.test(word)) found.push(fold(word));
  }
}

function pairs(text: string, singles: boolean, found: string[]): void {
  const characters = [...text];
  if (singles || characters.length === 1) { for (const character of characters) found.push(character); }
  for (let i = 1; i < characters.length; i++) found.push(`${characters[i - 1]}${characters[i]}`);
}

/** Words of a run; a long one is cut at borders of words, so that the time grows with its length only. */
function* segments(run: string): Generator<string> {
  segmenter ??= new Intl.Segmenter("th", { granularity: "word" });
  for (let from = 0; from < run.length;) {
    const slice = run.slice(from, from + SLICE), isLast = from + slice.length === run.length;
    const words = Array.from(segmenter.segment(slice), ({ segment }) => segment);
    const kept = isLast || words.length <= DOUBTFUL ? words : words.slice(0, -DOUBTFUL);
    for (const word of kept) {
      yield word;
      from += word.length;
    }
  }
}
