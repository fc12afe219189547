/**
 * Runs the parser of a format. Each parser, and the package behind it, is loaded when its first document comes.
 *
 * @module
 */

import type { ParseContext } from "./builder.ts";
import type { Extract, Format } from "./document.ts";

type Parse = (bytes: Uint8Array, context: ParseContext) => Extract | Promise<Extract>;

const PARSERS: Record<Format, () => Promise<Parse>> = {
  pdf: async () => (await import("./parsers/pdf.ts")).parsePdf,
  docx: async () => (await import("./parsers/docx.ts")).parseDocx,
  markdown: async () => (await import("./parsers/markdown.ts")).parseMarkdown,
  html: async () => (await import("./parsers/html.ts")).parseHtml,
  text: async () => (await import("./parsers/text.ts")).parseText,
  csv: async () => (await import("./parsers/csv.ts")).parseCsv,
  json: async () => (await import("./parsers/json.ts")).parseJson,
  jsonl: async () => (await import("./parsers/json.ts")).parseJsonLines,
};

/** Parses bytes in this isolate. */
export async function extract(bytes: Uint8Array, format: Format, context: ParseContext): Promise<Extract> {
  const parse = await PARSERS[format]();
  return await parse(bytes, context);
}
