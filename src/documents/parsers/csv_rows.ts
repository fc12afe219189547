/**
 * Rows of delimited text as RFC 4180 has them, read in one pass.
 *
 * @module
 */

import { unreadable } from "../formats.ts";
import { finder } from "../text.ts";

/** Delimiters that files use, the likeliest first. */
const DELIMITERS = [",", "\t", ";", "|"];
/** Rows looked at to find the delimiter, and characters they may take. */
const PREVIEW_ROWS = 10, PREVIEW_LENGTH = 64 * 1024;
/** Fewest fields of an average row for a character to be the delimiter. */
const LEAST_FIELDS = 1.99;

/** The delimiter that gives the rows the most even number of fields; a comma where none gives two. */
export function delimiterOf(text: string): string {
  const start = text.slice(0, PREVIEW_LENGTH);
  let best = ",", least = Infinity, most = 0;
  for (const delimiter of DELIMITERS) {
    const counts: number[] = [];
    for (const row of fieldsOf(start, delimiter, () => {})) {
      if (counts.push(row.length) === PREVIEW_ROWS) break;
    }
    const average = counts.reduce((sum, count) => sum + count, 0) / counts.length;
    const uneven = counts.reduce((sum, count, i) => i === 0 ? 0 : sum + Math.abs(count - counts[i - 1]!), 0);
    if (average < LEAST_FIELDS || uneven > least || (uneven === least && average <= most)) continue;
    [best, least, most] = [delimiter, uneven, average];
  }
  return best;
}

/**
 * The rows of a text that aren't blank.
 *
 * @throws {MemoryError} `invalid_input` naming the row with a quote that is out of place.
 */
export function rowsOf(text: string, delimiter: string, fileName: string): Generator<string[]> {
  return fieldsOf(text, delimiter, (fault, row) => {
    throw unreadable(fileName, `it is not valid CSV: ${fault} in row ${row}`);
  });
}

/** @param onFault Called with what is wrong with a quote and in which row, from 1, blank ones left out. */
function* fieldsOf(
  text: string,
  delimiter: string,
  onFault: (fault: string, row: number) => void,
): Generator<string[]> {
  const nextDelimiter = finder(text, delimiter), nextLine = finder(text, "\n"), nextQuote = finder(text, '"');
  const length = text.length;
  /** Where an unquoted field that begins at `from` ends: at the next delimiter or line end. */
  const endFrom = (from: number) => {
    const field = nextDelimiter(from), line = nextLine(from);
    return Math.min(field === -1 ? length : field, line === -1 ? length : line);
  };
  let row: string[] = [], number = 1;
  for (let at = 0; at < length;) {
    let end: number;
    if (text[at] === '"') {
      const parts: string[] = [];
      let from = at + 1;
      while (true) {
        const quote = nextQuote(from);
        if (quote === -1) {
          onFault("a quoted value is never closed", number);
          parts.push(text.slice(from));
          end = length;
          break;
        }
        parts.push(text.slice(from, quote));
        if (text[quote + 1] === '"') {
          parts.push('"');
          from = quote + 2;
          continue;
        }
        end = endFrom(quote + 1);
        if (text.slice(quote + 1, end).trim() !== "") onFault("a quote stands inside a quoted value", number);
        break;
      }
      row.push(parts.join(""));
    } else {
      end = endFrom(at);
      row.push(text.slice(at, end));
    }
    const isRowEnd = end >= length || text[end] === "\n";
    // A delimiter at the very end has an empty field after it.
    if (!isRowEnd && end + 1 === length) row.push("");
    if (isRowEnd || end + 1 >= length) {
      if (row.some((field) => field.trim() !== "")) {
        yield row;
        number++;
      }
      row = [];
    }
    at = end + 1;
  }
}
