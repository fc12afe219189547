/**
 * From a file's bytes to a document in sections, in the isolate that calls it: for the process that parses documents, and
 * for tests of the parsers.
 *
 * @module
 */

import type { ParseContext } from "./builder.ts";
import type { DocumentLimits, Extract, Format, ParsedDocument } from "./document.ts";
import { checkDocument } from "./formats.ts";
import { parseCsv } from "./parsers/csv.ts";
import { parseDocx } from "./parsers/docx.ts";
import { parseHtml } from "./parsers/html.ts";
import { parseJson, parseJsonLines } from "./parsers/json.ts";
import { parseMarkdown } from "./parsers/markdown.ts";
import { parsePdf } from "./parsers/pdf.ts";
import { parseText } from "./parsers/text.ts";

// Loaded with this module rather than with the first document of a format: by then nothing may be read any more.
const PARSERS: Record<Format, (bytes: Uint8Array, context: ParseContext) => Extract | Promise<Extract>> = {
  pdf: parsePdf,
  docx: parseDocx,
  markdown: parseMarkdown,
  html: parseHtml,
  text: parseText,
  csv: parseCsv,
  json: parseJson,
  jsonl: parseJsonLines,
};

/**
 * Parses a document.
 *
 * @throws {MemoryError} `unsupported` for a type that can't be read, `too_large` over a limit, `invalid_input` for an
 * empty, broken or encrypted document. Each message names the file.
 */
export async function parseDocument(
  bytes: Uint8Array,
  name: string,
  limits: DocumentLimits,
): Promise<ParsedDocument> {
  const { fileName, format } = checkDocument(bytes, name, limits);
  const { spans, ...facts } = await PARSERS[format](bytes, { fileName, limits });
  const sections = spans.map((span) => ({ ...span, text: facts.text.slice(span.start, span.end) }));
  return { ...facts, fileName, format, sections };
}
