/**
 * Code in coloured pieces. One scanner for all languages, which goes over the text once: it knows comments, strings, numbers
 * and the words that most languages share, and can't be slowed down by what it reads.
 *
 * @module
 */

type Kind = "comment" | "string" | "number" | "keyword" | "plain";

/** A piece of code. */
export interface Piece {
  kind: Kind;
  text: string;
}

const KEYWORDS = new Set(
  ("abstract and as async await begin bool boolean break case catch char class const continue def default defer del do " +
    "double elif else elsif end enum except export extends false final finally float fn for from func function go if " +
    "impl implements import in int interface is lambda let long match mod module mut namespace new nil none not null or " +
    "package pass private protected pub public raise return select self static string struct super switch then this " +
    "throw trait true try type typeof undefined union unless use using val var void where while with yield " +
    "create delete drop from group insert into join limit order select set table update values where").split(" "),
);
/** Where `#` begins a comment, and where `--` does. */
const HASH = new Set([
  "py",
  "python",
  "sh",
  "bash",
  "shell",
  "zsh",
  "yaml",
  "yml",
  "toml",
  "ruby",
  "rb",
  "ini",
  "make",
]);
const DASHES = new Set(["sql", "lua", "haskell", "hs", "ada", "vhdl"]);
const WORD = /[\p{L}\p{N}_$]/u;

/** Code in pieces that together are the text. */
export function piecesOf(text: string, language: string): Piece[] {
  const name = language.toLowerCase(), pieces: Piece[] = [];
  let at = 0, plain = 0;
  const push = (kind: Kind, from: number, to: number) => {
    if (plain < from) pieces.push({ kind: "plain", text: text.slice(plain, from) });
    pieces.push({ kind, text: text.slice(from, to) });
    at = plain = to;
  };
  const lineEnd = (from: number) => {
    const end = text.indexOf("\n", from);
    return end < 0 ? text.length : end;
  };
  while (at < text.length) {
    const character = text[at]!, next = text[at + 1];
    if (
      character === "/" && next === "/" || character === "#" && HASH.has(name) ||
      character === "-" && next === "-" && DASHES.has(name)
    ) {
      push("comment", at, lineEnd(at));
    } else if (character === "/" && next === "*") {
      const end = text.indexOf("*/", at + 2);
      push("comment", at, end < 0 ? text.length : end + 2);
    } else if (character === '"' || character === "'" || character === "`") {
      push("string", at, stringEnd(text, at));
    } else if (WORD.test(character)) {
      let end = at + 1;
      while (end < text.length && WORD.test(text[end]!)) end++;
      const word = text.slice(at, end);
      if (/^\d/.test(word)) push("number", at, end);
      else if (KEYWORDS.has(name === "sql" ? word.toLowerCase() : word)) push("keyword", at, end);
      else at = end;
    } else {
      at++;
    }
  }
  if (plain < text.length) pieces.push({ kind: "plain", text: text.slice(plain) });
  return pieces;
}

/** Where a string ends: behind its closing quote, or at the end of the line but for backquotes. */
function stringEnd(text: string, start: number): number {
  const quote = text[start]!;
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === quote) return at + 1;
    else if (text[at] === "\n" && quote !== "`") return at;
  }
  return text.length;
}
