/**
 * Natural-language periods such as "last week" or "between March and May 2025", read against a given clock and zone.
 *
 * @module
 */

import { MemoryError } from "../errors.ts";
import { read, tidy } from "./time/compound.ts";
import { DateParserNeeded, loadDateParser } from "./time/dates.ts";
import { spanIn } from "./time/extract.ts";
import { OPEN_END, OPEN_START, type Period, type Reading, readingAt } from "./time/period.ts";
import { canonicalTimeZone } from "./time/zone.ts";

export type { Period } from "./time/period.ts";

const LONGEST_EXPRESSION = 200;
const HINT = "use forms such as yesterday, last week, 3 days ago, March 2025, 2025-03-01..2025-03-15 or since Tuesday";

/**
 * The period an expression names, in Unix seconds. Days, weeks (from Monday) and longer units are those of the zone.
 * "before 2024" starts at 0, "since Tuesday" ends after the year 9999.
 *
 * @throws {MemoryError} `invalid_input` for text it can't read.
 */
export async function parseTimeExpression(text: string, now: Date, timeZone: string): Promise<Period> {
  const reading = readingIn(now, timeZone);
  const period = text.length <= LONGEST_EXPRESSION ? await readAny(normalised(text), reading) : null;
  if (period) return { from: period.from, before: period.before };
  const shown = text.length <= LONGEST_EXPRESSION ? text : `${text.slice(0, 80)}…`;
  throw new MemoryError("invalid_input", `Cannot parse time expression "${shown}"; ${HINT}`, {
    field: "query",
    value: text,
  });
}

/**
 * Finds the one period that a longer question names, and the question without it; null when it names none, several,
 * or what only might be one ("May" may be a person, "2024" a port).
 */
export async function extractTimeExpression(
  query: string,
  now: Date,
  timeZone: string,
): Promise<{ period: Period; rest: string } | null> {
  const span = spanIn(query);
  if (!span) return null;
  const reading = readingIn(now, timeZone);
  const period = await readSafely(normalised(span.expression), reading);
  // What is still to come can't tell which memories are meant.
  if (!period || period.from >= now.getTime() / 1000 || period.before <= OPEN_START) return null;
  return { period: { from: period.from, before: period.before }, rest: span.rest };
}

/** What says of which year a time is; "on 3 May" may be over or still to come. */
const DATED = /\b(?:\d{4}|yesterday|today|now|ago|last|past|this|earlier|tonight)\b/i;

/**
 * The one period that a statement surely names, past or to come, and its words: when the event it is about may have happened.
 *
 * @param said When it was said, which is what its words count from.
 */
export async function statedTime(
  text: string,
  said: Date,
  timeZone: string,
): Promise<{ words: string; period: Period } | null> {
  const span = spanIn(text);
  if (span === null || !DATED.test(span.expression)) return null;
  const period = await readSafely(normalised(span.expression), readingIn(said, timeZone));
  if (!period || period.from <= OPEN_START || period.before >= OPEN_END) return null;
  return { words: span.expression, period: { from: period.from, before: period.before } };
}

function readingIn(now: Date, timeZone: string): Reading {
  const zone = canonicalTimeZone(timeZone);
  return readingAt(Temporal.Instant.fromEpochMilliseconds(now.getTime()).toZonedDateTimeISO(zone));
}

function normalised(text: string): string {
  return tidy(
    text.normalize("NFKC").toLowerCase().replace(/[‐-―]/g, "-").replace(/[‘’]/g, "'").replace(/\s+/g, " ")
      .replace(/\b(?:a )?fortnight\b/g, "2 weeks").trim()
      .replace(/[?!,;]+$|(?<!\.)\.$/, ""),
  );
}

/** English first, then the other languages. */
async function readAny(text: string, reading: Reading): Promise<Period | null> {
  const english = await readSafely(text, reading);
  if (english !== null) return english;
  const { translate, withoutLead, dateParsers } = await import("./time/languages.ts");
  const translation = translate(text);
  if (translation !== null) return await readSafely(tidy(translation), reading);
  // chrono reads what has a number; its words without one are in the tables.
  if (!/\d/.test(text)) return null;
  for await (const dates of dateParsers(text)) {
    const period = await readSafely(withoutLead(text), { ...reading, dates });
    if (period !== null) return period;
  }
  return null;
}

/** Dates beyond what a calendar can hold are no expressions either. */
async function readSafely(text: string, reading: Reading): Promise<Period | null> {
  try {
    return read(text, reading);
  } catch (error) {
    if (error instanceof DateParserNeeded) return await readSafely(text, { ...reading, dates: await loadDateParser() });
    if (error instanceof RangeError) return null;
    throw error;
  }
}
