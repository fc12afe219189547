/**
 * Markdown: a section for each heading; offsets point into the file's own text, so that markup is kept.
 *
 * @module
 */

import { addSpan, checkLength, HeadingPath, LONGEST_HEADING, noText, type ParseContext, titleOf } from "../builder.ts";
import { decodeText } from "../decode.ts";
import type { Extract } from "../document.ts";
import { frontMatterOf } from "../front_matter.ts";
import { plainHeading } from "../markdown.ts";
import { firstLine } from "../text.ts";

/** A line that begins a block of its own, and so can't be the text of an underlined heading. */
const BLOCK_START = /^(?:[-*+>|]|\d{1,9}[.)](?:\s|$))/;

/** Reads a Markdown file. Front matter is its first section, since its values are often what a note is found by. */
export function parseMarkdown(bytes: Uint8Array, context: ParseContext): Extract {
  const { text, encoding } = decodeText(bytes, context.fileName);
  checkLength(text.length, context);
  const spans: Extract["spans"] = [];
  const path = new HeadingPath();
  const add = (from: number, to: number, keepEmpty: boolean) => {
    const body = text.slice(from, to);
    const start = from + firstLine(body), end = from + body.trimEnd().length;
    if (end > start) addSpan(spans, { start, end, headings: path.current, page: null }, context);
    else if (keepEmpty) addSpan(spans, { start: from, end: from, headings: path.current, page: null }, context);
  };

  const block = frontMatterOf(text);
  // What stands between two rules is no front matter.
  const front = block !== null && /[\w"'#-]/.test(text[block.start] ?? "") && block.end > block.start ? block : null;
  if (front) add(front.start, front.end, false);
  let bodyStart = front?.after ?? 0;
  for (const heading of headingsOf(text, bodyStart)) {
    add(bodyStart, heading.start, path.current.length > 0);
    path.enter({ level: heading.level, text: heading.text });
    bodyStart = heading.end;
  }
  add(bodyStart, text.length, path.current.length > 0);
  if (spans.length === 0) throw noText(context.fileName);
  const title = front ? titleIn(text.slice(front.start, front.end)) : null;
  return { text, spans, title, pages: null, encoding, warnings: [] };
}

/** The value of the key `title`. */
function titleIn(matter: string): string | null {
  for (const line of linesOf(matter, 0)) {
    if (!line.text.startsWith("title:")) continue;
    const value = line.text.slice("title:".length).trim(), quote = value[0];
    const isQuoted = value.length > 1 && (quote === '"' || quote === "'") && value.endsWith(quote);
    return titleOf(isQuoted ? value.slice(1, -1) : value);
  }
  return null;
}

/** Headings outside code, with the stretch of text that their lines take. */
function* headingsOf(
  text: string,
  from: number,
): Generator<{ level: number; text: string; start: number; end: number }> {
  let fence: Fence | null = null;
  /** The line before, where it may be the text of an underlined heading: a paragraph of one line. */
  let candidate = { start: from, text: "" };
  let afterBreak = true;
  for (const { text: line, start, end } of linesOf(text, from)) {
    const mark = fenceOf(line);
    let next = "", isBreak = false;
    if (fence !== null) {
      if (mark?.mark === fence.mark && mark.length >= fence.length && mark.info.trim() === "") fence = null;
    } else if (mark && !(mark.mark === "`" && mark.info.includes("`"))) {
      fence = mark;
    } else {
      const atx = atxOf(line);
      const level = atx?.level ?? (candidate.text === "" ? null : underlineLevel(line));
      const title = level === null ? "" : headingText(atx?.text ?? candidate.text);
      if (level !== null && title !== "") {
        yield { level, text: title, start: atx ? start : candidate.start, end };
        isBreak = true;
      } else {
        isBreak = line.trim() === "";
        if (afterBreak && isParagraph(line)) next = line;
      }
    }
    candidate = { start, text: next };
    afterBreak = isBreak;
  }
}

/** A heading's words without markup; empty where they are too many for one. */
function headingText(text: string): string {
  const words = text.trim();
  return words.length > LONGEST_HEADING ? "" : plainHeading(words);
}

/** `## Words ##` */
function atxOf(line: string): { level: number; text: string } | null {
  const start = indentOf(line);
  let at = start;
  while (line[at] === "#") at++;
  const level = at - start;
  if (start > 3 || level < 1 || level > 6 || (line[at] !== " " && line[at] !== "\t")) return null;
  const words = withoutEndBlanks(line.slice(at)).trimStart();
  let end = words.length;
  while (words[end - 1] === "#") end--;
  // A closing mark stands alone: `# C#` keeps its own.
  if (end === 0) return null;
  return { level, text: words[end - 1] === " " || words[end - 1] === "\t" ? words.slice(0, end) : words };
}

/** 1 below `===`, 2 below `---`. */
function underlineLevel(line: string): 1 | 2 | null {
  const start = indentOf(line), marks = withoutEndBlanks(line.slice(start));
  const mark = marks[0];
  if (start > 3 || (mark !== "=" && mark !== "-")) return null;
  for (let at = 1; at < marks.length; at++) if (marks[at] !== mark) return null;
  return mark === "=" ? 1 : 2;
}

/** The line that begins or ends a block of code. */
interface Fence {
  mark: string;
  length: number;
  info: string;
}

function fenceOf(line: string): Fence | null {
  const start = indentOf(line), mark = line[start];
  if (start > 3 || (mark !== "`" && mark !== "~")) return null;
  let at = start;
  while (line[at] === mark) at++;
  return at - start < 3 ? null : { mark, length: at - start, info: line.slice(at) };
}

/** Whether a line can be a paragraph's first. */
function isParagraph(line: string): boolean {
  if (line.startsWith("    ") || line.startsWith("\t")) return false;
  const words = line.trimStart();
  return words !== "" && !BLOCK_START.test(words.slice(0, 16));
}

/** Blanks before a line's first character, up to 4: more make it code. */
function indentOf(line: string): number {
  let at = 0;
  while (at < 4 && line[at] === " ") at++;
  return at;
}

/** A line without the blanks and tabs at its end. */
function withoutEndBlanks(line: string): string {
  let end = line.length;
  while (line[end - 1] === " " || line[end - 1] === "\t") end--;
  return line.slice(0, end);
}

/** A text's lines; `end` is after the line's end. */
function* linesOf(text: string, from: number): Generator<{ text: string; start: number; end: number }> {
  for (let start = from; start < text.length;) {
    const newline = text.indexOf("\n", start), end = newline === -1 ? text.length : newline + 1;
    yield { text: text.slice(start, newline === -1 ? end : newline), start, end };
    start = end;
  }
}
