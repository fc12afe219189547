/**
 * Expressions that count from now: yesterday, last week, 3 days ago, the past 24 hours, Tuesday.
 *
 * @module
 */

import { type CalendarUnit, days, hours, type Meaning, type Period } from "./period.ts";
import { type Reading, seconds, shift, startOf, unitOf } from "./period.ts";
import { DAY_PART, DAY_PARTS, DURATION, durationNamed, LONG_UNIT, unitNamed, WEEKDAY, weekdayNumber } from "./words.ts";
import type { ClockUnit } from "./words.ts";

type Form = [RegExp, (match: RegExpExecArray, reading: Reading) => Meaning | null];

const NAMED_DAYS: Record<string, number> = {
  "the day before yesterday": -2,
  "day before yesterday": -2,
  yesterday: -1,
  today: 0,
  tomorrow: 1,
  "day after tomorrow": 2,
  "the day after tomorrow": 2,
};
const STEPS: Record<string, number> = { last: -1, past: -1, previous: -1, this: 0, current: 0, next: 1, coming: 1 };
const SECONDS: Record<ClockUnit, number> = { second: 1, minute: 60, hour: 3600 };
/** Days or months to count at most, so that dates stay within what calendars hold. */
const MOST_PARTS = 20_000;
const WHICH = Object.keys(STEPS).join("|");
const BIG_UNIT = "week|month|quarter|year|decade";
const PART = `(?: (?:in the |at )?(${DAY_PART}))?`;

/** In the order of trying. Each pattern is of the whole, tidied, lower-case text. */
const FORMS: Form[] = [
  [whole(`(${Object.keys(NAMED_DAYS).join("|")})${PART}`), ([, name = "", part], reading) => {
    return partOf(reading.today.add({ days: NAMED_DAYS[name] ?? 0 }), part, reading);
  }],
  [whole(`this (${DAY_PART})`), ([, part], reading) => partOf(reading.today, part, reading)],
  [/^tonight$/, (_, reading) => partOf(reading.today, "night", reading)],
  [/^(?:last night|overnight)$/, (_, reading) => partOf(reading.today.subtract({ days: 1 }), "night", reading)],
  [/^(?:now|right now|just now|a moment ago)$/, (_, reading) => rolling(15, "minute", reading)],
  [/^(?:recent|recently|lately|the other day|these days)$/, (_, reading) => rolling(7, "day", reading)],
  [whole(`earlier (today|this (?:${BIG_UNIT}))`), ([, unit = ""], reading) => {
    return { ...thisUnit(unit, reading), before: seconds(reading.now) };
  }],
  [whole(`later (today|this (?:${BIG_UNIT}))`), ([, unit = ""], reading) => {
    return { ...thisUnit(unit, reading), from: seconds(reading.now) };
  }],
  [whole(`(?:the )?(week|month|quarter|year) to date`), ([, unit = ""], reading) => {
    return { ...thisUnit(unit, reading), before: seconds(reading.now) };
  }],
  // "last week" is the calendar's; "the last week" and "the past week" end now.
  [
    whole(`(?:the last|(?:the )?past) (${LONG_UNIT})`),
    ([, unit = ""], reading) => rolling(1, unitNamed(unit), reading),
  ],
  [/^last (hour|minute|day)$/, ([, unit = ""], reading) => rolling(1, unitNamed(unit), reading)],
  [whole(`(?:the )?(${WHICH}) (${BIG_UNIT})`), ([, which = "", unit = ""], reading) => {
    return unitOf(shift(reading.today, calendarUnit(unit), STEPS[which] ?? 0), calendarUnit(unit), reading);
  }],
  [whole(`(?:the )?(${BIG_UNIT}) (before last|after next)`), ([, unit = "", which], reading) => {
    const steps = which === "before last" ? -2 : 2;
    return unitOf(shift(reading.today, calendarUnit(unit), steps), calendarUnit(unit), reading);
  }],
  [
    whole(`(?:the )?(?:(?:last|past|previous|recent) )?(${DURATION})`),
    ([, length = ""], reading) => rolling(...durationNamed(length), reading),
  ],
  [whole(`(?:about |around |some )?(${DURATION}) (?:ago|back|earlier)`), ([, length = ""], reading) => {
    const [count, unit] = durationNamed(length);
    return distant(-count, unit, reading);
  }],
  [whole(`(${DURATION}) ago (?:today|exactly)`), ([, length = ""], reading) => {
    const [count, unit] = durationNamed(length);
    const date = isClockUnit(unit) ? null : back(count, unit, reading);
    return date && unitOf(date, "day", reading);
  }],
  [
    whole(`in (${DURATION})|(${DURATION}) from now`),
    ([, length, length2 = ""], reading) => distant(...durationNamed(length ?? length2), reading),
  ],
  [whole(`(?:the )?(?:(${WHICH}) )?weekend`), ([, which], reading) => weekend(which, reading)],
  [
    whole(`(?:(${WHICH}) )?(${WEEKDAY})${PART}`),
    ([, which, name = "", part], reading) => weekday(which, weekdayNumber(name), part, reading),
  ],
  [
    whole(`(${WEEKDAY})${PART},? (?:of )?(last|this|next) week|(last|this|next) week(?:'s)?,? (?:on )?(${WEEKDAY})`),
    ([, name, part, which, which2 = "", name2 = ""], reading) => {
      const monday = startOf(reading.today, "week").add({ weeks: STEPS[which ?? which2] ?? 0 });
      return partOf(monday.add({ days: weekdayNumber(name ?? name2) - 1 }), part, reading);
    },
  ],
];

/** The period a relative expression names, or null when the text isn't one. */
export function readRelative(text: string, reading: Reading): Meaning | null {
  for (const [pattern, meaning] of FORMS) {
    const match = pattern.exec(text);
    if (match) return meaning(match, reading);
  }
  return null;
}

/** The time from so long ago until now. Days and longer units start at midnight and end with today. */
export function rolling(count: number, unit: CalendarUnit | ClockUnit, reading: Reading): Period | null {
  const now = seconds(reading.now);
  if (isClockUnit(unit)) return { from: now - count * SECONDS[unit], before: now };
  const start = back(count, unit, reading);
  return start && days(start, reading.today.add({ days: 1 }), reading);
}

/** The moment so long from now (negative: ago), exact to the second for clock units, else the start of that day. */
export function momentFrom(count: number, unit: CalendarUnit | ClockUnit, reading: Reading): number | null {
  if (isClockUnit(unit)) return seconds(reading.now) + count * SECONDS[unit];
  const date = back(-count, unit, reading);
  return date && days(date, date, reading).from;
}

/** "3 weeks ago" is the calendar week that holds that day; for hours and minutes the time around that moment. */
function distant(count: number, unit: CalendarUnit | ClockUnit, reading: Reading): Period | null {
  if (isClockUnit(unit)) {
    const middle = seconds(reading.now) + count * SECONDS[unit];
    const slack = Math.max(Math.min(0.5, Math.abs(count) / 2), Math.abs(count) / 10) * SECONDS[unit];
    return { from: middle - slack, before: middle + slack };
  }
  const date = back(-count, unit, reading);
  return date && unitOf(date, Number.isInteger(count) ? unit : "day", reading);
}

function back(count: number, unit: CalendarUnit, { today }: Reading): Temporal.PlainDate | null {
  // Half a week is days; half a year is months.
  const parts = { week: 7, quarter: 3, year: 12, decade: 120, day: 1, month: 1 }[unit] * count;
  if (Math.abs(parts) > MOST_PARTS) return null;
  const amount = Math.round(parts);
  return unit === "day" || unit === "week" ? today.subtract({ days: amount }) : today.subtract({ months: amount });
}

function partOf(date: Temporal.PlainDate, part: string | undefined, reading: Reading): Period {
  const clock = part === undefined ? undefined : DAY_PARTS[part];
  return clock ? hours(date, clock[0], clock[1], reading) : unitOf(date, "day", reading);
}

function weekday(which: string | undefined, number: number, part: string | undefined, reading: Reading): Meaning {
  const { today, todayCounts } = reading;
  const monday = startOf(today, "week");
  if (which === "this" || which === "current") return partOf(monday.add({ days: number - 1 }), part, reading);
  if (which === "next" || which === "coming") {
    return partOf(today.add({ days: (number - today.dayOfWeek + 6) % 7 + 1 }), part, reading);
  }
  // Without "today" in the words it's an earlier day: on a Tuesday, "Tuesday" is a week ago.
  const ago = (today.dayOfWeek - number + 7) % 7 || (todayCounts && which === undefined ? 0 : 7);
  const period = partOf(today.subtract({ days: ago }), part, reading);
  return which === undefined ? { ...period, recurs: "weekly" } : period;
}

function weekend(which: string | undefined, reading: Reading): Period {
  const saturday = startOf(reading.today, "week").add({ days: 5 });
  // The latest that has begun when nothing is said; "last weekend" is always of an earlier week.
  const steps = which === undefined ? (reading.today.dayOfWeek >= 6 ? 0 : -1) : STEPS[which] ?? 0;
  const start = saturday.add({ weeks: steps });
  return days(start, start.add({ days: 2 }), reading);
}

function thisUnit(words: string, reading: Reading): Period {
  const unit = words.replace("this ", "");
  return unitOf(reading.today, unit === "today" ? "day" : calendarUnit(unit), reading);
}

function calendarUnit(word: string): CalendarUnit {
  const unit = unitNamed(word);
  if (isClockUnit(unit)) throw new RangeError(`Cannot read "${word}" as a calendar unit`);
  return unit;
}

function isClockUnit(unit: CalendarUnit | ClockUnit): unit is ClockUnit {
  return unit in SECONDS;
}

function whole(source: string): RegExp {
  return new RegExp(`^(?:${source})$`);
}
