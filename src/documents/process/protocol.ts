/**
 * The protocol between the service and the process that parses its documents. The service writes a line of JSON and
 * then the document's bytes; the process answers with lines of JSON.
 *
 * @module
 */

import { z } from "zod";
import type { DocumentChunkOptions } from "../chunks.ts";
import type { DocumentLimits } from "../document.ts";
import type { DocumentFacts, ReadChunk } from "../read.ts";

/** What is said of a document before its bytes. */
export interface Task {
  /** Bytes that follow the line. */
  size: number;
  fileName: string;
  limits: DocumentLimits;
  chunking: DocumentChunkOptions;
}

/** Exit codes for the limit that a document exceeded. */
export const EXIT = { memory: 40, time: 41 } as const;

/** Codes of the errors that a document can be refused with. */
const REFUSALS = ["invalid_input", "too_large", "unsupported"] as const;

/** A line of the process. It has read files from anywhere, so that its words are checked like any other input. */
export type Line =
  /** It may do nothing any more but parse. */
  | { ready: true }
  /** Its resident memory, in bytes. */
  | { memory: number }
  | { refused: { code: typeof REFUSALS[number]; message: string } }
  /** A fault of the parser. */
  | { failed: string }
  /** A document's facts and the number of its chunks, which follow. */
  | { facts: DocumentFacts; chunks: number }
  | { chunk: ReadChunk }
  /** The end of an answer, with the resident memory as above. */
  | { done: number };

const Count = z.int().min(0);
const Heading = z.object({ level: Count, text: z.string() });
const LineSchema: z.ZodType<Line> = z.union([
  z.object({ ready: z.literal(true) }),
  z.object({ memory: Count }),
  z.object({ done: Count }),
  z.object({ refused: z.object({ code: z.enum(REFUSALS), message: z.string() }) }),
  z.object({ failed: z.string() }),
  z.object({
    chunk: z.object({
      text: z.string(),
      index: Count,
      section: Count,
      headings: z.array(Heading),
      page: Count.nullable(),
      start: Count,
      end: Count,
      sectionStart: Count,
      sectionEnd: Count,
      markdown: z.object({
        hasCode: z.boolean(),
        links: z.array(z.object({ text: z.string(), url: z.string() })),
      }).nullable(),
    }),
  }),
  z.object({
    chunks: Count,
    facts: z.object({
      fileName: z.string(),
      format: z.enum(["pdf", "docx", "markdown", "html", "text", "csv", "json", "jsonl"]),
      title: z.string().nullable(),
      pages: Count.nullable(),
      encoding: z.string().nullable(),
      warnings: z.array(z.string()),
      characters: Count,
      lines: Count.nullable(),
      markdown: z.object({ headers: Count, codeBlocks: Count, links: Count }).nullable(),
    }),
  }),
]);

/** @throws {Error} for a line that is none of the above. */
export function readLine(text: string): Line {
  return LineSchema.parse(JSON.parse(text));
}

/** A line as bytes. */
export function lineBytes(line: Line | Task): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${JSON.stringify(line)}\n`);
}
