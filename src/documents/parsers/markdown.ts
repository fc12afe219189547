/**
 * Markdown: a section for each heading; offsets point into the file's own text, so that markup is kept.
 *
 * @module
 */

import { checkLength, HeadingPath, noText, type ParseContext } from "../builder.ts";
import { decodeText } from "../decode.ts";
import type { Extract } from "../document.ts";

const ATX = /^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$/;
const SETEXT = /^ {0,3}(=+|-+)[ \t]*$/;
const FENCE = /^ {0,3}(`{3,}|~{3,})(.*)$/;
const FRONT_MATTER = /^---[ \t]*\n([\w"'#-][^]*?\n)(?:---|\.\.\.)[ \t]*(?:\n|$)/;
/** A line that can't be the text of an underlined heading. */
const NOT_A_TITLE = /^\s*(?:[-*+>|]|\d+[.)]\s|$)|^(?: {4}|\t)/;

/** Reads a Markdown file. Front matter is its first section, since its values are often what a note is found by. */
export function parseMarkdown(bytes: Uint8Array, context: ParseContext): Extract {
  const { text, encoding } = decodeText(bytes, context.fileName);
  checkLength(text.length, context);
  const spans: Extract["spans"] = [];
  const path = new HeadingPath();
  const add = (from: number, to: number, keepEmpty: boolean) => {
    const body = text.slice(from, to);
    const start = from + body.length - body.replace(/^(?:[^\S\n]*\n)+/, "").length;
    const end = from + body.trimEnd().length;
    if (end > start) spans.push({ start, end, headings: path.current, page: null });
    else if (keepEmpty) spans.push({ start: from, end: from, headings: path.current, page: null });
  };

  const front = FRONT_MATTER.exec(text);
  const matter = front?.[1] ?? "";
  if (front) add(text.indexOf("\n") + 1, text.indexOf("\n") + 1 + matter.length, false);
  let bodyStart = front?.[0].length ?? 0;
  for (const heading of headingsOf(text, bodyStart)) {
    add(bodyStart, heading.start, path.current.length > 0);
    path.enter({ level: heading.level, text: heading.text });
    bodyStart = heading.end;
  }
  add(bodyStart, text.length, path.current.length > 0);
  if (spans.length === 0) throw noText(context.fileName);
  const title = /^title:[ \t]*(["']?)(.+?)\1[ \t]*$/m.exec(matter)?.[2] ?? null;
  return { text, spans, title, pages: null, encoding, warnings: [] };
}

/** Headings outside code, with the stretch of text that their lines take. */
function* headingsOf(
  text: string,
  from: number,
): Generator<{ level: number; text: string; start: number; end: number }> {
  let fence: string | null = null;
  /** The line before, where it may be the text of an underlined heading: a paragraph of one line. */
  let candidate = { start: from, text: "" };
  let afterBreak = true;
  for (let start = from; start < text.length;) {
    const newline = text.indexOf("\n", start);
    const end = newline === -1 ? text.length : newline + 1;
    const line = text.slice(start, newline === -1 ? end : newline);
    const mark = FENCE.exec(line);
    let next = "", isBreak = false;
    if (fence !== null) {
      if (mark?.[1]?.startsWith(fence) && mark[2]!.trim() === "") fence = null;
    } else if (mark && !(mark[1]!.startsWith("`") && mark[2]!.includes("`"))) {
      fence = mark[1]!;
    } else {
      const atx = ATX.exec(line);
      const underline = candidate.text === "" ? null : SETEXT.exec(line);
      const title = plain(atx?.[2] ?? candidate.text);
      if ((atx?.[2] || underline) && title !== "") {
        const level = atx ? atx[1]!.length : underline![1]!.startsWith("=") ? 1 : 2;
        yield { level, text: title, start: atx ? start : candidate.start, end };
        isBreak = true;
      } else {
        isBreak = line.trim() === "";
        if (afterBreak && !NOT_A_TITLE.test(line)) next = line;
      }
    }
    candidate = { start, text: next };
    afterBreak = isBreak;
    start = end;
  }
}

/** A heading's words without emphasis, links and code marks. */
function plain(heading: string): string {
  return heading.replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1").replace(/(\*{1,3}|`+)(\S|\S.*?\S)\1/g, "$2")
    .replace(/(?<!\w)(_{1,3})(\S|\S.*?\S)\1(?!\w)/g, "$2").replace(/\s+/g, " ").trim();
}
