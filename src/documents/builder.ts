/**
 * Collects a document's headings and paragraphs into one text with sections.
 *
 * @module
 */

import { cleanText } from "./decode.ts";
import type { DocumentLimits, Extract, Heading } from "./document.ts";
import { overLimit, unreadable } from "./formats.ts";

/** Sections of one document; more come from broken or hostile files. */
const MAX_SECTIONS = 100_000;
/** Work between two looks at the clock. */
const TICKS_PER_CHECK = 256;

/** What a parser works under. */
export interface ParseContext {
  readonly fileName: string;
  readonly limits: DocumentLimits;
  /** `performance.now()` at which the document has taken too long. */
  readonly deadline: number;
}

/** @throws {MemoryError} `too_large` when the document has taken longer than allowed. */
export function checkTime(context: ParseContext): void {
  if (performance.now() > context.deadline) throw tookTooLong(context.fileName, context.limits.timeoutMs);
}

/** The error for a document that took longer than allowed. */
export function tookTooLong(fileName: string, timeoutMs: number): Error {
  return overLimit(fileName, `it takes longer than ${timeoutMs / 1000} seconds`);
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
  #ticks = 0;

  constructor(context: ParseContext) {
    this.#context = context;
  }

  /** Starts a page: sections don't reach over pages, so that each knows its own. */
  page(page: number): void {
    this.#page = page;
    this.#open = null;
  }

  heading(level: number, text: string): void {
    const line = cleanText(text).replace(/\s+/g, " ").trim();
    if (line === "") return;
    this.#closeBare();
    this.#path.enter({ level, text: line });
    this.#append(line);
    this.#open = null;
    this.#bare = true;
  }

  /** Adds a paragraph, a list item, a table row or another block; blank ones are left out. */
  block(text: string, separator = "\n\n"): void {
    const block = cleanText(text).replace(/^(?:[^\S\n]*\n)+|\s+$/g, "");
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
    const title = facts.title?.replace(/\s+/g, " ").trim() || null;
    return {
      text: this.#parts.join(""),
      spans: this.#spans,
      pages: facts.pages ?? null,
      encoding: facts.encoding ?? null,
      warnings: facts.warnings ?? [],
      title: title === null ? null : cleanText(title).slice(0, 500),
    };
  }

  /** A heading with nothing under it is a section of its own, so that no heading is lost. */
  #closeBare(): void {
    if (this.#bare) this.#addSpan(this.#length);
    this.#bare = false;
  }

  #addSpan(start: number): Extract["spans"][number] {
    const span = { start, end: start, headings: this.#path.current, page: this.#page };
    if (this.#spans.push(span) > MAX_SECTIONS) {
      throw overLimit(this.#context.fileName, `it has more than ${MAX_SECTIONS} sections`);
    }
    return span;
  }

  /** @returns where the text begins. */
  #append(text: string, separator = "\n\n"): number {
    if (++this.#ticks % TICKS_PER_CHECK === 0) checkTime(this.#context);
    const before = this.#length === 0 ? "" : separator;
    this.#parts.push(before, text);
    this.#length += before.length + text.length;
    checkLength(this.#length, this.#context);
    return this.#length - text.length;
  }
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
