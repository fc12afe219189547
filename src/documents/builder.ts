/**
 * Collects a document's headings and paragraphs into one text with sections.
 *
 * @module
 */

import { cleanText } from "./decode.ts";
import type { DocumentLimits, Extract, Heading } from "./document.ts";
import { overLimit, unreadable } from "./formats.ts";
import { oneLine, trimBlock } from "./text.ts";

/** Sections of one document; more come from broken or hostile files. */
const MAX_SECTIONS = 100_000;
/**
 * Longest heading, in characters. Each chunk below a heading names it, so a longer one would be repeated without end; it
 * is read as a paragraph.
 */
export const LONGEST_HEADING = 500;

/** What a parser works under. */
export interface ParseContext {
  readonly fileName: string;
  readonly limits: DocumentLimits;
}

/** The headings a place stands under. */
export class HeadingPath {
  #path: Heading[] = [];

  /** Enters a heading: it replaces those of its own level and deeper ones. */
  enter(heading: Heading): void {
    this.#path = [...this.#path.filter(({ level }) => level < heading.level), heading];
  }

  get current(): Heading[] {
    return this.#path;
  }
}

/** Builds an extract from headings and blocks in reading order. */
export class DocumentBuilder {
  readonly #context: ParseContext;
  readonly #parts: string[] = [];
  readonly #spans: Extract["spans"] = [];
  readonly #path = new HeadingPath();
  #length = 0;
  #page: number | null = null;
  /** The section that blocks are added to; null before its first block. */
  #open: Extract["spans"][number] | null = null;
  /** A heading under which nothing has been added yet. */
  #bare = false;

  constructor(context: ParseContext) {
    this.#context = context;
  }

  /** Starts a page: sections don't reach over pages, so that each knows its own. */
  page(page: number): void {
    this.#page = page;
    this.#open = null;
  }

  /** @param level 1 to 9, 1 for the topmost. */
  heading(level: number, text: string): void {
    const line = oneLine(cleanText(text));
    if (line === "") return;
    if (line.length > LONGEST_HEADING) return this.block(line);
    this.#closeBare();
    this.#path.enter({ level, text: line });
    this.#append(line);
    this.#open = null;
    this.#bare = true;
  }

  /** Adds a paragraph, a list item, a table row or another block; blank ones are left out. */
  block(text: string, separator = "\n\n"): void {
    const block = trimBlock(cleanText(text));
    if (block === "") return;
    const start = this.#append(block, this.#open === null ? "\n\n" : separator);
    if (this.#open === null) {
      this.#open = this.#addSpan(start);
      this.#bare = false;
    }
    this.#open.end = this.#length;
  }

  /** @throws {MemoryError} `invalid_input` when the document holds no text. */
  finish(facts: Partial<Pick<Extract, "title" | "pages" | "encoding" | "warnings">> = {}): Extract {
    this.#closeBare();
    if (this.#spans.length === 0) throw noText(this.#context.fileName);
    return {
      text: this.#parts.join(""),
      spans: this.#spans,
      pages: facts.pages ?? null,
      encoding: facts.encoding ?? null,
      warnings: facts.warnings ?? [],
      title: titleOf(facts.title ?? null),
    };
  }

  /** A heading with nothing under it is a section of its own, so that no heading is lost. */
  #closeBare(): void {
    if (this.#bare) this.#addSpan(this.#length);
    this.#bare = false;
  }

  #addSpan(start: number): Extract["spans"][number] {
    const span = { start, end: start, headings: this.#path.current, page: this.#page };
    addSpan(this.#spans, span, this.#context);
    return span;
  }

  /** @returns where the text begins. */
  #append(text: string, separator = "\n\n"): number {
    const before = this.#length === 0 ? "" : separator;
    this.#parts.push(before, text);
    this.#length += before.length + text.length;
    checkLength(this.#length, this.#context);
    return this.#length - text.length;
  }
}

/**
 * Adds a section to those of a document.
 *
 * @throws {MemoryError} `too_large` when there are more than any document has.
 */
export function addSpan(spans: Extract["spans"], span: Extract["spans"][number], { fileName }: ParseContext): void {
  if (spans.push(span) > MAX_SECTIONS) throw overLimit(fileName, `it has more than ${MAX_SECTIONS} sections`);
}

/** A title as one line of at most 500 characters; null for a blank one. */
export function titleOf(text: string | null): string | null {
  const title = text === null ? "" : oneLine(cleanText(text)).slice(0, LONGEST_HEADING).toWellFormed();
  return title === "" ? null : title;
}

/** @throws {MemoryError} `too_large` when a text is longer than allowed. */
export function checkLength(length: number, { fileName, limits }: ParseContext): void {
  if (length > limits.maxCharacters) {
    throw overLimit(fileName, `its text is longer than ${limits.maxCharacters} characters`);
  }
}

/** The error for a document without any text. */
export function noText(fileName: string): Error {
  return unreadable(fileName, "it holds no text");
}
