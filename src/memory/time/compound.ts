/**
 * Expressions made of others: ranges, "since" and "before", the beginning, end or first week of something.
 *
 * @module
 */

import { readCalendar } from "./calendar.ts";
import { readDate } from "./dates.ts";
import {
  dateAt,
  days,
  type Meaning,
  OPEN_END,
  OPEN_START,
  type Period,
  type Reading,
  readingAtSeconds,
  shift,
} from "./period.ts";
import { momentFrom, readRelative, rolling } from "./relative.ts";
import { DURATION, durationNamed, MONTH, ORDINAL, ordinalNumber } from "./words.ts";

const LENGTH_AHEAD = new RegExp(`^(?:in|for) ${DURATION}$`);
const BARE_DAY = /^(?:the )?(\d{1,2})(?:st|nd|rd|th)?$/;
const DAY_AND_MONTH = new RegExp(
  `^(?:the )?\\d{1,2}(?:st|nd|rd|th)? (?:of )?${MONTH}|^${MONTH} (?:the )?\\d{1,2}\\b(?!:)`,
);

/** The period that a whole, tidied, lower-case text names, or null. */
export function read(text: string, reading: Reading): Period | null {
  return readOpen(text, reading) ?? readNamed(text, reading) ?? readRange(text, reading) ?? readDate(text, reading);
}

/** since, before, after, until; older or newer than. */
function readOpen(text: string, reading: Reading): Period | null {
  const since = /^(?:(?:ever )?since|starting(?: from| on| in| at)?|from)(?: the)? (.+?)(?: on(?:wards?)?)?$/.exec(
    text,
  );
  if (since?.[1] && (!text.startsWith("from") || / on(?:wards?)?$/.test(text))) return readSince(since[1], reading);
  const onwards = /^(.+?)(?: (?:onwards?|and later|or later|until now|till now|to now)| ?\.\.)$/.exec(text);
  if (onwards?.[1]) return readSince(onwards[1].replace(/^from /, ""), reading);
  const after = /^(?:after|later than) (.+)$/.exec(text);
  if (after?.[1]) return opened(readOne(tidy(after[1]), reading), ({ before }) => [before, OPEN_END]);
  const before = /^(?:before|prior to|earlier than) (.+)$/.exec(text);
  if (before?.[1]) return opened(readOne(tidy(before[1]), reading), ({ from }) => [OPEN_START, from]);
  const until = /^(?:(?:up )?(?:until|till|to)|through|by|\.\.) ?(.+)$/.exec(text);
  if (until?.[1]) {
    return opened(readOne(tidy(until[1]), { ...reading, todayCounts: true }), (it) => [OPEN_START, it.before]);
  }
  return readAge(text, reading);
}

function readSince(text: string, reading: Reading): Period | null {
  const ago = new RegExp(`^(${DURATION}) ago$`).exec(text);
  const period = ago?.[1] ? rolling(...durationNamed(ago[1]), reading) : readOne(tidy(text), reading);
  return opened(period, ({ from }) => [from, OPEN_END]);
}

function readAge(text: string, reading: Reading): Period | null {
  const than = new RegExp(`^(older|newer|more recent|more|less|longer|over) (?:than )?(${DURATION})( ago)?$`).exec(
    text,
  );
  if (!than?.[1] || !than[2] || (/^(?:more|less|longer|over)$/.test(than[1]) && !than[3])) return null;
  const [count, unit] = durationNamed(than[2]);
  const moment = momentFrom(-count, unit, reading);
  if (moment === null) return null;
  return /^(?:older|more|longer|over)$/.test(than[1])
    ? { from: OPEN_START, before: moment }
    : { from: moment, before: OPEN_END };
}

/** Two ends, both of them included. */
function readRange(text: string, reading: Reading): Period | null {
  for (const [first, last] of rangeEnds(text)) {
    const range = joined(first, last, reading);
    if (range) return range;
  }
  return null;
}

function* rangeEnds(text: string): Generator<[string, string]> {
  const between = /^between (.+?) and (.+)$/.exec(text);
  if (between?.[1] && between[2]) return yield [between[1], between[2]];
  const plain = text.replace(/^from /, "");
  for (const separator of [/ ?\.\.\.? ?/, / (?:to|until|till|through|thru) /, / - /, / ?\/ ?/, /-/]) {
    const ends = plain.split(separator);
    if (ends.length === 2 && ends[0] && ends[1]) yield [ends[0], ends[1]];
  }
}

function joined(first: string, last: string, reading: Reading): Period | null {
  let end: Meaning | null = readOne(tidy(last), { ...reading, todayCounts: true });
  const day = BARE_DAY.exec(first)?.[1];
  // "between 3 and 10 March": the first end is a day of the last one's month.
  if (end && day && DAY_AND_MONTH.test(tidy(last))) {
    const date = dateAt(end.from, reading).with({ day: Number(day) });
    return ordered({ ...days(date, date, reading), before: end.before });
  }
  let start: Meaning | null = readOne(tidy(first), reading);
  if (!start || !end) return null;
  // "March to May": the March before that May, and in "March 2024 to May" the May after that March.
  if (start.recurs) start = readOne(tidy(first), readingAtSeconds(end.from, reading));
  else if (end.recurs === "yearly") {
    const yearLater = dateAt(start.from, reading).add({ years: 1 });
    end = readOne(tidy(last), readingAtSeconds(days(yearLater, yearLater, reading).from - 1, reading));
  }
  return start && end && ordered({ from: start.from, before: end.before });
}

/** One period without ends of its own. */
function readOne(text: string, reading: Reading): Meaning | null {
  return readNamed(text, reading) ?? readDate(text, reading);
}

function readNamed(text: string, reading: Reading): Meaning | null {
  return readPart(text, reading) ?? readNextTo(text, reading) ?? readCalendar(text, reading) ??
    readRelative(text, reading);
}

/** "early 2025", "end of last month", "first half of May", "last week of January". */
function readPart(text: string, reading: Reading): Period | null {
  const part =
    /^(?:the )?(early|mid|middle|late|beginning|start|end|(?:first|second|last) (?:half|third))(?: |-)(?:in |of )*(.+)$/
      .exec(text);
  if (part?.[1] && part[2]) {
    return opened(readOne(tidy(part[2]), reading), (whole) => fraction(part[1] ?? "", whole, reading));
  }
  const few = new RegExp(`^(?:the )?(${ORDINAL}|last) (?:(\\d{1,2}) )?(day|week|weekend|month)s? (?:of|in) (.+)$`).exec(
    text,
  );
  const whole = few?.[4] ? readOne(tidy(few[4]), reading) : null;
  if (!few?.[1] || !few[3] || !whole || few[3] === "weekend") return null;
  const unit = few[3] === "day" ? "day" : few[3] === "week" ? "week" : "month";
  const size = Number(few[2] ?? 1);
  const [first, end] = [dateAt(whole.from, reading), dateAt(whole.before, reading)];
  const last = few[1] === "last";
  if (!last && few[2] && few[1] !== "first") return null;
  const start = last ? shift(end, unit, -size) : shift(first, unit, (ordinalNumber(few[1]) - 1) * size);
  const period = days(start, shift(start, unit, size), reading);
  return period.from >= whole.from && period.from < whole.before
    ? { from: period.from, before: Math.min(period.before, whole.before) }
    : null;
}

/** Halves of six months are of three months, other fractions of whole days. */
function fraction(part: string, whole: Period, reading: Reading): [number, number] {
  const [start, end] = [dateAt(whole.from, reading), dateAt(whole.before, reading)];
  const parts = part.endsWith("half") ? 2 : 3;
  const place = /^(?:late|end|last)/.test(part) ? parts - 1 : /^(?:mid|second)/.test(part) ? 1 : 0;
  const months = start.until(end, { largestUnit: "months" });
  const cut = (count: number) =>
    months.days === 0 && months.months > 1 && months.months % parts === 0
      ? start.add({ months: months.months / parts * count })
      : start.add({ days: Math.round(start.until(end).days / parts * count) });
  const { from, before } = days(cut(place), cut(place + 1), reading);
  return [from, before];
}

/** "the week before 3 August 2023", "2 days after Easter Monday": as many days next to a named period. */
function readNextTo(text: string, reading: Reading): Period | null {
  const next = new RegExp(`^(?:the )?(day|week|weekend|month|year|${DURATION}) (before|after|from) (.+)$`).exec(text);
  if (!next?.[1] || !next[3] || /^(?:last|next|now)$/.test(next[3])) return null;
  const anchor = readOne(tidy(next[3]), reading);
  const [count, unit] = /^(?:day|week|month|year)$/.test(next[1])
    ? durationNamed(`1 ${next[1]}`)
    : durationNamed(next[1]);
  if (!anchor || unit === "second" || unit === "minute" || unit === "hour" || !Number.isInteger(count)) return null;
  const start = dateAt(anchor.from, reading);
  if (next[2] === "before") return days(shift(start, unit, -count), shift(start, unit, 1 - count), reading);
  const end = dateAt(anchor.before, reading);
  return days(shift(end, unit, count - 1), shift(end, unit, count), reading);
}

function opened(whole: Period | null, ends: (whole: Period) => [number, number]): Period | null {
  if (!whole) return null;
  const [from, before] = ends(whole);
  return ordered({ from, before });
}

function ordered(period: Period): Period | null {
  return period.from < period.before ? period : null;
}

/** Drops the words that lead up to a period: "in March", "on the 3rd of May", "sometime during last week". */
export function tidy(text: string): string {
  // "in 3 days" is of the future, and "for 3 days" isn't any time in particular.
  if (LENGTH_AHEAD.test(text)) return text;
  return text.trim().replace(
    /^(?:some ?time )?(?:(?:in|on|during|at|over|within|throughout|around|of|from|for) )?/,
    "",
  );
}
