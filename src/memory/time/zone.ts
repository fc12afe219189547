/**
 * Names of time zones.
 *
 * @module
 */

import { MemoryError } from "../../errors.ts";

/** The zone's canonical name for Temporal: an IANA name, or an offset written as `+02:00`, `UTC+2` or `Z`. */
export function canonicalTimeZone(timeZone: string): string {
  const offset = /^(?:utc|gmt)?([+-])(\d{1,2})(?::?(\d{2}))?$/i.exec(timeZone.trim());
  const name = offset
    ? `${offset[1]}${(offset[2] ?? "").padStart(2, "0")}:${offset[3] ?? "00"}`
    : timeZone.trim().replace(/^z?$/i, "UTC");
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name).timeZoneId;
  } catch (cause) {
    throw new MemoryError("invalid_input", `Cannot find time zone "${timeZone.slice(0, 80)}"`, {
      field: "timezone",
      value: timeZone,
      cause,
    });
  }
}
