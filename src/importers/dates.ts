/**
 * Dates as people and programs write them into notes and exports.
 *
 * @module
 */

import { parseInstant } from "../memory/time/instant.ts";
import { parseTimeExpression } from "../memory/time_expression.ts";

/** Longest text that is looked at. */
const LONGEST = 100;
const DAY_FIRST = /^(\d{1,2})\.(\d{1,2})\.(\d{4})$/;
const YEAR_FIRST = /^(\d{4})[/.](\d{1,2})[/.](\d{1,2})$/;

/** A time, or why there is none. */
export interface DateRead {
  /** Unix seconds. */
  at?: number;
  /** For the import's report, where something was written that is no date. */
  note?: string;
}

/**
 * Reads the first of several fields that holds something. Understood are all that `parseInstant` reads, `05.01.2024`
 * (the day comes first), `2024/1/5`, and dates in words that name their year. What isn't understood is noted and nothing
 * is guessed.
 *
 * @param fields Values by the names that they have in the source, the most telling first.
 */
export async function readDate(fields: Readonly<Record<string, unknown>>): Promise<DateRead> {
  const notes: string[] = [];
  for (const [name, value] of Object.entries(fields)) {
    if (value === null || value === undefined || value === "") continue;
    const at = typeof value === "number"
      ? parseInstant(value)
      : typeof value === "string"
      ? await fromText(value)
      : null;
    if (at !== null) return notes.length === 0 ? { at } : { at, note: notes.join("; ") };
    const shown = typeof value === "string" ? value : JSON.stringify(value);
    notes.push(`Cannot read ${name} "${shown.slice(0, 60)}" as a date`);
  }
  return notes.length === 0 ? {} : { note: notes.join("; ") };
}

async function fromText(value: string): Promise<number | null> {
  const text = value.trim();
  if (text.length > LONGEST) return null;
  const [day, ...clock] = text.split(/[ T]+/);
  const [, dd, mm, yyyy] = DAY_FIRST.exec(day ?? "") ?? [];
  const [, year = yyyy, month = mm, dayOfMonth = dd] = YEAR_FIRST.exec(day ?? "") ?? [];
  if (year !== undefined) {
    const iso = [year, ...[month, dayOfMonth].map((part) => part!.padStart(2, "0"))].join("-");
    return parseInstant([iso, ...clock].join(" "));
  }
  const at = parseInstant(text);
  if (at !== null || /^[\d\s./:-]*$/.test(text) || !/\d{4}/.test(text)) return at;
  try {
    return (await parseTimeExpression(text, new Date(), "UTC")).from;
  } catch {
    return null; // words of another kind
  }
}
