/**
 * Texts that code with more than linear cost is slow on: one unit repeated, two in turn, and either between other
 * characters, so that a pattern which begins to match never ends as it hoped.
 *
 * @module
 */

/** A kind of text that can be made in any length. */
export interface HostileShape {
  /** Says what is repeated, with unprintable characters as `U+XXXX`. */
  readonly name: string;
  /** A text of at most `length` UTF-16 units, short of it by less than one repeat. */
  readonly make: (length: number) => string;
}

/** What else than ASCII programs treat in a way of its own. */
const SPECIAL = [
  "\u0085", // next line
  "\u00a0", // no-break space
  "\u3000", // ideographic space
  "\u2028", // line separator
  "\u2029", // paragraph separator
  "\ufeff", // byte order mark
  "\u200b", // zero width space
  "\u200d", // zero width joiner
  "\u202e", // right-to-left override
  "\u00ad", // soft hyphen
  "\u0301", // combining acute accent
  "\u0327", // combining cedilla
  "\u0591", // Hebrew accent
  "\u093f", // Devanagari vowel sign
  "\u0e33", // Thai sara am, which decomposes
  "\u20dd", // enclosing circle
  "\ufe0f", // variation selector
  "\u3099", // kana voiced sound mark
  "\u{1d165}", // musical mark, a surrogate pair
  "\u00e9", // é
  "\u00df", // ß, longer in upper case
  "\u0130", // İ, longer in lower case
  "\u03a3", // Σ, whose lower case depends on its neighbours
  "\ufb01", // fi ligature
  "\ufdfa", // becomes 18 characters in compatibility forms
  "\u1100", // Hangul leading consonant
  "\u1161", // Hangul vowel
  "\uac00", // Hangul syllable
  "\u6771", // Han
  "\u30fc", // kana length mark
  "\u3002", // ideographic full stop
  "\uff1f", // full-width question mark
  "\uff1a", // full-width colon
  "\u2019", // right single quote
  "\u201d", // right double quote
  "\u2026", // ellipsis
  "\u0663", // Arabic digit
  "\u{1f600}", // emoji
  "\u{1f1e9}", // regional indicator
  "\ud800", // lone high surrogate
  "\udfff", // lone low surrogate
];

/** One of each kind that patterns tell apart, for the alternations. */
const KINDS = ["a", "A", "7", " ", "\n", ".", "?", "-", "[", "]", '"', "'", "#", "*", "_", "<", "\u0301", "\u2028"];

/** Starts and ends that a pattern may look for on both sides of a run. */
const FRAMES: readonly [string, string][] = [
  ["a", "b"],
  ["?", "x"],
  ["[", "x"],
  ["# ", "\u2028x"],
  ['"', "'"],
  ["\n", "\nx"],
  ["#a", "b"],
];

/** Runs to put between those. */
const RUNS = [
  " ",
  "\t",
  "\n",
  "\u00a0",
  "\u2028",
  "[",
  "]",
  "(",
  '"',
  "'",
  "`",
  "#",
  "*",
  "_",
  "-",
  "=",
  "a",
  "1",
  ".",
  "/",
  "\u0301",
];

/** Words, lines and markup, as texts have them but far longer. */
const PASSAGES: Record<string, string> = {
  "words": "lorem Ipsum dolor ",
  "lines": "a line of a text\n",
  "list items": "- item\n",
  "headings": "# h\n",
  "paragraphs": "text\n\n",
  "blank lines with blanks": "x\n \t\n",
  "questions": "why? ",
  "links": "[a](b",
  "images": "![[a]",
  "stars": "**a ",
  "fences": "```\n",
  "pipes": "| a ",
  "entries of JSON": '{"a":[',
  "quotes": '"a" ',
  "closing tags": "</memory>",
  "comments": "<!--",
  "possessives": "Ana's ",
  "camel case": "aB",
  "identifiers": "a_b.c-",
  "turns": "Ana: hi\n",
  "dates": "3 May 2024 to ",
  "negations": "not no never ",
  "numbers": "1,2.3/4:",
  "headers and values": "a: b\n",
  "CRLF": "a\r\n",
  "escapes": '\\\\"',
  "bidi pairs": "\u202ea\u202c",
};

const named = (text: string) =>
  [...text].map((character) =>
    /^[\p{L}\p{N}\p{P}\p{S}]$/u.test(character)
      ? character
      : `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`
  ).join(" ");

function repeated(name: string, unit: string, before = "", after = ""): HostileShape {
  return {
    name,
    make: (length) =>
      before + unit.repeat(Math.max(0, Math.floor((length - before.length - after.length) / unit.length))) + after,
  };
}

/** Different words or numbers, so that whatever is remembered for each of them grows too. */
function different(name: string, word: (n: number) => string): HostileShape {
  return {
    name,
    make: (length) => {
      const words: string[] = [];
      for (let size = 0, n = 0; size < length; n++) size += words[words.push(word(n)) - 1]!.length + 1;
      return words.join(" ").slice(0, length);
    },
  };
}

/** The shapes to run a function over whose input is a text. */
export const HOSTILE_SHAPES: readonly HostileShape[] = [
  ...Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)).concat(SPECIAL)
    .map((character) => repeated(`repeats of ${named(character)}`, character)),
  ...KINDS.flatMap((one, i) =>
    KINDS.slice(i + 1).map((other) => repeated(`${named(one)} and ${named(other)} in turn`, one + other))
  ),
  ...FRAMES.flatMap(([before, after]) =>
    RUNS.map((run) => repeated(`${named(before)}, repeats of ${named(run)}, ${named(after)}`, run, before, after))
  ),
  ...Object.entries(PASSAGES).map(([name, unit]) => repeated(name, unit)),
  // Two repeats after each other, where the second is what the first one's pattern hopes for.
  ...["[]", "()", "{}", "<>", "* ", " *", "\n ", " \n", "a\u0301"].map(([one, other]): HostileShape => ({
    name: `repeats of ${named(one!)}, then of ${named(other!)}`,
    make: (length) => one!.repeat(Math.floor(length / 2)) + other!.repeat(Math.floor(length / 2)),
  })),
  different("different words", (n) => `w${n.toString(36)}`),
  different("different numbers", String),
];
