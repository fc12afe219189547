/**
 * Dates and times of day in the many ways people write them, read by chrono-node.
 *
 * @module
 */

import type { ParsedResult } from "chrono-node/en";
import { type DateParser, type Meaning, type Period, type Reading, seconds } from "./period.ts";

type Components = ParsedResult["start"];

/** Thrown while reading what only a `DateParser` can read, without one. */
export class DateParserNeeded extends Error {
  override readonly name = "DateParserNeeded";
}

/** Loads chrono and builds its patterns: 86 modules, 25 ms and 1.3 MB, so only for those who write such dates. */
export async function loadDateParser(): Promise<DateParser> {
  return (await import("chrono-node/en")).casual;
}

/**
 * The period a date or time of day names, or null when chrono doesn't read the whole text as one.
 *
 * @throws {DateParserNeeded}
 */
export function readDate(text: string, reading: Reading): Meaning | null {
  // Every such text has a number or one of these words; all else isn't worth loading chrono for.
  if (!/\d|\b(?:noon|midnight|midday)\b/.test(text)) return null;
  if (reading.dates === undefined) throw new DateParserNeeded();
  // chrono knows offsets, not zones with their clock changes: it gets the wall clock as if that were UTC.
  const wallClock = new Date(`${reading.now.toPlainDateTime().toString({ smallestUnit: "millisecond" })}Z`);
  const phrase = text.replace(/\bbetween (.+) and\b/, "from $1 to");
  const results = reading.dates.parse(phrase, { instant: wallClock, timezone: 0 });
  const [result] = results;
  if (!result || results.length > 1 || result.text.length !== phrase.length) return null;
  // chrono would count "9999 years ago" back to before the Romans.
  if (!/^(?:19|2\d)\d\d$/.test(String(result.start.get("year")))) return null;
  const precision = /\d:\d\d:\d\d/.test(text) ? "second" : /\d[:h時点]\d\d/.test(text) ? "minute" : "hour";
  const period = periodOf(result.start, precision, reading);
  if (result.end) {
    const end = periodOf(result.end, precision, reading);
    // The last day of a range belongs to it, but "9 to 17:00" is over at 17:00.
    period.before = result.end.isCertain("hour") ? end.from : end.before;
  }
  return period.before > period.from ? notLater(result.start, period, reading) : null;
}

/** The day, or from a time of day as long as the smallest unit that was written. */
function periodOf(components: Components, precision: "second" | "minute" | "hour", { now }: Reading): Period {
  const timed = components.isCertain("hour");
  const plain = new Temporal.PlainDateTime(
    components.get("year") ?? now.year,
    components.get("month") ?? 1,
    components.get("day") ?? 1,
    timed ? components.get("hour") ?? 0 : 0,
    timed ? components.get("minute") ?? 0 : 0,
    timed ? components.get("second") ?? 0 : 0,
  );
  const offset = components.isCertain("timezoneOffset") ? components.get("timezoneOffset") : null;
  const start = offset === null
    ? plain.toZonedDateTime(now.timeZoneId)
    : plain.toZonedDateTime("UTC").subtract({ minutes: offset });
  return { from: seconds(start), before: seconds(start.add(timed ? { [`${precision}s`]: 1 } : { days: 1 })) };
}

/** Memories are of the past: what was said without its day, week or year is the latest such time that has begun. */
function notLater(components: Components, period: Period, reading: Reading): Period {
  if (period.from <= seconds(reading.now) || components.isCertain("year")) return period;
  const earlier = components.isCertain("month")
    ? { years: 1 }
    : components.isCertain("weekday")
    ? { weeks: 1 }
    : components.isCertain("day")
    ? null
    : { days: 1 };
  if (!earlier) return period;
  return { from: moved(period.from, earlier, reading), before: moved(period.before, earlier, reading) };
}

function moved(time: number, by: Temporal.DurationLike, { now }: Reading): number {
  const instant = Temporal.Instant.fromEpochMilliseconds(time * 1000);
  return seconds(instant.toZonedDateTimeISO(now.timeZoneId).subtract(by));
}
