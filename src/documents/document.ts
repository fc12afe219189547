/**
 * What a parsed document is, and the limits it is parsed under.
 *
 * @module
 */

/** Kinds of documents that can be read. */
export type Format = "pdf" | "docx" | "markdown" | "html" | "text" | "csv" | "json" | "jsonl";

/** A heading and its depth, 1 for the topmost. */
export interface Heading {
  level: number;
  text: string;
}

/** A stretch of a document's text under one heading and on one page. */
export interface Section {
  /** `text.slice(start, end)` of the document's text, without the headings; empty for a heading with nothing under it. */
  text: string;
  /** The headings it stands under, outermost first. */
  headings: Heading[];
  /** Page it is on, from 1; null in formats without pages. */
  page: number | null;
  start: number;
  end: number;
}

/** What a parser finds: the whole text, and where its sections lie. */
export interface Extract {
  text: string;
  spans: Omit<Section, "text">[];
  /** The title the document gives itself. */
  title: string | null;
  pages: number | null;
  /** How bytes were read as text; null in binary formats. */
  encoding: string | null;
  /** What a reader should know, such as pages without text. */
  warnings: string[];
}

/** A document's text in sections, in reading order. */
export interface ParsedDocument extends Omit<Extract, "spans"> {
  fileName: string;
  format: Format;
  sections: Section[];
}

/** Limits on what one document may cost. */
export interface DocumentLimits {
  /** Largest file, in bytes. */
  maxBytes: number;
  maxPages: number;
  /** Longest text, in characters. */
  maxCharacters: number;
  /** What the text parts of a `.docx` file may unpack to, in bytes. */
  maxUnpackedBytes: number;
  /** Resident memory of the process that parses it, in bytes; one that has read nothing takes some 110 MB. */
  maxMemoryBytes: number;
  /** Milliseconds a document may take. */
  timeoutMs: number;
}

/** Limits that a text of a thousand pages stays under, and a machine with little memory survives. */
export const DEFAULT_LIMITS: Readonly<DocumentLimits> = {
  maxBytes: 50 * 1024 * 1024,
  maxPages: 2000,
  maxCharacters: 10_000_000,
  maxUnpackedBytes: 200 * 1024 * 1024,
  maxMemoryBytes: 1024 * 1024 * 1024,
  timeoutMs: 60_000,
};
