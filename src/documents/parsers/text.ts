/**
 * Plain text: one section.
 *
 * @module
 */

import { checkLength, noText, type ParseContext } from "../builder.ts";
import { decodeText } from "../decode.ts";
import type { Extract } from "../document.ts";

/** Reads a text file as it is. */
export function parseText(bytes: Uint8Array, context: ParseContext): Extract {
  const { text, encoding } = decodeText(bytes, context.fileName);
  checkLength(text.length, context);
  const end = text.trimEnd().length;
  if (end === 0) throw noText(context.fileName);
  const start = text.length - text.trimStart().length;
  return {
    text,
    spans: [{ start, end, headings: [], page: null }],
    title: null,
    pages: null,
    encoding,
    warnings: [],
  };
}
