/**
 * Looking through a document's text in one pass. A regular expression that can try the same blanks from many starts takes
 * time that grows with the square of their number, or worse.
 *
 * @module
 */

const SPACE = /\s/;

/** Whether there is white space at a place of a text. */
export function isSpaceAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 0x20 || (code >= 0x09 && code <= 0x0d) || (code > 0x7f && SPACE.test(text[at]!));
}

/** Where the first line that isn't blank begins, its indentation included; the text's length where all are blank. */
export function firstLine(text: string): number {
  let line = 0;
  for (let at = 0; at < text.length && isSpaceAt(text, at); at++) if (text[at] === "\n") line = at + 1;
  return line;
}

/** A text without blank lines at its start and white space at its end. */
export function trimBlock(text: string): string {
  const end = text.trimEnd().length;
  return end === 0 ? "" : text.slice(firstLine(text), end);
}

/** A text as one line: every run of white space is one blank, and none at its ends. */
export function oneLine(text: string): string {
  // One class with one quantifier: nothing to go back to.
  return text.replace(/\s+/g, " ").trim();
}

/** Finds the next place of a word, for callers whose places only grow: the whole text is looked through once. */
export function finder(text: string, word: string): (from: number) => number {
  let found = -2;
  return (from) => {
    if (found === -1 || found >= from) return found;
    return found = text.indexOf(word, from);
  };
}
