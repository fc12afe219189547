/**
 * What is stored of a document: facts about the whole, and its chunks.
 *
 * @module
 */

import { chunkSections, type DocumentChunk, type DocumentChunkOptions } from "./chunks.ts";
import type { Format, ParsedDocument } from "./document.ts";
import { type Link, linksOf } from "./markdown.ts";

/** Facts about a whole document. */
export interface DocumentFacts {
  fileName: string;
  format: Format;
  /** The title the document gives itself. */
  title: string | null;
  pages: number | null;
  /** How bytes were read as text; null in binary formats. */
  encoding: string | null;
  /** What a reader should know, such as pages without text. */
  warnings: string[];
  characters: number;
  /** Lines of a text file; null in binary formats. */
  lines: number | null;
  /** What Markdown holds; null in other formats. */
  markdown: { headers: number; codeBlocks: number; links: number } | null;
}

/** A chunk, and where its section lies in the document's text. */
export interface ReadChunk extends DocumentChunk {
  sectionStart: number;
  sectionEnd: number;
  /** What its Markdown holds; null in other formats. */
  markdown: { hasCode: boolean; links: Link[] } | null;
}

/** A document as it is stored. */
export interface ReadDocument {
  facts: DocumentFacts;
  chunks: ReadChunk[];
}

const FENCE = /^ {0,3}(?:```|~~~)/m;

/** The facts about a parsed document. */
export function factsOf(document: ParsedDocument): DocumentFacts {
  const { text, format, sections, fileName, title, pages, encoding, warnings } = document;
  return {
    fileName,
    format,
    title,
    pages,
    encoding,
    warnings,
    characters: text.length,
    lines: encoding === null ? null : countOf(text, "\n") + 1,
    markdown: format !== "markdown" ? null : {
      headers: new Set(sections.flatMap((section) => section.headings)).size,
      codeBlocks: Math.floor((text.match(new RegExp(FENCE, "gm"))?.length ?? 0) / 2),
      links: linksOf(text).reduce((count) => count + 1, 0),
    },
  };
}

/** A parsed document's chunks, in order. */
export function* chunksOf(document: ParsedDocument, options: DocumentChunkOptions): Generator<ReadChunk> {
  for (const chunk of chunkSections(document.sections, options)) {
    const section = document.sections[chunk.section]!;
    yield {
      ...chunk,
      sectionStart: section.start,
      sectionEnd: section.end,
      markdown: document.format !== "markdown"
        ? null
        : { hasCode: FENCE.test(chunk.text), links: [...linksOf(chunk.text)] },
    };
  }
}

function countOf(text: string, word: string): number {
  let count = 0;
  for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1)) count++;
  return count;
}
