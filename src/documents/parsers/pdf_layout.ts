/**
 * From a PDF's placed texts to lines, paragraphs and headings. A PDF only says where each text stands and how large it
 * is; a paragraph ends where the gap to the next line is larger than usual, and a heading is larger than the body.
 *
 * @module
 */

import type { DocumentBuilder } from "../builder.ts";
import { oneLine } from "../text.ts";

/** A text on a page, as the PDF library gives it. */
export interface TextItem {
  str: string;
  /** The last two numbers are x and y of its base line, y growing upwards. */
  transform: number[];
  height: number;
  hasEOL: boolean;
}

/** A line of text on a page. */
export interface Line {
  text: string;
  height: number;
  y: number;
}

/** How much larger than the body's a heading's letters are. */
const HEADING_SIZE = 1.15;
const LONGEST_HEADING = 200;
/** Where more of the text than this is large, size says nothing. */
const MOST_HEADINGS = 0.3;
/** How much wider than the usual line gap a gap between paragraphs is. */
const PARAGRAPH_GAP = 1.25;
/** Widest gap between two lines of one heading, in heights. */
const HEADING_GAP = 1.4;
/** Characters at a line's end that decide whether its sentence ends there. */
const END_WITHIN = 8;

/** Joins the texts of a page to lines. */
export function lineOf(items: TextItem[]): Line[] {
  const lines: Line[] = [];
  let parts: string[] = [], height = 0, y = 0;
  const end = () => {
    const text = oneLine(parts.join(""));
    if (text !== "") lines.push({ text, height, y });
    parts = [];
    height = 0;
  };
  for (const item of items) {
    const itemY = item.transform[5] ?? 0;
    if (item.str.trim() !== "") {
      // A heading may lack its line end, where the next text stands elsewhere.
      if (parts.length > 0 && Math.abs(itemY - y) > Math.max(height, item.height) * 0.8) end();
      parts.push(item.str);
      height = Math.max(height, item.height);
      y = itemY;
    } else parts.push(item.str);
    if (item.hasEOL) end();
  }
  end();
  return lines;
}

/** Adds all pages to a document. */
export function addPages(builder: DocumentBuilder, pages: Line[][]): void {
  const levels = headingLevels(pages.flat());
  const usual = usualGap(pages);
  pages.forEach((lines, i) => {
    builder.page(i + 1);
    let block: Line[] = [];
    const flush = () => {
      const text = joined(block);
      const level = block[0] && text.length <= LONGEST_HEADING ? levels.get(size(block[0])) : undefined;
      if (level !== undefined) builder.heading(level, text);
      else builder.block(text);
      block = [];
    };
    for (const line of lines) {
      const last = block.at(-1);
      if (last && !continues(last, line, usual, levels)) flush();
      block.push(line);
    }
    flush();
  });
}

/** Whether a line goes on with the paragraph or heading of the line before. */
function continues(last: Line, line: Line, usual: number, levels: Map<number, number>): boolean {
  const isHeading = levels.has(size(last)), wasHeading = levels.has(size(line));
  if (isHeading !== wasHeading || (isHeading && size(last) !== size(line))) return false;
  const gap = (last.y - line.y) / Math.max(last.height, line.height, 1);
  if (isHeading) return gap > 0 && gap < HEADING_GAP;
  // A jump upwards is the next column.
  if (gap < 0) return !/[.!?:;…]["'”’)\]]*$/.test(last.text.slice(-END_WITHIN)) && /^\p{Ll}/u.test(line.text);
  return gap <= usual * PARAGRAPH_GAP;
}

/** Lines of a paragraph as one text; a word divided at a line's end becomes whole again. */
function joined(lines: Line[]): string {
  const parts: string[] = [];
  for (const { text: line } of lines) {
    const last = parts.at(-1);
    if (last === undefined) parts.push(line);
    // Two UTF-16 units hold any letter.
    else if (/\p{L}-$/u.test(last.slice(-3)) && /^\p{Ll}/u.test(line)) parts.push(parts.pop()!.slice(0, -1), line);
    else parts.push(" ", line);
  }
  return parts.join("");
}

/** The levels of the letter sizes that headings have: the largest is 1. */
function headingLevels(lines: Line[]): Map<number, number> {
  const letters = new Map<number, number>();
  let all = 0;
  for (const line of lines) {
    letters.set(size(line), (letters.get(size(line)) ?? 0) + line.text.length);
    all += line.text.length;
  }
  const body = [...letters].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 0;
  const sizes = [...letters.keys()].filter((height) => height >= body * HEADING_SIZE).sort((a, b) => b - a);
  const large = sizes.reduce((sum, height) => sum + letters.get(height)!, 0);
  if (body === 0 || large > all * MOST_HEADINGS) return new Map();
  return new Map(sizes.map((height, i) => [height, Math.min(6, i + 1)]));
}

/** The gap between lines of a paragraph, in heights: a low one among all gaps. */
function usualGap(pages: Line[][]): number {
  const gaps: number[] = [];
  for (const lines of pages) {
    for (let i = 1; i < lines.length; i++) {
      const gap = (lines[i - 1]!.y - lines[i]!.y) / Math.max(lines[i]!.height, 1);
      if (gap > 0.5 && gap < 3) gaps.push(gap);
    }
  }
  gaps.sort((a, b) => a - b);
  return gaps[Math.floor(gaps.length / 4)] ?? 1.2;
}

/** Letter size, rounded so that sizes that look alike are one. */
function size(line: Line): number {
  return Math.round(line.height * 2) / 2;
}
