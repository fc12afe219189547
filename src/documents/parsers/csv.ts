/**
 * CSV and TSV: a paragraph for each row, its values beside their column names.
 *
 * @module
 */

import { DocumentBuilder, noText, type ParseContext } from "../builder.ts";
import { decodeText } from "../decode.ts";
import type { Extract } from "../document.ts";
import { overLimit } from "../formats.ts";
import { oneLine } from "../text.ts";
import { delimiterOf, rowsOf } from "./csv_rows.ts";

/** More columns come from a wrong delimiter or another kind of file. */
const MAX_COLUMNS = 2000;
/** A value that would not name a column. */
const VALUE = /^(?:[-+]?[\d.,\s]+%?|\d{4}-\d{2}-\d{2}.*|true|false)$/i;
/** Longest name of a column, in characters. Each value repeats it. */
const LONGEST_NAME = 200;

/** Reads a file of rows; its delimiter is found by looking at it. */
export function parseCsv(bytes: Uint8Array, context: ParseContext): Extract {
  const { text, encoding } = decodeText(bytes, context.fileName);
  if (text.trim() === "") throw noText(context.fileName);
  const delimiter = /\.tsv$/i.test(context.fileName) ? "\t" : delimiterOf(text);
  const builder = new DocumentBuilder(context);
  let header: string[] | null = null, isFirst = true, hasRows = false;
  for (const row of rowsOf(text, delimiter, context.fileName)) {
    if (row.length > MAX_COLUMNS) {
      throw overLimit(context.fileName, `it has ${row.length} columns; the limit is ${MAX_COLUMNS}`);
    }
    if (isFirst) header = headerOf(row);
    if (!isFirst || header === null) {
      builder.block(rowText(row, header));
      hasRows = true;
    }
    isFirst = false;
  }
  // A header alone is still what the file says.
  if (header !== null && !hasRows) builder.block(header.join(", "));
  return builder.finish({ encoding });
}

/** The first row, when its cells look like names of columns. */
function headerOf(row: string[]): string[] | null {
  const cells = row.map(oneLine), names = cells.filter((cell) => cell !== "");
  if (cells.length < 2 || names.length === 0 || new Set(names).size !== names.length) return null;
  return names.some((name) => name.length > LONGEST_NAME || VALUE.test(name)) ? null : cells;
}

function rowText(row: string[], header: string[] | null): string {
  return row.map((cell, i) => {
    const value = oneLine(cell), name = header?.[i];
    return value === "" ? "" : name ? `${name}: ${value}` : value;
  }).filter((part) => part !== "").join(", ");
}
