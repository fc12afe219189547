/**
 * Spans of local time to count memories in. All of it goes through Temporal, so that a day has 23 or 25 hours where
 * clocks change.
 *
 * @module
 */

import { z } from "zod";
import { canonicalTimeZone } from "../../memory/time/zone.ts";
import type { Runtime } from "../runtime.ts";
import { TimeZone } from "../search_by_time.ts";

export const ZoneInput = z.object({ timezone: TimeZone.nullish() });

/** The days a report is about, in the client's zone. */
export interface Calendar {
  zone: string;
  today: Temporal.PlainDate;
}

/** The days that are now in the zone the client names, or in the default one. */
export function calendarOf(runtime: Runtime, timeZone: string | null | undefined, now: Date): Calendar {
  const zone = canonicalTimeZone(timeZone ?? runtime.settings.timeZone);
  const today = Temporal.Instant.fromEpochMilliseconds(now.getTime()).toZonedDateTimeISO(zone).toPlainDate();
  return { zone, today };
}

/** Unix seconds at which a day begins. */
export function startOf(day: Temporal.PlainDate, { zone }: Calendar): number {
  return day.toZonedDateTime(zone).epochMilliseconds / 1000;
}

/** Days from `count` days ago to today, `step` days apart. */
export function daysBack(count: number, step: number, { today }: Calendar): Temporal.PlainDate[] {
  const days: Temporal.PlainDate[] = [];
  for (let back = count; back >= 0; back -= step) days.push(today.subtract({ days: back }));
  return days;
}

/** Beginnings of the days and the end of the last span, which is `step` days long. */
export function edgesOf(days: readonly Temporal.PlainDate[], step: number, calendar: Calendar): number[] {
  return [...days, days.at(-1)!.add({ days: step })].map((day) => startOf(day, calendar));
}

/** Beginnings of the hours from a day on, and of the one after the last. */
export function hourEdges(from: Temporal.PlainDate, days: number, calendar: Calendar): number[] {
  const start = startOf(from, calendar), end = startOf(from.add({ days }), calendar);
  return Array.from({ length: Math.round((end - start) / 3600) + 1 }, (_, hour) => start + hour * 3600);
}

/** A share in per cent with one decimal. */
export function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round(part / whole * 1000) / 10;
}

export function megabytes(bytes: number): number {
  return Math.round(bytes / 2 ** 20 * 100) / 100;
}
