/**
 * Periods of local time: calendar units and the arithmetic on them. All of it goes through Temporal, so a local day
 * has 23 or 25 hours where clocks change.
 *
 * @module
 */

import type { ParsedResult, ParsingReference } from "chrono-node/en";

/** A span of time in Unix seconds; `from` belongs to it, `before` doesn't. */
export interface Period {
  from: number;
  before: number;
}

/** What reads dates; a part of chrono. */
export interface DateParser {
  parse(text: string, reference: ParsingReference): ParsedResult[];
}

/** What an expression is read against: the clock and the zone of the caller. */
export interface Reading {
  now: Temporal.ZonedDateTime;
  today: Temporal.PlainDate;
  /** Whether a bare weekday may mean today, as the end of a range may. */
  todayCounts: boolean;
  /** Reads dates as people write them, once it is loaded. */
  dates?: DateParser | undefined;
}

/** A period, and how often it comes back when its expression doesn't say which one is meant (`May`, `Tuesday`). */
export interface Meaning extends Period {
  recurs?: "weekly" | "yearly";
}

export type CalendarUnit = "day" | "week" | "month" | "quarter" | "year" | "decade";

/** Where "before 2024" begins: the Unix epoch. */
export const OPEN_START = 0;
/** Where "since Tuesday" ends: after the year 9999, so that a memory stored a moment from now counts. */
export const OPEN_END = 253_402_300_800;

export function readingAt(now: Temporal.ZonedDateTime): Reading {
  return { now, today: now.toPlainDate(), todayCounts: false };
}

/** The same question asked at another time, e.g. "March" in the May that ends a range. */
export function readingAtSeconds(seconds: number, reading: Reading): Reading {
  const instant = Temporal.Instant.fromEpochMilliseconds(Math.round(seconds * 1000));
  const now = instant.toZonedDateTimeISO(reading.now.timeZoneId);
  return { ...reading, now, today: now.toPlainDate() };
}

export function seconds(moment: Temporal.ZonedDateTime): number {
  return moment.epochMilliseconds / 1000;
}

export function days(from: Temporal.PlainDate, before: Temporal.PlainDate, { now }: Reading): Period {
  return { from: startOfDay(from, now.timeZoneId), before: startOfDay(before, now.timeZoneId) };
}

/** The calendar unit that holds a date; weeks start on Monday. */
export function unitOf(date: Temporal.PlainDate, unit: CalendarUnit, reading: Reading): Period {
  const start = startOf(date, unit);
  return days(start, shift(start, unit, 1), reading);
}

export function startOf(date: Temporal.PlainDate, unit: CalendarUnit): Temporal.PlainDate {
  switch (unit) {
    case "day":
      return date;
    case "week":
      return date.subtract({ days: date.dayOfWeek - 1 });
    case "month":
      return date.with({ day: 1 });
    case "quarter":
      return date.with({ month: date.month - (date.month - 1) % 3, day: 1 });
    case "year":
      return date.with({ month: 1, day: 1 });
    case "decade":
      return date.with({ year: date.year - date.year % 10, month: 1, day: 1 });
  }
}

export function shift(date: Temporal.PlainDate, unit: CalendarUnit, count: number): Temporal.PlainDate {
  switch (unit) {
    case "day":
      return date.add({ days: count });
    case "week":
      return date.add({ weeks: count });
    case "month":
      return date.add({ months: count });
    case "quarter":
      return date.add({ months: 3 * count });
    case "year":
      return date.add({ years: count });
    case "decade":
      return date.add({ years: 10 * count });
  }
}

/** The time from one local hour to another; hours past 24 belong to the next day. */
export function hours(date: Temporal.PlainDate, from: number, before: number, reading: Reading): Period {
  return { from: atHour(date, from, reading), before: atHour(date, before, reading) };
}

export function dateAt(secondsSinceEpoch: number, reading: Reading): Temporal.PlainDate {
  return readingAtSeconds(secondsSinceEpoch, reading).today;
}

/** A date, or null where the calendar has none, such as 30 February. */
export function dateOf(year: number, month: number, day: number): Temporal.PlainDate | null {
  try {
    return Temporal.PlainDate.from({ year, month, day }, { overflow: "reject" });
  } catch {
    return null;
  }
}

function startOfDay(date: Temporal.PlainDate, timeZone: string): number {
  return seconds(date.toZonedDateTime(timeZone));
}

function atHour(date: Temporal.PlainDate, hour: number, { now }: Reading): number {
  const plainTime = new Temporal.PlainTime(hour % 24);
  return seconds(date.add({ days: Math.floor(hour / 24) }).toZonedDateTime({ timeZone: now.timeZoneId, plainTime }));
}
