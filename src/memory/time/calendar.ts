/**
 * Expressions that name a stretch of the calendar: ISO dates, weeks, quarters, months, seasons, years.
 *
 * @module
 */

import { dateOf, days, type Meaning, type Period, type Reading, seconds, unitOf } from "./period.ts";
import { MONTH, monthNumber, ORDINAL, ordinalNumber, SEASON, seasonNumber, YEAR } from "./words.ts";

type Form = [RegExp, (match: RegExpExecArray, reading: Reading) => Meaning | null];

const WHICH_YEAR = `(?:,? (?:of |in )?(${YEAR}|(?:last|this|next) year))`;
const DAY = "(\\d{1,2})(?:st|nd|rd|th)?";

/** In the order of trying. Each pattern is of the whole, tidied, lower-case text. */
const FORMS: Form[] = [
  [whole(`(?:the )?(?:year )?(${YEAR})`), ([, year], reading) => unitOfDate(Number(year), 1, 1, "year", reading)],
  [
    /^(\d{4})[-/](\d{1,2})$/,
    ([, year, month], reading) => unitOfDate(Number(year), Number(month), 1, "month", reading),
  ],
  [
    /^(\d{4})(?:-(\d{1,2})-|\/(\d{1,2})\/|(\d\d))(\d{1,2})$/,
    ([, year, dashed, slashed, joined, day], reading) =>
      unitOfDate(Number(year), Number(dashed ?? slashed ?? joined), Number(day), "day", reading),
  ],
  [
    /^(\d{1,2})\.(\d{1,2})\.(\d{4})$/,
    ([, day, month, year], reading) => unitOfDate(Number(year), Number(month), Number(day), "day", reading),
  ],
  [/^(\d{4})-?w(\d{1,2})(?:-?([1-7]))?$/, ([, year, week, day], reading) => isoWeek(year, week, day, reading)],
  [
    whole(`(?:calendar )?(?:week |w)(\\d{1,2})${WHICH_YEAR}?`),
    ([, week, year], reading) =>
      year ? isoWeek(yearNamed(year, reading), week, undefined, reading) : latest(
        reading,
        (candidate) => isoWeek(candidate, week, undefined, reading),
      ),
  ],
  [whole(`(${YEAR})[- ]?q([1-4])`), ([, year, part], reading) => yearPart(Number(year), Number(part), 3, reading)],
  [whole(`(?:the )?q([1-4])(?:[-/]|${WHICH_YEAR})?(${YEAR})?`), ([, part, named, year], reading) => {
    return yearPartNamed(Number(part), 3, named ?? year, reading);
  }],
  [
    whole(`(?:the )?(last|${ORDINAL}) quarter${WHICH_YEAR}`),
    ([, place = "", year], reading) => yearPartNamed(place === "last" ? 4 : ordinalNumber(place), 3, year, reading),
  ],
  [
    whole(`h([12])${WHICH_YEAR}?`),
    ([, part, year], reading) => yearPartNamed(Number(part), 6, year, reading),
  ],
  [whole(`(?:the month of )?(${MONTH})${WHICH_YEAR}`), ([, name = "", year], reading) => {
    return unitOfDate(yearNamed(year, reading), monthNumber(name), 1, "month", reading);
  }],
  [
    whole(`(?:(last|past|previous|this|next) )?(${MONTH})`),
    ([, which, name = ""], reading) =>
      chosen(which, reading, (year) => unitOfDate(year, monthNumber(name), 1, "month", reading)),
  ],
  [
    whole(`(?:the )?(${SEASON})${WHICH_YEAR}`),
    ([, name = "", year], reading) => season(name, yearNamed(year, reading), reading),
  ],
  [
    whole(`(?:(last|past|previous|this|next) |the )?(${SEASON})`),
    ([, which, name = ""], reading) => chosen(which, reading, (year) => season(name, year, reading)),
  ],
  [whole(`(${MONTH}) (?:the )?${DAY}${WHICH_YEAR}?`), ([, name = "", day, year], reading) => {
    return dayOfMonth(name, day, year, reading);
  }],
  [
    whole(`(?:the )?${DAY} (?:of )?(${MONTH})${WHICH_YEAR}?`),
    ([, day, name = "", year], reading) => dayOfMonth(name, day, year, reading),
  ],
  [/^the (\d{1,2})(?:st|nd|rd|th)$/, ([, day], reading) => latestDay(Number(day), reading)],
];

/** The period a calendar expression names, or null when the text isn't one. */
export function readCalendar(text: string, reading: Reading): Meaning | null {
  for (const [pattern, meaning] of FORMS) {
    const match = pattern.exec(text);
    if (match) return meaning(match, reading);
  }
  return null;
}

function whole(source: string): RegExp {
  return new RegExp(`^${source}$`);
}

function yearNamed(text: string | undefined, { today }: Reading): number {
  if (text?.startsWith("last")) return today.year - 1;
  if (text?.startsWith("this")) return today.year;
  if (text?.startsWith("next")) return today.year + 1;
  return Number(text);
}

function unitOfDate(
  year: number,
  month: number,
  day: number,
  unit: "day" | "month" | "year",
  reading: Reading,
): Period | null {
  const date = dateOf(year, month, day);
  return date && unitOf(date, unit, reading);
}

function dayOfMonth(name: string, day: string | undefined, year: string | undefined, reading: Reading): Meaning | null {
  const inYear = (candidate: number) => unitOfDate(candidate, monthNumber(name), Number(day), "day", reading);
  return year ? inYear(yearNamed(year, reading)) : latest(reading, inYear);
}

/** "the 5th": of this month, or of the latest one whose 5th has come. */
function latestDay(day: number, reading: Reading): Meaning | null {
  for (let months = 0; months <= 2; months++) {
    const { year, month } = reading.today.with({ day: 1 }).subtract({ months });
    const date = dateOf(year, month, day);
    if (date && Temporal.PlainDate.compare(date, reading.today) <= 0) return unitOf(date, "day", reading);
  }
  return null;
}

function isoWeek(
  year: string | number | undefined,
  week: string | undefined,
  day: string | undefined,
  reading: Reading,
): Period | null {
  // 4 January is always in week 1.
  const january4 = dateOf(Number(year), 1, 4);
  if (!january4) return null;
  const monday = january4.add({ days: 1 - january4.dayOfWeek + 7 * (Number(week) - 1) });
  if (monday.weekOfYear !== Number(week)) return null;
  return day ? unitOf(monday.add({ days: Number(day) - 1 }), "day", reading) : unitOf(monday, "week", reading);
}

function yearPart(year: number, part: number, months: 3 | 6, reading: Reading): Period | null {
  const start = part * months <= 12 ? dateOf(year, (part - 1) * months + 1, 1) : null;
  return start && days(start, start.add({ months }), reading);
}

function yearPartNamed(part: number, months: 3 | 6, year: string | undefined, reading: Reading): Meaning | null {
  if (year) return yearPart(yearNamed(year, reading), part, months, reading);
  return latest(reading, (candidate) => yearPart(candidate, part, months, reading));
}

/** Winter is named after the year it starts in. */
function season(name: string, year: number, reading: Reading): Period | null {
  const start = dateOf(year, seasonNumber(name) * 3, 1);
  return start && days(start, start.add({ months: 3 }), reading);
}

function chosen(which: string | undefined, reading: Reading, inYear: (year: number) => Period | null): Meaning | null {
  const { year } = reading.today;
  // In January, this winter is the one that began last year.
  if (which === "this") {
    return [year - 1, year].map(inYear).find((it) => it && it.before > seconds(reading.now)) ?? null;
  }
  if (which === "next") return [year, year + 1].map(inYear).find((it) => it && it.from > seconds(reading.now)) ?? null;
  if (which === undefined) return latest(reading, inYear);
  return [year, year - 1, year - 2].map(inYear).find((it) => it && it.before <= seconds(reading.now)) ?? null;
}

/** The latest one that has begun: memories are of the past. Eight years hold a 29 February across a skipped leap year. */
function latest(reading: Reading, inYear: (year: number) => Period | null): Meaning | null {
  for (let year = reading.today.year; year >= reading.today.year - 8; year--) {
    const period = inYear(year);
    if (period && period.from <= seconds(reading.now)) return { ...period, recurs: "yearly" };
  }
  return null;
}
