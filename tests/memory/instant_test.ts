import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseInstant } from "../../src/memory/time/instant.ts";

const iso = (value: string | number) => {
  const seconds = parseInstant(value);
  return seconds === null ? null : new Date(seconds * 1000).toISOString();
};

Deno.test("ISO 8601 is read with and without a zone, and means UTC where it names none", () => {
  for (
    const [text, expected] of [
      ["2025-07-04", "2025-07-04T00:00:00.000Z"],
      [" 2025-07-04 ", "2025-07-04T00:00:00.000Z"],
      ["2025-07", "2025-07-01T00:00:00.000Z"],
      ["2025", "2025-01-01T00:00:00.000Z"],
      ["20250704", "2025-07-04T00:00:00.000Z"],
      ["2025-07-04T22:30", "2025-07-04T22:30:00.000Z"],
      ["2025-07-04 22:30:00", "2025-07-04T22:30:00.000Z"],
      ["2025-07-04t22:30:00z", "2025-07-04T22:30:00.000Z"],
      ["2025-07-04T22:30:00+02", "2025-07-04T20:30:00.000Z"],
      ["2025-07-04T22:30:00-0330", "2025-07-05T02:00:00.000Z"],
      ["2025-07-04 22:30:00.250 +02:00", "2025-07-04T20:30:00.250Z"],
      ["2025-07-04T22:30:00,5Z", "2025-07-04T22:30:00.500Z"],
      ["20250704T223000Z", "2025-07-04T22:30:00.000Z"],
      ["2025-07-04T24:00:00Z", "2025-07-05T00:00:00.000Z"],
      ["2024-02-29", "2024-02-29T00:00:00.000Z"],
    ] as const
  ) assertEquals(iso(text), expected, text);
});

Deno.test("numbers are Unix seconds, finer units by their size, and years and days where they name one", () => {
  for (
    const [value, expected] of [
      [1700000000, "2023-11-14T22:13:20.000Z"],
      ["1700000000.5", "2023-11-14T22:13:20.500Z"],
      [1700000000123, "2023-11-14T22:13:20.123Z"],
      ["1700000000123456", "2023-11-14T22:13:20.123Z"],
      [1700000000123456789, "2023-11-14T22:13:20.123Z"],
      [2020, "2020-01-01T00:00:00.000Z"],
      ["2020", "2020-01-01T00:00:00.000Z"],
      [20200101, "2020-01-01T00:00:00.000Z"],
      [0, "1970-01-01T00:00:00.000Z"],
      [-1, "1969-12-31T23:59:59.000Z"],
    ] as const
  ) assertEquals(iso(value), expected, String(value));
});

Deno.test("what is no date of the calendar, or has more to it than a time, is refused", () => {
  for (
    const value of [
      ...[
        "2020-02-30",
        "2026-13-01",
        "2023-02-29",
        "20200230",
        "2025-03-01 (x)",
        "2025-07-04T25:00",
        "2025-07-04T22:60",
      ],
      ...[
        "2025-07-04T22:30:00+99",
        "2025-07-04T",
        "2025-W12",
        "05.01.2024",
        "March 2025",
        "now",
        "",
        " ",
        "0x10",
        "1e9",
      ],
      ...["٢٠٢٥", "2025-07-04T22:30:00Z2025", "2025-7-4", NaN, Infinity, 20200230, 1e300, "2025".repeat(1000)],
    ]
  ) assertEquals(parseInstant(value), null, String(value).slice(0, 40));
});

Deno.test("every time that is written out is read back, in any offset", () => {
  const offset = fc.integer({ min: -14 * 60, max: 14 * 60 });
  fc.assert(
    fc.property(
      fc.date({ min: new Date(0), max: new Date("9990-01-01"), noInvalidDate: true }),
      offset,
      (date, minutes) => {
        const zone = Temporal.Instant.fromEpochMilliseconds(date.getTime()).toString({
          timeZone: `${minutes < 0 ? "-" : "+"}${String(Math.floor(Math.abs(minutes) / 60)).padStart(2, "0")}:${
            String(Math.abs(minutes) % 60).padStart(2, "0")
          }`,
        });
        assertEquals(Math.round(parseInstant(zone)! * 1000), date.getTime(), zone);
      },
    ),
  );
});
