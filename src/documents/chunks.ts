/**
 * Cuts a document's sections into chunks that become memories.
 *
 * @module
 */

import { chunkText } from "../memory/chunking.ts";
import type { Heading, Section } from "./document.ts";

/** Limits of the two sizes, in characters. */
export const CHUNK_SIZE = { min: 100, max: 10_000, default: 1000 } as const;
export const CHUNK_OVERLAP = { min: 0, max: 1000, default: 200 } as const;

/** How a document is cut. */
export interface DocumentChunkOptions {
  /** Longest chunk, in characters. */
  size: number;
  /** Characters a chunk repeats of the one before in its section; less than half of the chunk counts. */
  overlap: number;
}

/** A piece of a document that can stand alone. */
export interface DocumentChunk {
  /** The section's heading path as a first line, an empty line, then the document's own words. */
  text: string;
  /** Number of the chunk in the document, from 0. */
  index: number;
  /** Number of the section in the document, from 0. */
  section: number;
  headings: Heading[];
  page: number | null;
  /** Where its own words stand in the document's text. */
  start: number;
  end: number;
}

/** Between the headings of a path. */
const PATH_SEPARATOR = " > ";
/** Most of a chunk that its heading path may take. */
const PATH_SHARE = 0.25;

/**
 * Yields a document's chunks in order. Chunks end at paragraphs, sentences or words, and never reach over a heading or
 * a page. Every section is in some chunk, however short; a heading with nothing under it is in the paths of the ones
 * below it, or a chunk of its own.
 *
 * A caller can pause between chunks. Equal sections and options give equal chunks.
 */
export function* chunkSections(
  sections: readonly Section[],
  options: DocumentChunkOptions,
): Generator<DocumentChunk, void, void> {
  let index = 0;
  for (const [number, section] of sections.entries()) {
    const { headings, page } = section;
    const path = pathText(headings, Math.floor(options.size * PATH_SHARE));
    if (section.text.trim() === "") {
      if (path === "" || isAbove(headings, sections[number + 1])) continue;
      yield { text: path, index: index++, section: number, headings, page, start: section.start, end: section.end };
      continue;
    }
    const room = options.size - (path === "" ? 0 : path.length + 2);
    // A word counts with the space before it, and the chunk's first word has none.
    const budget = room + 1;
    const overlap = Math.max(0, Math.min(options.overlap, Math.ceil(budget / 2) - 1));
    const cuts = chunkText(section.text, { countTokens: (text) => text.trim().length + 1, budget, overlap });
    for (const cut of cuts) {
      const words = section.text.slice(cut.start, cut.end);
      const text = words.trim();
      if (text === "") continue;
      const start = section.start + cut.start + words.length - words.trimStart().length;
      yield {
        text: path === "" ? text : `${path}\n\n${text}`,
        index: index++,
        section: number,
        headings,
        page,
        start,
        end: start + text.length,
      };
    }
  }
}

/** Whether the next section stands under these headings, so that its path names them. */
function isAbove(headings: Heading[], next: Section | undefined): boolean {
  return next !== undefined && next.headings.length > headings.length &&
    headings.every((heading, i) => next.headings[i] === heading || next.headings[i]?.text === heading.text);
}

/** The headings as a line of at most `longest` characters: outer ones go first, then the end of the innermost. */
function pathText(headings: Heading[], longest: number): string {
  const texts = headings.map(({ text }) => text);
  while (texts.length > 1 && texts.join(PATH_SEPARATOR).length > longest) texts.shift();
  const path = texts.join(PATH_SEPARATOR);
  return path.length <= longest ? path : `${path.slice(0, longest - 1).toWellFormed().replace(/\ufffd$/, "")}…`;
}
