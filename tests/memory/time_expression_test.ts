import { assertEquals, assertRejects } from "@std/assert";
import { MemoryError } from "../../src/errors.ts";
import { parseTimeExpression } from "../../src/memory/time_expression.ts";
import { canonicalTimeZone } from "../../src/memory/time/zone.ts";

/** Expression, its first moment, and the first moment after it; "" is an open end. */
type Row = [expression: string, from: string, before: string];

/** Days are written as dates, other moments as date-times, all of them local. */
async function check(clock: string, zone: string, rows: Row[]): Promise<void> {
  const now = new Date(clock);
  const at = (local: string) => Temporal.PlainDateTime.from(local).toZonedDateTime(zone).epochMilliseconds / 1000;
  for (const [expression, from, before] of rows) {
    const expected = { from: from ? at(from) : 0, before: before ? at(before) : 253_402_300_800 };
    assertEquals(await parseTimeExpression(expression, now, zone), expected, `"${expression}" at ${clock} in ${zone}`);
  }
}

// A Wednesday.
const WEDNESDAY = "2026-11-25T14:30:00Z";

Deno.test("days, parts of days and weekdays are read against the clock", async () => {
  await check(WEDNESDAY, "UTC", [
    ["today", "2026-11-25", "2026-11-26"],
    ["TODAY?", "2026-11-25", "2026-11-26"],
    ["yesterday", "2026-11-24", "2026-11-25"],
    ["the day before yesterday", "2026-11-23", "2026-11-24"],
    ["tomorrow", "2026-11-26", "2026-11-27"],
    ["this morning", "2026-11-25T05:00", "2026-11-25T12:00"],
    ["yesterday evening", "2026-11-24T17:00", "2026-11-24T23:00"],
    ["last night", "2026-11-24T18:00", "2026-11-25T06:00"],
    ["earlier today", "2026-11-25", "2026-11-25T14:30"],
    ["Tuesday", "2026-11-24", "2026-11-25"],
    ["last tuesday", "2026-11-24", "2026-11-25"],
    ["Wednesday", "2026-11-18", "2026-11-19"],
    ["this Wednesday", "2026-11-25", "2026-11-26"],
    ["next Wednesday", "2026-12-02", "2026-12-03"],
    ["on Friday afternoon", "2026-11-20T12:00", "2026-11-20T18:00"],
    ["Tuesday last week", "2026-11-17", "2026-11-18"],
    ["last weekend", "2026-11-21", "2026-11-23"],
    ["this weekend", "2026-11-28", "2026-11-30"],
    ["the 5th", "2026-11-05", "2026-11-06"],
    ["the 28th", "2026-10-28", "2026-10-29"],
  ]);
});

Deno.test("weeks, months, quarters, seasons and years are the calendar's", async () => {
  await check(WEDNESDAY, "UTC", [
    ["last week", "2026-11-16", "2026-11-23"],
    ["this week", "2026-11-23", "2026-11-30"],
    ["earlier this week", "2026-11-23", "2026-11-25T14:30"],
    ["the week before last", "2026-11-09", "2026-11-16"],
    ["this month", "2026-11-01", "2026-12-01"],
    ["last month", "2026-10-01", "2026-11-01"],
    ["last quarter", "2026-07-01", "2026-10-01"],
    ["last year", "2025-01-01", "2026-01-01"],
    ["in March", "2026-03-01", "2026-04-01"],
    ["in December", "2025-12-01", "2026-01-01"],
    ["last November", "2025-11-01", "2025-12-01"],
    ["last summer", "2026-06-01", "2026-09-01"],
    ["this autumn", "2026-09-01", "2026-12-01"],
    ["last autumn", "2025-09-01", "2025-12-01"],
    ["summer 2024", "2024-06-01", "2024-09-01"],
    ["winter 2023", "2023-12-01", "2024-03-01"],
    ["Q1 2025", "2025-01-01", "2025-04-01"],
    ["2025-Q3", "2025-07-01", "2025-10-01"],
    ["third quarter of last year", "2025-07-01", "2025-10-01"],
    ["H1 2025", "2025-01-01", "2025-07-01"],
    ["early 2025", "2025-01-01", "2025-05-01"],
    ["end of last month", "2026-10-22", "2026-11-01"],
    ["first half of September 2022", "2022-09-01", "2022-09-16"],
    ["last week of January", "2026-01-25", "2026-02-01"],
    ["week 12 of 2024", "2024-03-18", "2024-03-25"],
    ["year to date", "2026-01-01", "2026-11-25T14:30"],
  ]);
});

Deno.test("lengths of time count back from now", async () => {
  await check(WEDNESDAY, "UTC", [
    ["3 days ago", "2026-11-22", "2026-11-23"],
    ["a couple of days ago", "2026-11-23", "2026-11-24"],
    ["a week ago", "2026-11-16", "2026-11-23"],
    ["a week ago today", "2026-11-18", "2026-11-19"],
    ["two months ago", "2026-09-01", "2026-10-01"],
    ["5 years ago", "2021-01-01", "2022-01-01"],
    ["2 hours ago", "2026-11-25T12:00", "2026-11-25T13:00"],
    ["last 2 weeks", "2026-11-11", "2026-11-26"],
    ["the last 7 days", "2026-11-18", "2026-11-26"],
    ["the past week", "2026-11-18", "2026-11-26"],
    ["past 24 hours", "2026-11-24T14:30", "2026-11-25T14:30"],
    ["in the last hour", "2026-11-25T13:30", "2026-11-25T14:30"],
    ["24h", "2026-11-24T14:30", "2026-11-25T14:30"],
    ["a fortnight ago", "2026-11-09", "2026-11-16"],
    ["the week before August 3, 2023", "2023-07-27", "2023-08-03"],
    ["2 days after 2023-08-03", "2023-08-05", "2023-08-06"],
    ["in 3 days", "2026-11-28", "2026-11-29"],
  ]);
});

Deno.test("ranges include both ends", async () => {
  await check(WEDNESDAY, "UTC", [
    ["between March and May 2025", "2025-03-01", "2025-06-01"],
    ["December to February 2025", "2024-12-01", "2025-03-01"],
    ["from November to February", "2025-11-01", "2026-03-01"],
    ["from March 2024 to May", "2024-03-01", "2024-06-01"],
    ["January – March 2025", "2025-01-01", "2025-04-01"],
    ["from Monday to Wednesday", "2026-11-23", "2026-11-26"],
    ["from Thursday to Monday", "2026-11-19", "2026-11-24"],
    ["from 3 days ago to yesterday", "2026-11-22", "2026-11-25"],
    ["between 3 and 10 March", "2026-03-03", "2026-03-11"],
    ["March 3-10, 2025", "2025-03-03", "2025-03-11"],
    ["2024-2025", "2024-01-01", "2026-01-01"],
    ["2025-03-01..2025-03-15", "2025-03-01", "2025-03-16"],
    ["2025-03-01/2025-03-15", "2025-03-01", "2025-03-16"],
    ["yesterday between 3pm and 5pm", "2026-11-24T15:00", "2026-11-24T17:00"],
  ]);
});

Deno.test("since, before, after and until leave one end open", async () => {
  await check(WEDNESDAY, "UTC", [
    ["since Tuesday", "2026-11-24", ""],
    ["since last summer", "2026-06-01", ""],
    ["since 3 hours ago", "2026-11-25T11:30", ""],
    ["2025-03-01..", "2025-03-01", ""],
    ["after March 2025", "2025-04-01", ""],
    ["before 2024", "", "2024-01-01"],
    ["until yesterday", "", "2026-11-25"],
    ["until Wednesday", "", "2026-11-26"],
    ["..2025-03-15", "", "2025-03-16"],
    ["older than 2 weeks", "", "2026-11-11"],
    ["newer than 3 days", "2026-11-22", ""],
  ]);
});

Deno.test("dates and times of day are read as people and machines write them", async () => {
  await check(WEDNESDAY, "UTC", [
    ["2025", "2025-01-01", "2026-01-01"],
    ["2025-03", "2025-03-01", "2025-04-01"],
    ["2025-03-15", "2025-03-15", "2025-03-16"],
    ["2025-W12", "2025-03-17", "2025-03-24"],
    ["2025-W12-3", "2025-03-19", "2025-03-20"],
    ["March 3rd, 2025", "2025-03-03", "2025-03-04"],
    ["3 March", "2026-03-03", "2026-03-04"],
    ["15.03.2025", "2025-03-15", "2025-03-16"],
    ["Saturday, March 1st 2025", "2025-03-01", "2025-03-02"],
    ["2025-03-01T10:00", "2025-03-01T10:00", "2025-03-01T10:01"],
    ["2025-03-01T10:00:00+02:00", "2025-03-01T08:00:00", "2025-03-01T08:00:01"],
    ["yesterday at 3pm", "2026-11-24T15:00", "2026-11-24T16:00"],
    ["yesterday at 15:30", "2026-11-24T15:30", "2026-11-24T15:31"],
    ["11pm", "2026-11-24T23:00", "2026-11-25"],
  ]);
});

Deno.test("month ends, leap years and year turns come out right", async () => {
  await check("2024-02-29T12:00:00Z", "UTC", [
    ["this month", "2024-02-01", "2024-03-01"],
    ["last year", "2023-01-01", "2024-01-01"],
    ["past year", "2023-02-28", "2024-03-01"],
    ["tomorrow", "2024-03-01", "2024-03-02"],
    ["February 29", "2024-02-29", "2024-03-01"],
  ]);
  await check("2025-03-31T12:00:00Z", "UTC", [
    ["last month", "2025-02-01", "2025-03-01"],
    ["1 month ago", "2025-02-01", "2025-03-01"],
    ["past month", "2025-02-28", "2025-04-01"],
    ["February 29", "2024-02-29", "2024-03-01"],
    ["last day of February", "2025-02-28", "2025-03-01"],
    ["last quarter", "2024-10-01", "2025-01-01"],
  ]);
  await check("2026-01-01T00:00:00Z", "UTC", [
    ["yesterday", "2025-12-31", "2026-01-01"],
    ["last week", "2025-12-22", "2025-12-29"],
    ["this week", "2025-12-29", "2026-01-05"],
    ["last month", "2025-12-01", "2026-01-01"],
    ["last quarter", "2025-10-01", "2026-01-01"],
    ["last winter", "2024-12-01", "2025-03-01"],
    ["this winter", "2025-12-01", "2026-03-01"],
    ["winter", "2025-12-01", "2026-03-01"],
    ["2020-W53", "2020-12-28", "2021-01-04"],
    ["2025-W01", "2024-12-30", "2025-01-06"],
  ]);
});

Deno.test("days where clocks change have 23 or 25 hours", async () => {
  await check("2025-03-31T10:00:00Z", "Europe/Berlin", [
    ["yesterday", "2025-03-30", "2025-03-31"],
    ["past 24 hours", "2025-03-30T12:00", "2025-03-31T12:00"],
    ["last night", "2025-03-30T18:00", "2025-03-31T06:00"],
    ["last week", "2025-03-24", "2025-03-31"],
  ]);
  await check("2025-11-02T17:00:00Z", "America/New_York", [
    ["today", "2025-11-02", "2025-11-03"],
    ["yesterday", "2025-11-01", "2025-11-02"],
    ["past 24 hours", "2025-11-01T13:00", "2025-11-02T12:00"],
  ]);
  const lengthOf = async (text: string, clock: string, zone: string) => {
    const { from, before } = await parseTimeExpression(text, new Date(clock), zone);
    return (before - from) / 3600;
  };
  assertEquals(await lengthOf("yesterday", "2025-03-31T10:00:00Z", "Europe/Berlin"), 23);
  assertEquals(await lengthOf("2025-10-26", "2025-11-01T10:00:00Z", "Europe/Berlin"), 25);
  assertEquals(await lengthOf("today", "2025-11-02T17:00:00Z", "America/New_York"), 25);
  assertEquals(await lengthOf("March 9 2025", "2025-11-02T17:00:00Z", "America/New_York"), 23);
  assertEquals(await lengthOf("past 24 hours", "2025-11-02T17:00:00Z", "America/New_York"), 24);
  assertEquals(await lengthOf("last night", "2025-03-30T10:00:00Z", "Europe/Berlin"), 11);
});

Deno.test("the zone decides which day it is", async () => {
  const clock = "2025-12-31T11:30:00Z";
  await check(clock, "+12:00", [["today", "2025-12-31", "2026-01-01"], ["this year", "2025-01-01", "2026-01-01"]]);
  await check(clock, "-12:00", [["today", "2025-12-30", "2025-12-31"], ["yesterday", "2025-12-29", "2025-12-30"]]);
  await check(clock, "Pacific/Kiritimati", [["today", "2026-01-01", "2026-01-02"], [
    "last month",
    "2025-12-01",
    "2026-01-01",
  ]]);
  await check(clock, "Asia/Kolkata", [["this morning", "2025-12-31T05:00", "2025-12-31T12:00"]]);
  assertEquals(canonicalTimeZone("UTC+2"), "+02:00");
  assertEquals(canonicalTimeZone("-1200"), "-12:00");
  assertEquals(canonicalTimeZone("Z"), "UTC");
  await assertRejects(() => parseTimeExpression("today", new Date(clock), "Mars/Olympus"), MemoryError, "Mars/Olympus");
});

Deno.test("what is no time expression is named, never read as everything", async () => {
  const nonsense =
    "|lst week|gibberish phrase|everything|all time|since|before|between|in the|port 8080|2.10.3|E0382|as|a m|second|12|0|12345|last|this|" +
    "last 5 commits|may the force be with you|march on|today yesterday|feb 30|2025-02-30|2025-13|2025-W54|31 April|Feb 29 2025|" +
    "2025-03-15..2025-03-01|9999 years ago|-5 days ago|error 404|last weeks|25:00|2025-03-01T25:00|先猫|' OR 1=1 --";
  for (const text of nonsense.split("|")) {
    const error = await assertRejects(() => parseTimeExpression(text, new Date(WEDNESDAY), "UTC"), MemoryError);
    assertEquals([error.code, error.field, error.value], ["invalid_input", "query", text]);
    assertEquals(error.message.startsWith(`Cannot parse time expression "${text}"`), true, error.message);
  }
});

Deno.test("a very long text is refused at once and shown shortened", async () => {
  const error = await assertRejects(
    () => parseTimeExpression("since ".repeat(100_000), new Date(WEDNESDAY), "UTC"),
    MemoryError,
  );
  assertEquals(error.message.length < 300, true);
});
