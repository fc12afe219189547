/**
 * CSV and TSV: a paragraph for each row, its values beside their column names.
 *
 * @module
 */

import { DocumentBuilder, noText, type ParseContext } from "../builder.ts";
import { decodeText } from "../decode.ts";
import type { Extract } from "../document.ts";
import { overLimit, unreadable } from "../formats.ts";

/** More columns come from a wrong delimiter or another kind of file. */
const MAX_COLUMNS = 2000;
/** A value that would not name a column. */
const VALUE = /^(?:[-+]?[\d.,\s]+%?|\d{4}-\d{2}-\d{2}.*|true|false)$/i;

/** The part of papaparse used here; the package has no types of its own. */
interface Papa {
  parse(text: string, options: { delimiter?: string; skipEmptyLines: "greedy" }): {
    data: string[][];
    errors: { type: string; code: string; row?: number }[];
  };
}

/** Reads a file of rows; its delimiter is found by looking at it. */
export async function parseCsv(bytes: Uint8Array, context: ParseContext): Promise<Extract> {
  const { text, encoding } = decodeText(bytes, context.fileName);
  if (text.trim() === "") throw noText(context.fileName);
  const papa = (await import("papaparse")).default as Papa;
  const tabs = /\.tsv$/i.test(context.fileName);
  const { data, errors } = papa.parse(text, { ...(tabs ? { delimiter: "\t" } : {}), skipEmptyLines: "greedy" });
  const quotes = errors.find((error) => error.type === "Quotes");
  if (quotes) {
    const what = quotes.code === "MissingQuotes"
      ? "a quoted value is never closed"
      : "a quote stands inside a quoted value";
    throw unreadable(context.fileName, `it is not valid CSV: ${what} in row ${(quotes.row ?? 0) + 1}`);
  }
  const columns = data.reduce((most, row) => Math.max(most, row.length), 0);
  if (columns > MAX_COLUMNS) {
    throw overLimit(context.fileName, `it has ${columns} columns; the limit is ${MAX_COLUMNS}`);
  }

  const header = headerOf(data);
  const builder = new DocumentBuilder(context);
  for (const row of header === null ? data : data.slice(1)) {
    builder.block(rowText(row, header));
  }
  // A header alone is still what the file says.
  if (header !== null && data.length === 1) builder.block(header.join(", "));
  return builder.finish({ encoding });
}

/** The first row, when its cells look like names of columns. */
function headerOf(rows: string[][]): string[] | null {
  const first = rows[0]?.map((cell) => cell.replace(/\s+/g, " ").trim());
  if (first === undefined || first.length < 2) return null;
  const names = first.filter((cell) => cell !== "");
  const isHeader = names.length > 0 && new Set(names).size === names.length && !names.some((name) => VALUE.test(name));
  return isHeader ? first : null;
}

function rowText(row: string[], header: string[] | null): string {
  return row.map((cell, i) => {
    const value = cell.replace(/\s+/g, " ").trim();
    const name = header?.[i];
    return value === "" ? "" : name ? `${name}: ${value}` : value;
  }).filter((part) => part !== "").join(", ");
}
