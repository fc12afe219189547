/**
 * Natural-language periods such as "last week" or "between March and May 2025", read against a given clock and zone.
 *
 * @module
 */

import { MemoryError } from "../errors.ts";
import { read, tidy } from "./time/compound.ts";
import { DateParserNeeded, loadDateParser } from "./time/dates.ts";
import { spanIn } from "./time/extract.ts";
import { OPEN_START, type Period, type Reading, readingAt } from "./time/period.ts";

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
  const period = text.length <= LONGEST_EXPRESSION ? await readSafely(normalised(text), reading) : null;
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

/** The zone's canonical name for Temporal: an IANA name, or an offset written as `+02:00`, `UTC+2` or `Z`. */
export function canonicalTimeZone(timeZone: string): string {
  const offset = /^(?:utc|gmt)?([+-])(\d{1,2})(?::?(\d{2}))?$/i.exec(timeZone.trim());
  const name = offset
    ? `${offset[1]}${(offset[2] ?? "").padStart(2, "0")}:${offset[3] ?? "00"}`
    : timeZone.trim().replace(/^z?$/i, "UTC");
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name).timeZoneId;
  } catch (cause) {
    throw new MemoryError("invalid_input", `Cannot find time zone "${timeZone.slice(0, 80)}"`, {
      field: "timezone",
      value: timeZone,
      cause,
    });
  }
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
