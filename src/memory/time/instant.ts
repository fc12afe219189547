/**
 * One strict reading of the points in time that clients, commands and other programs' files give.
 *
 * @module
 */

/** Units that clocks count in, by the smallest number that can't be Unix seconds before the year 5138. */
const UNITS = [[1e17, 1e9], [1e14, 1e6], [1e11, 1e3]] as const;
/** Years that a bare number may begin with; what it names then would lie in the 1970s as a Unix time. */
const FIRST_YEAR = 1900, LAST_YEAR = 2199;

const NUMBER = /^[+-]?\d{1,19}(?:\.\d{1,12})?$/;
const DATE = /^(\d{4})(?:-(\d\d)(?:-(\d\d))?|(\d\d)(\d\d))?$/;
const TIME = /^(\d\d)(?::?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?)?$/;
const ZONE = /(?:[Zz]|([+-])(\d\d)(?::?(\d\d))?)$/;
/** Longest text that can be a time; anything longer isn't looked at. */
const LONGEST = 64;

/**
 * Unix seconds with fraction, or null for what isn't a point in time.
 *
 * Read are Unix seconds (milliseconds, microseconds and nanoseconds are recognised by their size), and ISO 8601: a
 * year, a month, a day, or a day with a time after `T`, `t` or a blank, in the extended or the basic form, with `Z`, an
 * offset such as `+02:00` or `+02` (a blank may stand before it), or no zone, which means UTC. Years, days, minutes
 * and seconds may be numbers too (`2020`, `20200101`, `202001011030`) and mean their beginning.
 */
export function parseInstant(value: string | number): number | null {
  if (typeof value === "number") return fromNumber(value);
  const text = value.length <= LONGEST ? value.trim() : "";
  if (NUMBER.test(text)) return fromNumber(Number(text));
  return fromIso(text);
}

function fromNumber(value: number): number | null {
  if (!Number.isFinite(value)) return null;
  const digits = String(value), year = Number(digits.slice(0, 4));
  if (/^\d{4}(?:\d{4})?$/.test(digits) && year >= FIRST_YEAR && year <= LAST_YEAR) return fromIso(digits);
  // Notes are often named by the minute or second they were begun in.
  if (/^\d{12}(?:\d\d)?$/.test(digits) && year >= FIRST_YEAR && year <= LAST_YEAR) {
    const named = fromIso(`${digits.slice(0, 8)}T${digits.slice(8)}`);
    if (named !== null) return named;
  }
  const scale = UNITS.find(([least]) => Math.abs(value) >= least)?.[1] ?? 1;
  return inCalendar(value / scale);
}

function fromIso(text: string): number | null {
  const end = text.search(/[Tt ]/);
  const date = DATE.exec(end < 0 ? text : text.slice(0, end)), clock = end < 0 ? undefined : text.slice(end + 1).trim();
  if (!date) return null;
  const [, year, month, dayOfMonth, basicMonth, basicDay] = date;
  const time = clock === undefined ? { hours: 0, seconds: 0 } : (dayOfMonth ?? basicDay) ? timeOf(clock) : null;
  if (time === null) return null;
  try {
    const from = Temporal.PlainDate.from(
      { year: Number(year), month: Number(month ?? basicMonth ?? 1), day: Number(dayOfMonth ?? basicDay ?? 1) },
      { overflow: "reject" },
    );
    return inCalendar(from.toZonedDateTime("UTC").epochMilliseconds / 1000 + time.hours * 3600 + time.seconds);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** The time of day, with its offset from UTC taken off. */
function timeOf(clock: string): { hours: number; seconds: number } | null {
  const zone = ZONE.exec(clock);
  const time = TIME.exec(zone ? clock.slice(0, zone.index).trimEnd() : clock);
  if (!time) return null;
  const [hour, minute, second, fraction] = [time[1], time[2], time[3], time[4]].map((part) => part ?? "0");
  const [hours, minutes, secs] = [Number(hour), Number(minute), Number(second)];
  // 24:00 is the end of a day, and a leap second is counted as the second after it, as Unix time does.
  const valid = (hours < 24 || (hours === 24 && minutes === 0 && secs === 0)) && minutes < 60 && secs <= 60;
  const [offsetHours, offsetMinutes] = [Number(zone?.[2] ?? 0), Number(zone?.[3] ?? 0)];
  if (!valid || offsetHours > 23 || offsetMinutes > 59) return null;
  const offset = (offsetHours * 60 + offsetMinutes) * (zone?.[1] === "-" ? -60 : 60);
  return { hours, seconds: minutes * 60 + secs + Number(`0.${fraction}`) - offset };
}

/** Times that the calendar of JavaScript and of stores can hold. */
function inCalendar(seconds: number): number | null {
  return Math.abs(seconds) <= 8.64e12 ? seconds : null;
}
