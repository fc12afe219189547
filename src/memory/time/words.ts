/**
 * The English words that time expressions are made of, as pattern sources and the numbers they stand for.
 *
 * @module
 */

import type { CalendarUnit } from "./period.ts";

/** Units that are lengths of time rather than stretches of the calendar. */
export type ClockUnit = "second" | "minute" | "hour";

const MONTHS = [
  ["january", "jan"],
  ["february", "feb"],
  ["march", "mar"],
  ["april", "apr"],
  ["may"],
  ["june", "jun"],
  ["july", "jul"],
  ["august", "aug"],
  ["september", "sept", "sep"],
  ["october", "oct"],
  ["november", "nov"],
  ["december", "dec"],
];
const WEEKDAYS = [
  ["monday", "mon"],
  ["tuesday", "tues", "tue"],
  ["wednesday", "wed"],
  ["thursday", "thurs", "thur", "thu"],
  ["friday", "fri"],
  ["saturday", "sat"],
  ["sunday", "sun"],
];
const SEASONS = [["spring"], ["summer"], ["autumn", "fall"], ["winter"]];
const ORDINALS = [["first", "1st"], ["second", "2nd"], ["third", "3rd"], ["fourth", "4th"], ["fifth", "5th"]];
const UNITS: Record<CalendarUnit | ClockUnit, string[]> = {
  second: ["seconds", "second", "secs", "sec", "s"],
  minute: ["minutes", "minute", "mins", "min", "m"],
  hour: ["hours", "hour", "hrs", "hr", "h"],
  day: ["days", "day", "d"],
  week: ["weeks", "week", "wks", "wk", "w"],
  month: ["months", "month", "mos", "mo"],
  quarter: ["quarters", "quarter"],
  year: ["years", "year", "yrs", "yr", "y"],
  decade: ["decades", "decade"],
};
const NUMBERS =
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty"
    .split(" ");
/** Vague amounts, read as what most people mean by them. */
const AMOUNTS: Record<string, number> = {
  a: 1,
  an: 1,
  couple: 2,
  few: 3,
  several: 5,
  thirty: 30,
  sixty: 60,
  ninety: 90,
};

/** Hours of the parts of a day, wide rather than exact: a memory of 17:40 is of the evening and of the afternoon. */
export const DAY_PARTS: Record<string, readonly [number, number]> = {
  "early morning": [5, 9],
  morning: [5, 12],
  noon: [11, 14],
  midday: [11, 14],
  lunchtime: [11, 14],
  afternoon: [12, 18],
  evening: [17, 23],
  night: [18, 30],
};

export const MONTH = either(MONTHS) + "\\.?";
export const WEEKDAY = either(WEEKDAYS);
export const SEASON = either(SEASONS);
export const ORDINAL = either(ORDINALS);
const UNIT = either(Object.values(UNITS));
/** Units with their names written out: "a m" and "as" are no lengths of time. */
export const LONG_UNIT = "(?:second|minute|hour|day|week|month|quarter|year|decade)s?";
export const DAY_PART = either([Object.keys(DAY_PARTS)]);
const NUMBER = `(?:(?:a )?couple(?: of)?|(?:a )?few|several|half an?|an?|thirty|sixty|ninety|${
  NUMBERS.slice(1).reverse().join("|")
})`;
/** A length of time such as "3 days", "24h" or "a couple of weeks". */
export const DURATION = `(?:\\d{1,4}(?:\\.\\d)? ?${UNIT}|\\d{1,4}-${LONG_UNIT}|${NUMBER} ${LONG_UNIT})`;
export const YEAR = "(?:19|20|21)\\d\\d";

export const monthNumber = (word: string) => placeIn(MONTHS, word.replace(".", ""));
export const weekdayNumber = (word: string) => placeIn(WEEKDAYS, word);
export const ordinalNumber = (word: string) => placeIn(ORDINALS, word);
/** Spring is 1 and starts in March: meteorological seasons of the northern hemisphere. */
export const seasonNumber = (word: string) => placeIn(SEASONS, word);

export function unitNamed(word: string): CalendarUnit | ClockUnit {
  for (const unit of Object.keys(UNITS) as (CalendarUnit | ClockUnit)[]) if (UNITS[unit].includes(word)) return unit;
  throw new RangeError(`Cannot read "${word}" as a unit of time`);
}

/** Reads what `DURATION` matches. */
export function durationNamed(words: string): [count: number, unit: CalendarUnit | ClockUnit] {
  const [, digits, amount = "", unit = ""] = /^(?:([\d.]+)[ -]?|(.+) )([a-z]+)$/.exec(words) ?? [];
  return [digits ? Number(digits) : numberNamed(amount), unitNamed(unit)];
}

function numberNamed(words: string): number {
  if (words.startsWith("half")) return 0.5;
  const word = words.replace(/^a (?=.)/, "").replace(/ of$/, "");
  return AMOUNTS[word] ?? NUMBERS.indexOf(word);
}

function either(lists: string[][]): string {
  return `(?:${lists.flat().join("|")})`;
}

function placeIn(lists: string[][], word: string): number {
  return lists.findIndex((names) => names.includes(word)) + 1;
}
